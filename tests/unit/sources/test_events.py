"""Notifications as stores send them: read exactly, refused without a word of them."""

import json
import traceback
from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.resources.bucket import StoredObject
from dicom_pipeline.sources.events import EventError, arrivals_in

AT = datetime(2026, 3, 1, 12, 0, 0, 123_000, UTC)
TAG = "d41d8cd98f00b204e9800998ecf8427e"
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def record(named, event="ObjectCreated:Put", bucket="provider", **more):
    """One record of event message structure 2.1 (S3 User Guide)."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": "2026-03-01T12:00:00.123Z",
        "eventName": event,
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {
                "key": quote_plus(named),
                "size": 1024,
                "eTag": TAG,
                "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                "sequencer": "0055AED6DCD90281E5",
                **more,
            },
        },
    }


def bridged(key, kind="Object Created"):
    """An EventBridge event (S3 User Guide, "EventBridge event message structure")."""
    return {
        "version": "0",
        "detail-type": kind,
        "source": "aws.s3",
        "time": "2026-03-01T12:00:00Z",
        "detail": {
            "version": "0",
            "bucket": {"name": "provider"},
            "object": {
                "key": key,
                "size": 1024,
                "etag": TAG,
                "sequencer": "00617F08299329D189",
            },
            "reason": "PutObject",
        },
    }


def read(told, prefix=""):
    return list(arrivals_in(json.dumps(told), "provider", prefix))


@given(keys=st.lists(KEYS, max_size=3))
def test_keys_are_those_of_the_bucket(keys):
    """S3 spells a key as a form does; several records may share a message."""
    found = read({"Records": [record(key) for key in keys]})

    assert found == [StoredObject(key, TAG, 1024, AT) for key in keys]


@given(key=KEYS)
def test_eventbridge_spells_keys_as_they_are(key):
    assert read(bridged(key)) == [
        StoredObject(key, TAG, 1024, AT.replace(microsecond=0))
    ]


@pytest.mark.parametrize("told", [{"Records": [record("a+b c")]}, bridged("a+b c")])
def test_what_sns_forwards_is_unwrapped(told):
    wrapped = {"Type": "Notification", "MessageId": "1", "Message": json.dumps(told)}

    assert [found.key for found in read(wrapped)] == ["a+b c"]


@pytest.mark.parametrize(
    "told",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "provider"},
        {"Records": [record("a", "ObjectRemoved:Delete")]},
        {"Records": [record("a", "ObjectRemoved:DeleteMarkerCreated")]},
        {"Records": [record("a", bucket="another")]},
        {"Records": []},
        bridged("a", "Object Deleted"),
        bridged("a", "Object Tags Added"),
    ],
)
def test_what_creates_no_object_is_no_arrival(told):
    assert read(told) == []


def test_keys_outside_of_the_prefix_are_no_arrival():
    told = {"Records": [record("in/a"), record("out/a")]}

    assert [found.key for found in read(told, "in/")] == ["in/a"]


def test_other_servers_spell_the_event_with_its_prefix():
    assert len(read({"Records": [record("a", "s3:ObjectCreated:Put")]})) == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "DOE^JANE",
        "[]",
        '"DOE^JANE"',
        "null",
        "{}",
        '{"Records": ["DOE^JANE"]}',
        '{"Type": "Notification", "Message": "DOE^JANE"}',
        json.dumps({"Records": [record("DOE^JANE", eTag="")]}),
        json.dumps({"Records": [record("DOE^JANE", size="DOE^JANE")]}),
        json.dumps({"Records": [record("") | {"eventTime": "DOE^JANE"}]}),
        json.dumps({"Records": [record("a", key="DOE%5EJANE%FF")]}),
    ],
)
def test_what_cannot_be_read_is_refused_without_its_words(body):
    with pytest.raises(EventError) as refused:
        list(arrivals_in(body, "provider", ""))

    assert "JANE" not in "".join(traceback.format_exception(refused.value))
