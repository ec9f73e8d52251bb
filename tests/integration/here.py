"""The command line in this process: a process of its own imports for seconds."""

from typer.testing import CliRunner, Result

from dicom_pipeline.cli.main import app


def run_here(home, *words: object) -> Result:
    """Run a command of an installation; keep what it says."""
    done = CliRunner().invoke(app, [*map(str, words)], env=home.environment)
    home.said += [done.stdout, done.stderr]
    return done
