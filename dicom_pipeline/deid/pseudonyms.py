"""What stands for an identifier once it has crossed the line: keyed, repeatable."""

import hmac
from collections.abc import Iterable, Sequence
from functools import reduce

from dicom_pipeline.deid.keys import chain_check_value, check_value, sub_key

WELL_KNOWN_UIDS = "1.2.840.10008."
SHORTEST_SHIFT_DAYS = 364
SHIFT_STEPS = 469
TOKEN_LENGTH = 16
BLOCK = 16
"""Digits: a token that is cut to whole blocks is renamed from what is left of it."""
REMEMBERED = frozenset({"erased_patient", "erased_instance"})
"""Classes of names that must be known again when raw is gone: every key counts."""
FIRST_KEY_ALONE = frozenset({"source_key", "review"})
"""Names of the ledger and of images that people look at: they never leave the raw
zone and are never made anew."""


class Link:
    """One key: names what is clear, and renames what an older key has named."""

    def __init__(self, key: bytes) -> None:
        """Keep the key; it is never shown."""
        self.key = key
        self._sub_keys: dict[str, bytes] = {}

    def __repr__(self) -> str:
        """Show nothing."""
        return "Link()"

    def token(self, domain: str, text: str) -> str:
        """Return 64 hexadecimal digits that stand for ``text`` within ``domain``."""
        return self.digest(domain, text).hex()

    def renamed(self, domain: str, token: str) -> str:
        """Return as many hexadecimal digits that stand for the token of an older key.

        The n-th block of 16 digits follows from the first n blocks: so a column that
        stores the first 32 digits alone is renamed as one that stores all.

        Raises:
            ValueError: The token is not made of whole blocks.
        """
        if not token or len(token) % BLOCK:
            raise ValueError("a token is whole blocks of digits")
        ends = range(BLOCK, len(token) + 1, BLOCK)
        return "".join(
            self.token(domain, token[:end])[end - BLOCK : end] for end in ends
        )

    def uid(self, uid: str) -> str:
        """Return the UID that stands for ``uid``; see ``Pseudonyms.uid``."""
        uid = uid.strip("\0 ")
        if uid.startswith(WELL_KNOWN_UIDS):
            return uid
        octets = bytearray(self.digest("uid", uid)[:16])
        octets[0] &= 0x3F
        octets[6] = octets[6] & 0x0F | 0x80
        octets[8] = octets[8] & 0x3F | 0x80
        return f"2.25.{int.from_bytes(octets)}"

    def digest(self, domain: str, text: str) -> bytes:
        """Return the HMAC-SHA256 of ``text`` under the sub-key of ``domain``."""
        if domain not in self._sub_keys:
            self._sub_keys[domain] = sub_key(self.key, domain)
        return hmac.digest(self._sub_keys[domain], text.encode(), "sha256")


class Pseudonyms:
    """Every pseudonym that one key gives, or one key after the other.

    The domain is the class of an identifier (``patient_id``, ``device``), not its
    column: one identifier is one pseudonym in all tables, and equal texts of two
    classes do not link.
    """

    def __init__(
        self,
        key: bytes,
        key_version: int = 1,
        *,
        previous: Sequence[bytes] = (),
        retired: Sequence[bytes] = (),
    ) -> None:
        """Keep the keys; they are never shown.

        Args:
            key: The newest one.
            key_version: Its version.
            previous: Keys whose names it renames, oldest first (chained rotation).
            retired: Older ones, of names that were made anew since then.
        """
        self._links = [*map(Link, (*previous, key))]
        self._all = [*map(Link, retired), *self._links]
        self.key_version = key_version

    def __repr__(self) -> str:
        """Name the version alone."""
        return f"Pseudonyms(key_version={self.key_version})"

    @property
    def check_value(self) -> str:
        """16 hexadecimal digits by which a warehouse knows its keys again."""
        return chain_check_value([link.key for link in self._links])

    @property
    def remembered_check_value(self) -> str:
        """The same of the names that every key counts for: tombstones."""
        return chain_check_value([link.key for link in self._all])

    @property
    def own_check_values(self) -> list[str]:
        """Check value of each key by itself, of retired ones too, oldest first."""
        return [check_value(link.key) for link in self._all]

    @property
    def newest(self) -> Link:
        """The newest key: renames what the keys before it have named."""
        return self._links[-1]

    def meet(self, domain: str, texts: Iterable[str]) -> None:
        """Be told of many identifiers before they are asked for: keys need no time."""

    def token(self, domain: str, text: str) -> str:
        """Return 64 hexadecimal digits that stand for ``text`` within ``domain``."""
        first, *later = self._links_of(domain)
        return reduce(
            lambda token, link: link.renamed(domain, token),
            later,
            first.token(domain, text),
        )

    def patient_key(self, patient_identity: str) -> str:
        """Return the key of a patient.

        Args:
            patient_identity: Namespace, U+001F, normalised Patient ID: the text of
                the raw column of that name.
        """
        return self.token("patient_id", patient_identity)

    def device_key(self, device_identity: str) -> str:
        """Return the key of a device from the raw column ``device_identity``."""
        return self.token("device", device_identity)

    def uid(self, uid: str) -> str:
        """Return the UID that stands for ``uid``; a registered UID stands for itself.

        The 120 random bits leave the number below 2**126, so that it fits the 38
        digits of a decimal column.

        DICOM: PS3.5 B.2, a UUID as ``2.25.`` and a decimal number; RFC 9562, version 8.
        """
        return reduce(lambda name, link: link.uid(name), self._links, uid)

    def shift_days(self, patient_key: str) -> int:
        """Return how many days into the past a patient's dates are moved.

        Whole weeks between 364 and 3640 days: weekdays and intervals stay. It follows
        from the stored key, so that stored dates can be moved again.
        """
        number = int.from_bytes(self.newest.digest("date", patient_key))
        return SHORTEST_SHIFT_DAYS + 7 * (number % SHIFT_STEPS)

    def batch_token(self, table: str, month: str) -> str:
        """Return 16 hexadecimal digits that stand for one month of one table."""
        return self.token("batch", f"{table}\x1f{month}")[:TOKEN_LENGTH]

    def _links_of(self, domain: str) -> list[Link]:
        if domain in FIRST_KEY_ALONE:
            return self._all[:1]
        return self._all if domain in REMEMBERED else self._links
