"""Descriptions keep words of imaging and lose what can name someone."""

import pytest

from dicom_pipeline.deid.terms import imaging_terms


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("MRI Knee w/o contrast 2.5mm", "mri knee wo contrast 2.5mm"),
        ("CT CHEST W/ CONTRAST", "ct chest w contrast"),
        ("t2_tse_sag 384", "t2 tse sag 384"),
        ("*tfl3d1", "tfl3d1"),
        ("CT Thorax Dr. Kaufmann", "ct thorax dr"),
        ("Abdomen 03.05.1974", "abdomen"),
        ("Abdomen 3/5/74", "abdomen"),
        ("call 555 123 456 chest", "chest"),
        ("MRN 12345678", None),
        ("St. Elsewhere Hospital", None),
        ("", None),
    ],
)
def test_terms_of_the_lexicon_stay(text, kept):
    """Anatomy, sequence, phase, side, short numbers; no names, dates, long numbers."""
    assert imaging_terms(text) == kept


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("HAND^JOHN", "MRI HAND LEFT", "mri left"),
        ("Föot^Ana", "xr foot ap", "xr ap"),
        ("Long^Axis^T2", "long axis t2 view", "view"),
        ("PAT-123", "chest 123 pa", "chest pa"),
    ],
)
def test_words_of_a_person_go_even_from_the_lexicon(name, text, kept):
    """Hand, Foot and Long are names too; case and diacritics do not hide them."""
    assert imaging_terms(text, [name]) == kept
