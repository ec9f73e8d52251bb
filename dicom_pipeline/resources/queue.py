"""A queue that tells what has arrived (SQS): receive, delete, count.

A message quotes object keys, which may name a person, so no error of this module
quotes one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dicom_pipeline.resources.store import Store

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

_AT_ONCE = 10  # messages per request, SQS's limit
_COUNTED = "ApproximateNumberOfMessages"
_IN_FLIGHT = "ApproximateNumberOfMessagesNotVisible"


class QueueError(RuntimeError):
    """The queue fails, not a message: no such queue, no permission, no server."""


@dataclass(frozen=True)
class Message:
    """One delivery; the same message may be delivered again.

    Attributes:
        body: What the sender wrote; quotes object keys.
        receipt: Names this delivery, for its deletion.
    """

    body: str = field(repr=False)
    receipt: str = field(repr=False)


@dataclass(frozen=True)
class Depth:
    """How many messages wait, about: SQS counts loosely.

    Attributes:
        waiting: Messages that can be received now.
        in_flight: Messages that were received and not deleted yet.
        dead: Messages in the dead-letter queue; ``None`` where there is no such queue.
    """

    waiting: int
    in_flight: int
    dead: int | None

    @property
    def text(self) -> str:
        """Return it in words."""
        dead = "no dead-letter queue" if self.dead is None else f"{self.dead} dead"
        return f"{self.waiting} waiting, {self.in_flight} in flight, {dead}"


@dataclass(frozen=True)
class Queue:
    """One queue.

    Attributes:
        url: Its URL; the part before the path is the service.
        store: Whose region and credentials are used.
    """

    url: str
    store: Store

    @cached_property
    def _client(self) -> "SQSClient":
        parts = urlsplit(self.url)
        return boto3.client(
            "sqs",
            endpoint_url=f"{parts.scheme}://{parts.netloc}",
            region_name=self.store.region,
            aws_access_key_id=self.store.access_key or None,
            aws_secret_access_key=self.store.secret_key or None,
            config=Config(retries={"mode": "standard", "max_attempts": 4}),
        )

    def receive(self, wait_seconds: int, hidden_seconds: int) -> list[Message]:
        """Return up to ten messages; nobody else gets them for ``hidden_seconds``.

        Args:
            wait_seconds: Time to wait for the first one, 20 at most. One second asks
                all of SQS's servers, zero only some.
            hidden_seconds: Visibility timeout of these deliveries.
        """
        try:
            answer = self._client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=_AT_ONCE,
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=hidden_seconds,
            )
        except (ClientError, BotoCoreError) as error:
            _fail("receive", error)
        return [
            Message(each["Body"], each["ReceiptHandle"])
            for each in answer.get("Messages", [])
        ]

    def delete(self, messages: Sequence[Message]) -> None:
        """Remove these deliveries; one that SQS does not take comes again."""
        for start in range(0, len(messages), _AT_ONCE):
            some = messages[start : start + _AT_ONCE]
            try:
                self._client.delete_message_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": each.receipt}
                        for number, each in enumerate(some)
                    ],
                )
            except (ClientError, BotoCoreError) as error:
                _fail("delete", error)

    def depth(self) -> Depth:
        """Count what waits, here and in the dead-letter queue."""
        try:
            found = self._attributes(self.url)
            dead_url = self._dead_letters(found.get("RedrivePolicy", ""))
            dead = self._attributes(dead_url)[_COUNTED] if dead_url else None
        except (ClientError, BotoCoreError) as error:
            _fail("count", error)
        return Depth(
            waiting=int(found[_COUNTED]),
            in_flight=int(found[_IN_FLIGHT]),
            dead=None if dead is None else int(dead),
        )

    def _attributes(self, url: str) -> dict[str, str]:
        answer = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return {str(name): value for name, value in answer["Attributes"].items()}

    def _dead_letters(self, policy: str) -> str:
        """URL of the queue that the redrive policy names; empty where there is none."""
        arn = json.loads(policy or "{}").get("deadLetterTargetArn", "")
        if not arn:
            return ""
        account, name = arn.split(":")[4:6]
        answer = self._client.get_queue_url(
            QueueName=name, QueueOwnerAWSAccountId=account
        )
        return answer["QueueUrl"]


def _fail(verb: str, error: ClientError | BotoCoreError) -> NoReturn:
    code = (
        str(error.response.get("Error", {}).get("Code", "unknown"))
        if isinstance(error, ClientError)
        else type(error).__name__
    )
    raise QueueError(f"queue: {verb} failed: {code}") from None
