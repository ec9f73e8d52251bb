"""A key is spelled and read back, and no value shapes a path."""

from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.layout import RawKey, image_folder, received_key, sending_ae_of

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)


@given(study=TEXT, series=TEXT, sop=TEXT)
def test_a_raw_key_reads_back_as_it_was_spelled(study, series, sop):
    """Whatever a UID holds, its key has six parts and says the same again."""
    key = RawKey("2024-03", study, series, sop, "abc")

    spelled = key.spell()

    assert len(spelled.split("/")) == 6
    assert not {".", ".."} & set(spelled.split("/"))
    assert RawKey.parse(spelled) == key


def test_a_uid_stays_legible():
    """A legal UID is spelled as it is."""
    spelled = RawKey("unknown", "1.2.3", "1.2.3.4", "1.2.3.4.5", "ff").spell()

    assert spelled == "dicom/month=unknown/1.2.3/1.2.3.4/1.2.3.4.5/ff.dcm"


def test_a_key_of_others_is_not_ours():
    """What somebody else put into the bucket is no raw key."""
    assert RawKey.parse("incoming/a.dcm") is None


def test_jpeg_folders_spread_over_two_hex_digits():
    """Neighbouring pseudonyms lie in different folders."""
    folders = {image_folder(f"2.25.{n}").split("/")[1] for n in range(1_000)}

    assert len(folders) > 200


def test_an_endless_uid_makes_no_endless_key():
    """A UID beyond any legal length is replaced by its hash."""
    spelled = RawKey("2024-03", "1" * 10_000, "1.2", "1.3", "ff").spell()

    assert len(spelled) < 200


@given(TEXT, st.tuples(TEXT, TEXT, TEXT))
def test_a_received_key_names_its_sender_and_nothing_shapes_it(sender, uids):
    """Whatever a peer calls itself, whatever its identifiers are."""
    key = "anywhere/" + received_key(sender, uids, "0f" * 32)

    assert sending_ae_of(key) == sender
    assert len(key.split("/")) == 7
    assert not {"", ".", ".."} & set(key.split("/"))


def test_a_folder_that_is_called_receive_names_nobody():
    """People may push a folder of that name."""
    assert sending_ae_of("receive/CT1/2024/a/b/IM0001.dcm") is None
