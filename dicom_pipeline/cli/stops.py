"""What stops a command on purpose is told in its own words, without a traceback.

A traceback may quote what a file or a table holds; these errors are made to be read.
"""

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from dicom_pipeline.cli.console import fail
from dicom_pipeline.deid.keys import KeyUnavailableError
from dicom_pipeline.deid.profiles import UnknownProfileError
from dicom_pipeline.deid.rules import RuleError
from dicom_pipeline.deid.vault import VaultError
from dicom_pipeline.publish.hold_rules import RulesRefusedError
from dicom_pipeline.resources.bucket import BucketError
from dicom_pipeline.resources.compressor import CompressorError
from dicom_pipeline.resources.local_s3 import LocalS3Error
from dicom_pipeline.resources.queue import QueueError

STOPS = (
    BucketError,
    CompressorError,
    KeyUnavailableError,
    LocalS3Error,
    QueueError,
    RuleError,
    RulesRefusedError,
    UnknownProfileError,
    VaultError,
)


class Commands(TyperGroup):
    """Every command of the console script."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run one; where it is stopped, say why and end with 1."""
        try:
            return super().invoke(ctx)
        except STOPS as error:
            fail(str(error))
        except ValidationError as error:
            fail("; ".join(map(_setting, error.errors())))


def _setting(problem: object) -> str:
    """A setting and what it must be, without what it is."""
    assert isinstance(problem, dict)  # noqa: S101  # pydantic's own form
    name = "_".join(map(str, problem["loc"])).upper()
    return f"DICOM_PIPELINE_{name}: {problem['msg']}"
