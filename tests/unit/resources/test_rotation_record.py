"""What raw remembers of keys, and what is said when others are set."""

import pytest

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.rotation import Mode
from dicom_pipeline.resources.key_sources import KeyAddresses
from dicom_pipeline.resources.rotation_plan import addresses_before
from dicom_pipeline.resources.rotation_record import (
    KeyLink,
    KeyRecord,
    KeyRefusedError,
    hold_key,
)
from dicom_pipeline.resources.tables import State
from tests.unit.sources.memory_store import RawBucket

K1, K2, K3 = (bytes(range(n, n + 32)) for n in (0, 32, 64))
FIRST, SECOND, THIRD = "file:///keys/1", "env:KEY_2", "awssm://deid/key-3"
ONE = Pseudonyms(K1)
TWO = Pseudonyms(K2, 2, previous=[K1])


def link(version, mode, pseudonyms, uri):
    own = pseudonyms.own_check_values[-1]
    return KeyLink(version, mode, pseudonyms.check_value, own, uri)


@pytest.fixture
def raw():
    """A raw zone that has been rotated once, in a chain."""
    bucket = RawBucket()
    links = (
        link(1, Mode.FIRST, ONE, FIRST),
        link(2, Mode.CHAINED, TWO, SECOND),
    )
    KeyRecord(links).put(bucket)
    return bucket


def test_the_first_file_names_the_zone_with_its_key():
    raw = RawBucket()
    hold_key(raw, ONE, [FIRST])

    assert KeyRecord.of(raw).links == (link(1, Mode.FIRST, ONE, FIRST),)
    assert not any(K1.hex()[:8] in str(body) for body in raw.bodies.values())


def test_what_was_remembered_before_there_were_rotations_counts():
    """An older installation keeps its key."""
    raw = RawBucket()
    State(raw).put("deid_key_checks", {"1": ONE.check_value})

    hold_key(raw, ONE)

    with pytest.raises(KeyRefusedError, match="not the key of version 1"):
        hold_key(raw, Pseudonyms(K2))


def test_the_whole_chain_is_taken(raw):
    hold_key(raw, TWO)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            Pseudonyms(K2, 2),
            r"0 earlier keys are set.*had 1.*version 1 was at file:///",
        ),
        (Pseudonyms(K2, 2, previous=[K3]), r"set for version 1 is not.*file:///keys/1"),
        (Pseudonyms(K3, 2, previous=[K1]), r"not the key of version 2.*env:KEY_2"),
        (Pseudonyms(K2, 2, retired=[K1]), r"wrong setting.*PREVIOUS_KEY_URIS"),
        (Pseudonyms(K3, 3, previous=[K1, K2]), r"version 2: run `dicom-pipeline deid"),
        (ONE, r"rotated to key version 2: set DICOM_PIPELINE_KEY_VERSION=2"),
    ],
    ids=["missing", "wrong-previous", "wrong-newest", "role", "not-rotated", "old"],
)
def test_any_other_key_stops_and_says_what_to_do(raw, keys, said):
    with pytest.raises(KeyRefusedError, match=said):
        hold_key(raw, keys)


@pytest.mark.parametrize("keys", [ONE, TWO])
def test_nothing_runs_while_a_rotation_is_half_done(keys):
    raw = RawBucket()
    first = (link(1, Mode.FIRST, ONE, FIRST),)
    KeyRecord(first, link(2, Mode.CHAINED, TWO, SECOND)).put(raw)

    with pytest.raises(KeyRefusedError, match="begun and not ended"):
        hold_key(raw, keys)


def test_earlier_keys_of_a_zone_that_remembers_none_are_refused():
    """Its state was lost: how each key took over is not known."""
    with pytest.raises(KeyRefusedError, match=r"restore state/deid_keys\.json"):
        hold_key(RawBucket(), TWO)


def test_a_record_reads_back(raw):
    record = KeyRecord.of(raw)
    more = KeyRecord(record.links, record.links[-1], ("a", "b"), is_published=True)
    more.put(raw)

    assert KeyRecord.of(raw) == more


def test_the_keys_before_are_found_from_the_settings(raw):
    record = KeyRecord.of(raw)
    chained = KeyAddresses(THIRD, 3, (FIRST, SECOND))
    anew = KeyAddresses(THIRD, 3, (), (FIRST, SECOND))

    assert addresses_before(record, chained, Mode.CHAINED) == KeyAddresses(
        SECOND, 2, (FIRST,)
    )
    assert addresses_before(record, anew, Mode.REDERIVE) == KeyAddresses(
        SECOND, 2, (FIRST,)
    )


def test_after_a_derivation_older_keys_stay_retired(raw):
    """They name tombstones alone."""
    third = Pseudonyms(K3, 3, retired=[K1, K2])
    links = (*KeyRecord.of(raw).links, link(3, Mode.REDERIVE, third, THIRD))
    now = KeyAddresses("env:KEY_4", 4, (THIRD,), (FIRST, SECOND))

    before = addresses_before(KeyRecord(links), now, Mode.CHAINED)

    assert before == KeyAddresses(THIRD, 3, (), (FIRST, SECOND))


@pytest.mark.parametrize(
    ("now", "mode"),
    [
        (KeyAddresses(THIRD, 3), Mode.CHAINED),
        (KeyAddresses(THIRD, 3, (SECOND,)), Mode.CHAINED),
        (KeyAddresses(THIRD, 3, (), (FIRST, SECOND)), Mode.CHAINED),
    ],
)
def test_settings_of_no_rotation_are_answered_with_the_right_ones(raw, now, mode):
    expected = "DICOM_PIPELINE_PREVIOUS_KEY_URIS='file:///keys/1 env:KEY_2'"
    with pytest.raises(KeyRefusedError, match=expected):
        addresses_before(KeyRecord.of(raw), now, mode)


def test_a_zone_without_names_has_nothing_to_rotate():
    with pytest.raises(KeyRefusedError, match="no file was ever loaded"):
        addresses_before(KeyRecord(), KeyAddresses(THIRD, 2, (FIRST,)), Mode.CHAINED)
