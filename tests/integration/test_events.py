"""S3 to SQS to the ledger: real notifications of a bucket, by moto's server."""

import json
import time
from dataclasses import dataclass, replace

import boto3
import pytest

from dicom_pipeline.checks.dead_letters import no_notification_is_dead
from dicom_pipeline.layout import Grain
from dicom_pipeline.places import Places
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.queue import Message, Queue, QueueError
from dicom_pipeline.resources.store import Store
from dicom_pipeline.resources.tables import State
from dicom_pipeline.settings import Settings, StoreKind
from dicom_pipeline.sources.arrivals import Watch
from dicom_pipeline.sources.door import Door
from dicom_pipeline.sources.events import Events
from dicom_pipeline.sources.intake import PROVIDER, Intake
from dicom_pipeline.sources.known import Known
from tests.moto_server import serving_aws

ODD = ["plain", "a b+c", "é/日本", "100%", "in/DOE^JANE.dcm"]
DAY = 86_400


@pytest.fixture(scope="module")
def server():
    """Start moto's server; yield its URL."""
    with serving_aws() as address:
        yield address


class Hasty(Queue):
    """A queue whose deliveries are hidden for one second."""

    def receive(self, wait_seconds: int, hidden_seconds: int) -> list[Message]:
        """Receive, as others would."""
        assert hidden_seconds >= 120
        return super().receive(wait_seconds, 1)


@dataclass
class World:
    """One provider bucket with its queue and dead-letter queue."""

    provider: Bucket
    raw: Bucket
    queue: Queue
    sqs: object

    def watch(self, queue: Queue | None = None) -> Watch:
        """Return what a new process would have; it lists once a day."""
        ledger = Ledger(self.raw)
        intake = Intake(ledger, Known(ledger), lambda text: text, 100)
        name = self.provider.name
        events = Events(queue or self.queue, intake, PROVIDER, name, "", 0)
        return Watch(PROVIDER, self.provider, "", intake, events, DAY)

    def keys(self) -> list[str]:
        """Keys that were recorded, each as often as it was."""
        arrivals = Ledger(self.raw).arrivals
        return sorted(
            key
            for batch in arrivals.batches()
            for key in arrivals.read(batch)["source_key"].to_pylist()
        )


