"""What headers have adds up in any order, and every header fits the sum."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_pipeline.dicom.nested.columns import Columns
from dicom_pipeline.dicom.nested.seen import Level, Look, level_of, merged, table_of
from dicom_pipeline.dicom.nested.types import fields_of
from tests.oracles.made_headers import HEADERS

few = settings(max_examples=60, deadline=None)


def seen(headers):
    look = Look()
    for header in headers:
        look.at(header)
    return table_of(look.level)


@few
@given(HEADERS, HEADERS, HEADERS)
def test_merging_is_commutative_and_associative(a, b, c):
    """Batches come in any order and any grouping."""
    x, y, z = seen(a), seen(b), seen(c)

    assert merged([x, y]) == merged([y, x])
    assert merged([merged([x, y]), z]) == merged([x, merged([y, z])])


@few
@given(HEADERS, HEADERS)
def test_merging_counts_as_reading_all_at_once_does(a, b):
    """No header is lost between batches, and a stored schema reads back."""
    together = seen([*a, *b])

    assert merged([seen(a), seen(b)]) == together
    assert table_of(level_of(together)) == together


@few
@given(HEADERS)
def test_the_same_batch_again_changes_no_type(a):
    """Counts double, columns stay: merging is idempotent on the schema."""
    once = level_of(seen(a))
    twice = level_of(merged([seen(a), seen(a)]))

    assert fields_of(twice) == fields_of(once)
    assert twice.count == 2 * once.count


@few
@given(HEADERS, HEADERS)
def test_every_header_fits_the_merged_schema(a, b):
    """Of either batch; Arrow itself checks offsets, lengths and types."""
    fields = fields_of(level_of(merged([seen(a), seen(b)])))

    batch = Columns().batch([*a, *b], fields)

    batch.validate(full=True)
    assert batch.num_rows == len(a) + len(b)
    assert batch.schema.names == [field.name for field in fields]


@few
@given(HEADERS)
def test_many_at_once_count_as_one_by_one(headers):
    """Those that are alike are looked at once, and counted as often as they come."""
    look = Look()
    look.at_all([*headers, *headers, *headers[:1]])

    assert table_of(look.level) == seen([*headers, *headers, *headers[:1]])


@few
@given(HEADERS, st.integers(0, 5))
def test_places_beyond_the_limit_are_counted(headers, limit):
    """They are not told apart, but never silently."""
    look, whole = Look(limit), Look()
    for header in headers:
        look.at(header)
        whole.at(header)

    assert places(look.level) == min(limit, places(whole.level))
    assert (look.overlooked > 0) == (places(whole.level) > limit)


def places(level: Level) -> int:
    return sum(1 + places(element.items) for element in level.elements.values())


def test_nothing_seen_is_no_column_and_no_row():
    """An empty installation has a schema too."""
    assert seen([]).to_pylist() == [
        {
            "path": "",
            "vr": "",
            "vm_max": 0,
            "elements": 0,
            "filled": 0,
            "value_count": 0,
        }
    ]
