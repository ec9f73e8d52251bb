"""Trying again what may pass: a cut connection, a server that is busy."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from dicom_pipeline.sources.source import ItemError

_Answer = TypeVar("_Answer")

ATTEMPTS: Final = 5
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0


def patiently(ask: Callable[[], _Answer]) -> _Answer:
    """Ask up to five times while the failure may pass; each pause is twice as long.

    Raises:
        ItemError: It failed for good, or too often.
    """
    pause = _FIRST_PAUSE_SECONDS
    for _ in range(ATTEMPTS - 1):
        try:
            return ask()
        except ItemError as error:
            if not error.passing:
                raise
            wanted = max(pause, error.after_seconds)
        time.sleep(min(wanted, _LONGEST_PAUSE_SECONDS))
        pause *= 2
    return _last(ask)


def _last(ask: Callable[[], _Answer]) -> _Answer:
    try:
        return ask()
    except ItemError as error:
        raise ItemError(error.code) from None
