"""Stage layer, pixels: the JPEGs of each study month, named by pseudonym."""

import os
import time
from collections import Counter

import dagster as dg

from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.partitions import AGAIN, STUDY_MONTHS
from dicom_pipeline.resources.jpeg_leftovers import remove_former
from dicom_pipeline.resources.jpegs import Jpegs, Rendered
from dicom_pipeline.resources.months import Months, Step
from dicom_pipeline.resources.pixel_judge import Progress

_REPORT_SECONDS = 10.0


@dg.asset(
    key=["stage", "compressed_images"],
    group_name="stage",
    deps=[["raw", "headers"]],
    partitions_def=STUDY_MONTHS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    kinds={"rust", "jpeg"},
    description=COMPRESSED_IMAGES.grain,
)
def compressed_images(
    context: dg.AssetExecutionContext,
    jpegs: dg.ResourceParam[Jpegs],
    months: dg.ResourceParam[Months],
) -> dg.MaterializeResult[None]:
    """Render what is new or stale in each month; report counts and throughput."""
    began, before = time.monotonic(), os.times()
    seen = months.pictures(months.digests(context.partition_keys))
    todo = _todo(context, jpegs, months, seen)
    done = []
    for month, digest in todo.items():
        done.append(jpegs.render_month(month, _progress(context)))
        months.rendered({month: digest})
    former = remove_former(jpegs) if todo else 0
    facts = _facts(done, time.monotonic() - began, _share_outside(before, os.times()))
    facts["former_jpegs_removed"] = dg.MetadataValue.int(former)
    facts["months_unchanged"] = dg.MetadataValue.int(len(seen) - len(todo))
    return dg.MaterializeResult(metadata=facts)


def _todo(
    context: dg.AssetExecutionContext,
    jpegs: Jpegs,
    months: Months,
    seen: dict[str, str],
) -> dict[str, str]:
    """Months whose batches or recipe changed, whose table is gone, or all if asked."""
    if AGAIN in context.run.tags:
        return seen
    behind = months.behind(Step.RENDERED, seen)
    return {
        month: digest
        for month, digest in seen.items()
        if month in behind or not jpegs.has_table(month)
    }


def _facts(
    done: list[Rendered], seconds: float, outside: float
) -> dict[str, dg.MetadataValue]:
    status: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for month in done:
        status.update(month.rows["status"].to_pylist())
        reasons.update(filter(None, month.rows["reason"].to_pylist()))
    answered = sum(month.answered for month in done)
    images = sum(month.images for month in done)
    return {
        "dagster/row_count": dg.MetadataValue.int(sum(status.values())),
        "status": dg.MetadataValue.json(dict(status)),
        "reasons": dg.MetadataValue.json(dict(reasons)),
        "objects_rendered_now": dg.MetadataValue.int(answered),
        "objects_kept": dg.MetadataValue.int(sum(month.kept for month in done)),
        "jpegs_removed": dg.MetadataValue.int(sum(month.removed for month in done)),
        "objects_per_second": dg.MetadataValue.float(answered / max(seconds, 1e-6)),
        "images_per_second": dg.MetadataValue.float(images / max(seconds, 1e-6)),
        "cpu_share_outside_compressor": dg.MetadataValue.float(outside),
    }


def _share_outside(before: os.times_result, after: os.times_result) -> float:
    """Of the processor time between, what no ended child took: 1 behind AWS Lambda."""
    spent = [late - early for early, late in zip(before, after, strict=True)][:4]
    own, children = sum(spent[:2]), sum(spent[2:])
    return own / max(own + children, 1e-6)


def _progress(context: dg.AssetExecutionContext) -> Progress:
    last = time.monotonic()

    def report(answered: int, asked: int) -> None:
        nonlocal last
        if time.monotonic() - last > _REPORT_SECONDS:
            last = time.monotonic()
            context.log.info("%d of %d objects read or rendered", answered, asked)

    return report
