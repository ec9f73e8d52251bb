"""What stands for an identifier once it has crossed the line: keyed, repeatable."""

import hmac

from dicom_pipeline.deid.keys import check_value, sub_key

WELL_KNOWN_UIDS = "1.2.840.10008."
SHORTEST_SHIFT_DAYS = 364
SHIFT_STEPS = 469
TOKEN_LENGTH = 16


class Pseudonyms:
    """Every pseudonym that one key gives.

    The domain is the class of an identifier (``patient_id``, ``device``), not its
    column: one identifier is one pseudonym in all tables, and equal texts of two
    classes do not link.
    """

    def __init__(self, key: bytes, key_version: int = 1) -> None:
        """Keep the key; it is never shown."""
        self._key = key
        self._sub_keys: dict[str, bytes] = {}
        self.key_version = key_version

    def __repr__(self) -> str:
        """Name the version alone."""
        return f"Pseudonyms(key_version={self.key_version})"

    @property
    def check_value(self) -> str:
        """16 hexadecimal digits by which a warehouse knows its key again."""
        return check_value(self._key)

    def token(self, domain: str, text: str) -> str:
        """Return 64 hexadecimal digits that stand for ``text`` within ``domain``."""
        return self._digest(domain, text).hex()

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
        uid = uid.strip("\0 ")
        if uid.startswith(WELL_KNOWN_UIDS):
            return uid
        octets = bytearray(self._digest("uid", uid)[:16])
        octets[0] &= 0x3F
        octets[6] = octets[6] & 0x0F | 0x80
        octets[8] = octets[8] & 0x3F | 0x80
        return f"2.25.{int.from_bytes(octets)}"

    def shift_days(self, patient_key: str) -> int:
        """Return how many days into the past a patient's dates are moved.

        Whole weeks between 364 and 3640 days: weekdays and intervals stay.
        """
        number = int.from_bytes(self._digest("date", patient_key))
        return SHORTEST_SHIFT_DAYS + 7 * (number % SHIFT_STEPS)

    def batch_token(self, table: str, month: str) -> str:
        """Return 16 hexadecimal digits that stand for one month of one table."""
        return self.token("batch", f"{table}\x1f{month}")[:TOKEN_LENGTH]

    def _digest(self, domain: str, text: str) -> bytes:
        if domain not in self._sub_keys:
            self._sub_keys[domain] = sub_key(self._key, domain)
        return hmac.digest(self._sub_keys[domain], text.encode(), "sha256")
