"""When the leak scan looks at what: everything, or what no scan has seen yet."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dicom_pipeline.catalog import ENTITIES, PERSONS
from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.profiles import Profile
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.vocabulary import common_words, packaged_words
from dicom_pipeline.layout import UNKNOWN, Grain
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.known_identities import Known
from dicom_pipeline.resources.leak_days import real_days
from dicom_pipeline.resources.leak_scan import LeakScan, Report
from dicom_pipeline.resources.months import Months
from dicom_pipeline.resources.outside import Outside
from dicom_pipeline.resources.own_words import own_words
from dicom_pipeline.resources.tables import State

_SEEN = "leaks_seen"
_MANY = 100  # months; a condition on more costs more than it saves


class Folders(Protocol):
    """Where an installation keeps what it writes, and under which profile."""

    @property
    def home(self) -> Path: ...  # noqa: D102
    @property
    def warehouse(self) -> Path: ...  # noqa: D102
    @property
    def published(self) -> Path: ...  # noqa: D102
    @property
    def dagster_home(self) -> Path: ...  # noqa: D102
    @property
    def dbt_home(self) -> Path: ...  # noqa: D102
    @property
    def dbt_project(self) -> Path: ...  # noqa: D102
    @property
    def profile(self) -> Profile: ...  # noqa: D102
    @property
    def grain(self) -> Grain: ...  # noqa: D102


@dataclass(frozen=True)
class LeakWatch:
    """Looks for identities outside of the raw zone.

    Attributes:
        scan: How it looks.
        outside: Where it looks.
        months: What each month is made of.
        pseudonyms: Names of months and studies outside.
        shifts_dates: Whether the profile moves dates: a real one is a leak then.
    """

    scan: LeakScan
    outside: Outside
    months: Months
    pseudonyms: Pseudonyms
    shifts_dates: bool

    def known(self) -> Known:
        """Everyone in the raw zone."""
        return self.scan.known()

    def whole(self, known: Known) -> Report:
        """Seek everyone everywhere."""
        report = self.scan.run(known, self.outside.haystacks())
        return self._with_days(report, known)

    def new(self) -> tuple[int, Report]:
        """Seek the people of months that were built anew, in what is new of theirs.

        Returns:
            How many months, and what was found. Months count as seen once nothing
            was found.
        """
        began, seen = time.time(), State(self.scan.raw).get(_SEEN)
        made = self.months.built()
        before = seen.get("months", {})
        due = {m for m, digest in made.items() if before.get(m) != digest}
        known = self.scan.known(due)
        where = self._rows_of(due) if len(due) < min(len(made), _MANY) else {}
        haystacks = self.outside.haystacks(float(seen.get("at", 0)), where)
        report = self._with_days(self.scan.run(known, haystacks), known)
        if due and not report.hits and report.control.sees:
            State(self.scan.raw).put(_SEEN, {"at": began, "months": made})
        return len(due), report

    def _with_days(self, report: Report, known: Known) -> Report:
        if self.shifts_dates and self.outside.warehouse.exists():
            days = real_days(self.outside.warehouse, known.days, self.pseudonyms)
            report.haystacks.append(days)
        return report

    def _rows_of(self, months: set[str]) -> Mapping[str, str]:
        """Conditions by column: rows of a stage table, rows of their patients.

        Persons are built whole with each load, and are of no month.
        """
        names = [table.name for table in (*ENTITIES, COMPRESSED_IMAGES)]
        tokens = [self.pseudonyms.batch_token(n, m) for n in names for m in months]
        tokens.append(self.pseudonyms.batch_token(PERSONS.name, UNKNOWN))
        made = ", ".join(f"'{token}'" for token in tokens)
        mine = f"batch_token in ({made})"
        theirs = f"select patient_key from stage.stg_images where {mine}"  # noqa: S608
        return {"batch_token": mine, "patient_key": f"patient_key in ({theirs})"}


def leak_watch_of(
    folders: Folders, stage: Bucket, months: Months, pseudonyms: Pseudonyms
) -> LeakWatch:
    """Make the watch of one installation."""
    project = folders.dbt_project
    codes = (project / "seeds" / "code_lists.csv").read_text("utf-8")
    return LeakWatch(
        scan=LeakScan(
            raw=months.ledger.bucket,
            common=packaged_words() | common_words(codes.split("\n")),
            own_words=lambda: own_words(project, folders.home),
            home=folders.dagster_home,
        ),
        outside=Outside(
            stage=stage,
            warehouse=folders.warehouse,
            published=folders.published,
            dagster_home=folders.dagster_home,
            dbt_home=folders.dbt_home,
            # The log of the embedded store lies with its data, in the raw zone.
            logs=(folders.home,),
            days_are_partitions=folders.grain is Grain.DAILY,
        ),
        months=months,
        pseudonyms=pseudonyms,
        shifts_dates=folders.profile.shifts_dates,
    )
