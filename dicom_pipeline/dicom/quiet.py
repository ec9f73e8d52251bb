"""Reading without words: what pydicom warns of quotes values, and logs keep it."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from pydicom import dataset

_LOCK = threading.RLock()
_PYDICOM = logging.getLogger("pydicom")
_ERRORS: Any = dataset  # where pydicom makes its longest ones


@contextmanager
def silence() -> Iterator[None]:
    """Keep pydicom's warnings and log lines back.

    Warning filters and loggers belong to the process, so one thread is silent at a
    time; reading holds the interpreter anyway.

    Where an element within a sequence cannot be shown, pydicom puts the traceback so
    far into the next error, twice, at every level: 681 bytes became 3 GB (2026-11).
    """
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        was_disabled, tells_tag = _PYDICOM.disabled, _ERRORS.tag_in_exception
        _PYDICOM.disabled, _ERRORS.tag_in_exception = True, nullcontext
        try:
            yield
        finally:
            _PYDICOM.disabled, _ERRORS.tag_in_exception = was_disabled, tells_tag
