"""Headers brought over the line say what the stage tables say, and no name."""

import json

import duckdb
import pytest

from dicom_pipeline.publish.header_export_deid import RECEIPT
from tests.integration import leak

pytestmark = pytest.mark.s3

IMAGES = {
    # Columns of the tables that read an element as it is, not from functional groups.
    "sop_instance_uid": "SOPInstanceUID",
    "series_instance_uid": "SeriesInstanceUID",
    "study_instance_uid": "StudyInstanceUID",
    "modality": "Modality",
    "instance_number": "InstanceNumber",
    "image_type": "ImageType",
    "rows": "Rows",
    "bits_stored": "BitsStored",
    "photometric_interpretation": "PhotometricInterpretation",
    "content_date": "ContentDate",
    "content_time": "ContentTime",
    "acquisition_date": "AcquisitionDate",
    "patient_key": "PatientID",
    "device_key": "device_key",
    "deid_profile": "deid_profile",
}


@pytest.fixture(scope="module")
def out(loaded, first, tmp_path_factory):  # noqa: ARG001
    """Export with the real command."""
    folder = tmp_path_factory.mktemp("nested") / "out"
    done = loaded.run("headers", "export", folder, "--layer", "stage", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["rows"] > 300
    return folder


@pytest.fixture(scope="module")
def nested(out, loaded):
    """The export beside the warehouse."""
    connection = duckdb.connect()
    connection.execute(f"attach '{loaded.home}/warehouse.duckdb' as w (read_only)")
    connection.execute(f"create table nested as select * from '{out}/*.parquet'")
    yield connection
    connection.close()


@pytest.mark.parametrize(("column", "element"), IMAGES.items())
def test_an_element_has_the_value_that_the_stage_table_has(nested, column, element):
    """Row by row, joined by the pseudonym; all instances of one are in the other."""
    differ, both = nested.execute(
        f"""
        select count(*) filter (where s.{column}::varchar is distinct from
            n.{element}::varchar), count(n.sop_instance_uid)
        from w.stage.stg_images as s full join nested as n using (sop_instance_uid)
        """
    ).fetchone()

    assert both > 300
    assert differ == 0


def test_no_identity_is_left_and_the_receipt_says_what_was_done(
    out, hospital, pydicom_files
):
    """Values, statistics and names of files; counts alone in the receipt."""
    files = [f for d in (hospital, pydicom_files) for f in d.rglob("*") if f.is_file()]
    needles = leak.needles_of(files)
    receipt = json.loads((out / RECEIPT).read_text())

    with duckdb.connect() as connection:
        rows = connection.execute(f"select * from '{out}/*.parquet'").fetchall()
    texts = [("rows", "\n".join(map(str, rows))), *leak.texts_below(out)]
    assert len(needles) > 500
    assert leak.scan(needles, texts) == {}
    assert receipt["dropped"]["private"] > 1000
    assert receipt["kept"]["uid_remap"] > 1000
