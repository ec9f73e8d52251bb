"""What the sensor of the provider bucket asks for, and what it never says."""

from itertools import count

import dagster as dg
import pytest

from dicom_pipeline.sensors.arrivals import build_arrival_sensors
from dicom_pipeline.sources.arrivals import Watch
from dicom_pipeline.sources.events import Events
from dicom_pipeline.sources.intake import PROVIDER
from tests.unit.sources.memory_store import Listing, MemoryQueue, RawBucket, intake

NAMES = ("load_files", "load_months", "load_processed")


def job(name):
    """Make a job that does nothing."""

    @dg.job(name=name)
    def nothing():
        pass

    return nothing


@pytest.fixture
def sensor():
    """Return the sensor, wired to jobs that do nothing; a look takes three pages."""
    jobs = {name: job(name) for name in NAMES}
    return build_arrival_sensors(jobs, 5, 5.0)[0]


@pytest.fixture
def instance():
    """Yield a Dagster instance of its own."""
    with dg.instance_for_test() as made:
        yield made


def watch(raw, files, told=()):
    """Watch a bucket whose queue holds these messages."""
    queue, entry, seconds = MemoryQueue(), intake(raw), count()
    for body in told:
        queue.send(body)
    events = Events(queue, entry, PROVIDER, "provider", "", clock=lambda: 0.0)
    clock = lambda: float(next(seconds))  # noqa: E731
    return Watch(PROVIDER, Listing(files), "", entry, events, clock=clock)


def tick(sensor, instance, watched, cursor=None):
    """Let the sensor look once; return its answer and its cursor."""
    context = dg.build_sensor_context(
        instance, cursor=cursor, resources={"provider_watch": watched}
    )
    return sensor.evaluate_tick(context)


def test_new_files_are_asked_for_without_a_word_about_them(sensor, instance):
    """Keys and listing tokens may name a person: neither leaves the raw zone."""
    files = {f"DOE^JANE/{n}": "f" for n in range(40)}
    watched = watch(RawBucket(), files, ["DOE^JANE"])

    seen = tick(sensor, instance, watched)

    asked = seen.run_requests[0]
    assert (asked.job_name, asked.run_config, asked.partition_key) == (
        "load_files",
        {},
        None,
    )
    assert "JANE" not in f"{asked} {seen.cursor}"


def test_what_is_seen_while_files_are_let_in_waits_for_the_next_run(sensor, instance):
    """A long load keeps nobody from looking; only one run is asked for at a time."""
    raw = RawBucket()
    instance.create_run_for_job(job("load_files"), status=dg.DagsterRunStatus.STARTED)
    watched = watch(raw, {"DOE^JANE": "f"}, ["DOE^JANE"])

    seen = tick(sensor, instance, watched)

    assert seen.run_requests == []
    assert "1 new on 1 pages" in seen.skip_message
    assert "1 messages unreadable" in seen.skip_message
    assert "JANE" not in seen.skip_message
    assert len(watched.intake.ledger.pending()) == 1


def test_nothing_new_asks_for_nothing(sensor, instance):
    seen = tick(sensor, instance, watch(RawBucket(), {}))

    assert seen.run_requests == []
    assert seen.skip_message.startswith("0 new on 1 pages")
