"""A load that is killed again and again ends where an undisturbed one does."""

import time

import pytest

pytestmark = [pytest.mark.s3, pytest.mark.long]

# Dagster runs that have begun, and seconds after that: within the door, then twice
# within the months' run, which makes tables, JPEGs and the dbt build.
MOMENTS = ((1, 0.5), (2, 2.0), (1, 5.0))
PATIENCE = 60


def _wait_for(running, folder, runs: int) -> None:
    """Return when ``runs`` more runs than before are on record."""
    wanted = len(list(folder.glob("*-*.db"))) + runs
    deadline = time.monotonic() + PATIENCE
    while len(list(folder.glob("*-*.db"))) < wanted:
        assert running.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_killed_load_ends_like_an_undisturbed_one(install, copied, hospital):
    """Same objects, same JPEGs, same rows, same balance; no file twice."""
    pushed = install("pushed", DICOM_PIPELINE_BATCH_SIZE="50")
    assert pushed.run("push", hospital).returncode == 0
    calm, killed = copied(pushed, "calm"), copied(pushed, "killed")
    calm.ingest(hospital)

    for runs, seconds in MOMENTS:
        running = killed.start("ingest", hospital)
        _wait_for(running, killed.home / "dagster" / "history" / "runs", runs)
        time.sleep(seconds)
        assert running.poll() is None
        killed.kill(running)
    killed.ingest(hospital)

    expected, found = calm.state(), killed.state()
    assert found.raw == expected.raw
    assert found.stage == expected.stage
    assert found.tables == expected.tables
    assert found == expected
    assert found.outcomes["loaded"] == found.received == 177
