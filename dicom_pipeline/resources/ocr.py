"""Text recognition on this machine: pictures in, lines out, in a process of its own.

RapidOCR carries its models in its wheel and asks no network. It is an extra
(``dicom-pipeline[ocr]``), in this interpreter or another.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dicom_pipeline.dicom.burned_in import TEXT_RULES, TextLine
from dicom_pipeline.dicom.ultrasound import Box
from dicom_pipeline.resources.compressor import CompressorError

_WORKER = Path(__file__).with_name("ocr_worker.py")
_START_SECONDS = 60.0


class TextReaderError(CompressorError):
    """Text recognition is on, and cannot be started."""


@dataclass(frozen=True)
class TextReader:
    """Reads pictures.

    Attributes:
        python: Interpreter that has the extra; empty for the pipeline's own.
        seconds: Longest time for one picture, on average over a call.
    """

    python: str = ""
    seconds: float = 120.0

    @cached_property
    def version(self) -> str:
        """Version of the engine and of the rules by which lines are judged.

        Raises:
            TextReaderError: The extra is not there.
        """
        try:
            said = subprocess.run(  # noqa: S603  # our own script
                [*self._command, "--version"],
                capture_output=True,
                text=True,
                check=True,
                timeout=_START_SECONDS,
            )
        except (OSError, subprocess.SubprocessError):
            raise TextReaderError(
                "text recognition is on, but not there: install the extra ocr of"
                " dicom-pipeline, name an interpreter that has it in"
                " DICOM_PIPELINE_OCR_PYTHON, or set DICOM_PIPELINE_OCR=off"
            ) from None
        return f"{said.stdout.strip()} rules {TEXT_RULES}"

    def read(self, pictures: Sequence[Path]) -> Mapping[Path, list[TextLine]]:
        """Read pictures (PNM, PNG or JPEG).

        Returns:
            Lines by picture, boxes in its pixels; one that the reader does not survive,
            or not within the time, is not among them.
        """
        read = self._read(pictures)
        left = [picture for picture in pictures if picture not in read]
        alone = left if len(pictures) > 1 else []
        return read | {k: v for each in alone for k, v in self._read([each]).items()}

    def _read(self, pictures: Sequence[Path]) -> dict[Path, list[TextLine]]:
        asked = "".join(json.dumps(str(picture)) + "\n" for picture in pictures)
        try:
            said = subprocess.run(  # noqa: S603  # our own script
                self._command,
                input=asked.encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # may quote what was read
                check=False,
                timeout=_START_SECONDS + self.seconds * len(pictures),
            ).stdout
        except subprocess.TimeoutExpired as late:
            said = late.stdout or b""
        except OSError:
            raise TextReaderError("text recognition cannot be started") from None
        lines = said.splitlines(keepends=True)
        return dict(_answer(line) for line in lines if _is_whole(line))

    @property
    def _command(self) -> list[str]:
        return [self.python or sys.executable, "-I", str(_WORKER)]


def _is_whole(line: bytes) -> bool:
    """Whether the process lived to end the line."""
    return line.startswith(b"{") and line.endswith(b"}\n")


def _answer(line: bytes) -> tuple[Path, list[TextLine]]:
    said = json.loads(line)
    lines = [TextLine(text, Box(*box)) for text, box in said["lines"]]
    return Path(said["path"]), lines
