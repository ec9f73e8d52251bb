"""Every setting, read in one place: ``DICOM_PIPELINE_*`` or ``.env``.

Only the wiring (``definitions``, ``cli``) imports this module; everything else is
handed what it needs.
"""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from dicom_pipeline.deid.profiles import Profile
from dicom_pipeline.dicom.burned_in import ReadingScope
from dicom_pipeline.layout import Grain


class StoreKind(StrEnum):
    """Where the buckets live. An unknown name is refused, never guessed."""

    EMBEDDED = "embedded"  # SeaweedFS under the home folder, on loopback
    S3 = "s3"  # AWS, or any S3 server that has an endpoint


class Settings(BaseSettings):
    """What one installation is told; see ``.env.example`` for each with its reason."""

    model_config = SettingsConfigDict(
        env_prefix="DICOM_PIPELINE_", env_file=".env", extra="ignore", frozen=True
    )

    home: Path = Path(".dicom-pipeline")

    store: StoreKind = StoreKind.EMBEDDED
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    provider_bucket: str = "provider"
    provider_prefix: str = ""
    raw_bucket: str = "raw"
    stage_bucket: str = "stage"
    queue_url: str = ""
    queue_listing_seconds: int = Field(default=21_600, ge=0)

    provider: str = "provider"
    grain: Grain = Grain.MONTHLY
    profile: Profile = Profile.RESEARCH
    key_uri: str = ""
    key_version: int = Field(default=1, ge=1)
    previous_key_uris: str = ""
    retired_key_uris: str = ""
    release_key_uri: str = ""

    batch_size: int = Field(default=2_000, ge=1)
    index_fields: str = ""
    safe_private: bool = False
    header_workers: int = Field(default=0, ge=0)

    sensor_interval_seconds: int = Field(default=5, ge=1)
    sensor_budget_seconds: float = Field(default=20.0, gt=0)

    jpeg_quality: int = Field(default=90, ge=1, le=100)
    compressor: str = "img-compressor"
    compressor_batch_size: int = Field(default=500, ge=1)

    ocr: ReadingScope = ReadingScope.OFF
    ocr_python: str = ""

    receive_port: int = Field(default=0, ge=0, le=65535)
    receive_bind: str = "127.0.0.1"
    receive_ae_title: str = "DICOM_PIPELINE"
    receive_accept_from: str = ""
    receive_associations: int = Field(default=10, ge=1)
    receive_spool_gib: int = Field(default=20, ge=1)
    receive_tls_cert: str = ""
    receive_tls_key: str = ""
    receive_tls_ca: str = ""

    dicomweb_user: str = ""
    dicomweb_password: SecretStr = SecretStr("")
    dicomweb_token: SecretStr = SecretStr("")

    slack_token: SecretStr = SecretStr("")
    slack_channel: str = ""
    slack_base_url: str = "https://slack.com/api/"
    healthchecks_url: str = ""
    webserver_port: int = 3000

    @property
    def dagster_home(self) -> Path:
        """Dagster's storage: runs, events, schedules. Nothing personal in it."""
        return self._home / "dagster"

    @property
    def s3_home(self) -> Path:
        """Data of the embedded S3 server: the raw zone on disk."""
        return self._home / "s3"

    @property
    def spool(self) -> Path:
        """Where received objects lie until the provider bucket has them."""
        return self._home / "spool"

    @property
    def warehouse(self) -> Path:
        """DuckDB file that the build writes; people read the snapshot instead."""
        return self._home / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """Folder of the snapshots that people open."""
        return self._home / "published"

    @property
    def snapshot(self) -> Path:
        """The processed layer as people open it, replaced by atomic rename."""
        return self.published / "analytics.duckdb"

    @property
    def dbt_home(self) -> Path:
        """Where dbt writes ``target`` and ``logs``."""
        return self._home / "dbt"

    @property
    def dbt_project(self) -> Path:
        """The dbt project: beside the package in a checkout, inside it in a wheel."""
        package = Path(__file__).parent
        packaged = package / "_dbt_project"
        return packaged if packaged.is_dir() else package.parent / "dbt_project"

    @property
    def key(self) -> str:
        """Where the de-identification key is: a URI, never the key."""
        return self.key_uri or f"file://{self._home / 'deid.key'}"

    @property
    def release_key(self) -> str:
        """Where the key is that the recipients' keys are made of: a URI."""
        return self.release_key_uri or f"file://{self._home / 'release.key'}"

    @property
    def _home(self) -> Path:
        return self.home.absolute()
