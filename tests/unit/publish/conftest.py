"""A small warehouse as dbt leaves it: the real mapping, the real columns, few rows."""

import shutil
from pathlib import Path

import duckdb
import pytest
from moto import mock_aws

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.rules import rules_from
from dicom_pipeline.deid.stage import passed_columns, stage_columns
from dicom_pipeline.publish.dbt_models import processed_columns
from dicom_pipeline.publish.snapshot import publish

MAPPING = Path(__file__).parents[3] / "dbt_project/seeds/anonymization_mapping.csv"
ROWS = {
    "dim_patients": """
        select 'p' || i as patient_key, if(i % 2 = 0, 'F', 'M') as patient_sex,
               '0' || (40 + i) || 'Y' as patient_age
        from range(4) t(i)""",
    "dim_devices": """
        select 'd' || i as device_key, 'SIEMENS' as manufacturer from range(2) t(i)""",
    "fct_studies": """
        select 's' || i as study_instance_uid, 'p' || (i % 4) as patient_key,
               if(i = 7, null, date '2031-01-15' + to_months(i::int))::date
               as study_date, 1 as number_of_series, 5 as number_of_instances
        from range(8) t(i)""",
    "fct_series": """
        select 'e' || i as series_instance_uid, 's' || i as study_instance_uid,
               'p' || (i % 4) as patient_key, 'd' || (i % 2) as device_key,
               ['CT', 'MR', 'US'][1 + i % 3] as modality,
               if(i % 3 = 2, null, [5.0, 2.5][1 + i % 2]) as slice_thickness_mm,
               5 as number_of_instances,
               if(i < 6, 'complete', 'gaps') as completeness,
               if(i < 6, 'numbers', 'instance_number') as completeness_reason
        from range(8) t(i)""",
    "fct_images": """
        select 'i' || i as sop_instance_uid, 'e' || (i // 5) as series_instance_uid,
               's' || (i // 5) as study_instance_uid,
               'p' || ((i // 5) % 4) as patient_key,
               512 as rows, true as has_pixel_data, [0.5, 0.5] as pixel_spacing_mm,
               1 as jpeg_count, if(i < 30, 'pass', 'mask') as pixel_decision,
               if(i < 30, 'modality', 'us_regions') as pixel_reason
        from range(40) t(i)""",
    "processed_images": """
        select 'images/' || i || '.jpg' as jpeg_key, 'i' || i as sop_instance_uid,
               1 as frame, 1000 + i as jpeg_bytes
        from range(40) t(i)""",
}


@pytest.fixture
def aws(monkeypatch):
    """One request at a time: moto lists a dictionary that it deletes from."""
    for name in ("purge", "erasure_stage"):
        monkeypatch.setattr(f"dicom_pipeline.resources.{name}.CONCURRENCY", 1)
    with mock_aws():
        yield


@pytest.fixture
def warehouse(built: Path, tmp_path: Path) -> Path:
    """Return a warehouse with every processed table and column."""
    return Path(shutil.copy(built, tmp_path))


@pytest.fixture
def snapshot(published: Path, tmp_path: Path) -> Path:
    """Return the published copy of the warehouse."""
    folder = tmp_path / "published"
    folder.mkdir()
    return Path(shutil.copy(published, folder))


@pytest.fixture(scope="session")
def published(built: Path, tmp_path_factory) -> Path:
    """Publish the warehouse once."""
    file = tmp_path_factory.mktemp("published") / "analytics.duckdb"
    publish(built, file)
    return file


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """Build the warehouse once."""
    file = tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb"
    with MAPPING.open(newline="") as lines:
        rules = rules_from(lines)
    stage = {f"stg_{table.name}": stage_columns(table, rules) for table in ENTITIES}
    stage["stg_compressed_images"] = passed_columns(COMPRESSED_IMAGES)
    with duckdb.connect(file) as connection:
        connection.execute("create schema stage; create schema processed")
        connection.execute(
            "create table stage.anonymization_mapping as"
            f" from read_csv('{MAPPING}', all_varchar = true)"
        )
        connection.execute("create table stage.secret_of_stage as select 1 as batch")
        for table, columns in processed_columns(stage).items():
            lines = ", ".join(f'"{c.name}" {c.data_type}' for c in columns)
            connection.execute(f"create table processed.{table} ({lines})")
            connection.execute(f"insert into processed.{table} by name {ROWS[table]}")
    return file
