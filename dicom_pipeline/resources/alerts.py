"""Whom a failure is told to: a Slack channel, and a Healthchecks dead man's switch.

A message holds names of jobs and steps, kinds of errors and counts. It never quotes an
exception: its text may hold a patient's value.
"""

import urllib.error
import urllib.request
from dataclasses import dataclass, field
from functools import cached_property

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

_TIMEOUT_SECONDS = 10


class AlertNotDeliveredError(RuntimeError):
    """The other side did not take the message; it is to be sent again."""


@dataclass(frozen=True)
class Failure:
    """One failed run, without anything that could identify a patient.

    Attributes:
        job: Name of the job.
        run_id: Dagster's id, a UUID.
        step: Step that failed, where one did.
        cause: Kind of the error, or the value-free text of one of our own.
        is_range: Whether the run served study months.
    """

    job: str
    run_id: str
    step: str
    cause: str
    is_range: bool

    def text(self, webserver: str) -> str:
        """Return the message for people."""
        where = f" in step `{self.step}`" if self.step else ""
        what = "months" if self.is_range else "files"
        return (
            f":rotating_light: *{self.job}* ({what}) failed{where}\n"
            f"Cause: {self.cause}\n"
            f"<{webserver}/runs/{self.run_id}|Run {self.run_id[:8]}>. It is tried again"
            " by itself; `dicom-pipeline status` shows what is owed."
        )


@dataclass(frozen=True)
class Alerts:
    """Both channels; one without its setting is off.

    Attributes:
        slack_token: Bot token; empty turns Slack off.
        slack_channel: Channel id or name.
        slack_base_url: Web API root; another one in tests.
        healthchecks_url: Ping URL of a check; empty turns it off.
        webserver: Root of the Dagster UI, for links.
    """

    slack_token: str = field(default="", repr=False)
    slack_channel: str = ""
    slack_base_url: str = WebClient.BASE_URL
    healthchecks_url: str = field(default="", repr=False)
    webserver: str = "http://127.0.0.1:3000"

    @property
    def is_on(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self.slack_token or self.healthchecks_url)

    def run_failed(self, failure: Failure) -> None:
        """Tell both channels.

        Raises:
            AlertNotDeliveredError: One of them did not take it.
        """
        if self.slack_token:
            self._post(failure.text(self.webserver))
        if self.healthchecks_url:
            self._ping(f"/fail?rid={failure.run_id}")

    def alive(self) -> None:
        """Tell Healthchecks that the sensors still run; silence then means trouble.

        Raises:
            AlertNotDeliveredError: The ping did not arrive.
        """
        if self.healthchecks_url:
            self._ping("")

    @cached_property
    def _client(self) -> WebClient:
        client = WebClient(
            self.slack_token, base_url=self.slack_base_url, timeout=_TIMEOUT_SECONDS
        )
        client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=2))
        return client

    def _post(self, text: str) -> None:
        try:
            self._client.chat_postMessage(channel=self.slack_channel, text=text)
        except (SlackApiError, OSError) as error:
            raise AlertNotDeliveredError(f"Slack: {type(error).__name__}") from None

    def _ping(self, ending: str) -> None:
        url = f"{self.healthchecks_url.rstrip('/')}{ending}"
        request = urllib.request.Request(url, method="POST", data=b"")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310
                return
        except (urllib.error.URLError, OSError) as error:
            kind = type(error).__name__
            raise AlertNotDeliveredError(f"Healthchecks: {kind}") from None
