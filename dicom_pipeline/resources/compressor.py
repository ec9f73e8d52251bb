"""The compiled compressor: DICOM in, JPEGs and one answer per frame out.

One process serves a whole batch over JSON lines. It is told what to read and where to
write, pseudonymous names included; it never has the key.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from dicom_pipeline.resources.store import Store

Answer = dict[str, Any]


class CompressorError(RuntimeError):
    """The compressor cannot be started or does not keep its contract."""


@dataclass(frozen=True)
class Job:
    """One object to render.

    Attributes:
        id: Opaque name that every answer repeats.
        input: URI of the DICOM file.
        output: URI of the folder of its JPEGs.
        masks: Rectangles (x, y, width, height; pixels) that are painted black.
        keep: Rectangles outside of which everything is painted black.
    """

    id: str
    input: str = field(repr=False)
    output: str
    masks: tuple[tuple[int, int, int, int], ...] = ()
    keep: tuple[tuple[int, int, int, int], ...] = ()

    def line(self) -> str:
        """Return the job as the compressor reads it."""
        asked: dict[str, Any] = {
            "id": self.id,
            "input": self.input,
            "output": self.output,
        }
        if self.masks:
            asked["masks"] = self.masks
        if self.keep:
            asked["keep"] = self.keep
        return json.dumps(asked) + "\n"


@dataclass(frozen=True)
class Compressor:
    """The ``img-compressor`` binary.

    Attributes:
        command: Name on the path, or path, of the binary.
        quality: JPEG quality, 1 to 100.
        store: Where inputs and outputs lie.
        emit: What is written: jpeg, or pnm, the pixels before it.
        frame_seconds: Processor time of one frame, s; by default the binary's own.
    """

    command: str
    quality: int
    store: Store
    emit: str = "jpeg"
    frame_seconds: float | None = None

    @cached_property
    def version(self) -> str:
        """Version and options: what two JPEGs must share to be the same.

        Raises:
            CompressorError: There is no such binary.
        """
        return f"{self.identify().split(' (')[0]} q{self.quality}"

    @property
    def _binary(self) -> str:
        """Beside the interpreter where it was installed with us, else on the path."""
        beside = Path(sys.executable).parent / self.command
        return str(beside) if beside.exists() else self.command

    def identify(self) -> str:
        """What the binary says of itself, its SIMD state included."""
        try:
            said = subprocess.run(  # noqa: S603  # our own binary
                [self._binary, "--version"], capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            raise CompressorError(
                f"{self.command} cannot be run: run 'make setup', or set"
                " DICOM_PIPELINE_COMPRESSOR to the binary"
            ) from None
        return said.stdout.strip()

    def render(self, jobs: Sequence[Job]) -> Iterator[Answer]:
        """Yield one answer per frame of every job, an object's answers side by side.

        The binary itself answers a frame that takes too long ``error: timed_out``, and
        goes on. What a binary that dies has not answered whole is cut in two until the
        object that kills it is alone; that one is answered ``error: crashed``.
        """
        waiting = [{job.id: job for job in jobs}]
        while waiting:
            left = waiting.pop()
            if not left:
                continue
            for answers in self._run(list(left.values())):
                if left.pop(answers[0]["id"], None):
                    yield from answers
            if len(left) == 1:
                yield crashed(*left)
            else:
                waiting += _halves(left)

    def _run(self, jobs: Sequence[Job]) -> Iterator[list[Answer]]:
        """Yield the answers of each object that was answered whole."""
        process = self._start()
        assert process.stdin is not None  # noqa: S101  # both are pipes
        assert process.stdout is not None  # noqa: S101
        feeder = threading.Thread(target=_feed, args=(process.stdin, jobs), daemon=True)
        feeder.start()
        last: list[Answer] = []
        try:
            for answer in _answers(process.stdout):
                if last and last[0]["id"] != answer["id"]:
                    yield last
                    last = []
                last.append(answer)
            # Frames of the last object may be missing if the process was killed.
            if process.wait() == 0 and last:
                yield last
        finally:
            process.stdout.close()
            process.wait()
            feeder.join()

    def _start(self) -> "subprocess.Popen[str]":
        wanted = ["--quality", str(self.quality), "--emit", self.emit]
        if self.frame_seconds is not None:
            wanted += ["--frame-seconds", str(self.frame_seconds)]
        try:
            return subprocess.Popen(  # noqa: S603  # our own binary
                [self._binary, "batch", *wanted],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # may quote an input
                text=True,
                env=self.store.environment(),
            )
        except OSError:
            raise CompressorError(f"{self.command} cannot be started") from None


def _feed(pipe: IO[str], jobs: Sequence[Job]) -> None:
    try:
        for job in jobs:
            pipe.write(job.line())
        pipe.close()
    except OSError:  # the process ended; what it owes is seen by the reader
        return


def _answers(lines: IO[str]) -> Iterator[Answer]:
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return  # the last line of a process that was killed


def _halves(jobs: dict[str, Job]) -> list[dict[str, Job]]:
    pairs = list(jobs.items())
    half = len(pairs) // 2
    return [dict(pairs[half:]), dict(pairs[:half])]


def crashed(job: str, reason: str = "crashed") -> Answer:
    """Answer for an object that the compressor did not survive."""
    return {
        "id": job,
        "frame": None,
        "key": None,
        "status": "error",
        "reason": reason,
    }
