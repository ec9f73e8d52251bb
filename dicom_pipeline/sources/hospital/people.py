"""Who the hospital's patients are: every identity that its files hold."""

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass
from typing import Final

SEED: Final = 20240117
PATIENTS: Final = 6
ISSUER: Final = "QUELLHOF-PAS"
INSTITUTION: Final = "Quellhof Klinikum"
OPERATOR: Final = "Grabowitz^Ottilie"


@dataclass(frozen=True)
class Person:
    """One patient.

    Attributes:
        name: Patient's Name (0010,0010), groups joined by ``=`` (PS3.5 6.2.1).
        charset: Specific Character Set (0008,0005), empty for the default repertoire.
        folder: Name of their folder on the provider's share, as people spell it.
    """

    name: str
    charset: tuple[str, ...]
    folder: str
    sex: str
    patient_id: str
    birth_date: dt.date
    physician: str
    address: str
    telephone: str

    def accession_number(self, study: int) -> str:
        """Accession Number (0008,0050) of the patient's n-th study."""
        return f"QH{self.patient_id[-5:]}{study:02d}"

    @property
    def words(self) -> list[str]:
        """Words of the name and of the physician's, but those that mean anything."""
        groups = [*self.name.split("="), self.physician]
        parts = [part for group in groups for part in group.split("^")]
        return [part for part in parts if len(part) > 3 or not part.isascii()]  # noqa: PLR2004


@dataclass(frozen=True)
class Planted:
    """Identity that the files hold and no layer after raw may."""

    people: tuple[Person, ...]

    @property
    def names(self) -> list[str]:
        """Patients' names as stored."""
        return [person.name for person in self.people]

    @property
    def patient_ids(self) -> list[str]:
        """Patient IDs."""
        return [person.patient_id for person in self.people]

    @property
    def birth_dates(self) -> list[dt.date]:
        """Birth dates."""
        return [person.birth_date for person in self.people]

    @property
    def accession_numbers(self) -> list[str]:
        """Accession numbers, of studies that exist and of a few that do not."""
        return [person.accession_number(n) for person in self.people for n in range(6)]

    @property
    def canaries(self) -> list[str]:
        """Every text to search for: name words, numbers, dates, addresses, people."""
        found = {ISSUER, INSTITUTION, *OPERATOR.split("^"), *self.accession_numbers}
        for person in self.people:
            found |= {*person.words, person.patient_id, person.folder, person.telephone}
            found |= {person.address, f"{person.birth_date:%Y%m%d}"}
            found.add(f"{person.birth_date}")
        return sorted(found)


_LATIN_1 = ("ISO_IR 100",)
_UTF_8 = ("ISO_IR 192",)
_JAPANESE = ("", "ISO 2022 IR 87")
_KOREAN = ("", "ISO 2022 IR 149")
_CAST: Final = (
    ("Käsebier^Jürgen^^Dr.", _LATIN_1, "M", "Grünspan^Annegret", "Am Mühlbach 7, Öd"),
    (
        "Yamashiro^Tarou=山城^太郎=やましろ^たろう",
        _JAPANESE,
        "M",
        "Kurokawa^Haruka",
        "Sakuragi 4-2",
    ),
    ("Φεγγαρίδου^Ελένη", _UTF_8, "F", "Ζωγραφάκης^Νίκος", "Οδός Μελισσών 12"),
    ("Hong^Gildong=洪^吉洞=홍^길동", _KOREAN, "M", "Bak^Jieun", "Dongmaero 88"),
    ("Quistgaard-O'Dowd^Siobhan", (), "F", "Thistlewood^Ambrose", "3 Larkspur Mews"),
    ("Nguyễn^Thị Ánh Nguyệt", _UTF_8, "F", "Łukaszewicz^Żaneta", "Phố Cây Bàng 21"),
)
_FOLDERS: Final = (
    "KAESEBIER_JUERGEN",
    "YAMASHIRO_TAROU",
    "Φεγγαρίδου Ελένη",
    "HONG_GILDONG",
    "QUISTGAARD-ODOWD_S",
    "NGUYEN_THI_ANH_NGUYET",
)


def planted(*, patients: int = PATIENTS, seed: int = SEED) -> Planted:
    """Return the identities that ``write_hospital`` with the same arguments plants."""
    return Planted(tuple(_person(number, seed) for number in range(patients)))


def number_of(seed: int, *words: object) -> int:
    """A number of 128 bits that depends on nothing but its arguments."""
    text = "|".join(str(word) for word in (seed, *words))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def uid_of(seed: int, *words: object) -> str:
    """UID below 2.25, derived from a UUID (PS3.5 B.2)."""
    return f"2.25.{uuid.UUID(int=number_of(seed, *words), version=4).int}"


def _person(number: int, seed: int) -> Person:
    name, charset, sex, physician, address = _CAST[number % len(_CAST)]
    folder = _FOLDERS[number % len(_CAST)]
    if number >= len(_CAST):  # the same cast again under other numbers
        folder = f"{folder}_{number}"
    draw = number_of(seed, "person", number)
    return Person(
        name=name,
        charset=charset,
        folder=folder,
        sex=sex,
        patient_id=f"QHK-{number:02d}{draw % 1_000_000:06d}",
        birth_date=dt.date(1938, 1, 1) + dt.timedelta(days=draw % 22_000),
        physician=physician,
        address=address,
        telephone=f"+49-555-{draw % 10_000_000:07d}",
    )
