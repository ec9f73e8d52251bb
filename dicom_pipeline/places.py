"""From settings to places: every resource of one installation, made when needed.

Shared by the command line and by Dagster; knows neither.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from filelock import FileLock

from dicom_pipeline.deid.recipes import Cause, Recipes
from dicom_pipeline.dicom.burned_in import ReadingScope
from dicom_pipeline.dicom.header import READER_VERSION
from dicom_pipeline.dicom.pixel_policy import POLICY_VERSION
from dicom_pipeline.publish.erasure import Erasure
from dicom_pipeline.publish.erasure_vault import VaultErasure
from dicom_pipeline.resources.alerts import Alerts
from dicom_pipeline.resources.compressor import Compressor
from dicom_pipeline.resources.compressor_lambda import (
    SCHEME,
    AnyCompressor,
    LambdaCompressor,
)
from dicom_pipeline.resources.dbt import Dbt
from dicom_pipeline.resources.erased import Erased
from dicom_pipeline.resources.header_workers import HeaderReader, cores
from dicom_pipeline.resources.jpegs import Jpegs
from dicom_pipeline.resources.leak_watch import LeakWatch, leak_watch_of
from dicom_pipeline.resources.months import Months
from dicom_pipeline.resources.ocr import TextReader
from dicom_pipeline.resources.persons import Persons
from dicom_pipeline.resources.pixel_judge import PixelJudge
from dicom_pipeline.resources.pixel_texts import PixelTexts
from dicom_pipeline.resources.queue import Queue
from dicom_pipeline.resources.review_queue import ReviewQueue
from dicom_pipeline.resources.reviews import Reviews
from dicom_pipeline.resources.stage_recipes import jpeg_rules_sha256, stage_recipes
from dicom_pipeline.resources.warehouse import Warehouse
from dicom_pipeline.sources.arrivals import Watch
from dicom_pipeline.sources.door import Door
from dicom_pipeline.sources.events import Events
from dicom_pipeline.sources.intake import PROVIDER, RAW, Intake
from dicom_pipeline.sources.known import Known
from dicom_pipeline.sources.quarantine import Quarantine
from dicom_pipeline.zones import Zones


class Places(Zones):
    """The resources of one installation."""

    def _prepare(self) -> None:
        super()._prepare()
        self.jpegs.make_room()

    @cached_property
    def compressor(self) -> AnyCompressor:
        """The compiled renderer: on this machine, or as a Lambda function."""
        settings = self.settings
        if not settings.compressor.startswith(SCHEME):
            return self.local_compressor
        function = settings.compressor.removeprefix(SCHEME)
        return LambdaCompressor(function, settings.jpeg_quality, settings.s3_region)

    @cached_property
    def local_compressor(self) -> Compressor:
        """The compiled renderer on this machine, which reads local files too."""
        settings = self.settings
        command = settings.compressor
        return Compressor(
            "img-compressor" if command.startswith(SCHEME) else command,
            settings.jpeg_quality,
            self.store,
        )

    @cached_property
    def jpegs(self) -> Jpegs:
        """The JPEGs and their table."""
        return Jpegs(
            ledger=self.ledger,
            stage=self.stage,
            compressor=self.compressor,
            pseudonyms=self.pseudonyms,
            profile=self.settings.profile,
            rules_sha256=jpeg_rules_sha256(self.settings.dbt_project),
            batch_size=self.settings.compressor_batch_size,
            judge=PixelJudge(self.reviews, self.pixel_texts),
        )

    @cached_property
    def pixel_texts(self) -> PixelTexts | None:
        """What is written on images, where they are read."""
        settings = self.settings
        if settings.ocr is ReadingScope.OFF:
            return None
        pictures = replace(self.local_compressor, emit="pnm")
        reader = TextReader(settings.ocr_python)
        folder = settings.home.absolute() / "reading"
        return PixelTexts(self.raw, pictures, reader, settings.ocr, folder)

    @cached_property
    def reviews(self) -> Reviews:
        """What people have said of pixels."""
        return Reviews(self.raw)

    @cached_property
    def review_queue(self) -> ReviewQueue:
        """The images that wait for someone to look."""
        return ReviewQueue(self.jpegs, self.local_compressor)

    @cached_property
    def door(self) -> Door:
        """The door of the raw zone."""
        return Door(
            sources={PROVIDER: self.provider, RAW: self.raw},
            ledger=self.ledger,
            provider=self.settings.provider,
            grain=self.settings.grain,
            reader=self.header_reader,
            erased=Erased(self.raw, self.pseudonyms),
        )

    @cached_property
    def header_reader(self) -> HeaderReader:
        """As many processes as are set, or as there are cores."""
        return HeaderReader(self.settings.header_workers or cores())

    @cached_property
    def queue(self) -> Queue | None:
        """The queue that tells of new files, where one is set."""
        url = self.settings.queue_url
        return Queue(url, self.store) if url else None

    @cached_property
    def intake(self) -> Intake:
        """Where arrivals are recorded, whoever tells of them."""
        return Intake(
            ledger=self.ledger,
            known=Known(self.ledger),
            name=lambda text: self.pseudonyms.token("source_key", text)[:32],
            batch_size=self.settings.batch_size,
            lock=FileLock(self.settings.home.absolute() / "arrivals.lock"),
        )

    @cached_property
    def quarantine(self) -> Quarantine:
        """The files that were refused."""
        return Quarantine(self.ledger, self.settings.batch_size, READER_VERSION)

    @cached_property
    def provider_watch(self) -> Watch:
        """Looks for new files in the provider bucket."""
        bucket, prefix = self.provider, self.settings.provider_prefix
        if self.queue is None:
            return Watch(PROVIDER, bucket, prefix, self.intake)
        events = Events(self.queue, self.intake, PROVIDER, bucket.name, prefix)
        pause = self.settings.queue_listing_seconds
        return Watch(PROVIDER, bucket, prefix, self.intake, events, pause)

    @cached_property
    def raw_watch(self) -> Watch:
        """Looks for files that others put into the raw bucket."""
        return Watch(RAW, self.raw, "", self.intake)

    @cached_property
    def dbt(self) -> Dbt:
        """The dbt project and what it is told."""
        settings, reached = self.settings, self.store.environment()
        return Dbt(
            project=settings.dbt_project,
            home=settings.dbt_home,
            variables={
                "DICOM_PIPELINE_WAREHOUSE": str(settings.warehouse),
                "DICOM_PIPELINE_RAW_TABLES": f"s3://{self.raw.name}/tables",
                "DICOM_PIPELINE_STAGE_TABLES": f"s3://{self.stage.name}/tables",
                "DICOM_PIPELINE_KEY_URI": settings.key,
                "DICOM_PIPELINE_KEY_VERSION": str(settings.key_version),
                "DICOM_PIPELINE_PREVIOUS_KEY_URIS": settings.previous_key_uris,
                "DICOM_PIPELINE_PROFILE": settings.profile,
                "DICOM_PIPELINE_VAULT": self.vault_address,
                "DICOM_PIPELINE_S3_ENDPOINT": self.store.endpoint,
                **reached,
            },
        )

    @cached_property
    def months(self) -> Months:
        """Which months are due."""
        return Months(self.ledger, self._recipes(), self.reviews.by_month)

    def _recipes(self) -> Recipes:
        """What shapes each output; whoever adds a class of rule names it here."""
        project = self.settings.dbt_project
        recipes = stage_recipes(project)
        models = [*recipes.stage]
        return (
            recipes.also(Cause.READER, READER_VERSION, models, jpegs=True)
            .also(Cause.PROFILE, self.settings.profile, models, jpegs=True)
            .also(Cause.KEY, str(self.settings.key_version), models, jpegs=True)
            .also(Cause.RULES, jpeg_rules_sha256(project), jpegs=True)
            .also(Cause.PIXELS, self._pixel_rules(), jpegs=True)
            .also(Cause.RENDERER, self.compressor.version, jpegs=True)
        )

    def _pixel_rules(self) -> str:
        """The pixel policy, and what reads images for it, if anything does."""
        texts = self.pixel_texts
        read = f" {texts.scope} {texts.reader.version}" if texts else ""
        return POLICY_VERSION + read

    @cached_property
    def warehouse(self) -> Warehouse:
        """Where dbt builds and what people read."""
        return Warehouse(self.settings.warehouse, self.settings.snapshot)

    @cached_property
    def erasure(self) -> Erasure:
        """Removes everything of a patient."""
        return Erasure(
            ledger=self.ledger,
            stage=self.stage,
            provider=self.provider,
            pseudonyms=self.pseudonyms,
            folders=self.settings,
            writer=self.dbt.writer,
            vault=VaultErasure(self.vault, self.raw),
            forget_person=self.persons.forget,
            is_embedded=self.is_embedded,
        )

    @cached_property
    def persons(self) -> Persons:
        """Which patients are one person."""
        return Persons(
            self.ledger,
            self.pseudonyms,
            lambda: self.months.forget_table("stg_persons"),
        )

    @cached_property
    def leak_watch(self) -> LeakWatch:
        """Looks for identities outside of the raw zone."""
        return leak_watch_of(self.settings, self.stage, self.months, self.pseudonyms)

    @cached_property
    def alerts(self) -> Alerts:
        """Whom a failure is told to."""
        settings = self.settings
        return Alerts(
            slack_token=settings.slack_token.get_secret_value(),
            slack_channel=settings.slack_channel,
            slack_base_url=settings.slack_base_url,
            healthchecks_url=settings.healthchecks_url,
            webserver=f"http://127.0.0.1:{settings.webserver_port}",
        )

    def resources(self) -> Mapping[str, object]:
        """Return what assets and sensors ask for, by name."""
        return {
            "alerts": self.alerts,
            "dbt": self.dbt,
            "door": self.door,
            "erasure": self.erasure,
            "jpegs": self.jpegs,
            "leak_watch": self.leak_watch,
            "ledger": self.ledger,
            "months": self.months,
            "persons": self.persons,
            "provider_watch": self.provider_watch,
            "raw_tables": self.tables,
            "raw_watch": self.raw_watch,
            "warehouse": self.warehouse,
        }
