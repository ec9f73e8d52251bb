"""A reader that dies, or takes too long, costs the picture that it was at."""

import itertools
import json
import stat
import subprocess

import pytest

from dicom_pipeline.dicom.burned_in import TEXT_RULES, TextLine
from dicom_pipeline.dicom.ultrasound import Box
from dicom_pipeline.resources import ocr
from dicom_pipeline.resources.ocr import TextReader, TextReaderError
from dicom_pipeline.resources.ocr_worker import LARGEST, OVERLAP, spans

LINES = [TextLine("L", Box(1, 2, 3, 4))]


@pytest.fixture
def reader(tmp_path):
    """A made-up interpreter that answers as the script does, and fails as told."""

    def make(trouble: str, **more: float) -> TextReader:
        answer = json.dumps({"path": "@", "lines": [["L", [1, 2, 3, 4]]]})
        script = tmp_path / "python"
        script.write_text(
            "#!/bin/sh\n"
            'test "$3" = --version && { echo engine 7; exit; }\n'
            "while read -r line; do\n"
            'path=$(echo "$line" | tr -d \'"\')\n'
            f'case "$path" in {trouble} esac\n'
            f"echo '{answer}' | sed \"s|@|$path|\"\n"
            "done\n"
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return TextReader(str(script), **more)

    return make


def test_its_version_names_engine_and_rules(reader):
    """Findings of another engine, or by other rules, are not taken for its own."""
    assert reader("").version == f"engine 7 rules {TEXT_RULES}"


def test_what_kills_the_reader_is_left_out_alone(reader, tmp_path):
    """Those before it are read, and those behind it."""
    pictures = [tmp_path / name for name in ("a", "bad", "b", "c")]

    read = reader("*/bad) exit 139 ;;").read(pictures)

    assert read == {picture: LINES for picture in pictures if picture.name != "bad"}


def test_what_takes_too_long_is_left_out_alone(monkeypatch, tmp_path):
    """What was answered before its time was up counts."""
    pictures = [tmp_path / name for name in ("a", "bad", "b", "c")]

    def run(command, **asked):
        said = b""
        for path in map(json.loads, asked["input"].splitlines()):
            if path.endswith("/bad"):
                raise subprocess.TimeoutExpired(command, 1, output=said)
            answer = {"path": path, "lines": [["L", [1, 2, 3, 4]]]}
            said += json.dumps(answer).encode() + b"\n"
        return subprocess.CompletedProcess(command, 0, stdout=said)

    monkeypatch.setattr(ocr.subprocess, "run", run)

    read = TextReader().read(pictures)

    assert read == {picture: LINES for picture in pictures if picture.name != "bad"}


def test_a_line_that_was_cut_is_no_answer(reader, tmp_path):
    """The process ended while it wrote."""
    cut = '*bad*) printf \'{"path": "x", "lin\' ; exit ;;'

    assert reader(cut).read([tmp_path / "bad"]) == {}


@pytest.mark.parametrize("length", [1, 2_000, 2_001, 2_140, 3_328, 4_096, 8_192])
def test_tiles_cover_a_side_and_overlap(length):
    """No word of a tile's overlap is cut by both neighbours, and none is shrunk."""
    tiles = spans(length)

    assert (tiles[0][0], tiles[-1][1]) == (0, length)
    assert all(0 < end - start <= LARGEST for start, end in tiles)
    behind = itertools.pairwise(tiles)
    assert all(before[1] - after[0] == OVERLAP for before, after in behind)


def test_an_interpreter_that_is_not_there_says_what_to_do():
    """Nothing quotes a path that may be personal."""
    with pytest.raises(TextReaderError, match="install"):
        _ = TextReader("/no/such/python").version
    with pytest.raises(TextReaderError, match="cannot be started"):
        TextReader("/no/such/python").read([])
