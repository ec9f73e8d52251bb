"""The vault names everyone once, whoever asks and whatever dies, and says nothing."""

import json
import math
from concurrent.futures import ThreadPoolExecutor

import obstore
import pytest
from obstore.store import LocalStore, MemoryStore

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.surrogates import ShiftError, Surrogates
from dicom_pipeline.deid.vault import SealError, VaultError, new_entries
from dicom_pipeline.resources import vault as module
from dicom_pipeline.resources.vault import Vault
from dicom_pipeline.resources.vault_store import VaultStoreError

KEY, NEXT = bytes(range(32)), bytes(range(1, 33))
WHO = "ISS\x1fCANARY-001"


@pytest.fixture
def store():
    """Return an empty place."""
    return MemoryStore()


def objects(store):
    """Everything in the store, by name."""
    listed = [item["path"] for page in obstore.list(store) for item in page]
    return {name: bytes(obstore.get(store, name).bytes()) for name in sorted(listed)}


def test_the_same_identifier_has_the_same_surrogate_in_every_run(store):
    """A run that has never seen a patient finds what an earlier one said."""
    first = Surrogates(Vault(store, KEY), KEY)
    said = first.patient_key(WHO), first.uid("1.2.3"), first.batch_token("images", "u")
    second = Surrogates(Vault(store, KEY), KEY)

    second.meet("uid", ["1.2.3", "1.2.4", "1.2.3\0"])
    found = (
        second.patient_key(WHO),
        second.uid("1.2.3 "),
        second.batch_token("images", "u"),
    )

    assert found == said
    assert second.uid("1.2.4") != second.uid("1.2.3")
    assert second.token("device", WHO) != second.patient_key(WHO)


def test_asking_again_writes_nothing(store):
    """The same input again changes nothing, down to the bytes."""
    Vault(store, KEY).surrogates("uid", ["1.2", "1.3"])
    before = objects(store)

    Vault(store, KEY).surrogates("uid", ["1.3", "1.2"])

    assert objects(store) == before


def test_two_installations_with_one_key_share_no_surrogate(store):
    """The key decides nothing: 45 CFR 164.514(c) asks for a code that is not derived.

    Nor does the identifier: of the 1.6 million bits that two vaults give the same
    identifiers, half differ, within five standard deviations.
    """
    texts = [f"1.2.{n}" for n in range(12_800)]
    here = Vault(store, KEY).surrogates("uid", texts)
    there = Vault(MemoryStore(), KEY).surrogates("uid", texts)

    bits = 128 * len(texts)
    differ = sum(
        (int.from_bytes(here[t]) ^ int.from_bytes(there[t])).bit_count() for t in texts
    )
    assert not set(here.values()) & set(there.values())
    assert abs(differ - bits / 2) < 5 * math.sqrt(bits) / 2


def test_a_surrogate_is_drawn_and_not_computed(monkeypatch):
    """By construction: the generator's bytes and nothing else, whoever is named."""
    monkeypatch.setattr("secrets.token_bytes", lambda count: bytes(range(count)))

    drawn = [e.surrogate for e in new_entries("patient_id", [WHO, "ISS\x1f2"])]

    assert drawn == [bytes(range(16)), bytes(range(16, 32))]


def test_uids_are_random_uuids_and_registered_ones_stay(store):
    """Version 4 and variant bits, below 2**126; a SOP class is no identifier."""
    names = Surrogates(Vault(store, KEY), KEY)
    names.meet("uid", [f"1.2.{n}" for n in range(50)])

    for n in range(50):
        root, arc, number = names.uid(f"1.2.{n}").split(".")
        octets = int(number).to_bytes(16)
        assert (root, arc) == ("2", "25")
        assert int(number) < 2**126
        assert octets[6] >> 4 == 4
        assert octets[8] >> 6 == 0b10
    assert names.uid("1.2.840.10008.1.2") == "1.2.840.10008.1.2"
    assert names.book.status().surrogates == {"uid": 50}


def test_what_stays_in_the_raw_zone_has_no_entry(store):
    """Ledger ids and tombstones are as they are in the other profiles."""
    names = Surrogates(Vault(store, KEY), KEY)

    for domain in ("source_key", "erased_patient", "erased_instance"):
        names.meet(domain, ["x"])
        assert names.token(domain, "x") == Pseudonyms(KEY).token(domain, "x")
    assert objects(store) == {}
    with pytest.raises(ShiftError, match="the year"):
        names.shift_days("x")


def test_nothing_in_the_store_is_clear(store):
    """Neither an identifier nor its surrogate nor a key stands in any object."""
    vault = Vault(store, KEY)
    [surrogate] = vault.surrogates("patient_id", [WHO]).values()
    body = b"".join(objects(store).values())

    sought = [b"CANARY", surrogate, surrogate.hex().encode(), KEY, KEY.hex().encode()]
    assert len(objects(store)) == 2
    assert not [each for each in sought if each in body]
    assert WHO not in repr(vault)


