"""How much of a description is left: counts of words, never a word."""

from collections.abc import Iterable
from dataclasses import dataclass

from dicom_pipeline.deid.terms import imaging_terms, words


@dataclass
class KeptWords:
    """What ``text_terms`` leaves of one column.

    Attributes:
        table: Raw table.
        column: Raw column.
        values: Texts, one for each row that has one.
        words: Words in them.
        kept: Words that cross the line.
        emptied: Texts of which nothing is left.
    """

    table: str
    column: str
    values: int = 0
    words: int = 0
    kept: int = 0
    emptied: int = 0

    @property
    def share(self) -> float | None:
        """Kept words of all words, 0 to 1; none where there is no word."""
        return self.kept / self.words if self.words else None

    def add(
        self,
        text: str,
        people: Iterable[str],
        length: int,
        times: int = 1,
        *,
        bare_numbers: bool = True,
    ) -> None:
        """Count one text.

        Args:
            text: As it was typed.
            people: Names and identifiers whose words go first.
            length: Letters that the stage column holds.
            times: Rows that say the same.
            bare_numbers: As of ``imaging_terms``.
        """
        left = imaging_terms(text, people, bare_numbers=bare_numbers) or ""
        self.values += times
        self.words += times * len(words(text))
        self.kept += times * len(left[:length].split())
        self.emptied += times * (not left)
