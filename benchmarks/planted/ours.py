"""How an installation of this pipeline has fared with files of a known key."""

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pydicom

from dicom_pipeline.deid.rules import rules_from
from dicom_pipeline.places import Places
from dicom_pipeline.settings import Settings

from .answers import InstanceKey
from .checks import Mappings
from .holder import mappings_of
from .nested import nested_texts
from .scores import Score, found_by, score
from .tables import Processed

COMMAND = Path(sys.executable).with_name("dicom-pipeline")
MAPPING = "seeds/anonymization_mapping.csv"


def load(home: Path, nested: Path, sources: Iterable[Path]) -> None:
    """Load folders into a new installation, and export its headers over the line."""
    for words in (
        ("ingest", *sources),
        ("headers", "export", "--layer", "stage", nested),
    ):
        subprocess.run(
            [COMMAND, *map(str, words)],
            env={"PATH": "/usr/bin:/bin", "DICOM_PIPELINE_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            check=True,
        )


def score_of(
    places: Places,
    settings: Settings,
    keys: Sequence[InstanceKey],
    files: Path,
    nested: Path,
) -> Score:
    """Hold the tables, the nested export and the JPEGs against the key.

    Args:
        places: Of the installation.
        settings: The same installation's.
        keys: Of ``files``; the installation may hold others as well.
        files: The folder that was loaded.
        nested: What ``headers export --layer stage`` has written.
    """
    mappings = mappings_of(keys, places.pseudonyms, settings.provider)
    seed = (settings.dbt_project / MAPPING).read_text("utf-8")
    processed = Processed(
        snapshot=settings.home / "published" / "analytics.duckdb",
        rules=rules_from(seed.splitlines()),
        jpegs=places.stage.read,
        originals=_originals(files, mappings),
        nested=nested_texts(nested),
    )
    return score(keys, found_by(processed.outputs(), mappings), mappings)


def _originals(files: Path, mappings: Mappings) -> dict[str, Path]:
    found = {}
    for file in files.rglob("*.dcm"):
        old = str(
            pydicom.dcmread(file, specific_tags=["SOPInstanceUID"]).SOPInstanceUID
        )
        if old in mappings.uids:
            found[mappings.uids[old]] = file
    return found
