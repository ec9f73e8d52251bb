"""How tests are dealt out to workers, and how hypothesis looks for counterexamples."""

from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

settings.register_profile("everyday", derandomize=True, deadline=None, database=None)
settings.register_profile("long", max_examples=5_000, deadline=None, print_blob=True)
settings.load_profile("everyday")

# What these share takes a minute to make, and each worker would make its own.
_LOADED = {
    f"tests/integration/test_{name}.py"
    for name in ("graph", "headers", "headers_stage", "kept", "leak")
}
_WAREHOUSE = "tests/integration/dbt/"


class Together(LoadFileScheduling):
    """Gives a file to one worker, and with it the files that share its fixtures."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if file.startswith(_WAREHOUSE):
            return _WAREHOUSE
        return "loaded" if file in _LOADED else file


def pytest_xdist_make_scheduler(config, log):
    """Xdist asks here first; its own groups have no effect under pytest 9.2."""
    return Together(config, log) if config.getoption("dist") == "loadfile" else None
