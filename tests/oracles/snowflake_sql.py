"""Snowflake SQL as it is checked in, for engines that lack Snowflake's functions.

Run as a script with the Python of ``.venv/fakesnow``, it asks fakesnow, a stand-in for
Snowflake on DuckDB: ``VECTORS`` in, a JSON list of what each function gives out.
"""

import csv
import hmac
import json
import re
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

DDL = Path(__file__).parents[2] / "deploy" / "snowflake" / "deid.sql"
_FUNCTION = re.compile(
    r"create or replace secure function deid\.(\w+)\((.*?)\)\s*returns [^\n]*\n"
    r"as\n\$\$(.*?)\$\$;",
    re.DOTALL,
)


@dataclass(frozen=True)
class Function:
    """One function of the file: parameters and the expression that it stands for."""

    name: str
    parameters: list[str]
    body: str


def functions() -> dict[str, Function]:
    """Every function of the file, by name."""
    found = _FUNCTION.findall(DDL.read_text("utf-8"))
    return {
        name: Function(name, [p.split()[0] for p in said.split(",") if p.strip()], body)
        for name, said, body in found
    }


def table() -> str:
    """The statement that makes the table of pads."""
    text = DDL.read_text("utf-8")
    return text[text.index("create table") :].split(";")[0]


def pads(key: bytes, domain: str) -> tuple[str, str]:
    """Both pads of a class of identifiers, by the letter of RFC 2104, hexadecimal."""
    said = f"dicom-deid/v1/{domain}".encode()
    sub_key = hmac.digest(key, said, "sha256").ljust(64, b"\0")
    return bytes(b ^ 0x36 for b in sub_key).hex(), bytes(
        b ^ 0x5C for b in sub_key
    ).hex()


def inlined(text: str, known: dict[str, Function]) -> str:
    """Put the body of each function in place of its calls; innermost last."""
    while match := re.search(r"deid\.(\w+)\(", text):
        end = _closing(text, match.end())
        function = known[match[1]]
        arguments = _split(text[match.end() : end])
        given = ", ".join(
            f"{argument} as {name}"
            for argument, name in zip(arguments, function.parameters, strict=True)
        )
        body = f"(select {function.body} from (select {given or '1 as none'}))"
        text = text[: match.start()] + body + text[end + 1 :]
    return text


def _closing(text: str, start: int) -> int:
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if not depth:
            return place
    raise ValueError("a call that does not end")


def _split(text: str) -> list[str]:
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def main(vectors: str) -> None:
    """Ask fakesnow; a function that fails gives the kind of its error."""
    import fakesnow  # noqa: PLC0415
    import snowflake.connector  # noqa: PLC0415

    warnings.simplefilter("ignore")
    key, rows = (
        bytes(range(32)),
        list(csv.reader(Path(vectors).read_text().splitlines())),
    )
    given = []
    with fakesnow.patch():
        cursor = snowflake.connector.connect(database="W", schema="DEID").cursor()
        cursor.execute(table())
        for domain in {row[1] for row in rows} | {"uid", "date", "batch"}:
            said = ", ".join(f"'{pad}'" for pad in pads(key, domain))
            cursor.execute(
                f"insert into deid.hmac_pads values ('{domain}', {said}, '')"
            )
        for name, *arguments in rows:
            marks = ", ".join(["%s"] * len(arguments))
            call = inlined(f"deid.{name}({marks})", functions())
            cursor.execute(f"select {call}", arguments)
            given.append(str(cursor.fetchall()[0][0]))
    sys.stdout.write(json.dumps(given))


if __name__ == "__main__":
    main(sys.argv[1])
