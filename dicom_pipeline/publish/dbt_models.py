"""The models of the dbt project: what a row is, what is tested. Pure data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dicom_pipeline.deid.profiles import Profile
from dicom_pipeline.deid.stage import StageColumn
from dicom_pipeline.publish.k_anonymity import QUASI_IDENTIFIERS, K

Tests = list[Any]
Columns = Mapping[str, Sequence[StageColumn]]


@dataclass(frozen=True)
class Model:
    """One model.

    Attributes:
        name: As in the warehouse.
        layer: ``stage`` or ``processed``.
        about: What one row is.
        tests: Data tests by column, on top of those for every column of that name.
        whole: Data tests of the whole table.
    """

    name: str
    layer: str
    about: str
    tests: Mapping[str, Tests] = field(default_factory=dict)
    whole: Tests = field(default_factory=list)


def _in(model: str, column: str) -> dict[str, Any]:
    """A test that every value is in a column of another model."""
    return {"relationships": {"arguments": {"to": f"ref('{model}')", "field": column}}}


def _one_of(*values: str) -> dict[str, Any]:
    return {"accepted_values": {"arguments": {"values": list(values)}}}


def _warned(test: str, **arguments: object) -> dict[str, Any]:
    """A test whose failures are reported and stop no load."""
    return {test: {"arguments": arguments, "config": {"severity": "warn"}}}


KEY: Tests = ["not_null", "unique"]
PRESENT: Tests = ["not_null"]

# Tests for every column of that name, wherever it is.
TESTS: Mapping[str, Tests] = {
    "batch_token": PRESENT,
    "deid_profile": [_one_of(*Profile)],
    "patient_sex": [_one_of("F", "M", "O")],
    "patient_identity_removed": [_one_of("YES")],
    "burned_in_annotation": [_one_of("YES", "NO")],
    "status": ["not_null", _one_of("ok", "skipped", "withheld", "error")],
    "pixel_decision": [_one_of("pass", "mask", "quarantine", "reject")],
}


def _links(layer: str, *parents: str) -> dict[str, Tests]:
    """Keys of the parents, present and pointing at a row; a device may be unknown."""
    names = {
        "patient_key": ("stg_patients", "dim_patients"),
        "study_instance_uid": ("stg_studies", "fct_studies"),
        "series_instance_uid": ("stg_series", "fct_series"),
        "device_key": ("stg_devices", "dim_devices"),
    }
    tests: dict[str, Tests] = {}
    for parent in parents:
        target = _in(names[parent][layer == "processed"], parent)
        tests[parent] = [target] if parent == "device_key" else ["not_null", target]
    return tests


MODELS = (
    Model(
        "stg_patients",
        "stage",
        "One row per patient, as the newest instance describes them.",
        {"patient_key": KEY},
    ),
    Model(
        "stg_devices",
        "stage",
        "One row per device, as the newest instance describes it.",
        {"device_key": KEY},
    ),
    Model(
        "stg_persons",
        "stage",
        "One row per patient who is the same person as another.",
        {"patient_key": KEY, "person_key": PRESENT},
    ),
    Model(
        "stg_studies",
        "stage",
        "One row per study, as the newest instance describes it.",
        {"study_instance_uid": KEY} | _links("stage", "patient_key"),
    ),
    Model(
        "stg_series",
        "stage",
        "One row per series, as the newest instance describes it.",
        {"series_instance_uid": KEY}
        | _links("stage", "patient_key", "study_instance_uid", "device_key"),
    ),
    Model(
        "stg_images",
        "stage",
        "One row per SOP instance, its newest version, with pixels or without.",
        {"sop_instance_uid": KEY}
        | _links(
            "stage",
            "patient_key",
            "study_instance_uid",
            "series_instance_uid",
            "device_key",
        ),
    ),
    Model(
        "stg_compressed_images",
        "stage",
        "One row per JPEG, or per object without one.",
        {
            "sop_instance_uid": ["not_null", _in("stg_images", "sop_instance_uid")],
            "jpeg_key": ["unique"],
        },
    ),
    Model(
        "dim_patients",
        "processed",
        "One row per patient.",
        {
            "patient_key": KEY,
            "person_key": ["not_null", _in("dim_patients", "patient_key")],
        },
    ),
    Model(
        "dim_devices",
        "processed",
        "One row per device.",
        {"device_key": KEY},
    ),
    Model(
        "fct_studies",
        "processed",
        "One row per study, with the number of its series and instances.",
        {"study_instance_uid": KEY} | _links("processed", "patient_key"),
    ),
    Model(
        "fct_series",
        "processed",
        "One row per series, with what has arrived of it and whether that is all.",
        {
            "series_instance_uid": KEY,
            "completeness": [
                "not_null",
                _one_of("complete", "gaps", "duplicates", "unknown", "not_applicable"),
            ],
            "completeness_reason": PRESENT,
            "missing_instances": PRESENT,
            "duplicate_instances": PRESENT,
        }
        | _links("processed", "patient_key", "study_instance_uid", "device_key"),
    ),
    Model(
        "fct_images",
        "processed",
        "One row per SOP instance, with what became of its pixels.",
        {"sop_instance_uid": KEY}
        | _links(
            "processed",
            "patient_key",
            "study_instance_uid",
            "series_instance_uid",
            "device_key",
        ),
    ),
    Model(
        "processed_images",
        "processed",
        "One row per JPEG, with every attribute of its image, series, study, patient"
        " and device that survives de-identification.",
        {
            "jpeg_key": KEY,
            "sop_instance_uid": PRESENT,
            "frame": PRESENT,
            "patient_key": PRESENT,
            "study_instance_uid": PRESENT,
            "series_instance_uid": PRESENT,
        },
        [_warned("k_anonymity", columns=[*QUASI_IDENTIFIERS], k=K)],
    ),
)

_COUNT = {
    "number_of_series": "Series of the study that have arrived.",
    "number_of_instances": "Instances that have arrived, with pixels or without.",
    "jpeg_count": "JPEGs made of the instance.",
}
_PERSON = (
    StageColumn(
        "person_key",
        "varchar(64)",
        "Patient key of the oldest of the patients that are this person;"
        " his own where he is known under one id.",
    ),
)
_JPEG_COLUMNS = {
    "sop_instance_uid": "sop_instance_uid",
    "frame": "frame",
    "jpeg_key": "jpeg_key",
    "bytes": "jpeg_bytes",
    "sha256": "jpeg_sha256",
    "width": "jpeg_width",
    "height": "jpeg_height",
    "window_center": "jpeg_window_center",
    "window_width": "jpeg_window_width",
    "warnings": "jpeg_warnings",
    "pixel_decision": "pixel_decision",
    "pixel_reason": "pixel_reason",
    "compressor_version": "compressor_version",
}
_COMPLETENESS = (
    StageColumn("number_of_instances", "bigint", _COUNT["number_of_instances"]),
    *(
        StageColumn(name, data_type, f"{about}.")
        for name, data_type, about in (
            ("number_of_images", "bigint", "Instances with pixels"),
            ("number_of_frames", "bigint", "Frames of all images but localizers"),
            ("number_of_slices", "bigint", "Places on the normal of parallel images"),
            ("expected_images", "bigint", "Images that a believable header promises"),
            ("missing_instances", "bigint", "Images that are known to be missing"),
            ("duplicate_instances", "bigint", "Images whose number or place is taken"),
            ("first_instance_number", "bigint", "Smallest Instance Number"),
            ("last_instance_number", "bigint", "Largest Instance Number"),
            ("slice_spacing_mm", "double", "Usual step along the normal, mm"),
            ("is_uniform", "boolean", "Whether every step is the usual one"),
            ("completeness", "varchar", "Judgement by docs/completeness.md"),
            ("completeness_reason", "varchar", "Evidence that decided it"),
            (
                "is_complete",
                "boolean",
                "Complete: true; gaps or duplicates: false; otherwise null",
            ),
        )
    ),
)


def processed_columns(stage: Columns) -> dict[str, tuple[StageColumn, ...]]:
    """Columns of the processed models, in the order of their queries."""
    pixels = _picked(stage["stg_compressed_images"], "pixel_decision", "pixel_reason")
    jpegs = tuple(
        StageColumn(_JPEG_COLUMNS[c.name], c.data_type, c.description)
        for c in stage["stg_compressed_images"]
        if c.name in _JPEG_COLUMNS
    )
    entities = ("images", "series", "studies", "patients", "devices")
    return {
        "dim_patients": _once(stage["stg_patients"], _PERSON),
        "dim_devices": _once(stage["stg_devices"]),
        "fct_studies": _once(
            stage["stg_studies"], _counts("number_of_series", "number_of_instances")
        ),
        "fct_series": _once(stage["stg_series"], _COMPLETENESS),
        "fct_images": _once(stage["stg_images"], _counts("jpeg_count"), pixels),
        "processed_images": _once(jpegs, *(stage[f"stg_{name}"] for name in entities)),
    }


def _once(*groups: Sequence[StageColumn]) -> tuple[StageColumn, ...]:
    """Columns of several models, each name once, without the batch token."""
    first: dict[str, StageColumn] = {}
    for group in groups:
        for column in group:
            first.setdefault(column.name, column)
    first.pop("batch_token", None)
    return tuple(first.values())


def _counts(*names: str) -> tuple[StageColumn, ...]:
    return tuple(StageColumn(name, "bigint", _COUNT[name]) for name in names)


def _picked(columns: Sequence[StageColumn], *names: str) -> tuple[StageColumn, ...]:
    return tuple(column for column in columns if column.name in names)
