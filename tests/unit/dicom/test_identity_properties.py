"""Whatever ids look like: strangers never merge, and one patient is not split."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.dicom.identity import (
    DUMMY_IDS,
    device_identity,
    patient_identity,
)

KEY = Pseudonyms(bytes(range(32)))
# What hospitals use, what separates here, and what other systems separate with.
LETTERS = st.sampled_from("AaZz019éÅ中-_^=\\|/.:, \x1f\x00\uff21\uff22")
IDS = st.text(LETTERS, max_size=12)
ISSUERS = st.one_of(st.none(), IDS)
NAMED = IDS.filter(lambda i: _plain(i).casefold() not in DUMMY_IDS)
PADDING = st.text(st.sampled_from(" \x00\t"), max_size=3)


def _plain(text: str | None) -> str:
    """An id as a person reads it: widths and composition aside, nothing unseen."""
    folded = unicodedata.normalize("NFKC", text or "")
    seen = (c for c in folded if unicodedata.category(c) != "Cc")
    return "".join(seen).strip()


def key_of(issuer: str | None, provider: str, patient_id: str | None, study: str):
    return KEY.patient_key(patient_identity(issuer, provider, patient_id, study))


@given(ISSUERS, ISSUERS, NAMED, NAMED)
def test_two_patients_have_two_keys(issuer_a, issuer_b, id_a, id_b):
    """Same id of two issuers, or two ids of one: never one key, whatever separates."""
    a = (_plain(issuer_a) or "p", _plain(id_a))
    b = (_plain(issuer_b) or "p", _plain(id_b))

    keys = key_of(issuer_a, "p", id_a, "1.2"), key_of(issuer_b, "p", id_b, "1.3")

    assert (keys[0] == keys[1]) == (a == b)


@given(ISSUERS, NAMED, PADDING, PADDING, st.sampled_from(["NFC", "NFD", "NFKC"]))
def test_one_patient_has_one_key_however_he_is_written(issuer, name, left, right, form):
    """Padding to an even length, and composed or decomposed letters."""
    written = left + unicodedata.normalize(form, name) + right

    assert key_of(issuer, "p", name, "1.2") == key_of(issuer, "p", written, "1.3")


@given(
    ISSUERS,
    st.one_of(st.none(), PADDING, st.sampled_from(sorted(DUMMY_IDS))),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
def test_without_an_id_studies_never_merge(issuer, blank, studies):
    """Null, spaces and what everybody writes are nobody's id."""
    keys = [key_of(issuer, "p", blank, f"1.2.{study}") for study in studies]

    assert (keys[0] == keys[1]) == (studies[0] == studies[1])


PARTS = st.tuples(ISSUERS, ISSUERS, ISSUERS)


@given(PARTS, PARTS)
def test_two_devices_have_two_keys(first, second):
    """Null is the empty text; nothing else merges."""
    same = list(map(_plain, first)) == list(map(_plain, second))

    keys = [KEY.device_key(device_identity(*parts)) for parts in (first, second)]

    assert (keys[0] == keys[1]) == same
