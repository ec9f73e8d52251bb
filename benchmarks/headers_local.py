"""Local files: nested header to Parquet, processor time per file in one process."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from frame import Options, Row, compared, interleaved
from methods import be_quiet, both_read, first_bytes, ours, pydicom_json
from samples import ct_files

CORPUS = Path(__file__).parents[2] / "shared" / "data" / "dicom"


def rows(options: Options) -> Iterator[Row]:
    """Generated CT, then the given corpus where there is one."""
    be_quiet()
    with tempfile.TemporaryDirectory() as folder:
        paths = ct_files(Path(folder), options.files(5_000))
        yield from _rows("CT, 260 elements", paths, options)
    paths = [path for path in corpus_files()[1] if both_read(path)]
    if paths:
        yield from _rows(f"corpus, {len(paths)} files", paths, options)


def corpus_files() -> tuple[Path, list[Path]]:
    """Folder and files of the given corpus; no files where it is absent."""
    root = Path(os.environ.get("DICOM_CORPUS", CORPUS))
    return root, sorted(path for path in root.rglob("*") if path.is_file())


def _rows(name: str, paths: list[Path], options: Options) -> Iterator[Row]:
    methods = {"ours": ours, "pydicom": pydicom_json, "limit": first_bytes}
    for method in methods.values():
        method(paths[:50])  # imports and dictionaries are not what is measured
    spent = interleaved(methods, paths, options.rounds)
    yield compared(f"{name}: pydicom JSON", spent, peer="pydicom", at_least=4)
    yield compared(f"{name}: open and read only", spent, peer="limit")
