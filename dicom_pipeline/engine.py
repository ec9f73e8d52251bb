"""Runs everything that is due to its end in this process, without a daemon.

The same jobs that the daemon starts, recorded in the same Dagster storage, so what the
command line has done is seen in the UI.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from dicom_pipeline.definitions import build_defs
from dicom_pipeline.engine_home import prepare_home
from dicom_pipeline.partitions import STUDY_MONTHS, add_months, range_tags, ranges
from dicom_pipeline.places import Places

Say = Callable[[str], None]

# The events are kept in Dagster's storage; the console belongs to the command line.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class RunFailedError(RuntimeError):
    """A job did not succeed; names the steps that failed and the kinds of error."""


@dataclass(frozen=True)
class Engine:
    """Dagster without its daemon.

    Attributes:
        places: The installation; its store must be open.
        definitions: What there is to run.
        instance: Where runs are recorded.
        say: Told what is being done.
    """

    places: Places
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    say: Say

    def run_all_due(self) -> None:
        """Let in what has arrived, then carry every due month to the end.

        Raises:
            RunFailedError: A job failed; what it owes stays due.
        """
        self._let_in()
        due = sorted(self.places.months.due())
        add_months(self.instance, due)
        order = self.instance.get_dynamic_partitions(str(STUDY_MONTHS.name))
        for first, last in ranges(order, due):
            self.say(f"months {first} to {last}" if first != last else f"month {first}")
            self._run("load_months", range_tags(first, last))
        if self.places.months.processed_is_behind():
            self.say("processed layer")
            self._run("load_processed", {})

    def _let_in(self) -> None:
        """Files of the provider first: what they leave in raw is then known as ours."""
        for watch in (self.places.provider_watch, self.places.raw_watch):
            scan = watch.scan_all()
            if scan.found:
                self.say(f"{scan.found} new files in the {watch.source} bucket")
            if self.places.ledger.pending():
                self._run("load_files", {})

    def _run(self, job: str, tags: Mapping[str, str]) -> None:
        done = self.definitions.get_job_def(job).execute_in_process(
            instance=self.instance,
            tags=dict(tags),
            run_config=_QUIET,
            raise_on_error=False,
        )
        if not done.success:
            failed = [
                f"{event.step_key} ({_kind(event)})"
                for event in done.get_step_failure_events()
            ]
            raise RunFailedError(f"{job} failed in {', '.join(failed)}")


@contextmanager
def open_engine(places: Places, say: Say) -> Iterator[Engine]:
    """Wire the engine of an open installation."""
    settings = places.settings
    home = prepare_home(settings.dagster_home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield Engine(places, build_defs(settings), instance, say)


def _kind(event: dg.DagsterEvent) -> str:
    """The innermost kind of error, or the text of our own failure."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return (error and error.cls_name) or "unknown"
