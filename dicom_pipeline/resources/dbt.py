"""dbt in this process: a ready manifest, all due months at once, the lock let go.

A dbt process per build costs 4 to 9 s before its first model; in here the same build
starts in 0.3 s. What dbt writes about itself goes below the home folder.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

_PASSED = {"success", "pass"}
_WARNED = {"warn"}
_OURS = re.compile(r"^\s*(deid: .+)$", re.MULTILINE)


class DbtError(RuntimeError):
    """dbt did not build; names nodes, never values: those stay in dbt's own log."""


@dataclass(frozen=True)
class NodeResult:
    """What dbt says of one model, seed or test.

    Attributes:
        unique_id: dbt's name of the node.
        passed: Built, or tested without a failure.
        warned: Tested with failures that only warn.
        failures: Rows that a test found; 0 for a model.
        rows: Rows that a model has written, where the adapter says so.
        seconds: Time it took.
        said: What our own macros say that has stopped it; never a value.
    """

    unique_id: str
    passed: bool
    warned: bool
    failures: int
    rows: int | None
    seconds: float
    said: str = ""


@dataclass(frozen=True)
class Dbt:
    """The dbt project and everything it is told.

    Attributes:
        project: Folder of ``dbt_project.yml``.
        home: Folder of ``target`` and ``logs``.
        variables: Environment of ``profiles.yml``: places and names, and where the
            key is; never the key.
    """

    project: Path
    home: Path
    variables: Mapping[str, str]

    @property
    def manifest_path(self) -> Path:
        """What Dagster reads the models from."""
        return self.home / "target" / "manifest.json"

    def prepare(self) -> Path:
        """Parse the project where it or its places changed; return the manifest."""
        with self._lock():
            stamp = self.home / "target" / "parsed_with.json"
            told = json.dumps([self._newest(), sorted(self.variables.items())])
            fresh = stamp.exists() and stamp.read_text() == told
            if not (fresh and self.manifest_path.exists()):
                self._invoke("parse", [])
                stamp.write_text(told)
        return self.manifest_path

    def build(
        self,
        select: str,
        months: Sequence[str] | None,
        *,
        anew: bool = False,
        cautious: bool = False,
    ) -> list[NodeResult]:
        """Build and test what ``select`` names, for these months or for all.

        Args:
            select: dbt's words for some nodes.
            months: Raw months to take rows from; ``None``: all.
            anew: Drop the tables first, as another set of columns needs.
            cautious: Leave out the tests that read a table which is not selected.

        Raises:
            DbtError: dbt could not start; a model or test that fails is a result.
        """
        self.prepare()
        options = ["--select", *select.split()]
        if anew:
            options += ["--full-refresh"]
        if cautious:
            options += ["--indirect-selection", "cautious"]
        if months is not None:
            options += ["--vars", json.dumps({"months": list(months)})]
        with self._lock():
            results = self._invoke("build", options)
        return [_node_result(each) for each in results]

    def writer(self) -> contextlib.AbstractContextManager[None]:
        """Hold the warehouse as a build does, so that none runs meanwhile."""
        return self._lock()

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One writer per warehouse, whatever process it lives in."""
        self.home.mkdir(parents=True, exist_ok=True)
        with FileLock(self.home / "writer.lock"):
            yield

    def _invoke(self, command: str, options: Sequence[str]) -> Any:  # noqa: ANN401
        from dicom_pipeline.resources.dbt_process import invoke  # noqa: PLC0415

        packed = self.home / "target" / "partial_parse.msgpack"
        words = ["--quiet", command, *self._places, *options]
        with self._environment():
            done = invoke(words, packed if command == "build" else None)
        if done.exception is not None:
            raise DbtError(
                f"dbt {command} stopped: {_first_line(done.exception)}"
            ) from None
        return getattr(done.result, "results", [])

    @property
    def _places(self) -> list[str]:
        return [
            *("--project-dir", str(self.project)),
            *("--profiles-dir", str(self.project)),
            *("--target-path", str(self.home / "target")),
            *("--log-path", str(self.home / "logs")),
            *("--no-use-colors", "--no-send-anonymous-usage-stats"),
            # The debug log repeats every statement of `target/run`, 0.8 MB a load.
            *("--log-level-file", "info"),
        ]

    def _newest(self) -> float:
        return max(file.stat().st_mtime for file in self._files())

    def _files(self) -> Iterator[Path]:
        """Files of the project; ``target`` and ``logs`` of runs by hand are none."""
        for file in self.project.rglob("*"):
            inside = file.relative_to(self.project).parts
            if file.is_file() and not {"target", "logs"} & set(inside):
                yield file

    @contextlib.contextmanager
    def _environment(self) -> Iterator[None]:
        """Lend dbt its variables: its profile reads nothing but the environment."""
        environment = os.environ  # noqa: TID251  # lent, and given back
        before = dict(environment)
        environment.update(self.variables)
        try:
            yield
        finally:
            environment.clear()
            environment.update(before)


def _node_result(result: Any) -> NodeResult:  # noqa: ANN401
    status = str(result.status)
    affected = (result.adapter_response or {}).get("rows_affected")
    return NodeResult(
        unique_id=result.node.unique_id,
        passed=status in _PASSED,
        warned=status in _WARNED,
        failures=int(result.failures or 0),
        rows=int(affected) if affected is not None and affected >= 0 else None,
        seconds=float(result.execution_time),
        said=_our_words(str(result.message or "")),
    )


def _our_words(message: str) -> str:
    """What a macro of ours has raised; a compilation sees no row, so it has no value.

    Of an error while running nothing is told: the engine quotes what it cannot cast.
    """
    if not message.startswith("Compilation Error"):
        return ""
    found = _OURS.search(message)
    return found[1] if found else ""


def _first_line(error: BaseException) -> str:
    """The kind of error; its text may quote a value."""
    return type(error).__name__
