"""What a tool has made of one instance, as texts by path and as pictures."""

import hashlib
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from .pictures import Box, digest_of


@dataclass(frozen=True)
class Output:
    """One instance as it has become.

    Attributes:
        uid: SOP Instance UID, the new one.
        texts: What is left, by path as in the key; several values joined by a
            backslash. An attribute that is not there is gone.
        patient: What stands for the patient.
        under: What a second surface says of the same paths: nothing may be secret
            there either.
        everything: All texts that are not reached by a path of the standard.
        flat: Whether nothing can be read in the box of the picture at a path.
        same: Whether the box of the picture is still what it was, by its digest.
    """

    uid: str
    texts: Mapping[str, str]
    patient: str
    under: Mapping[str, str] = field(default_factory=dict)
    everything: tuple[str, ...] = ()
    flat: Callable[[str, Box], bool] = lambda _tag, _box: True
    same: Callable[[Box | None, str], bool] = lambda _box, _digest: False

    def all_texts(self) -> str:
        """Everything that can be read in it, one value a line."""
        return "\n".join((*self.texts.values(), *self.under.values(), *self.everything))


def outputs_of(files: Iterable[Path], root: Path) -> Iterator[Output]:
    """Read cleaned files; one that is not DICOM is not an output."""
    for file in sorted(files):
        try:
            yield output_of(file, root)
        except (OSError, ValueError, AttributeError, pydicom.errors.InvalidDicomError):
            continue


def output_of(file: Path, root: Path) -> Output:
    """Read one cleaned file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(file)
        texts = dict(texts_of(dataset))
        texts |= dict(texts_of(dataset.file_meta))
    texts["path"] = file.relative_to(root).as_posix()
    texts["preamble"] = _decoded(dataset.preamble or b"")
    return Output(
        uid=str(dataset.get("SOPInstanceUID", "")),
        texts=texts,
        patient=str(dataset.get("PatientID", "")),
        flat=lambda tag, box: _flat(dataset, tag, box),
        same=lambda box, digest: _same(dataset, box, digest),
    )


def texts_of(dataset: Dataset, path: str = "") -> Iterator[tuple[str, str]]:
    """Every element of a data set and of its items, by its path."""
    for element in dataset:
        tag = f"{path}{_spelled(element)}"
        if element.VR == "SQ":
            yield tag, ""
            for number, item in enumerate(element.value):
                yield from texts_of(item, f"{tag}[{number:04d}]")
        elif tag.endswith("(7fe0,0010)") or tag.startswith("(6000,3000)"):
            yield tag, "REMOVED"
        else:
            yield tag, text_of(element.value)


def text_of(value: Any) -> str:  # noqa: ANN401  # DICOM's values
    """A value as text, several joined by a backslash."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return _decoded(value)
    if isinstance(value, MultiValue | list | tuple):
        return "\\".join(map(text_of, value))
    return str(value).strip("\0 ")


def _spelled(element: DataElement) -> str:
    group, low = element.tag.group, element.tag.element
    if element.tag.is_private and element.private_creator:
        return f'({group:04x},"{element.private_creator.upper()}",{low & 0xFF:02x})'
    return f"({group:04x},{low:04x})"


def _decoded(value: bytes) -> str:
    return value.decode("utf-8", "replace").strip("\0 ")


def _flat(dataset: Dataset, tag: str, box: Box) -> bool:
    if tag.startswith("(60"):
        return not np.any(_overlay(dataset, tag))
    holder = _item(dataset, tag)
    if holder is None or not holder.get("PixelData"):
        return True
    region = _region(_frames(holder), box)
    return region.size == 0 or int(region.max()) == int(region.min())


def _overlay(dataset: Dataset, tag: str) -> NDArray[np.uint8]:
    group = int(tag[1:5], 16)
    element = dataset.get((group, 0x3000))
    return np.frombuffer(element.value if element is not None else b"", np.uint8)


def _same(dataset: Dataset, box: Box | None, digest: str) -> bool:
    data = bytes(dataset.get("PixelData") or b"")
    if box is None:  # MIDI-B has a digest of the whole element
        made = {hashlib.new(name, data).hexdigest() for name in ("md5", "sha256")}
        return digest in made
    try:
        return digest_of(_frames(dataset), box) == digest
    except (AttributeError, ValueError):
        return False


def _frames(dataset: Dataset) -> NDArray[Any]:
    """Stored values as they lie in the element, unless they are coded."""
    meta = getattr(dataset, "file_meta", None)
    if meta is not None and meta.TransferSyntaxUID.is_encapsulated:
        return np.asarray(dataset.pixel_array)
    size = dataset.BitsAllocated // 8
    kind = np.dtype(f"{'i' if dataset.PixelRepresentation else 'u'}{size}")
    shape = (-1, int(dataset.Rows), int(dataset.Columns))
    cells = np.frombuffer(dataset.PixelData, kind)
    whole = cells.size // (shape[1] * shape[2]) * shape[1] * shape[2]
    frames = cells[:whole].reshape(shape)
    return frames[0] if frames.shape[0] == 1 else frames


def _region(frames: NDArray[Any], box: Box) -> NDArray[Any]:
    left, top, width, height = box
    return frames[..., top : top + height, left : left + width]


def _item(dataset: Dataset, tag: str) -> Dataset | None:
    """The data set that holds the last element of a path."""
    for group, element, number in re.findall(
        r"\(([0-9a-f]{4}),([0-9a-f]{4})\)\[(\d+)\]", tag
    ):
        sequence = dataset.get((int(group, 16), int(element, 16)))
        if sequence is None or int(number) >= len(sequence.value):
            return None
        dataset = sequence.value[int(number)]
    return dataset
