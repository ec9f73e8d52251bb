"""Headers as hypothesis makes them: few tags, so that they meet."""

from hypothesis import strategies as st

TAGS = {
    "00080008": "CS",  # VM 2-n
    "00080020": "DA",
    "00080060": "CS",
    "00081140": "SQ",
    "00090010": "LO",
    "00091001": "LO",
    "00091002": "SQ",
    "0009100F": "UN",
    "00100010": "PN",
    "00180060": "DS",  # VM 1
    "00189004": "CS",
    "00190010": "LO",
    "00191001": "DS",
    "00280010": "US",
    "00280106": "US",  # US or SS
    "00281050": "DS",  # VM 1-n
    "0040A124": "UI",
    "60020010": "US",
}
VALUES = {
    "CS": st.sampled_from(["CT", "MR", "A"]),
    "DA": st.sampled_from(["20240131", "***"]),
    "DS": st.floats(-10, 10, allow_nan=False) | st.just("1A"),
    "LO": st.sampled_from(["ACME", "OTHER"]),
    "PN": st.fixed_dictionaries({"Alphabetic": st.just("A^B")}),
    "SS": st.integers(-32_768, 32_767),
    "UI": st.just("1.2.3"),
    "US": st.integers(0, 65_535),
}
BYTES = st.just({"vr": "UN", "InlineBinary": "AAE="})


def _element(vr, items):
    values = items if vr == "SQ" else VALUES.get(vr)
    if values is None:
        return BYTES
    filled = st.lists(values, min_size=1, max_size=3)
    return filled.map(lambda v: {"vr": vr, "Value": v}) | st.just({"vr": vr}) | BYTES


def _datasets(items):
    elements = {tag: _element(vr, items) for tag, vr in TAGS.items()}
    elements["00280106"] |= _element("SS", items)
    return st.fixed_dictionaries({}, optional=elements)


HEADERS = st.lists(_datasets(_datasets(_datasets(st.just({})))), max_size=4)
"""Lists of headers, sequences three deep."""
