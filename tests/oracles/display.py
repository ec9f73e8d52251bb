"""The grey and colour display pipeline of PS3.3, read literally in float64.

Independent of the compressor: decoded samples come from pydicom and its plugins, and
every formula is applied to every pixel. Nothing here is fast.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels import apply_color_lut, iter_pixels

Levels = NDArray[np.uint8]
Values = NDArray[np.float64]


def rendered(dataset: Dataset, indices: list[int]) -> Iterator[Levels]:
    """8-bit pictures of the frames `indices` (from 0), rows x columns (x 3)."""
    samples = iter_pixels(dataset, indices=indices)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        yield from (palette(dataset, frame) for frame in samples)
    elif dataset.SamplesPerPixel == 3:
        yield from (colour(dataset, frame) for frame in samples)
    else:
        yield from grey_frames(dataset, indices)


def grey_frames(dataset: Dataset, indices: list[int]) -> Iterator[Levels]:
    """Grey pictures; without a window the whole object sets black and white."""
    span = None
    frames = iter_pixels(dataset, indices=indices)
    for index, frame in zip(indices, frames, strict=True):
        groups = functional_groups(dataset, index)
        stored = stored_values(dataset, frame)
        values = physical(dataset, groups, stored)
        voi = voi_item(dataset, groups)
        if dataset.get("BitsAllocated") == 1:
            greys = values * 255.0
        elif voi is None:
            span = span or object_span(dataset)
            greys = window(values, (span[0] + span[1] + 1) / 2, span[1] - span[0] + 1)
        else:
            greys = voi_greys(voi, values)
        yield presented(dataset, stored, values, greys)


def presented(
    dataset: Dataset, stored: NDArray[np.generic], values: Values, greys: Values
) -> Levels:
    """Inversion, padding, NaN, rounding. C.7.6.3.1.2, C.11.6, C.7.5.1.1.2."""
    inverse = dataset.get("PresentationLUTShape") == "INVERSE"
    if inverse or dataset.PhotometricInterpretation == "MONOCHROME1":
        greys = 255.0 - greys
    levels = np.floor(np.clip(greys, 0, 255) + 0.5)
    levels[is_padding(dataset, stored) | np.isnan(values)] = 0
    return levels.astype(np.uint8)


def stored_values(dataset: Dataset, frame: NDArray[np.generic]) -> NDArray[np.generic]:
    """Bits Stored bits, sign from the highest of them. PS3.5 8.1.1."""
    if frame.dtype.kind == "f":
        return frame
    bits = int(dataset.BitsStored)
    values = frame.astype(np.int64) & ((1 << bits) - 1)
    if dataset.get("PixelRepresentation") == 1:
        values = np.where(values >> (bits - 1) & 1 == 1, values - (1 << bits), values)
    return values


def functional_groups(dataset: Dataset, index: int) -> list[Dataset]:
    """The frame's own group, then the shared one. C.7.6.16."""
    own = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    return [*list(own)[index : index + 1], *list(shared)[:1]]


def physical(
    dataset: Dataset, groups: list[Dataset], stored: NDArray[np.generic]
) -> Values:
    """Output of the modality transformation. C.11.1."""
    values = stored.astype(np.float64)
    for group in groups:
        for item in group.get("PixelValueTransformationSequence") or []:
            return values * float(item.RescaleSlope) + float(item.RescaleIntercept)
    for item in dataset.get("ModalityLUTSequence") or []:
        if item.get("LUTDescriptor"):
            return table_entries(item, values)
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    if slope is not None and intercept is not None:
        return values * float(slope) + float(intercept)
    return values


def table_entries(item: Dataset, values: Values) -> Values:
    """Entries of a look-up table, its ends extended. C.11.1.1."""
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    raw = item["LUTData"].value
    entries = np.frombuffer(raw, "<u2") if isinstance(raw, bytes) else np.asarray(raw)
    count = count or 65536
    if len(entries) < count and bits <= 8:
        entries = np.stack([entries & 0xFF, entries >> 8], axis=1).ravel()
    index = np.clip(np.rint(values) - first, 0, count - 1).astype(int)
    return entries[:count][index].astype(np.float64)


def voi_item(dataset: Dataset, groups: list[Dataset]) -> Dataset | None:
    """Where the VOI transformation of a frame is said, if anywhere usable."""
    items = [
        item for group in groups for item in group.get("FrameVOILUTSequence") or []
    ]
    return next((item for item in [*items, dataset] if is_voi(item)), None)


