"""Reading without words: what pydicom warns of quotes values, and logs keep it."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.RLock()
_PYDICOM = logging.getLogger("pydicom")


@contextmanager
def silence() -> Iterator[None]:
    """Keep pydicom's warnings and log lines back.

    Warning filters and loggers belong to the process, so one thread is silent at a
    time; reading holds the interpreter anyway.
    """
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        was_disabled = _PYDICOM.disabled
        _PYDICOM.disabled = True
        try:
            yield
        finally:
            _PYDICOM.disabled = was_disabled
