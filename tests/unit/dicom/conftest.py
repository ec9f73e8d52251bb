"""Files of the pydicom wheel, read once."""

from pathlib import Path

import pytest
from pydicom.data import get_testdata_file


@pytest.fixture(scope="session")
def ct_small() -> bytes:
    """A GE CT of 2004: 260 elements, most of them private, 6,288 bytes of header."""
    return Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
