"""Which files of the dbt project shape which model, read without dbt.

dbt needs seconds to parse its project; whether a table is stale is asked every few
seconds. A model is shaped by its own SQL, the macros that it calls, the ephemeral
models that it reads, and its contract.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\s*\(")
_CALL = re.compile(r"\b(\w+)\(")
_DISPATCH = re.compile(r"dispatch\('(\w+)'")
_REF = re.compile(r"\bref\('(\w+)'\)")
_QUOTED = re.compile(r'"(\w+)"')
_EPHEMERAL = "materialized = 'ephemeral'"
# What is generated here holds every table; each model's own part is digested elsewhere.
_GENERATED = {"packaged_sha256", "table_sha256", "catalogue"}
_SHAPING = ("name", "data_type", "constraints")


@dataclass(frozen=True)
class DbtFiles:
    """The text of a dbt project.

    Attributes:
        project: Folder of ``dbt_project.yml``.
    """

    project: Path

    def names(self, layer: str) -> list[str]:
        """Models of a layer that are tables, in order."""
        found = (self.project / "models" / layer).rglob("*.sql")
        return sorted(f.stem for f in found if not self._is_ephemeral(f.stem))

    def digest(self, model: str, functions: Collection[str] = ()) -> str:
        """Digest of everything that shapes a model, but its rules.

        Args:
            model: Name of the model.
            functions: Functions of the mapping that its rules use; of the others no
                text counts.
        """
        found = hashlib.sha256(self._contract(model).encode())
        found.update((self.project / "dbt_project.yml").read_bytes())
        used = {*functions, *self._replacing}
        for file in sorted(self._shaping(self._models[model], used)):
            found.update(str(file.relative_to(self.project)).encode())
            found.update(file.read_bytes())
        return found.hexdigest()[:16]

    def parents(self, model: str) -> list[str]:
        """Tables of another layer that a model reads, itself or by an ephemeral one."""
        found: set[str] = set()
        for file in self._shaping(self._models[model], ()):
            found |= {
                name
                for name in _REF.findall(self._text(file))
                if name in self._models and not self._is_ephemeral(name)
            }
        return sorted(found - {model})

    def _shaping(self, file: Path, functions: Collection[str]) -> set[Path]:
        """A file and all that it calls or reads."""
        seen, todo = set[Path](), [file]
        while todo:
            each = todo.pop()
            if each not in seen:
                seen.add(each)
                todo += self._used_by(each, functions)
        return seen

    def _used_by(self, file: Path, functions: Collection[str]) -> Iterator[Path]:
        text = self._text(file)
        called = {*_CALL.findall(text), *_DISPATCH.findall(text)}
        for name in called & self._macros.keys():
            macro = self._macros[name]
            of_a_rule = macro.parent.name == "functions"
            if macro.stem not in _GENERATED and (
                not of_a_rule or macro.stem in functions
            ):
                yield macro
        for name in _REF.findall(text):
            if name in self._models and self._is_ephemeral(name):
                yield self._models[name]

    def _contract(self, model: str) -> str:
        columns = self._contracts.get(model, [])
        return json.dumps([[c.get(k) for k in _SHAPING] for c in columns])

    def _is_ephemeral(self, model: str) -> bool:
        return _EPHEMERAL in self._text(self._models[model])

    @cached_property
    def _models(self) -> Mapping[str, Path]:
        return {f.stem: f for f in (self.project / "models").rglob("*.sql")}

    @cached_property
    def _macros(self) -> Mapping[str, Path]:
        return {
            name: file
            for file in (self.project / "macros").rglob("*.sql")
            for name in _MACRO.findall(self._text(file))
        }

    @cached_property
    def _replacing(self) -> list[str]:
        """Functions that a profile may put in the place of others."""
        profile = self.project / "macros" / "rules" / "safe_harbor.sql"
        return _QUOTED.findall(self._text(profile)) if profile.exists() else []

    @cached_property
    def _contracts(self) -> Mapping[str, list[dict[str, object]]]:
        read = [
            yaml.load(file.read_bytes(), yaml.CSafeLoader)
            for file in sorted((self.project / "models").rglob("*.yml"))
        ]
        return {
            model["name"]: model.get("columns", [])
            for each in read
            for model in each.get("models", [])
        }

    @cached_property
    def _read(self) -> dict[Path, str]:
        return {}

    def _text(self, file: Path) -> str:
        if file not in self._read:
            self._read[file] = file.read_text("utf-8")
        return self._read[file]
