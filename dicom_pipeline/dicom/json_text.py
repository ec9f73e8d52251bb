"""JSON as text: how headers are stored, spelled and read in one place."""

import json
from typing import Any

import orjson


def text_of(value: Any) -> str:  # noqa: ANN401  any JSON
    """Spell JSON without spaces; letters stay letters.

    An element that ``orjson`` cannot spell (a lone surrogate) is escaped.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)


def json_of(text: str) -> Any:  # noqa: ANN401  any JSON
    """Read what ``text_of`` has spelled, or any other JSON."""
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return json.loads(text)
