"""What other tools have made of a folder of files: their outputs, their mapping."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .answers import Action, InstanceKey
from .checks import Mappings
from .outputs import Output, output_of

_UIDS = frozenset({Action.UID_CHANGED, Action.UID_CONSISTENT})
_OWN = ("(0020,000d)", "(0020,000e)", "(0008,0018)")


@dataclass(frozen=True)
class Cleaned:
    """Files before and after.

    Attributes:
        source: Folder of the files as planted.
        out: Folder of what the tool wrote; beside it ``<out>.json`` says which file
            became which where names differ.
    """

    source: Path
    out: Path

    def outputs(self) -> dict[str, Output]:
        """Output of each instance, by its SOP Instance UID as planted."""
        return {before.uid: after for before, after in self._pairs()}

    def mappings(self, keys: Iterable[InstanceKey]) -> Mappings:
        """What each identifier has become, read off the files.

        The first instance that has an identifier as its own says what it is now; what
        no instance has as its own, the first that speaks of it.
        """
        outputs = self.outputs()
        uids: dict[str, str] = {}
        patients: dict[str, set[str]] = {}
        spoken = []
        for key in keys:
            output = outputs.get(key.uid)
            if output is None:
                continue
            patients.setdefault(key.identity["PatientID"], set()).add(output.patient)
            for answer in key.answers:
                if answer.action in _UIDS and answer.tag in output.texts:
                    said = (answer.value, output.texts[answer.tag])
                    if answer.tag in _OWN:
                        uids.setdefault(*said)
                    else:
                        spoken.append(said)
        for said in spoken:
            uids.setdefault(*said)
        return Mappings(uids, {old: frozenset(new) for old, new in patients.items()})

    def _pairs(self) -> Iterator[tuple[Output, Output]]:
        names = self._names()
        for file in sorted(self.source.iterdir()):
            after = self.out / names.get(file.name, file.name)
            if after.exists():
                yield output_of(file, self.source), output_of(after, self.out)

    def _names(self) -> Mapping[str, str]:
        said = self.out.with_name(f"{self.out.name}.json")
        named: dict[str, str] = json.loads(said.read_text()) if said.exists() else {}
        return named
