"""Names that follow names: which columns hold one, and what it becomes under a new key.

A rotation renames what stage holds, a release what is handed to one recipient. Neither
needs what the names stand for.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.keys import sub_key
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.rules import Rule

STAGE_TABLE = "stg_"
_RECIPIENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_RECIPIENT = 40


class Mode(StrEnum):
    """How a key took over from the one before."""

    FIRST = "first"
    CHAINED = "chained"  # names follow from the old names; raw may be gone
    REDERIVE = "rederive"  # names are made anew from raw; the old key is worth nothing


class Kind(StrEnum):
    """What a column holds that a new key changes."""

    TOKEN = "token"  # hexadecimal digits  # noqa: S105  # no password
    UID = "uid"
    UIDS = "uids"
    DATE = "date"
    INSTANT = "timestamp"
    JPEG = "jpeg"  # key of an object in the stage bucket
    VERSION = "version"
    KEPT = "kept"


@dataclass(frozen=True)
class Held:
    """What one column holds, and for a token the class of its identifier."""

    kind: Kind
    domain: str = ""


KEPT = Held(Kind.KEPT)
_PASSED = {
    "sop_instance_uid": Held(Kind.UID),
    "jpeg_key": Held(Kind.JPEG),
    "render_id": Held(Kind.TOKEN, "render"),
    "batch_token": Held(Kind.TOKEN, "batch"),
    "deid_key_version": Held(Kind.VERSION),
}
_LINEAGE = {
    "deid_profile": KEPT,
    "deid_rules_sha256": KEPT,
    "batch_token": _PASSED["batch_token"],
    "deid_key_version": _PASSED["deid_key_version"],
}
_DATES = {"date_shift": Kind.DATE, "datetime_shift": Kind.INSTANT}


class RecipientError(ValueError):
    """The name is not one that a key is kept for."""

    def __init__(self) -> None:
        """Say what a name is: a slip of the pen would begin another history."""
        super().__init__(
            "a recipient is a name of lower case letters, digits and hyphens, such as"
            " 'uni-basel'"
        )


def held_by_stage(rules: Iterable[Rule]) -> dict[str, dict[str, Held]]:
    """What each column of each stage table holds; by table, by column."""
    tables: dict[str, dict[str, Held]] = {}
    for rule in rules:
        if rule.target_function != "drop":
            columns = tables.setdefault(f"{STAGE_TABLE}{rule.table_name}", {})
            columns[rule.stage_column] = _held(rule)
    jpegs = dict.fromkeys(COMPRESSED_IMAGES.schema.names, KEPT) | _PASSED
    return {
        **{table: columns | _LINEAGE for table, columns in tables.items()},
        f"{STAGE_TABLE}{COMPRESSED_IMAGES.name}": jpegs,
    }


def held_by_name(rules: Iterable[Rule]) -> dict[str, Held]:
    """What a column of any table behind the line holds, by its name alone."""
    names: dict[str, Held] = {}
    for columns in held_by_stage(rules).values():
        names |= columns
    return names


def _held(rule: Rule) -> Held:
    function = rule.target_function
    if function in {"surrogate_key", "full_hash"}:
        return Held(Kind.TOKEN, rule.domain)
    if function == "uid_remap":
        return Held(Kind.UIDS if rule.target_type.endswith("[]") else Kind.UID)
    return Held(_DATES[function]) if function in _DATES else KEPT


@dataclass(frozen=True)
class Renaming:
    """From the names of one key to those of another.

    Attributes:
        old: Gave the names that are stored.
        new: Gives those that take their place.
        shifts_dates: Whether dates are moved under the profile.
    """

    old: Pseudonyms
    new: Pseudonyms
    shifts_dates: bool = True

    def token(self, domain: str, token: str) -> str:
        """Return what stands for a token."""
        return self.new.newest.renamed(domain, token)

    def uid(self, uid: str) -> str:
        """Return what stands for a UID; a registered one stays."""
        return self.new.newest.uid(uid)

    def days_earlier(self, patient_key: str) -> int:
        """Return by how many days more a patient's stored dates move into the past.

        Args:
            patient_key: As it is stored, under the old key.
        """
        if not self.shifts_dates:
            return 0
        after = self.new.shift_days(self.token("patient_id", patient_key))
        return after - self.old.shift_days(patient_key)


def for_recipient(
    release_key: bytes, recipient: str, stored: Pseudonyms, *, shifts_dates: bool
) -> Renaming:
    """Return the renaming of one recipient: two of them share no name and no date.

    Raises:
        RecipientError: The name is none.
    """
    if len(recipient) > _LONGEST_RECIPIENT or not _RECIPIENT.fullmatch(recipient):
        raise RecipientError
    own = sub_key(release_key, f"recipient/{recipient}")
    return Renaming(stored, Pseudonyms(own, stored.key_version), shifts_dates)
