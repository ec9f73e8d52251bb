"""A data set that writes the key while attributes are put into it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydicom.datadict import dictionary_description, tag_for_keyword
from pydicom.dataset import Dataset

from .answers import Action, Answer


@dataclass
class Plant:
    """Puts attributes into one data set, which may be an item of another.

    Attributes:
        dataset: What is filled.
        answers: The key of the whole instance.
        path: Where the item stands; empty for the instance itself.
        category: Of what is planted from here on.
    """

    dataset: Dataset
    answers: list[Answer] = field(default_factory=list)
    path: str = ""
    category: str = "header"

    def put(self, keyword: str, value: Any) -> None:  # noqa: ANN401  # DICOM's values
        """Set an attribute of which nothing is asked."""
        setattr(self.dataset, keyword, value)

    def keep(self, keyword: str, value: Any, text: str | None = None) -> None:  # noqa: ANN401
        """Set an attribute that research needs; of a long text, the words ``text``."""
        self.put(keyword, value)
        self.ask(keyword, Action.TEXT_RETAINED, text or self.said(keyword))

    def there(self, keyword: str, value: Any) -> None:  # noqa: ANN401
        """Set an attribute of which something must be left, if only about."""
        self.put(keyword, value)
        self.ask(keyword, Action.TEXT_NOTNULL, self.said(keyword))

    def hide(self, keyword: str, value: Any, *secrets: str) -> None:  # noqa: ANN401
        """Set an attribute that names someone: all of it, or the words ``secrets``."""
        self.put(keyword, value)
        for secret in secrets or (self.said(keyword),):
            self.ask(keyword, Action.TEXT_REMOVED, secret)

    def describe(self, keyword: str, kept: str, secret: str) -> None:
        """Set a description that says both, as people type it."""
        self.keep(keyword, f"{kept} {secret}", kept)
        self.ask(keyword, Action.TEXT_REMOVED, secret)

    def uid(self, keyword: str, value: str, *, kept: bool = False) -> None:
        """Set a UID that must become another, everywhere the same.

        Args:
            keyword: Of the attribute.
            value: As planted.
            kept: Whether it must be there afterwards: without it, nothing joins.
        """
        self.put(keyword, value)
        actions = [Action.UID_CHANGED, Action.UID_CONSISTENT]
        for action in [*actions, Action.TAG_RETAINED] if kept else actions:
            self.ask(keyword, action, value)

    def date(self, keyword: str, value: dt.date | dt.datetime) -> None:
        """Set a date that must move and be there."""
        long = isinstance(value, dt.datetime)
        self.put(keyword, f"{value:%Y%m%d%H%M%S}" if long else f"{value:%Y%m%d}")
        for action in (Action.DATE_SHIFTED, Action.TEXT_NOTNULL):
            self.ask(keyword, action, self.said(keyword))

    def item(self, keyword: str, category: str = "nested") -> "Plant":
        """Add an item to a sequence."""
        items: Sequence[Dataset] = self.dataset.get(keyword) or []
        made = Dataset()
        setattr(self.dataset, keyword, [*items, made])
        path = f"{self.path}{_tag(keyword)}[{len(items):04d}]"
        return Plant(made, self.answers, path, category)

    def private(self, group: int, creator: str, low: int, vr: str, value: Any) -> None:  # noqa: ANN401
        """Set a private element, all of which must go."""
        block = self.dataset.private_block(group, creator, create=True)
        block.add_new(low, vr, value)
        text = value.decode() if isinstance(value, bytes) else str(value)
        tag = f'{self.path}({group:04x},"{creator}",{low:02x})'
        made = Answer(tag, text, Action.TEXT_REMOVED, text, "private", "private")
        self.answers.append(made)

    def ask(self, keyword: str, action: Action, text: str, value: str = "") -> None:
        """Write one answer about an attribute."""
        name = dictionary_description(keyword)
        said = value or self.said(keyword)
        tag = f"{self.path}{_tag(keyword)}"
        self.answers.append(Answer(tag, said, action, text, name, self.category))

    def said(self, keyword: str) -> str:
        """What an attribute says, several values parted as in the file."""
        value = self.dataset[keyword].value
        is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes)
        return "\\".join(map(str, value)) if is_list else str(value)


def _tag(keyword: str) -> str:
    number = tag_for_keyword(keyword)
    if number is None:
        raise KeyError(keyword)
    return f"({number >> 16:04x},{number & 0xFFFF:04x})"
