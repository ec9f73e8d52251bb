"""Writes the pads of the key for Snowflake: a file to be loaded once, and destroyed.

``python -m dicom_pipeline.publish.snowflake_pads KEY-URI FILE`` writes CSV that only
its owner can read. A statement with the pads in it would stay in the query history; a
file that is copied into the table does not (docs/snowflake.md).
"""

import csv
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dicom_pipeline.deid.keys import KeyUnavailableError
from dicom_pipeline.deid.pads import pads_of
from dicom_pipeline.deid.rules import rules_from
from dicom_pipeline.publish.dbt_sources import PROJECT
from dicom_pipeline.resources.key_sources import load_key


def write_pads(key_uri: str, file: Path, project: Path = PROJECT) -> int:
    """Write the pads into a new file and return how many classes have some.

    Raises:
        KeyUnavailableError: There is no key at that address.
        FileExistsError: There is such a file; it is never overwritten.
    """
    mapping = project / "seeds" / "anonymization_mapping.csv"
    with mapping.open(encoding="utf-8", newline="") as lines:
        rules = rules_from(lines)
    rows = list(pads_of(load_key(key_uri), rules))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii", newline="") as written:
        table = csv.writer(written, lineterminator="\n")
        table.writerow(["domain", "inner_pad", "outer_pad", "check_value"])
        table.writerows([r.domain, r.inner, r.outer, r.check_value] for r in rows)
    return len(rows)


def main(arguments: Sequence[str]) -> str:
    """Write the file that is named; return what to do next, or what is wrong."""
    try:
        uri, file = arguments
        count = write_pads(uri, Path(file))
    except ValueError:
        return "say where the key is and which file to write: KEY-URI FILE"
    except (KeyUnavailableError, FileExistsError) as error:
        wrong = "there is such a file already" if isinstance(error, OSError) else error
        return f"nothing was written: {wrong}"
    return f"pads of {count} classes: copy them into deid.hmac_pads, then destroy it"


if __name__ == "__main__":
    sys.stderr.write(main(sys.argv[1:]) + "\n")
