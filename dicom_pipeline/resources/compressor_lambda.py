"""The compressor as an AWS Lambda function: the same answers, many machines.

The function is the ``bootstrap`` binary of ``img_compressor``. An event carries jobs, a
reply carries rows; a plain invocation is all that it takes.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dicom_pipeline.resources.compressor import (
    Answer,
    Compressor,
    CompressorError,
    Job,
    crashed,
)

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

SCHEME: Final = "lambda://"
OBJECTS_PER_EVENT: Final = 25
"""A reply of 6 MB holds 10,000 rows; one object of more frames is answered alone."""

EVENTS_IN_FLIGHT: Final = 16
_LONGEST_SECONDS: Final = 900  # of one Lambda invocation
_OUT_OF_TIME: Final = frozenset({"Sandbox.Timedout", "Function.TimedOut"})
"""What AWS and local servers call it when a function has had all its time."""


class _InvocationFailedError(RuntimeError):
    """The function ended without a reply: killed, out of time, or too much to say."""

    def __init__(self, reply: bytes) -> None:
        """Keep what an object that was alone in the event is answered with."""
        super().__init__()
        self.reason = "timed_out" if _is_out_of_time(reply) else "crashed"


@dataclass(frozen=True)
class LambdaCompressor:
    """The compressor behind AWS Lambda.

    Attributes:
        function: Name or ARN of the function.
        quality: JPEG quality, 1 to 100.
        region: AWS region.
        endpoint: URL of another service than AWS; empty for AWS.
        frame_seconds: Processor time of one frame, s; by default the binary's own.
    """

    function: str
    quality: int
    region: str
    endpoint: str = ""
    frame_seconds: float | None = None

    @cached_property
    def version(self) -> str:
        """Version and options: what two JPEGs must share to be the same.

        Raises:
            CompressorError: There is no such function.
        """
        return f"{self.identify().split(' (')[0]} q{self.quality}"

    def identify(self) -> str:
        """What the function says of itself, its SIMD state included."""
        try:
            return str(self._invoke([])["version"])
        except _InvocationFailedError:
            raise CompressorError(
                "the compressor function fails: look into its log group"
            ) from None

    def render(self, jobs: Sequence[Job]) -> Iterator[Answer]:
        """Yield one answer per frame of every job, events as they come back.

        An event without a reply is cut in two until the object that is the cause is
        alone; that one is answered ``error: crashed``, or ``timed_out`` where the
        function has had all its time.
        """
        waiting = [list(jobs_of_event) for jobs_of_event in _batched(jobs)]
        flying: dict[Future[list[Answer]], list[Job]] = {}
        with ThreadPoolExecutor(EVENTS_IN_FLIGHT) as pool:
            while waiting or flying:
                while waiting and len(flying) < EVENTS_IN_FLIGHT:
                    event = waiting.pop()
                    flying[pool.submit(self._rows, event)] = event
                for done in wait(flying, return_when=FIRST_COMPLETED).done:
                    event = flying.pop(done)
                    try:
                        yield from done.result()
                    except _InvocationFailedError as failed:
                        if len(event) == 1:
                            yield crashed(event[0].id, failed.reason)
                        else:
                            half = len(event) // 2
                            waiting += [event[:half], event[half:]]

    def _rows(self, jobs: list[Job]) -> list[Answer]:
        rows: list[Answer] = self._invoke(jobs)["rows"]
        return rows

    def _invoke(self, jobs: list[Job]) -> dict[str, Any]:
        event = {
            "requests": [json.loads(job.line()) for job in jobs],
            "quality": self.quality,
        }
        if self.frame_seconds is not None:
            event["frame_seconds"] = self.frame_seconds
        try:
            reply = self._client.invoke(
                FunctionName=self.function, Payload=json.dumps(event).encode()
            )
            body = reply["Payload"].read()
        except (ClientError, BotoCoreError) as error:
            # The service's message may quote the event.
            raise CompressorError(
                f"the compressor function cannot be invoked: {type(error).__name__}"
            ) from None
        if reply.get("FunctionError"):
            raise _InvocationFailedError(body)
        answered: dict[str, Any] = json.loads(body)
        return answered

    @cached_property
    def _client(self) -> "LambdaClient":
        return boto3.client(
            "lambda",
            region_name=self.region,
            endpoint_url=self.endpoint or None,
            config=Config(
                read_timeout=_LONGEST_SECONDS + 10,
                max_pool_connections=EVENTS_IN_FLIGHT,
                retries={"mode": "standard", "max_attempts": 8},
            ),
        )


def _is_out_of_time(reply: bytes) -> bool:
    try:
        told = json.loads(reply)
    except ValueError:
        return False
    if not isinstance(told, dict):
        return False
    # Older runtimes leave the type out.
    message = str(told.get("errorMessage", ""))
    return told.get("errorType") in _OUT_OF_TIME or "Task timed out after" in message


AnyCompressor = Compressor | LambdaCompressor


def _batched(jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
    for start in range(0, len(jobs), OBJECTS_PER_EVENT):
        yield jobs[start : start + OBJECTS_PER_EVENT]
