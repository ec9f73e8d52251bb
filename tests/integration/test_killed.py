"""A load that is killed again and again ends where an undisturbed one does."""

import subprocess

import pytest

pytestmark = pytest.mark.s3

MOMENTS = (6, 10, 14)  # seconds: the door, the months, the JPEGs or dbt


def test_a_killed_load_ends_like_an_undisturbed_one(install, copied, hospital):
    """Same objects, same JPEGs, same rows, same balance; no file twice."""
    pushed = install("pushed", DICOM_PIPELINE_BATCH_SIZE="50")
    assert pushed.run("push", hospital).returncode == 0
    calm, killed = copied(pushed, "calm"), copied(pushed, "killed")
    calm.ingest(hospital)

    ended = 0
    for seconds in MOMENTS:
        running = killed.start("ingest", hospital)
        try:
            running.wait(seconds)
        except subprocess.TimeoutExpired:
            ended += 1
        killed.kill(running)
    killed.ingest(hospital)

    assert ended == len(MOMENTS)
    expected, found = calm.state(), killed.state()
    assert found.raw == expected.raw
    assert found.stage == expected.stage
    assert found.tables == expected.tables
    assert found == expected
    assert found.outcomes["loaded"] == found.received == 177
