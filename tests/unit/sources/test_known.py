"""A set of hashes that two sensors ask and extend at the same time."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.sources.known import Hashes


@given(st.lists(st.lists(st.text(max_size=3), max_size=20), max_size=8))
def test_it_holds_what_was_added_and_nothing_else(parts):
    """As a set of Python does, in whatever parts it grows."""
    hashes, plain = Hashes(), set()
    for part in parts:
        hashes.add(part)
        plain |= set(part)
    asked = [*sorted(plain), "absent"]

    assert hashes.hold(asked).tolist() == [True] * len(plain) + [False]
    assert len(hashes) == len(plain)


def test_what_was_added_is_held_while_another_thread_adds():
    """Merging runs is never seen half done."""
    hashes = Hashes()
    first = [f"first {n}" for n in range(200)]
    hashes.add(first)
    stop, missing = threading.Event(), []

    def ask():
        while not stop.is_set():
            missing.append(int((~hashes.hold(first)).sum()))

    asking = threading.Thread(target=ask)
    asking.start()
    for n in range(600):
        hashes.add([f"{n} {k}" for k in range(n % 97)])
    stop.set()
    asking.join()

    assert missing
    assert set(missing) == {0}
