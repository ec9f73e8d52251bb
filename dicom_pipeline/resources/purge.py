"""Objects deleted for good: every version and every delete marker.

In a bucket without versions the one version is called ``null``, so one way does both.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError

from dicom_pipeline.resources.bucket import Bucket, BucketError
from dicom_pipeline.resources.store import CONCURRENCY

Wanted = Callable[[str], bool]
_Version = tuple[str, str]  # key, version
_AT_ONCE = 1_000  # S3 DeleteObjects takes no more


class NotPurgedError(BucketError):
    """The store kept a version: a retention lock, or rights that are missing."""


def every_key(_key: str) -> bool:
    """Whatever the key."""
    return True


def purge(bucket: Bucket, prefix: str, wanted: Wanted = every_key) -> int:
    """Delete what lies below ``prefix`` under a wanted key; return how many versions.

    Raises:
        NotPurgedError: A version is still there.
    """
    return _delete(bucket, (v for v, _ in _versions(bucket, prefix) if wanted(v[0])))


def purge_old(bucket: Bucket, key: str) -> int:
    """Delete every version of ``key`` but the latest, as ``purge`` does."""
    found = _versions(bucket, key)
    old = (v for v, is_latest in found if v[0] == key and not is_latest)
    return _delete(bucket, old)


def purge_all(
    bucket: Bucket, prefixes: Iterable[str], wanted: Wanted = every_key
) -> int:
    """Do what ``purge`` does for many prefixes, some at a time."""
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        return sum(pool.map(lambda prefix: purge(bucket, prefix, wanted), prefixes))


def count_versions(bucket: Bucket, prefix: str, wanted: Wanted = every_key) -> int:
    """Count what ``purge`` would delete."""
    return sum(wanted(version[0]) for version, _ in _versions(bucket, prefix))


def _versions(bucket: Bucket, prefix: str) -> Iterator[tuple[_Version, bool]]:
    """Every version and delete marker below a prefix, and whether it is the latest."""
    pages = bucket.store.client.get_paginator("list_object_versions")
    try:
        for page in pages.paginate(Bucket=bucket.name, Prefix=prefix):
            for item in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                yield (item["Key"], item["VersionId"]), item["IsLatest"]
    except (ClientError, BotoCoreError) as error:
        raise BucketError(f"list versions failed: {type(error).__name__}") from None


def _delete(bucket: Bucket, versions: Iterable[_Version]) -> int:
    found = list(versions)
    for start in range(0, len(found), _AT_ONCE):
        some = found[start : start + _AT_ONCE]
        named = [{"Key": key, "VersionId": version} for key, version in some]
        try:
            answer = bucket.store.client.delete_objects(
                Bucket=bucket.name,
                Delete={"Objects": named, "Quiet": True},  # type: ignore[typeddict-item]
            )
        except (ClientError, BotoCoreError) as error:
            raise BucketError(f"delete failed: {type(error).__name__}") from None
        if errors := answer.get("Errors"):
            code = str(errors[0].get("Code", "unknown"))
            raise NotPurgedError(f"{len(errors)} versions were not deleted: {code}")
    return len(found)
