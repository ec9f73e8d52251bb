"""What ``up`` promises: a page with the graph, and files that load by themselves."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import sync_playwright
from pydicom.data import get_testdata_file

from dicom_pipeline.places import Places
from dicom_pipeline.settings import Settings

CHROMIUM = shutil.which("chromium")
START_SECONDS = 120
APPEAR_SECONDS = 180
QUIET_CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Yield (places, root URL) of an installation that ``up`` serves."""
    home = tmp_path_factory.mktemp("up")
    port = _free_port()
    command = Path(sys.executable).with_name("dicom-pipeline")
    process = subprocess.Popen(
        [str(command), "up", "--port", str(port)],
        env={**os.environ, "DICOM_PIPELINE_HOME": str(home)},
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(lambda: _answers(url), START_SECONDS)
        yield Places(Settings(home=home)), url
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


@pytest.mark.s3
def test_an_uploaded_file_becomes_a_processed_image(running, record_property):
    """A file that boto3 puts into the provider bucket needs no further command."""
    places, _ = running
    body = Path(get_testdata_file("CT_small.dcm")).read_bytes()
    client, began = places.store.client, time.monotonic()

    client.put_object(Bucket=places.provider.name, Key="inbox/one", Body=body)

    snapshot = places.settings.snapshot
    _wait_for(lambda: _jpegs(snapshot) == 1, APPEAR_SECONDS)
    record_property("seconds_from_upload", round(time.monotonic() - began, 1))


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_page_shows_the_four_layers_and_their_assets(running, tmp_path):
    """The UI draws provider, raw, stage and processed, and lists the assets."""
    _, url = running
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET_CHROMIUM)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.goto(f"{url}/asset-groups")
        for group in ("provider", "raw", "stage", "processed"):
            page.get_by_text(group, exact=True).first.wait_for(timeout=60_000)
        page.goto(f"{url}/catalog")
        page.get_by_text("Catalog").first.wait_for(timeout=60_000)
        page.screenshot(path=str(tmp_path / "catalog.png"))
        listed = _asset_keys(page, url)
        browser.close()
    assert {"raw/headers", "stage/compressed_images", "processed/fct_images"} <= listed


def _asset_keys(page, url):
    answer = page.request.post(
        f"{url}/graphql",
        data={"query": "{assetNodes {assetKey {path} groupName}}"},
    ).json()
    return {"/".join(n["assetKey"]["path"]) for n in answer["data"]["assetNodes"]}


def _jpegs(snapshot):
    if not snapshot.exists():
        return 0
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        sql = "select count(*) from processed_images"
        return connection.execute(sql).fetchall()[0][0]


def _answers(url):
    try:
        with urllib.request.urlopen(f"{url}/server_info", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.25)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