def is_voi(item: Dataset) -> bool:
    """A table, or at least one window that the standard allows."""
    return bool(voi_table(item)) or first_window(item) is not None


def voi_table(item: Dataset) -> Dataset | None:
    """The first VOI LUT that has a descriptor."""
    tables = list(item.get("VOILUTSequence") or [])[:1]
    return next((table for table in tables if table.get("LUTDescriptor")), None)


def first_window(item: Dataset) -> tuple[float, float] | None:
    """The first pair whose width its function allows. C.11.2.1.2."""
    smallest = 1.0 if item.get("VOILUTFunction", "LINEAR") == "LINEAR" else 0.0
    centers, widths = multiple(item, "WindowCenter"), multiple(item, "WindowWidth")
    for center, width in zip(centers, widths, strict=False):
        if width >= smallest and width > 0:
            return center, width
    return None


def multiple(item: Dataset, keyword: str) -> list[float]:
    """Values of a DS element of any multiplicity."""
    value = item.get(keyword)
    if value is None or value == "":
        return []
    return [float(v) for v in value] if hasattr(value, "__iter__") else [float(value)]


def voi_greys(item: Dataset, values: Values) -> Values:
    """Greys of 0 to 255 by a table or a window. C.11.2."""
    table = voi_table(item)
    if table is not None:
        full = 2 ** int(table.LUTDescriptor[2]) - 1
        return table_entries(table, values) * 255.0 / full
    center, width = first_window(item) or (0.0, 1.0)
    return window(values, center, width, item.get("VOILUTFunction") or "LINEAR")


def window(
    values: Values, center: float, width: float, function: str = "LINEAR"
) -> Values:
    """C.11.2.1.2.1 and C.11.2.1.3."""
    if function == "SIGMOID":
        return 255.0 / (1.0 + np.exp(-4.0 * (values - center) / width))
    if function == "LINEAR":
        center, width = center - 0.5, width - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        greys = ((values - center) / width + 0.5) * 255.0
    greys = np.where(values <= center - width / 2, 0.0, greys)
    return np.where(values > center + width / 2, 255.0, greys)


def object_span(dataset: Dataset) -> tuple[float, float]:
    """Smallest and largest physical value of all frames, padding excluded."""
    low, high = np.inf, -np.inf
    for index, frame in enumerate(iter_pixels(dataset)):
        stored = stored_values(dataset, frame)
        values = physical(dataset, functional_groups(dataset, index), stored)
        values = values[~is_padding(dataset, stored) & np.isfinite(values)]
        if values.size:
            low, high = min(low, values.min()), max(high, values.max())
    return (low, high) if np.isfinite(low) else (0.0, 0.0)


def is_padding(dataset: Dataset, stored: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Stored values from Pixel Padding Value to its limit. C.7.5.1.1.2."""
    value = dataset.get("PixelPaddingValue")
    if value is None or value == "" or dataset.get("BitsAllocated") not in (8, 16):
        return np.zeros(stored.shape, bool)
    limit = dataset.get("PixelPaddingRangeLimit")
    ends = [signed16(dataset, int(value))]
    ends.append(ends[0] if limit in (None, "") else signed16(dataset, int(limit)))
    return (stored >= min(ends)) & (stored <= max(ends))


def signed16(dataset: Dataset, value: int) -> int:
    """The VR of a padding value follows Pixel Representation."""
    if dataset.get("PixelRepresentation") == 1 and value >= 0x8000:
        return value - 0x10000
    return value


def palette(dataset: Dataset, frame: NDArray[np.generic]) -> Levels:
    """Colours of indices, the descriptor's bits scaled to 8. C.7.6.3.1.5."""
    entries = apply_color_lut(frame, dataset)
    bits = int(dataset.RedPaletteColorLookupTableDescriptor[2])
    full = 255 if entries.dtype == np.uint8 else 2 ** max(bits, 16) - 1
    return np.floor(entries * 255.0 / full + 0.5).astype(np.uint8)


def colour(dataset: Dataset, frame: NDArray[np.generic]) -> Levels:
    """Channels scaled by Bits Stored to 8; pydicom has made them red, green, blue."""
    full = float(2 ** int(dataset.BitsStored) - 1)
    return np.floor(frame.astype(np.float64) * 255.0 / full + 0.5).astype(np.uint8)
