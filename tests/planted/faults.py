"""Faults, one or more for each of the 19 tests of docs/deidentification_tests.md."""

from dataclasses import dataclass

PLUGIN = "dicom_pipeline/resources/dbt_plugin.py"
MACROS = "dbt_project/macros"
DBT = "tests/integration/dbt"
DEID = "tests/unit/deid"


@dataclass(frozen=True)
class Fault:
    """A change of one place, and the test that has to see it.

    Attributes:
        number: Of the test, as docs/deidentification_tests.md has it.
        what: The fault in words.
        file: File of the checkout.
        old: Text that is there once.
        new: What the fault makes of it.
        test: Node that must fail.
    """

    number: int
    what: str
    file: str
    old: str
    new: str
    test: str


FAULTS = (
    Fault(
        1,
        "a hash of any length passes the check of the mapping",
        "dicom_pipeline/deid/rules.py",
        "    (_is_short, ShortHashError),\n",
        "",
        f"{DEID}/test_rules.py::test_a_wrong_rule_is_named",
    ),
    Fault(
        1,
        "a direct identifier may be kept",
        "dicom_pipeline/deid/rules.py",
        "    (_is_kept, KeptIdentifierError),\n",
        "",
        f"{DEID}/test_rules.py::test_a_wrong_rule_is_named",
    ),
    Fault(
        2,
        "the mapping in the warehouse is not compared",
        f"{MACROS}/rules/assert_packaged.sql",
        "elif found != packaged_sha256(seed)",
        "elif false",
        f"{DBT}/test_guards.py::test_a_changed_mapping_stops_the_build",
    ),
    Fault(
        2,
        "a seed that was changed by hand is not noticed",
        "dicom_pipeline/resources/seed_guard.py",
        "found not in (known[seed], today[seed])",
        "not found",
        "tests/unit/resources/test_seed_guard.py::test_a_change_by_hand_stops",
    ),
    Fault(
        3,
        "an empty seed is not refused",
        "dicom_pipeline/publish/hold_rules.py",
        "if not any(lines[1:]):",
        "if False:",
        "tests/unit/publish/test_hold_rules.py::test_an_empty_seed_stops",
    ),
    Fault(
        4,
        "a UID keeps one bit more of its hash",
        "dicom_pipeline/deid/pseudonyms.py",
        "octets[0] &= 0x3F",
        "octets[0] &= 0x7F",
        f"{DEID}/test_pseudonyms.py::test_python_keeps_the_golden_vectors",
    ),
    Fault(
        5,
        "look-alike letters are not folded",
        "dicom_pipeline/dicom/identity.py",
        'unicodedata.normalize("NFKC", text or "")',
        'text or ""',
        "tests/unit/dicom/test_identity_properties.py",
    ),
    Fault(
        5,
        "the issuer is left out of the key",
        "dicom_pipeline/dicom/identity.py",
        'f"{normalised(issuer) or normalised(provider)}{SEPARATOR}{identifier}"',
        'f"{normalised(provider)}{SEPARATOR}{identifier}"',
        "tests/unit/dicom/test_identity_properties.py",
    ),
    Fault(
        6,
        "a hash is made without the key",
        f"{MACROS}/functions/full_hash.sql",
        "left({{ phi_token(literal(domain), "
        '"nullif(trim(cast(" ~ column ~ " as varchar)), \'\')") }}, {{ length }})',
        "left(sha256({{ column }}), {{ length }})",
        f"{DBT}/test_identity.py::test_no_hash_that_anyone_can_make_crosses_the_line",
    ),
    Fault(
        7,
        "the warehouse remembers the key beside its check value",
        "dicom_pipeline/resources/warehouse_keys.py",
        '    """Write down which keys named this warehouse, unless their version is'
        ' there."""\n',
        '    conn.execute("create table if not exists stage.k as select ? as k",'
        " [pseudonyms.newest.key.hex()])\n",
        f"{DBT}/test_identity.py::test_the_key_is_nowhere",
    ),
    Fault(
        8,
        "without a key, zeros are one",
        PLUGIN,
        "        raise NoKeyError\n",
        "        return Pseudonyms(bytes(32))\n",
        f"{DBT}/test_guards.py::test_without_a_key_stage_stops_and_processed_builds",
    ),
    Fault(
        9,
        "an alert says what the error says",
        "dicom_pipeline/sensors/failures.py",
        'return (error and error.cls_name) or "unknown"',
        'return (error and error.message) or "unknown"',
        "tests/integration/test_alerts.py::test_a_failure_is_told_once_slack_is_back",
    ),
    Fault(
        10,
        "an image is sought by the name of its series",
        "dbt_project/models/processed/processed_images.sql",
        "left join images on jpegs.sop_instance_uid = images.sop_instance_uid",
        "left join images on jpegs.sop_instance_uid = images.series_instance_uid",
        f"{DBT}/test_identity.py::test_rows_join_and_none_is_lost",
    ),
    Fault(
        11,
        "dates are kept as they are",
        f"{MACROS}/functions/date_shift.sql",
        "{{ days_before(try_type(column, 'date'), days, 'date') }}",
        "{{ try_type(column, 'date') }}",
        f"{DBT}/test_identity.py::test_intervals_and_weekdays_are_kept_and_days_are_not",
    ),
    Fault(
        12,
        "the token of the month is passed on",
        f"{MACROS}/columns_of.sql",
        "{%- set taken = ['batch_token'] + without -%}",
        "{%- set taken = without -%}",
        f"{DBT}/test_safe_harbor.py::test_in_research_469_shifts_stay_possible",
    ),
    Fault(
        13,
        "names are not made of every key of the chain",
        "dicom_pipeline/deid/pseudonyms.py",
        "self._links = [*map(Link, (*previous, key))]",
        "self._links = [*map(Link, (*previous[1:], key))]",
        f"{DEID}/test_rotation.py",
    ),
    Fault(
        14,
        "nobody is alone",
        "dicom_pipeline/publish/k_anonymity.py",
        "count(*) filter (len(patients) < $k),",
        "count(*) filter (len(patients) < 1 and $k > 0),",
        f"{DBT}/test_k_anonymity.py::test_who_is_alone_in_any_respect_is_counted",
    ),
    Fault(
        15,
        "who says that words are burned in is not believed",
        "dicom_pipeline/dicom/pixel_policy.py",
        'flagged = "YES" in _words(dataset, "00280301")',
        "flagged = False",
        "tests/unit/dicom/test_pixel_policy.py",
    ),
    Fault(
        16,
        "erased headers are written with him",
        "dicom_pipeline/resources/erasure_raw.py",
        "            return rows.filter(pc.invert(is_his))\n",
        "            return rows\n",
        "tests/unit/publish/test_erasure.py::test_nothing_of_him_is_left",
    ),
    Fault(
        17,
        "a code that is on no list stays in the nested export",
        "dicom_pipeline/deid/nested_values.py",
        '    return code, OFF_LIST if code is None and text else ""\n',
        '    return code or text, OFF_LIST if code is None and text else ""\n',
        f"{DEID}/test_nested.py::test_nothing_planted_is_left_at_any_depth",
    ),
    Fault(
        18,
        "the table says of a name that it is kept",
        "dicom_pipeline/deid/ps315_2026d.csv",
        "00100010,Patient's Name,Z,",
        "00100010,Patient's Name,K,",
        f"{DEID}/test_explain.py::test_the_table_says_what_the_standard_says",
    ),
    Fault(
        19,
        "the lexicon is not asked",
        "dicom_pipeline/deid/terms.py",
        "word in lexicon() or",
        "word in () or",
        f"{DEID}/test_terms.py::test_terms_of_the_lexicon_stay",
    ),
)
