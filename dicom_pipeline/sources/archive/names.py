"""How the key of a member is spelled: always below the key of its archive."""

from dataclasses import dataclass, field

from dicom_pipeline.sources.source import spelled

_NOWHERE = {"", ".", ".."}


@dataclass
class Names:
    """Keys for the members of one archive, each given once.

    A name cannot lead out of the archive: empty parts, ``.`` and ``..`` are left out,
    a backslash is a slash. The second member of one name gets ``~2``.
    """

    archive: str = field(repr=False)
    _given: set[str] = field(default_factory=set, repr=False)

    def key(self, name: str) -> str:
        """Return the key of the next member with this name."""
        parts = spelled(name.replace("\\", "/")).split("/")
        kept = [part for part in parts if part not in _NOWHERE]
        wanted = "/".join([self.archive, *(kept or ["unnamed"])])
        key, number = wanted, 1
        while key in self._given:
            number += 1
            key = f"{wanted}~{number}"
        self._given.add(key)
        return key
