"""The command line starts without the engines: each costs a second or more."""

import subprocess
import sys

ENGINES = {"dagster", "dbt", "moto"}
SHOWN = "import sys, dicom_pipeline.cli.main; print(*sys.modules, sep='\\n')"


def test_no_engine_is_imported_to_show_the_help():
    done = subprocess.run(
        [sys.executable, "-c", SHOWN], capture_output=True, text=True, check=True
    )
    imported = {name.partition(".")[0] for name in done.stdout.split()}

    assert "dicom_pipeline" in imported
    assert imported & ENGINES == set()
