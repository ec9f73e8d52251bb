"""Two peers that are asked in Python, in ``.venv/peers_deid``: TOOL SOURCE OUT.

Their own defaults, nothing else. ``<OUT>.json`` says which file became which.
"""

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pydicom


def main() -> None:
    """Clean every file of a folder."""
    tool, source, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    warnings.simplefilter("ignore")
    logging.disable()
    pairs = dict(_TOOLS[tool](sorted(source.iterdir()), out))
    out.with_name(f"{out.name}.json").write_text(json.dumps(pairs))


def _dicognito(files: list[Path], out: Path) -> Iterator[tuple[str, str]]:
    """What its command does, which names files by their new UID."""
    from dicognito.anonymizer import Anonymizer  # noqa: PLC0415

    anonymizer = Anonymizer(seed="bench")
    for file in files:
        dataset = pydicom.dcmread(file)
        anonymizer.anonymize(dataset)
        name = f"{dataset.SOPInstanceUID}.dcm"
        dataset.save_as(out / name)
        yield file.name, name


def _deid(files: list[Path], out: Path) -> Iterator[tuple[str, str]]:
    """Its default recipe, as its documentation starts with."""
    from deid.config import DeidRecipe  # noqa: PLC0415
    from deid.dicom import get_identifiers, replace_identifiers  # noqa: PLC0415

    names = [str(file) for file in files]
    replace_identifiers(
        dicom_files=names,
        ids=get_identifiers(names),
        deid=DeidRecipe(),
        save=True,
        output_folder=str(out),
    )
    yield from ((name, name) for name in (file.name for file in files))


_TOOLS = {"dicognito": _dicognito, "deid": _deid}

if __name__ == "__main__":
    main()
