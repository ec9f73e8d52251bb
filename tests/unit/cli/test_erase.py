"""The erase command: where the id comes from, what it says, how it ends."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from typer.testing import CliRunner

from dicom_pipeline.cli import erase
from dicom_pipeline.cli.main import app

ID, TOKEN = "QX-7700131", "f" * 32


@dataclass(frozen=True)
class Erasure:
    """Remembers who was asked for."""

    received: int = 3
    left: dict = field(default_factory=dict)
    say: object = None
    asked: list = field(default_factory=list)

    def look(self, identity):
        """Count."""
        self.asked.append(("look", identity))
        return {"token": TOKEN, "files_received": self.received}

    def erase(self, identity, *, provider_bucket, store_forgets):
        """Erase."""
        assert store_forgets
        self.asked.append(("erase", identity, provider_bucket))
        return {"token": TOKEN, "removed": {"x": 1}, "found_afterwards": self.left}


@pytest.fixture
def run(monkeypatch):
    """Run the command over an erasure of our own."""

    def run(erasure, *words, given="", store=None):
        class Places:
            is_embedded = store is not None

            def __init__(self, _settings):
                self.erasure, self.local_s3 = erasure, store

            @contextmanager
            def open(self):
                yield self

        monkeypatch.setattr(erase, "Places", Places)
        return CliRunner().invoke(app, ["erase", *words], input=given)

    return run


def test_the_id_is_read_from_a_pipe_and_never_said(run):
    erasure = Erasure()
    done = run(erasure, "--issuer", "A", "--yes", "--json", given=f"{ID}\n")

    assert done.exit_code == 0
    assert json.loads(done.stdout)["token"] == TOKEN
    assert ID not in done.output
    assert erasure.asked == [("look", f"A\x1f{ID}"), ("erase", f"A\x1f{ID}", False)]


def test_the_id_is_read_from_a_file(run, tmp_path):
    file = tmp_path / "id.txt"
    file.write_text(f"{ID}\nmore\n")
    erasure = Erasure()

    assert (
        run(erasure, "--id-file", str(file), "--provider", "P", "--dry-run").exit_code
        == 0
    )
    assert erasure.asked == [("look", f"P\x1f{ID}")]


def test_the_embedded_store_is_made_to_forget_afterwards(run):
    erasure = Erasure()

    class Store:
        def forget(self):
            erasure.asked.append(("forget",))
            return True

    assert run(erasure, "--yes", given=ID, store=Store()).exit_code == 0
    assert [kind for kind, *_ in erasure.asked] == ["look", "erase", "forget"]


def test_nothing_is_erased_without_a_yes(run):
    erasure = Erasure()
    done = run(erasure, given=f"{ID}\n")

    assert done.exit_code == 1
    assert [kind for kind, *_ in erasure.asked] == ["look"]


@pytest.mark.parametrize("shared", ["ANON", "", "0"])
def test_an_id_of_many_is_refused(run, shared):
    erasure = Erasure()

    assert run(erasure, "--yes", given=f"{shared}\n").exit_code == 1
    assert erasure.asked == []


def test_a_dry_run_of_nobody_says_so(run):
    assert run(Erasure(received=0), "--dry-run", given=ID).exit_code == 3


def test_what_is_found_afterwards_is_a_failure(run):
    done = run(Erasure(left={"raw headers": 1}), "--yes", given=ID)
    assert done.exit_code == erase.LEAKS
