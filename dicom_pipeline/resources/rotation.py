"""A new key for an installation: every name behind the line, in an order that is safe.

The raw zone says first that a rotation has begun, and last that it has ended; between
the two every other command refuses. Each step leaves what is done alone, so a run that
was killed is finished by the next.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.rotation import Mode, Renaming, held_by_stage
from dicom_pipeline.deid.rules import Rule
from dicom_pipeline.layout import HEADERS_PREFIX
from dicom_pipeline.resources.bucket import Bucket, BucketError
from dicom_pipeline.resources.dbt import Dbt
from dicom_pipeline.resources.erased import Erased
from dicom_pipeline.resources.jpegs import Jpegs
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.months import Months
from dicom_pipeline.resources.purge import purge
from dicom_pipeline.resources.rotation_jpegs import (
    JpegRotation,
    chained,
    rederived,
    sweep,
    tokens_of,
    versions_in,
)
from dicom_pipeline.resources.rotation_months import carry_over
from dicom_pipeline.resources.rotation_record import (
    CUSTODY,
    KeyLink,
    KeyRecord,
    KeyRefusedError,
    check_chain,
)
from dicom_pipeline.resources.rotation_warehouse import (
    key_version_of,
    rename_stage,
    versions_of,
)
from dicom_pipeline.resources.warehouse import Warehouse

Counts = dict[str, int]
Say = Callable[[str], None]


class RotationError(BucketError):
    """A rotation cannot begin, or not end; says what to do."""


def _unheard(_words: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Side:
    """An installation as one of the two keys sees it."""

    pseudonyms: Pseudonyms
    jpegs: Jpegs
    months: Months


@dataclass(frozen=True)
class Rotation:
    """Takes an installation from one key to the next.

    Attributes:
        ledger: Of the raw bucket.
        stage: Bucket of the JPEGs.
        warehouse: The files of the tables.
        dbt: Under the new key.
        rules: The mapping.
        old: As the keys before see it.
        new: As the new key does.
        mode: How the new key takes over.
        uri: Where the new key is.
        shifts_dates: Whether the profile moves dates.
        drop_exports: Whether exports in the stage bucket may go.
        publish: Copies the processed layer to where people read.
        say: Told what is being done.
    """

    ledger: Ledger
    stage: Bucket
    warehouse: Warehouse
    dbt: Dbt
    rules: Sequence[Rule]
    old: Side
    new: Side
    mode: Mode
    uri: str
    shifts_dates: bool
    publish: Callable[[], object]
    drop_exports: bool = False
    say: Say = field(default=_unheard, repr=False)

    def run(self) -> Counts:
        """Rotate, or finish what was begun; return what was done now.

        Raises:
            KeyRefusedError: The keys are not those that the raw zone remembers.
            RotationError: Something is in the way; nothing is mixed.
        """
        record = self._begun()
        done: Counts = {}
        for words, step in (
            ("tombstones", self._tombstones),
            ("JPEGs", lambda: self._jpegs(record)),
            ("tables", self._tables),
            ("what is due", lambda: self._published(record)),
        ):
            self.say(words)
            done |= step()
        self._check()
        coming = record.coming
        assert coming is not None  # noqa: S101  # it was begun
        KeyRecord((*record.links, coming)).put(self._raw)
        return done

    def _begun(self) -> KeyRecord:
        """Say in the raw zone that it is under way; what is wrong is said before."""
        record = KeyRecord.of(self._raw)
        check_chain(record.links, self.old.pseudonyms)
        new = self.new.pseudonyms
        coming = KeyLink(
            new.key_version,
            self.mode,
            new.check_value,
            new.own_check_values[-1],
            self.uri,
        )
        if record.coming:
            if replace(record.coming, uri=self.uri) != coming:
                raise KeyRefusedError(
                    f"a rotation to key version {record.coming.version} was begun with"
                    f" --mode {record.coming.mode} and its key at {record.coming.uri}:"
                    f" end it with the same mode and keys ({CUSTODY})"
                )
            late = tokens_of(self.stage, self.old.pseudonyms.key_version)
            return replace(record, batches=(*record.batches, *late))
        self._refuse_what_is_wrong(record)
        record = replace(
            record,
            coming=coming,
            batches=tuple(tokens_of(self.stage)),
            is_published=self.old.months.is_published(),
        )
        record.put(self._raw)
        return record

    def _refuse_what_is_wrong(self, record: KeyRecord) -> None:
        new, old = self.new.pseudonyms, self.old.pseudonyms
        if new.key_version <= record.links[-1].version:
            raise KeyRefusedError(
                f"the raw zone is at key version {record.links[-1].version} already:"
                f" raise DICOM_PIPELINE_KEY_VERSION for a new key ({CUSTODY})"
            )
        if new.own_check_values[-1] in old.own_check_values:
            raise KeyRefusedError(
                "the new key is one of the earlier ones: make another with"
                " `dicom-pipeline deid new-key`"
            )
        versions = versions_of(self.warehouse.path) | versions_in(self.stage)
        if self.mode is Mode.CHAINED and versions - {old.key_version}:
            raise RotationError(
                "stage holds rows of several key versions, and only those of version"
                f" {old.key_version} can be renamed: use --mode rederive"
            )
        exports = sum(1 for _ in self.stage.list(HEADERS_PREFIX))
        if exports and not self.drop_exports:
            raise RotationError(
                f"{exports} files of exports below {HEADERS_PREFIX} in the stage bucket"
                " have names of the old key: copy what is needed, and say"
                " --drop-exports; they can be exported again"
            )
        if self.mode is Mode.REDERIVE and (lost := self._not_in_raw()):
            raise RotationError(
                f"{lost} JPEG tables are of months that raw no longer has: they cannot"
                " be made anew; use --mode chained, which needs no raw"
            )

    def _not_in_raw(self) -> int:
        months = self.ledger.batches_by_month()
        known = {self._token(self.old, month) for month in months}
        return len(set(tokens_of(self.stage)) - known)

    def _tombstones(self) -> Counts:
        stones = Erased(self._raw, self.old.pseudonyms)
        return {"tombstones": stones.rename(self.new.pseudonyms)}

    def _jpegs(self, record: KeyRecord) -> Counts:
        there = set(tokens_of(self.stage))
        began_with = {*record.batches} & there
        moved = [work.table(old, new) for old, new, work in self._work(began_with)]
        return {
            "jpeg_rows": sum(each.rows for each in moved),
            "jpegs_copied": sum(each.jpegs for each in moved),
            "jpegs_that_were_missing": sum(each.missing for each in moved),
            "jpeg_versions_removed": sweep(self.stage),
            "export_versions_removed": purge(self.stage, HEADERS_PREFIX),
        }

    def _work(self, tokens: set[str]) -> Iterator[tuple[str, str, JpegRotation]]:
        """Batch tokens, the old and the new, and how the rows between are named."""
        if self.mode is Mode.CHAINED:
            named, by = chained(self._renaming), self._renaming
            for token in sorted(tokens):
                yield token, by.token("batch", token), JpegRotation(self.stage, named)
            return
        version = self.new.pseudonyms.key_version
        for month in self.ledger.batches_by_month():
            token = self._token(self.old, month)
            if token in tokens:
                old, new = self.old.jpegs.names(month), self.new.jpegs.names(month)
                work = JpegRotation(self.stage, rederived(old, new, version))
                yield token, self._token(self.new, month), work

    def _tables(self) -> Counts:
        """Write the warehouse into a new file, which then takes its place."""
        path, version = self.warehouse.path, self.new.pseudonyms.key_version
        if key_version_of(path) in {None, version}:
            return {}
        folder = path.with_name("rotating")
        with self.dbt.writer():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            beside = folder / path.name
            rows = self._written(beside, replace(self.dbt, home=folder / "dbt"))
            beside.replace(path)
            path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
            shutil.rmtree(folder)
        return rows

    def _written(self, beside: Path, dbt: Dbt) -> Counts:
        places = {**dbt.variables, "DICOM_PIPELINE_WAREHOUSE": str(beside)}
        dbt = replace(dbt, variables=places)
        if self.mode is Mode.REDERIVE:
            results = dbt.build("tag:stage", None, anew=True)
            rows = {"stage_tables_made_anew": len(self.new.months.recipes.stage)}
        else:
            held = held_by_stage(self.rules)
            renamed = rename_stage(self.warehouse.path, beside, held, self._renaming)
            rows = {"stage_rows_renamed": sum(renamed.values())}
            results = dbt.build("tag:processed", None)
        if failed := [r.unique_id for r in results if not (r.passed or r.warned)]:
            raise RotationError(f"dbt could not build {', '.join(sorted(failed))}")
        return rows

    def _published(self, record: KeyRecord) -> Counts:
        """Say what is due under the new key, and let nobody read the old names.

        What was published is published again. What is new first passes the checks
        that stand before publishing, so here it is only taken away.
        """
        months = self.new.months
        if self.mode is Mode.REDERIVE:
            batches = months.digests()
            carry_over(self.old.months, months)
            months.staged(batches, months.drawn(batches), anew=months.recipes.stage)
            self.warehouse.snapshot.unlink(missing_ok=True)
            return {}
        carry_over(self.old.months, months)
        if record.is_published and self.warehouse.path.exists():
            self.publish()
            months.processed(months.processed_digests())
            months.published(months.staged_digest())
        else:
            self.warehouse.snapshot.unlink(missing_ok=True)
        return {}

    def _check(self) -> None:
        """Stop before the end where old names were written meanwhile."""
        version = self.new.pseudonyms.key_version
        found = versions_of(self.warehouse.path) | versions_in(self.stage)
        if found - {version}:
            raise RotationError(
                "something wrote names of the old key meanwhile: stop `up`, loads and"
                " other commands, and run the rotation again"
            )

    def _token(self, side: Side, month: str) -> str:
        return side.pseudonyms.batch_token(COMPRESSED_IMAGES.name, month)

    @property
    def _renaming(self) -> Renaming:
        old, new = self.old.pseudonyms, self.new.pseudonyms
        return Renaming(old, new, self.shifts_dates)

    @property
    def _raw(self) -> Bucket:
        return self.ledger.bucket
