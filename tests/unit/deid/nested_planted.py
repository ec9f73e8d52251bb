"""Headers with a unique text in every element there is, and a look at what is left."""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.datadict import DicomDictionary

CANARY = re.compile(r"(?i)canary\d{5}|canarymum|\b1\.2\.99999\.\d+|nonumber\d{5}")
NO_NUMBER = "NONUMBER"
"""Begins what stands where a number should; no typed column has room for it."""
DAY, DAY_ISO = "19370115", "1937-01-15"
OTHERS = ("04000561", "00880200", "0040A730", "00101002", "00081120", "0040A073")
"""Original Attributes, Icon Image, Content, ids, patients, observers."""


_TEXTS = ("AE", "AS", "AT", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT")


@dataclass
class Planted:
    """Makes texts that are found nowhere else."""

    count: int = 0

    def text(self) -> str:
        """Return the next one."""
        self.count += 1
        return f"CANARY{self.count:05}"

    def element(self, vr: str) -> dict:
        """An element of this VR that names somebody."""
        if vr == "PN":
            return {"vr": vr, "Value": [{"Alphabetic": f"{self.text()}^{self.text()}"}]}
        if vr == "UI":
            self.count += 1
            return {"vr": vr, "Value": [f"1.2.99999.{self.count}"]}
        if vr == "DA":
            return {"vr": vr, "Value": [DAY]}
        if vr[:2] in {"OB", "OW", "OD", "OF", "OL", "OV", "UN"}:
            return {"vr": vr[:2], "InlineBinary": as_bytes(self.text())}
        if vr[:2] not in _TEXTS:
            return {"vr": vr[:2], "Value": [f"{NO_NUMBER}{self.text()[6:]}"]}
        return {"vr": vr[:2], "Value": [self.text(), self.text()]}

    def everything(self) -> dict:
        """Every element of the dictionary, and some that it does not have."""
        made = {
            f"{tag:08X}": self.element(vr)
            for tag, (vr, *_) in DicomDictionary.items()
            if vr not in {"SQ", "NONE"} and tag >> 16 != 0 and tag != 0x00080005
        }
        for tag in ("00100011", "0010FF99", "30069999"):  # in no dictionary
            made[tag] = self.element("LO")
        made["00290010"] = {"vr": "LO", "Value": [self.text()]}
        made["00291010"] = self.element("LO")
        made["00290011"] = {"vr": "LO", "Value": ["SIEMENS CSA HEADER"]}
        made["00291110"] = self.element("UN")
        return made


def as_bytes(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def planted_header(planted: Planted) -> dict:
    """All of it at the top, in items, and in items of items."""
    header = planted.everything()
    deep = {**planted.everything(), "00082112": sequence(planted.everything())}
    header["00081140"] = sequence(deep)  # Referenced Image Sequence, on the list
    header["00400275"] = sequence(planted.everything())  # Request Attributes, not
    for holder in OTHERS:
        named = {tag: planted.element("LO") for tag in ("00100020", "0040A160")}
        header[holder] = sequence({"00100010": planted.element("PN"), **named})
    header["00081032"] = sequence(
        {
            "00080100": {"vr": "SH", "Value": ["T-04000"]},
            "00080102": {"vr": "SH", "Value": ["SRT"]},
            "00080104": {"vr": "LO", "Value": ["CANARYMUM"]},
        },
        planted.everything(),
    )
    return dict(sorted(header.items()))


def sequence(*items: dict) -> dict:
    return {"vr": "SQ", "Value": [*items]}


def canaries(texts: Iterable[str]) -> set[str]:
    """Return what was planted and stands in the texts."""
    return {found for text in texts for found in CANARY.findall(text)}