@pytest.fixture
def world(server, request):
    """Have S3 tell a queue of a bucket; two deliveries make a dead letter."""
    store = Store(server, access_key="test", secret_key="test")
    name = request.node.name.replace("_", "-").lower()[:40].rstrip("-")
    provider, raw = Bucket(f"p-{name}", store), Bucket(f"r-{name}", store)
    provider.create()
    raw.create()
    sqs = boto3.client(
        "sqs",
        endpoint_url=server,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    dead = made_queue(sqs, f"{name}-dead", {})
    policy = {"deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": 2}
    told = made_queue(sqs, name, {"RedrivePolicy": json.dumps(policy)})
    store.client.put_bucket_notification_configuration(
        Bucket=provider.name,
        NotificationConfiguration={
            "QueueConfigurations": [
                {"QueueArn": told["QueueArn"], "Events": ["s3:ObjectCreated:*"]}
            ]
        },
    )
    found = World(provider, raw, Hasty(told["url"], store), sqs)
    found.watch().rest()
    return found


def made_queue(sqs, name, attributes):
    """Make a queue; return its attributes and URL."""
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return {**found["Attributes"], "url": url}


def test_what_s3_tells_is_recorded_and_its_messages_deleted(world):
    """Without a page of listing; the test event that S3 sends first is dropped."""
    for key in ODD:
        world.provider.write(key, key.encode())
    assert no_notification_is_dead(world.watch()).passed

    seen = world.watch().look(5)

    assert world.keys() == sorted(ODD)
    assert (seen.pages, seen.drained.found) == (0, len(ODD))
    assert seen.drained.messages == len(ODD) + 1
    time.sleep(1.1)
    assert world.queue.depth() == replace(world.queue.depth(), waiting=0, dead=0)
    assert world.watch().look(1).drained.messages == 0


def test_the_listing_finds_nothing_that_the_queue_told(world):
    """Both give a version of a file the same id: the ETags are equal."""
    world.provider.write("a", b"1")
    world.watch().look(5)
    world.provider.write("b", b"2")

    assert world.watch().scan_all().found == 1
    assert world.watch().look(5).drained.found == 0
    assert world.keys() == ["a", "b"]


def test_killed_before_the_deletion_it_is_told_again_and_recorded_once(
    world, monkeypatch
):
    """Deliveries come back when their visibility timeout has passed."""
    world.provider.write("a", b"1")
    with monkeypatch.context() as broken:
        broken.setattr(Queue, "delete", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.watch().look(5)
    assert world.keys() == ["a"]
    assert world.watch().look(1).drained.messages == 0

    time.sleep(1.1)
    seen = world.watch().look(5)

    assert (seen.drained.messages, seen.drained.found) == (2, 0)
    assert world.keys() == ["a"]


def test_a_message_that_cannot_be_read_ends_in_the_dead_letter_queue(world):
    """After its second delivery, and nothing else waits for it."""
    world.provider.write("a", b"1")
    world.sqs.send_message(QueueUrl=world.queue.url, MessageBody="DOE^JANE")

    unreadable = []
    for _ in range(3):
        unreadable.append(world.watch().look(0.5).drained.unreadable)
        time.sleep(1.1)

    assert unreadable == [1, 1, 0]
    assert world.queue.depth().dead == 1
    assert world.keys() == ["a"]
    assert not no_notification_is_dead(world.watch()).passed


def test_what_was_deleted_or_replaced_since_has_its_outcome(world):
    """A version that is gone is ignored with its reason; sent again, it is read."""
    world.provider.write("gone", b"1")
    world.provider.write("replaced", b"1")
    world.provider.write("replaced", b"2")
    world.provider.delete("gone")

    first = let_in(world)
    world.provider.write("gone", b"1")
    second = let_in(world)

    assert (first.received, first.holds) == (3, True)
    assert first.reasons["ignored: vanished"] == 1
    assert first.reasons["ignored: superseded"] == 1
    assert (second.received, second.holds) == (3, True)
    assert "ignored: vanished" not in second.reasons
    assert second.outcomes["quarantined"] == first.outcomes["quarantined"] + 1


def let_in(world):
    """Have the door do what the queue tells; return the balance."""
    ledger = Ledger(world.raw)
    door = Door({PROVIDER: world.provider}, ledger, "p", Grain.MONTHLY)
    for batch in world.watch().look(5).drained.batches:
        door.admit(batch)
    return ledger.balance()


def test_what_a_topic_forwards_is_read_too(world, server):
    """S3 to SNS to SQS, for a bucket that tells several."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    sns = boto3.client("sns", "us-east-1", endpoint_url=server, **keys)
    topic = sns.create_topic(Name="t")["TopicArn"]
    arn = world.sqs.get_queue_attributes(
        QueueUrl=world.queue.url, AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    told = {
        "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]
    }
    world.provider.store.client.put_bucket_notification_configuration(
        Bucket=world.provider.name, NotificationConfiguration=told
    )
    world.provider.write("a b", b"1")

    world.watch().look(5)

    assert world.keys() == ["a b"]


def test_settings_alone_make_the_provider_bucket_be_told_of(
    world, server, tmp_path, monkeypatch
):
    """Keys outside of the prefix are left out; the first listing is due at once."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    told = Settings(
        home=tmp_path,
        store=StoreKind.S3,
        s3_endpoint=server,
        provider_bucket=world.provider.name,
        provider_prefix="in/",
        raw_bucket=world.raw.name,
        stage_bucket=world.raw.name,
        queue_url=world.queue.url,
        _env_file=None,
    )
    world.provider.write("in/a", b"1")
    world.provider.write("out/b", b"1")

    with Places(told).open() as places:
        State(world.raw).put("scan-provider", {})
        seen = places.provider_watch.look(5)
        again = places.provider_watch.look(5)

    assert world.keys() == ["in/a"]
    assert (seen.drained.found, seen.pages, again.pages) == (1, 1, 0)


def test_without_its_queue_the_bucket_is_still_listed(world):
    """The look says what is wrong and goes on; it quotes no address."""
    world.provider.write("a", b"1")
    lost = Queue(world.queue.url + "-lost", world.queue.store)
    watch = replace(world.watch(lost), pause_seconds=0)

    seen = watch.look(5)

    assert seen.found == 1
    assert seen.drained.error.startswith("queue: receive failed: ")
    with pytest.raises(QueueError, match="NonExistentQueue"):
        lost.depth()
