"""Files taken to their JPEGs without Dagster or dbt, and what came of them."""

import io

import numpy as np
from PIL import Image

from dicom_pipeline.resources.months import Step
from dicom_pipeline.sources.push import push
from dicom_pipeline.sources.words import source_of


def load(places, folder):
    """Take a folder through the door and render what is due."""
    push([source_of(str(folder))], places.provider)
    places.provider_watch.look(60)
    for batch in places.ledger.pending():
        places.door.admit(batch)
    render_due(places)


def render_due(places):
    """Do what the asset of the JPEGs does, for the months that owe it."""
    months = places.months
    due = months.behind(Step.RENDERED, months.pictures(months.digests()))
    done = [places.jpegs.render_month(month, lambda *_: None) for month in due]
    months.rendered(due)
    return done


def rows(site, reason):
    """Rows of the JPEG table by the beginning of their reason."""
    places = site.held
    return [
        row
        for month in places.ledger.batches_by_month()
        for row in places.jpegs.listed(month)
        if row["pixel_reason"].startswith(reason)
    ]


def shown(site, reason):
    """Pixels and warnings of the one JPEG whose row has the reason."""
    [row] = rows(site, reason)
    return pixels_of(site, row), row["warnings"]


def pixels_of(site, row):
    """Grey levels of a JPEG, by Pillow."""
    with Image.open(io.BytesIO(site.held.stage.read(row["jpeg_key"]))) as image:
        return np.asarray(image.convert("L"))


def keys(site):
    return {stored.key for stored in site.held.stage.list("images/")}
