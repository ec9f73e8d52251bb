"""Patients who never were, and everyone and everything around them."""

import datetime as dt
import hashlib
import random
import uuid
from dataclasses import dataclass

ISSUERS = ("GRUENWALDPAS", "OKTAVIAHIS")
HOSPITALS = ("Gruenwaldheim Klinikum", "Oktavia Hospitalet")
CITIES = ("Brennfurtsee", "Skovlundhavn")
_HEADS = "bra dro fel gim hul jor kal lem mor nev pol quin ros sil tav urb vos wel yor"
_TAILS = "bendor galith kumel lobrat mirsen nordel pitvak rusten sibrod tolmek vartun"
_AGAIN = 8  # patients: every kind of image and of name, from both hospitals
_NAMED = {1: ("May", "Hand"), 4: ("Åse", "Østergård")}
"""Names that mean something in imaging, and that are more than ASCII."""
_NAMES = 6  # of a patient and of the people around them
_OLD, OLDEST = 3, 93


@dataclass(frozen=True)
class Person:
    """One patient; nearly every text of them is theirs alone.

    Attributes:
        number: Counts from 0; every other one comes from the second hospital.
        patient_id: Two patients, one of each hospital, share it.
    """

    number: int
    given: str
    family: str
    patient_id: str
    born: dt.date
    sex: str
    staff: tuple[str, ...]
    seed: int

    @property
    def name(self) -> str:
        """Patient's Name (0010,0010)."""
        return f"{self.family}^{self.given}"

    @property
    def issuer(self) -> str:
        """Issuer of Patient ID (0010,0021)."""
        return ISSUERS[self.number % 2]

    @property
    def hospital(self) -> str:
        """Institution Name (0008,0080)."""
        return HOSPITALS[self.number % 2]

    @property
    def city(self) -> str:
        """Where they live."""
        return CITIES[self.number % 2]

    def code(self, *words: object) -> str:
        """Eight digits of an order, an admission or another list."""
        return f"{number_of(self.seed, self.number, *words) % 10**8:08d}"

    def uid(self, *words: object) -> str:
        """UID of something that is theirs."""
        return uid_of(self.seed, self.number, *words)

    def age(self, day: dt.date) -> str:
        """Patient's Age (0010,1010) on a day."""
        birthday = (day.month, day.day) >= (self.born.month, self.born.day)
        return f"{day.year - self.born.year - (not birthday):03d}Y"


def person(number: int, seed: int) -> Person:
    """Return the patient of that number.

    Raises:
        ValueError: There are no names left that nobody has yet.
    """
    draw = random.Random(f"{seed} {number}")
    heads, tails = _HEADS.split(), _TAILS.split()
    names = [f"{h}{t}".title() for h in heads for t in tails]
    random.Random(seed).shuffle(names)
    mine = names[number * _NAMES : (number + 1) * _NAMES]
    given, family = _NAMED.get(number % _AGAIN, (mine[0], mine[1]))
    if len(mine) < _NAMES:
        raise ValueError(f"no more than {len(names) // _NAMES} patients have names")
    years = OLDEST if number % _AGAIN == _OLD else draw.randrange(24, 80)
    return Person(
        number=number,
        given=given,
        family=family,
        patient_id=f"MRN{number_of(seed, number // 2) % 10**7:07d}",
        born=dt.date(2024, 1, 1) - dt.timedelta(days=years * 366 + draw.randrange(200)),
        sex="MF"[number % 3 % 2],
        staff=tuple(mine[2:]),
        seed=seed,
    )


def number_of(*words: object) -> int:
    """A number of 128 bits that depends on its arguments alone."""
    digest = hashlib.sha256("\x1f".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:16], "big")


def uid_of(*words: object) -> str:
    """UID below 2.25 (PS3.5 B.2)."""
    return f"2.25.{uuid.UUID(int=number_of(*words), version=4).int}"
