"""The key as an SQL engine needs it: two pads for each class of identifiers.

RFC 2104: HMAC is hash(outer pad, hash(inner pad, text)).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dicom_pipeline.deid.keys import check_value, sub_key
from dicom_pipeline.deid.rules import Rule

_BLOCK = 64  # octets that SHA-256 takes at a time
_INNER, _OUTER = 0x36, 0x5C
_ALWAYS = frozenset({"patient_id", "device", "uid", "date", "batch"})


@dataclass(frozen=True)
class Pads:
    """Pads of one class of identifiers, hexadecimal; as secret as the key.

    Attributes:
        domain: The class.
        inner: 128 digits.
        outer: Likewise.
        check_value: 16 digits by which the key is known again.
    """

    domain: str
    inner: str = field(repr=False)
    outer: str = field(repr=False)
    check_value: str


def pads_of(key: bytes, rules: Iterable[Rule]) -> Iterator[Pads]:
    """Yield the pads of every class that the rules and the keyed macros name."""
    checked = check_value(key)
    for domain in sorted(_ALWAYS | {rule.domain for rule in rules if rule.domain}):
        block = sub_key(key, domain).ljust(_BLOCK, b"\0")
        inner, outer = (bytes(b ^ by for b in block).hex() for by in (_INNER, _OUTER))
        yield Pads(domain, inner, outer, checked)
