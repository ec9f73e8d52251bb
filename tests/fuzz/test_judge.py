"""The fuzzer's judge, every day: on its seeds and on some mutations of them."""

import struct
import sys
import tracemalloc
from random import Random

import pytest

from dicom_pipeline.dicom.header import Header, NeedMore, extract
from tests.fuzz import judge as judge_module
from tests.fuzz.judge import LOWERED, judge
from tests.fuzz.mutations import UNDEFINED, element, mutated
from tests.fuzz.seeds import seeds

SEEDS = seeds()


def test_every_seed_is_judged_well():
    """Real headers, read in five ways each."""
    outcomes = [judge(seed) for seed in SEEDS]

    assert sum(isinstance(outcome, Header) for outcome in outcomes) > 150


@pytest.mark.parametrize("number", range(4))
def test_mutations_are_judged_well(number):
    """The same ones every day; `make fuzz` looks for others."""
    random = Random(number)

    for _ in range(150):
        judge(mutated(random.choice(SEEDS), random))


def test_what_fuzzing_lowers_is_there():
    """A limit that has another name now would stop the fuzzer at its start."""
    for module, name, limit in LOWERED:
        assert getattr(module, name) > limit


def test_an_error_within_sequences_is_not_told_at_every_level():
    """Found 2026-11: a group length of 12 nested sequences cost 460 MB, 14 3 GB."""
    item = struct.pack("<HHL", 0xFFFE, 0xE000, UNDEFINED)
    opening = element(0x00081140, "SQ", item, UNDEFINED) * 12
    meta = element(0x00020000, "SQ", item + opening, UNDEFINED)
    torn = element(0x00280010, "US", b"?")
    closing = struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0) * 13
    data = bytes(128) + b"DICM" + meta + torn + closing

    tracemalloc.start()
    judge(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 10_000_000


def _wishes(_data, size):
    return NeedMore(size)


def _takes_a_prefix_for_a_file(data, _size):
    return extract(data, len(data))


def _talks(data, size):
    sys.stdout.write("a value")
    return extract(data, size)


def _raises(_data, _size):
    raise ValueError("an element")


@pytest.mark.parametrize(
    ("lie", "word"),
    [
        (_wishes, "no end"),
        (_takes_a_prefix_for_a_file, "other answer"),
        (_talks, "letters were printed"),
        (_raises, "an element"),
    ],
)
def test_the_judge_hears_a_lie(monkeypatch, lie, word):
    """A judge that is content with anything finds nothing."""
    monkeypatch.setattr(judge_module, "extract", lie)

    with pytest.raises((AssertionError, ValueError), match=word):
        judge(SEEDS[0])
