"""Raw Parquet becomes stage and processed tables, and no one in them can be named."""

import base64
import hashlib


def test_nothing_that_names_a_patient_crosses_the_line(built):
    """No text of raw is in a table, a compiled query, a result file or a log."""
    raw = built.rows(
        f"from read_parquet('{built.home}/raw/*/*/*.parquet', union_by_name=true)"
    )
    places = {table for table, text in built.values() if "anary" in text}
    files = [*(built.home / "target").rglob("*"), *(built.home / "logs").rglob("*")]
    said = [f.name for f in files if f.is_file() and b"anary" in f.read_bytes()]

    assert "anary" in str(raw)  # the scan can find what it looks for
    assert places == set()
    assert said == []


def test_no_hash_that_anyone_can_make_crosses_the_line(built):
    """An unkeyed hash of a short identifier is undone by trying all of them."""
    raw = {"Canary^Value", "Canary^Item", *built.facts(0, 0).values()}
    digests = {
        hashlib.new(name, str(value).encode()).hexdigest()[:16]
        for name in ("md5", "sha1", "sha256")
        for value in raw
    }

    assert not [t for t in built.values() if t[1][:16] in digests]


def test_no_real_date_or_identifier_crosses_the_line(built):
    """Neither the true month nor a UID as sent is beside the moved dates."""
    texts = {text for _, text in built.values()}
    dates = [t[:10] for t in texts if t[:4].isdigit() and t[4:5] == "-"]

    assert len(dates) > 10
    assert not [each for each in dates if each >= "2023-04"]
    assert not [t for t in texts if t.startswith("1.2.") and "10008" not in t]


def test_the_key_is_nowhere(built):
    """Neither hex nor base64 nor the bytes are in what dbt and DuckDB write."""
    forms = [built.key, built.key.hex().encode(), base64.b64encode(built.key)[:43]]
    files = [f for f in built.home.rglob("*") if f.is_file()]
    found = [f.name for f in files for form in forms if form in f.read_bytes()]

    assert len(files) > 50
    assert found == []


def test_rows_join_and_none_is_lost(built):
    """One row for each JPEG, with its image, series, study, patient and device."""
    [counts] = built.rows(
        "select count(*), count(distinct patient_key), count(modality),"
        " count(study_date), count(patient_sex), count(manufacturer)"
        " from processed.processed_images"
    )
    jpegs = 10 * 15
    [studies] = built.rows(
        "select count(*), min(number_of_series), max(number_of_instances)"
        " from processed.fct_studies"
    )

    assert counts == (jpegs, 5, jpegs, jpegs, jpegs, jpegs)
    assert studies == (10, 1, 15)
    assert built.rows("select max(jpeg_count) from processed.fct_images") == [(1,)]


def test_intervals_and_weekdays_are_kept_and_days_are_not(built):
    """A patient's visits stay 35 days apart, on the weekday they were on."""
    visits = built.rows(
        "select patient_key, list(study_date order by study_date)"
        " from processed.fct_studies group by all"
    )
    true = {
        built.pseudonyms.patient_key(fact["patient_identity"]): fact["study_date"]
        for fact in (built.facts(person, 0) for person in range(5))
    }

    assert len(visits) == 5
    for patient_key, (first, second) in visits:
        moved = (true[patient_key] - first).days
        assert (second - first).days == 35
        assert moved == built.pseudonyms.shift_days(patient_key)


def test_meanings_survive(built):
    """An age is capped, a maker has one name, a description loses its names."""
    [found] = built.rows(
        "select distinct patient_age, manufacturer, study_description, rows"
        " from processed.processed_images"
    )

    assert found == ("090Y", "SIEMENS", "mri knee wo contrast", 3)