def test_a_killed_run_loses_no_name(store, monkeypatch):
    """A name is in the store before anyone is told of it."""
    vault = Vault(store, KEY)
    vault.surrogates("uid", ["1.1"])
    real = obstore.put

    def dies_after_writing(*arguments, **options):
        real(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(obstore, "put", dies_after_writing)
    with pytest.raises(KeyboardInterrupt):
        vault.surrogates("uid", ["1.2"])
    monkeypatch.undo()
    after = objects(store)
    [name] = Vault(store, KEY).surrogates("uid", ["1.2"]).values()

    assert objects(store) == after
    assert vault.surrogates("uid", ["1.2"]) == {"1.2": name}


def test_processes_that_meet_the_same_patient_agree(store):
    """Each has an index of its own; a slot that is taken is read, not overwritten."""
    vaults = [Vault(store, KEY) for _ in range(8)]
    texts = [f"1.2.{n}" for n in range(40)]

    def ask(number):
        order = texts[number:] + texts[:number]
        return [vaults[number].surrogates("uid", [text]) for text in order]

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(ask, range(8)))
    merged = [dict(pair for one in each for pair in one.items()) for each in said]

    assert all(each == merged[0] for each in merged)
    assert Vault(store, KEY).status().surrogates == {"uid": 40}


def test_small_slots_are_strung_together(store, monkeypatch):
    """Fewer objects say the same; a process that knows the old ones is not misled."""
    monkeypatch.setattr(module, "_MANY", 4)
    vault, stale = Vault(store, KEY), Vault(store, KEY)
    stale.surrogates("uid", ["0"])
    said = [vault.surrogates("uid", [str(n)]) for n in range(6)]

    assert vault.compact() == 6
    assert vault.compact() == 0
    late = stale.surrogates("uid", ["5", "new"])
    fresh = Vault(store, KEY)
    assert [fresh.surrogates("uid", [str(n)]) for n in range(6)] == said
    assert fresh.surrogates("uid", ["new"]) == {"new": late["new"]}
    assert {"5": late["5"]} == said[5]
    assert fresh.status().slots == 2
    assert len(fresh.forget(lambda _entry: False, "test")[1]) == 6  # may have versions


def test_a_folder_lists_in_any_order(tmp_path):
    """More slots than a page: all are known, and none is written a second time."""
    store = LocalStore(tmp_path)
    vault = Vault(store, KEY)
    said = {}
    for n in range(120):
        said |= vault.surrogates("uid", [str(n)])

    fresh = Vault(store, KEY)
    assert fresh.surrogates("uid", map(str, range(120))) == said
    fresh.surrogates("uid", ["new"])
    assert (tmp_path / "slots" / "0000000121").exists()


def test_another_key_opens_nothing_and_a_rotated_one_everything(store):
    """After a rotation the data key is sealed anew; no surrogate changes."""
    said = Vault(store, KEY).surrogates("uid", ["1.2"])

    with pytest.raises(SealError, match="sealed with another key"):
        Vault(store, NEXT).surrogates("uid", ["1.2"])
    assert Vault(store, NEXT, KEY).surrogates("uid", ["1.2"]) == said
    assert Vault(store, NEXT).surrogates("uid", ["1.2"]) == said
    with pytest.raises(SealError):
        Vault(store, KEY).surrogates("uid", ["1.2"])


@pytest.mark.parametrize("change", [lambda b: b[:-1] + b"x", lambda b: b[:40]])
def test_changed_bytes_stop_the_run(store, change):
    """A vault that says something else would give a patient somebody's name."""
    Vault(store, KEY).surrogates("uid", ["1.2"])
    name = "slots/0000000001"
    obstore.put(store, name, change(bytes(obstore.get(store, name).bytes())))

    with pytest.raises(SealError):
        Vault(store, KEY).named(["x"], "test")


def test_a_vault_without_its_key_is_not_begun_anew(store):
    """A second data key would give everybody a second name, silently."""
    Vault(store, KEY).surrogates("uid", ["1.2"])
    obstore.delete(store, "key")

    with pytest.raises(VaultError, match="bring vault/key"):
        Vault(store, KEY).surrogates("uid", ["1.2"])


def test_the_way_back_is_on_record_before_the_answer(store):
    """Who, when, why and how many; neither an identifier nor a surrogate."""
    vault = Vault(store, KEY)
    [surrogate] = vault.surrogates("patient_id", [WHO]).values()

    uid = Surrogates(vault, KEY).uid("1.2.3")
    name = surrogate.hex()

    found = vault.named([name, uid], "a physician asks")

    assert (found[name].text, found[uid].text) == (WHO, "1.2.3")
    assert "CANARY" not in repr(found)
    [(_, body)] = [o for o in objects(store).items() if o[0].startswith("reads/")]
    record = json.loads(body)
    assert set(record) == {"at", "who", "why", "asked"}
    assert record["asked"] == 2
    assert vault.status().reads == 1
    assert b"CANARY" not in body
    assert surrogate.hex().encode() not in body


def test_no_record_no_answer(store, monkeypatch):
    """Where it cannot be written down who asked, nobody is named."""
    vault = Vault(store, KEY)
    [surrogate] = vault.surrogates("patient_id", [WHO]).values()

    def full(*_arguments, **_options):
        raise obstore.exceptions.GenericError

    monkeypatch.setattr(obstore, "put", full)
    with pytest.raises(VaultStoreError):
        vault.named([surrogate.hex()], "test")


def test_the_forgotten_get_another_name(store):
    """His entries go, others stay; what remains of him opens nothing."""
    vault = Vault(store, KEY)
    his = vault.surrogates("patient_id", [WHO])[WHO]
    other = vault.surrogates("patient_id", ["ISS\x1f2"])

    gone, changed = vault.forget(lambda entry: entry.text == WHO, "erasure")

    assert (gone, changed) == (1, ["vault/slots/0000000001"])
    assert vault.named([his.hex()], "test") == {}
    assert Vault(store, KEY).surrogates("patient_id", ["ISS\x1f2"]) == other
    assert vault.surrogates("patient_id", [WHO])[WHO] != his
    assert vault.forget(lambda entry: entry.text == "nobody", "erasure")[0] == 0
