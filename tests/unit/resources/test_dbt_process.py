"""dbt in this process learns nothing of the command that runs it."""

import sys

import pytest

from dicom_pipeline.resources import dbt_process


class Runner:
    """Sees what dbt writes into its log as `invocation_command`."""

    def __init__(self, manifest):
        """Take what dbt takes."""
        self.manifest = manifest

    def invoke(self, words):
        """Say what the process was called with."""
        if "fail" in words:
            raise RuntimeError
        return sys.argv


def test_dbt_does_not_see_the_arguments_of_the_command(monkeypatch):
    """`ingest /data/MUELLER_HANS` stood in dbt.log and run_results.json."""
    monkeypatch.setattr(dbt_process, "dbtRunner", Runner)
    monkeypatch.setattr(sys, "argv", ["dicom-pipeline", "ingest", "MUELLER_HANS"])

    assert dbt_process.invoke(["parse"], None) == ["dbt", "parse"]
    with pytest.raises(RuntimeError):
        dbt_process.invoke(["fail"], None)

    assert sys.argv == ["dicom-pipeline", "ingest", "MUELLER_HANS"]
