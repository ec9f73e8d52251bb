"""One study of one patient: what all of its instances say alike."""

import datetime as dt
from dataclasses import dataclass

from .people import Person, number_of


@dataclass(frozen=True)
class Machine:
    """One device; its serial number and station are the hospital's own."""

    maker: str
    model: str
    software: str

    def serial(self, person: Person) -> str:
        """Device Serial Number (0018,1000)."""
        return f"SN{number_of(person.issuer, self.model) % 10**7:07d}"

    def station(self, person: Person) -> str:
        """Station Name (0008,1010)."""
        return f"ST{person.issuer[:5]}{number_of(self.model) % 900 + 100}"


@dataclass(frozen=True)
class Visit:
    """One study.

    Attributes:
        number: Counts the patient's studies from 1.
    """

    person: Person
    number: int
    day: dt.date

    @property
    def at(self) -> dt.datetime:
        """When it began."""
        minutes = number_of(self.person.seed, self.uid()) % 540
        later = dt.timedelta(minutes=minutes)
        return dt.datetime.combine(self.day, dt.time(8, 5, 11)) + later

    @property
    def accession(self) -> str:
        """Accession Number (0008,0050)."""
        return f"ACC{self.person.code('accession', self.number)}"

    def uid(self, *words: object) -> str:
        """UID of something in this study."""
        return self.person.uid(self.number, *words)


@dataclass(frozen=True)
class Series:
    """One series of a visit.

    Attributes:
        words: Words of imaging in its descriptions, which are kept.
        kind: Image Type.
    """

    number: int
    modality: str
    sop_class: str
    words: str
    machine: Machine
    body_part: str = "CHEST"
    kind: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "AXIAL")
