"""How a key is spelled in each bucket, both ways.

No attribute value shapes a path: a UID that is not digits and inner dots is
percent-encoded, and one beyond any legal length is replaced by its hash.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote

UNKNOWN = "unknown"
OBJECTS_PREFIX = "dicom/"
TABLES_PREFIX = "tables/"
QUARANTINE_PREFIX = "quarantine/"
STATE_PREFIX = "state/"
VAULT_PREFIX = "vault/"
IMAGES_PREFIX = "images/"
HEADERS_PREFIX = "headers/"
COMPACTED = "compacted-"
RECEIVED_PREFIX = "receive/"
FETCHED_PREFIX = "dicomweb/"
OWN_RAW_PREFIXES = (TABLES_PREFIX, QUARANTINE_PREFIX, STATE_PREFIX, VAULT_PREFIX)

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_LONGEST_UID = 128  # PS3.5 9.1 allows 64; twice that is still seen
_PART = "([^/]+)"
_RAW_KEY = re.compile(
    rf"dicom/(?:month|day)={_PART}/{_PART}/{_PART}/{_PART}/{_PART}\.dcm"
)
_RECEIVED_KEY = re.compile(
    rf"receive/{_PART}/{_PART}/{_PART}/{_PART}/[0-9a-f]{{64}}\.dcm\Z"
)


class Grain(StrEnum):
    """How time is cut into partitions."""

    MONTHLY = "monthly"  # YYYY-MM
    DAILY = "daily"  # YYYY-MM-DD


@dataclass(frozen=True)
class RawKey:
    """What the key of a raw object says: its identity."""

    month: str
    study_uid: str
    series_uid: str
    sop_uid: str
    fingerprint: str

    def spell(self) -> str:
        """Return the key in the raw bucket."""
        uids = (self.study_uid, self.series_uid, self.sop_uid)
        folders = "/".join(_spell_uid(uid) for uid in uids)
        unit = "day" if len(self.month) == len("YYYY-MM-DD") else "month"
        return f"{OBJECTS_PREFIX}{unit}={self.month}/{folders}/{self.fingerprint}.dcm"

    @classmethod
    def parse(cls, key: str) -> "RawKey | None":
        """Read a key back; ``None`` where it is not one of ours."""
        match = _RAW_KEY.fullmatch(key)
        if match is None:
            return None
        month, study, series, sop, fingerprint = match.groups()
        return cls(month, unquote(study), unquote(series), unquote(sop), fingerprint)


def table_key(table: str, month: str, batch: str) -> str:
    """Key of one batch of one raw table."""
    return f"{TABLES_PREFIX}{table}/month={month}/batch={batch}.parquet"


def table_prefix(table: str, month: str = "") -> str:
    """Where the batches of a raw table lie, of one month or of all."""
    return f"{TABLES_PREFIX}{table}/" + (f"month={month}/" if month else "")


def ledger_key(table: str, batch: str) -> str:
    """Key of one batch of a ledger; a ledger is not cut by month."""
    return f"{TABLES_PREFIX}{table}/batch={batch}.parquet"


def batch_of(key: str) -> str:
    """The batch that a table key names."""
    return key.rsplit("batch=", 1)[1].removesuffix(".parquet")


def compacted_name(batches: Iterable[str]) -> str:
    """Name of a file that holds several whole batches, in place of a batch's own.

    Which batches a file of this name holds is said by its rows alone.
    """
    text = "\n".join(sorted(batches))
    return COMPACTED + hashlib.sha256(text.encode()).hexdigest()[:32]


def month_of(key: str) -> str:
    """The month that a table key names."""
    return key.split("month=", 1)[1].split("/", 1)[0]


def quarantine_key(reason: str, arrival_id: str) -> str:
    """Where a refused file waits for its replay."""
    return f"{QUARANTINE_PREFIX}{reason}/{arrival_id}"


def state_key(name: str) -> str:
    """Key of a small fact that the pipeline remembers."""
    return f"{STATE_PREFIX}{name}.json"


def image_folder(sop_pseudonym: str) -> str:
    """Folder of the JPEGs of one object, by its pseudonym.

    Two hex digits of a hash spread the load over prefixes.
    """
    spread = hashlib.sha256(sop_pseudonym.encode()).hexdigest()[:2]
    return f"{IMAGES_PREFIX}{spread}/{sop_pseudonym}"


def compressed_images_key(batch_token: str, part: str) -> str:
    """Key of one part of the JPEG table in the stage bucket."""
    return f"{TABLES_PREFIX}compressed_images/batch={batch_token}/{part}.parquet"


def received_key(sending_ae: str, uids: tuple[str, str, str], digest: str) -> str:
    """Key in the provider bucket of an object that came over the network.

    Args:
        sending_ae: Application entity that sent it: the provider of its provenance.
        uids: Of study, series and SOP instance; those that could not be read, empty.
        digest: Of the data set, hex: other bytes under the same UID lie beside it.
    """
    folders = "/".join(_spell_uid(name or UNKNOWN) for name in (sending_ae, *uids))
    return f"{RECEIVED_PREFIX}{folders}/{digest}.dcm"


def sending_ae_of(key: str) -> str | None:
    """The application entity that a received key names; ``None`` for other keys."""
    match = _RECEIVED_KEY.search(key)
    return unquote(match[1]) if match else None


def fetched_prefix(server: str) -> str:
    """Where the provider bucket keeps what was fetched from a DICOMweb server."""
    return f"{FETCHED_PREFIX}{quote(server, safe='')}/"


def fetched_key(prefix: str, uids: tuple[str, str, str]) -> str:
    """Key below ``prefix`` of an object, by its study, series and SOP instance."""
    return prefix + "/".join(_spell_uid(uid) for uid in uids) + ".dcm"


def _spell_uid(uid: str) -> str:
    if _UID.fullmatch(uid) and len(uid) <= _LONGEST_UID:
        return uid
    spelled = quote(uid, safe="").replace(".", "%2E")
    if len(spelled) <= _LONGEST_UID:
        return spelled
    return "sha256-" + hashlib.sha256(uid.encode()).hexdigest()
