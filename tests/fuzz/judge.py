"""What holds for the header of any bytes: the judge of the fuzzer and of its tests."""

import json
import logging
import resource
import time
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from io import StringIO

from dicom_pipeline.dicom import prefix, tolerant
from dicom_pipeline.dicom.header import (
    FIRST_RANGE,
    Header,
    Ignored,
    NeedMore,
    Outcome,
    Refused,
    extract,
    read_tolerantly,
)
from dicom_pipeline.dicom.identity import patient_identity
from dicom_pipeline.dicom.months import UNKNOWN, month_of
from dicom_pipeline.dicom.pixel_policy import Decision, decide
from dicom_pipeline.dicom.quiet import silence
from dicom_pipeline.dicom.rows import (
    FileFacts,
    entity_tables,
    header_row,
    headers_table,
)

SECONDS = 5.0
"""CPU time that reading one input once may cost; the fuzzer's is four times slower."""

MEMORY = 768 * 1024
"""KiB that one input may add to the largest resident size so far."""

LOWERED = (
    (tolerant, "ELEMENT_LIMIT", 20_000),
    (prefix, "READ_LIMIT", 100_000),
    (prefix, "UNPACKED_LIMIT", 1 << 20),
)
"""Limits while fuzzing: many inputs would run into the real ones, each for seconds."""

_FACTS = FileFacts("north", "k", 9, "f", datetime(2026, 1, 1, tzinfo=UTC), "b")
_RANGES = 12  # each is at least four times the one before: 1 B to 64 MiB


def judge(data: bytes) -> Outcome:
    """Read ``data`` in several ways and hold the answers against each other.

    Args:
        data: Any bytes: a whole object.

    Returns:
        What reading it ended in.

    Raises:
        AssertionError: A rule is broken.
    """
    peak = _peak()
    with _silent():
        began = time.process_time()
        outcome = extract(data, len(data))
        assert time.process_time() - began < SECONDS, "too slow"
        assert isinstance(outcome, Header | Refused | Ignored), "no end"
        for first in _firsts(data):
            assert _ranged(data, first) == outcome, f"other answer from {first} bytes"
        if isinstance(outcome, Header):
            _same_by_pydicom(outcome, data)
            _row(outcome, len(data))
    assert _peak() - peak < MEMORY, "too much memory"
    return outcome


def _same_by_pydicom(header: Header, data: bytes) -> None:
    """Where pydicom reads it too, and its file meta alike, it reads the same."""
    with silence():
        other = read_tolerantly(data, len(data))
    if isinstance(other, Header) and other.file_meta == header.file_meta:
        assert other == header, "pydicom reads another"


def _firsts(data: bytes) -> Iterator[int]:
    """Lengths of a first range: the usual, and three that the data alone decides."""
    seed = zlib.crc32(data)
    yield FIRST_RANGE
    yield from ((seed >> shift & 0xFFFF) % (len(data) + 1) for shift in (0, 8, 16))


def _ranged(data: bytes, first: int) -> Outcome:
    """Read from ever longer prefixes, as from a store."""
    size, have = len(data), min(first, len(data))
    for _ in range(_RANGES):
        outcome = extract(data[:have], size)
        if not isinstance(outcome, NeedMore):
            return outcome
        assert have < outcome.wanted <= size, "a wish that does not grow"
        have = outcome.wanted
    raise AssertionError("too many ranges")


def _row(header: Header, size: int) -> None:
    """What is made of a header fits its tables; its offsets lie in the file."""
    assert 0 < header.header_bytes <= size, "header beyond the file"
    for model in (header.dataset, header.file_meta):
        text = json.dumps(model, ensure_ascii=False, allow_nan=False)
        assert json.loads(text) == model, "no JSON"
        assert list(model) == sorted(model), "not in tag order"
    headers = headers_table([header_row(header, _FACTS)])
    tables = entity_tables(headers)
    assert tables["images"].num_rows == 1, "no row"
    assert patient_identity(None, "north", header.text("00100020"), "1"), "nobody"
    decided = decide(header.dataset, header.transfer_syntax_uid)
    assert decided.decision in Decision, "undecided"
    month, keyword = month_of(header)
    day, _ = month_of(header, "daily")
    assert (month == UNKNOWN) == (keyword is None) == (day == UNKNOWN), "no month"
    assert day.startswith(month), "a day of another month"


class _Spoken(StringIO):
    """A stream that nothing may be written to."""

    def write(self, text: str) -> int:
        raise AssertionError(f"{len(text)} letters were printed")


class _Listener(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise AssertionError(f"{record.name} has logged")


@contextmanager
def _silent() -> Iterator[None]:
    """Take any word for a mistake: it would quote a value."""
    root, listener = logging.getLogger(), _Listener()
    root.addHandler(listener)
    try:
        with (
            redirect_stdout(_Spoken()),
            redirect_stderr(_Spoken()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("error")
            yield
    finally:
        root.removeHandler(listener)


def _peak() -> int:
    """Largest resident size of the process so far, KiB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
