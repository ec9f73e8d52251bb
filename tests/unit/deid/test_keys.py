"""The key is found where the address says, and is refused where others may read it."""

import traceback

import pytest

from dicom_pipeline.deid.keys import (
    KeyFileOpenError,
    KeyFormatError,
    KeyUnavailableError,
    KeyUriError,
    NoKeyError,
    check_value,
    create_key_file,
    load_key,
)

HEX = bytes(range(32)).hex()


def test_a_created_key_is_random_private_and_loads(tmp_path):
    """Only its owner may read it, and no two are the same."""
    one, two = tmp_path / "a" / "key", tmp_path / "b" / "key"
    create_key_file(one)
    create_key_file(two)

    assert one.stat().st_mode & 0o777 == 0o600
    assert len(load_key(one.as_uri())) == 32
    assert load_key(one.as_uri()) != load_key(two.as_uri())


def test_a_key_is_never_overwritten(tmp_path):
    """A second key in its place would give every patient a second life."""
    create_key_file(tmp_path / "key")

    with pytest.raises(FileExistsError):
        create_key_file(tmp_path / "key")


def test_a_key_comes_from_a_variable(monkeypatch):
    """A container gets it from its secret store."""
    monkeypatch.setenv("A_KEY", HEX)

    assert load_key("env:A_KEY") == bytes(range(32))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    """An open key file is a mistake that is mended before it is used."""
    file = tmp_path / "key"
    create_key_file(file)
    file.chmod(mode)

    with pytest.raises(KeyFileOpenError):
        load_key(file.as_uri())


@pytest.mark.parametrize("text", ["", "00", HEX + "00", "x" * 64, "é" * 32])
def test_what_is_no_key_is_refused_and_not_repeated(tmp_path, text):
    """A typing error in a key must not print most of it into a log."""
    file = tmp_path / "key"
    file.write_text(text, "utf-8")
    file.chmod(0o600)

    with pytest.raises(KeyFormatError) as raised:
        load_key(file.as_uri())

    printed = "".join(traceback.format_exception(raised.value))
    assert not text or text not in printed


@pytest.mark.parametrize(
    ("uri", "error"),
    [
        ("", NoKeyError),
        ("file:///nowhere/key", KeyUnavailableError),
        ("env:NOT_SET_ANYWHERE", KeyFormatError),
        ("https://example.org/key", KeyUriError),
    ],
)
def test_no_key_says_what_is_wrong(uri, error):
    """Each way to have no key has its own message."""
    with pytest.raises(error):
        load_key(uri)


def test_the_check_value_is_frozen_and_tells_keys_apart():
    """Warehouses remember it: it may not change."""
    assert check_value(bytes(range(32))) == "a54bef73cda91d90"
    assert check_value(bytes(32)) != check_value(bytes(range(32)))
