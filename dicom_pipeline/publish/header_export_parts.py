"""Rows held back by Hive folder until a part of a folder is worth a file."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from dicom_pipeline.publish.header_export_folders import folder_of
from dicom_pipeline.publish.header_export_places import Place

BUFFER_BYTES: Final = 96 << 20
"""Held back before parts are written: a part is rather large than many."""

ROW_GROUP: Final = 8192


@dataclass
class Written:
    """What was written.

    Attributes:
        rows: SOP instances.
        files: Parquet files.
        bytes: Their size.
    """

    rows: int = 0
    files: int = 0
    bytes: int = 0


class Parts:
    """The Parquet files of one export.

    Args of the constructor: the folder to write to, and what makes a file of rows.
    """

    def __init__(self, place: Place, encode: Callable[[pa.Table], bytes]) -> None:
        """Begin with nothing."""
        self._written = Written()
        self._place, self._encode = place, encode
        self._held: dict[str, list[pa.Table]] = defaultdict(list)
        self._bytes: Counter[str] = Counter()
        self._parts: Counter[str] = Counter()

    def hold(self, folder: str, rows: pa.Table) -> None:
        """Keep rows of one folder for later; ``""`` is the place itself."""
        self._held[folder].append(rows)
        self._bytes[folder] += rows.nbytes

    def write_much(self) -> None:
        """Write the fullest folders for as long as too much is held back."""
        while self._bytes.total() > BUFFER_BYTES:
            self._write(self._bytes.most_common(1)[0][0])

    def write_all(self) -> Written:
        """Write what is left; return what was written in all."""
        for folder in sorted(self._held):
            self._write(folder)
        return self._written

    def _write(self, folder: str) -> None:
        rows = pa.concat_tables(self._held.pop(folder))
        del self._bytes[folder]
        if not rows.num_rows:
            return
        body = self._encode(rows)
        name = f"part-{self._parts[folder]:05}.parquet"
        self._place.put(f"{folder}/{name}" if folder else name, body)
        self._parts[folder] += 1
        self._written.rows += rows.num_rows
        self._written.files += 1
        self._written.bytes += len(body)


def by_folder(
    rows: pa.Table, names: Sequence[str], values: Sequence[Sequence[object]]
) -> Iterator[tuple[str, pa.Table]]:
    """Part rows by what their folders are called.

    Args:
        rows: To part.
        names: Fields that become folders, outermost first; without one, no folder.
        values: Of each field, in the order of the rows.
    """
    if not names:
        yield "", rows
        return
    places: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(zip(*values, strict=True)):
        places[folder_of(names, row)].append(index)
    for folder, indices in places.items():
        yield folder, rows.take(indices)
