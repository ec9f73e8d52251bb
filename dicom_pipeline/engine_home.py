"""The folder of Dagster's storage, and what it is told; imports no Dagster."""

from pathlib import Path

_DAGSTER_YAML = """\
telemetry: {enabled: false}
nux: {enabled: false}
concurrency:
  pools: {default_limit: 1, granularity: run}
  runs: {max_concurrent_runs: 2}
run_queue: {dequeue_interval_seconds: 1}
run_monitoring: {enabled: true, start_timeout_seconds: 900}
"""


def prepare_home(home: Path) -> Path:
    """Write ``dagster.yaml`` where there is none, and return the folder."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_text(_DAGSTER_YAML)
    return home
