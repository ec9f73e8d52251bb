"""A person names elements; a slip of the pen is answered with what is near."""

import pyarrow as pa
import pytest

from dicom_pipeline.dicom.nested.choice import UnknownFieldError, chosen, keys_of
from dicom_pipeline.dicom.nested.seen import Level
from dicom_pipeline.publish.header_fields import DEFAULT, keys_for, read_fields


def test_keywords_and_private_elements_are_elements():
    """Each once, in the order of the list; a repeating group is its first."""
    words = ["KVP", '(0029,"SIEMENS CSA HEADER",10)', "OverlayRows", "KVP"]

    assert keys_of(words) == (
        "00180060",
        '(0029,"SIEMENS CSA HEADER",10)',
        "60000010",
    )
    assert len(keys_of(DEFAULT)) == len(DEFAULT)


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("PatientNam", "PatientName"),
        ("slicethickness", "SliceThickness"),
        ("(0029,1010)", "SIEMENS CSA HEADER"),
    ],
)
def test_an_unknown_word_is_answered_with_what_is_near(word, near):
    """Small letters, a missing letter, another spelling of a private element."""
    with pytest.raises(UnknownFieldError, match=near):
        keys_of([word])


def test_nothing_near_is_said_as_such():
    """No guess is better than a wild one."""
    with pytest.raises(UnknownFieldError, match=r"is no DICOM keyword$"):
        keys_of(["xyzzy"])


def test_an_element_that_no_header_has_gets_the_type_of_its_vr():
    """So that an export of a new installation can be joined with a later one."""
    kvp, spacing, sequence = chosen(
        Level(), keys_of(["KVP", "PixelSpacing", "ReferencedImageSequence"])
    )

    assert kvp.arrow == pa.field("KVP", pa.float64())
    assert spacing.arrow.type == pa.list_(pa.float64())
    assert sequence.arrow.type == pa.list_(pa.string())


def test_a_file_lists_the_same_words(tmp_path):
    """YAML; a private element needs no quotes."""
    file = tmp_path / "fields.yaml"
    file.write_text('- KVP\n- (0029,"SIEMENS CSA HEADER",10)\n')

    assert read_fields(file) == ("00180060", '(0029,"SIEMENS CSA HEADER",10)')
    assert keys_for(["Modality", "KVP"], file) == (*read_fields(file), "00080060")


@pytest.mark.parametrize("text", ["KVP", "- [KVP]", "{", "- 18"])
def test_a_file_that_is_no_list_of_words_is_refused(tmp_path, text):
    """With its name, not with a traceback."""
    file = tmp_path / "fields.yaml"
    file.write_text(text)

    with pytest.raises(UnknownFieldError, match="is no YAML"):
        read_fields(file)
