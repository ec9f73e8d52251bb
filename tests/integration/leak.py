"""Looks for the identities of given files in everything that an installation left.

Names and ids are sought as case-folded text; UIDs and digits as whole numbers, since
one UID may begin like another. Text is read as UTF-8 and Latin-1, with JSON and URL
escapes resolved as well.
"""

import csv
import io
import re
import sqlite3
import struct
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pyarrow.parquet as pq
import pydicom
from pydicom.datadict import DicomDictionary

SHORTEST = 5
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
SOS = 0xDA
NOBODY = {"anonymous", "anonymized"}  # dbt has "send_anonymous_usage_stats"
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_DIGITS = re.compile(r"[0-9]+")
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")


def common_words() -> set[str]:
    """Words that mean something: of the standard's keywords and of the lexicon."""
    words = set(NOBODY)
    for _, _, name, _, keyword in DicomDictionary.values():
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", keyword)
        words |= {w.casefold() for w in re.findall(r"\w+", f"{name} {spaced}")}
    lexicon = files("dicom_pipeline.deid").joinpath("lexicon.csv").read_text("utf-8")
    for row in csv.DictReader(io.StringIO(lexicon)):
        words |= {row["term"].casefold(), *row["term"].casefold().split()}
    return words


@dataclass
class Needles:
    """What must not be found, by how it is sought."""

    texts: dict[str, str] = field(default_factory=dict)  # needle: kind
    digits: dict[str, str] = field(default_factory=dict)
    uids: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count all of them."""
        return len(self.texts) + len(self.digits) + len(self.uids)

    def add(self, kind: str, value: str) -> None:
        """Seek ``value`` in the way that fits it."""
        value = unicodedata.normalize("NFC", value).casefold()
        if kind == "uid":
            self.uids[value] = kind
        elif value.isdecimal() and value.isascii():
            self.digits[value] = kind
        else:
            self.texts[value] = kind

    def found_in(self, text: str) -> dict[str, str]:
        """Needles that stand in ``text``, with their kind."""
        text = unicodedata.normalize("NFC", _resolved(text)).casefold()
        found = {n: kind for n, kind in self.texts.items() if n in text}
        for pattern, needles in ((_DIGITS, self.digits), (_UID, self.uids)):
            for token in set(pattern.findall(text)) & needles.keys():
                found[token] = needles[token]
        return found


def needles_of(paths: Iterable[Path]) -> Needles:
    """Read the identities of each file that pydicom can read."""
    needles, common = Needles(), common_words()
    for path in paths:
        try:
            dataset = pydicom.dcmread(path, stop_before_pixels=True)
            identity = list(_identity(dataset))
        except Exception:  # noqa: BLE001  # not a DICOM file: nobody's
            continue
        for kind, value in identity:
            if value.casefold() not in common:
                needles.add(kind, value)
    return needles


def _identity(dataset: pydicom.Dataset) -> Iterator[tuple[str, str]]:
    for part in re.split(r"[\^=\s]+", str(dataset.get("PatientName", "") or "")):
        if len(part) >= SHORTEST:
            yield "name", part
    number = str(dataset.get("PatientID", "") or "").strip()
    if len(number) >= SHORTEST:
        yield "id", number
    born = str(dataset.get("PatientBirthDate", "") or "").strip()
    if re.fullmatch(r"\d{8}", born) and born != "00000000":
        yield "born", born
        yield "birth", f"{born[:4]}-{born[4:6]}-{born[6:]}"
    for keyword in UIDS:
        if uid := str(dataset.get(keyword, "") or "").strip():
            yield "uid", uid


def scan(needles: Needles, haystack: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Return where each needle was found, as ``kind:needle`` to places."""
    hits: dict[str, set[str]] = defaultdict(set)
    for place, text in haystack:
        for needle, kind in needles.found_in(text).items():
            hits[f"{kind}:{needle}"].add(place)
    return dict(hits)


def texts_below(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file as text, its path too, and every SQLite database row by row."""
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder.parent).as_posix()
        yield f"{place} (path)", place
        if path.is_file():
            yield from texts_of(place, path.read_bytes())
            if path.suffix == ".db":
                yield place, sqlite_text(path)


def texts_of(place: str, body: bytes) -> Iterator[tuple[str, str]]:
    """Bytes in the encodings that a name may lie in."""
    yield place, body.decode("utf-8", "replace")
    if not body.isascii():
        yield place, body.decode("latin-1")


def sqlite_text(path: Path) -> str:
    """Every value of every table."""
    out = []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        names = connection.execute("select name from sqlite_master where type='table'")
        for (name,) in names.fetchall():
            out += map(_spelled, connection.execute(f'select * from "{name}"'))
    return "\n".join(out)


def duckdb_texts(path: Path) -> Iterator[tuple[str, str]]:
    """Every value of every table of a DuckDB file, nested ones too."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            "select database_name, schema_name, table_name from duckdb_tables()"
        ).fetchall()
        for name in names:
            quoted = ".".join(f'"{part}"' for part in name)
            rows = connection.execute(f"select * from {quoted}").fetchall()
            yield f"{path.name}:{name[-1]}", "\n".join(map(_spelled, rows))


def bucket_texts(bucket, prefixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Keys, Parquet values, and what a JPEG says beside its picture."""
    for stored in bucket.list():
        yield f"key {stored.key}", stored.key
        if not stored.key.startswith(prefixes):
            continue
        body = bucket.read(stored.key)
        if stored.key.endswith(".parquet"):
            rows = pq.read_table(io.BytesIO(body)).to_pylist()
            yield stored.key, "\n".join(_spelled(row.values()) for row in rows)
        elif body[:2] == b"\xff\xd8":
            yield from texts_of(stored.key, jpeg_metadata(body))
        else:
            yield from texts_of(stored.key, body)


def jpeg_metadata(jpeg: bytes) -> bytes:
    """Segments before the picture (ISO 10918-1 B.1.1)."""
    at, marker = 2, 0
    while marker != SOS:
        _, marker, length = struct.unpack_from(">BBH", jpeg, at)
        at += 2 + length
    return jpeg[:at]


def _spelled(row: Iterable[object]) -> str:
    return "\t".join(
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        for value in row
    )


def _resolved(text: str) -> str:
    """The text, and once more as it reads without JSON and URL escapes."""
    plain = text
    if "\\u" in text:
        plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    if "%" in plain:
        plain = unquote(plain)
    return text if plain is text else f"{text}\n{plain}"
