"""Commands of the vault and of words: what they say, and how they end."""

import json
from contextlib import contextmanager

import pytest
from obstore.store import MemoryStore
from typer.testing import CliRunner

from dicom_pipeline.cli import deid_vault
from dicom_pipeline.cli.main import app
from dicom_pipeline.deid.surrogates import Surrogates
from dicom_pipeline.resources.vault import Vault

KEY = bytes(32)
WHO = "ISS\x1fCANARY-7"


@pytest.fixture
def run(monkeypatch):
    """Run a command over a vault of our own."""

    def run(vault, *words):
        class Places:
            def __init__(self, _settings):
                self.vault = vault

            @contextmanager
            def open(self):
                yield self

        monkeypatch.setattr(deid_vault, "Places", Places)
        return CliRunner().invoke(app, ["deid", *words])

    return run


def test_where_there_is_no_vault_the_status_says_so_and_begins_none(run):
    """Looking is not founding: 3, and the place stays empty."""
    vault = Vault(MemoryStore(), KEY)

    assert run(vault, "vault").exit_code == 3
    assert run(vault, "reidentify", "0" * 32, "--why", "x").exit_code == 3
    assert not vault.exists


def test_the_status_counts_and_names_nobody(run):
    """Numbers by class, and how often someone asked for the way back."""
    vault = Vault(MemoryStore(), KEY)
    key = Surrogates(vault, KEY).patient_key(WHO)

    said = run(vault, "vault", "--json")
    drawn = run(vault, "vault")

    assert json.loads(said.stdout)["surrogates"] == {"patient_id": 1}
    assert json.loads(said.stdout)["reads"] == 0
    assert "CANARY" not in said.output + drawn.output
    assert key not in said.output + drawn.output


def test_the_way_back_names_who_was_asked_for_and_leaves_a_record(run):
    """One that is not in the vault ends with 3; why is asked for."""
    vault = Vault(MemoryStore(), KEY)
    key = Surrogates(vault, KEY).patient_key(WHO)

    found = run(vault, "reidentify", key, "--why", "a finding", "--json")
    missed = run(vault, "reidentify", key, "0" * 32, "--why", "a finding", "--json")

    assert json.loads(found.stdout)["identities"] == [
        {"name": key, "class": "patient_id", "identifier": WHO}
    ]
    assert missed.exit_code == 3
    assert run(vault, "reidentify", key).exit_code == 2
    assert vault.status().reads == 2


def test_a_vault_of_another_key_is_refused_in_words(run):
    """No traceback, which may quote what lies in memory."""
    store = MemoryStore()
    Vault(store, KEY).surrogates("uid", ["1.2"])

    done = run(Vault(store, bytes(range(32))), "vault")

    assert done.exit_code == 1
    assert "sealed with another key" in " ".join(done.output.split())
