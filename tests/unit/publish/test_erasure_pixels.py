"""What was said of a patient's pixels goes with him."""

import pytest

from dicom_pipeline.dicom.pixel_review import Review, Verdict, Why
from dicom_pipeline.resources.reviews import Reviews
from tests.unit.publish.archives import HER, HIM, IDENTITY, NAMES, Archive


@pytest.fixture
def archive(tmp_path, aws):  # noqa: ARG001
    """Two patients."""
    made = Archive(tmp_path / "home")
    made.send(HIM, 1)
    made.send(HER, 1)
    made.load()
    made.build()
    return made


def test_verdicts_on_his_images_go_and_others_stay(archive):
    """A note that names him on another's image stays, and the receipt says that."""
    reviews = Reviews(archive.raw)
    his, hers = (f"1.2.826.0.1.{who[-2:]}.3.1" for who in (HIM, HER))
    notes = {his: NAMES[HIM], hers: NAMES[HIM], f"{hers}.7": ""}
    for sop, note in notes.items():
        said = (Verdict.RELEASED, Why.NO_TEXT, "ann")
        reviews.record(Review(sop, "f", "2024-01", *said, note=note))

    receipt = archive.erasure().erase(IDENTITY)

    assert set(Reviews(archive.raw).standing()) == {*notes} - {his}
    assert receipt["removed"]["pixel_reviews_rows"] == 1
    assert receipt["found_afterwards"] == {"raw pixel_reviews": 1}
