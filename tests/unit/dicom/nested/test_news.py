"""What is new is told; what anybody could have typed is not."""

import math

import pytest
from hypothesis import given, settings

from dicom_pipeline.dicom.nested.news import news_of, vm_limit, words_of_path
from dicom_pipeline.dicom.nested.seen import Look, merged, table_of
from tests.oracles.made_headers import HEADERS


def schema(*headers):
    look = Look()
    look.at_all(headers)
    return table_of(look.level)


@settings(max_examples=60, deadline=None)
@given(HEADERS, HEADERS)
def test_nothing_is_new_about_what_is_known(a, b):
    """Headers held against themselves, or against more than themselves."""
    assert not news_of(merged([schema(*a), schema(*b)]), schema(*a)).any


def test_each_kind_of_news_is_told():
    """A place, a VR of a known place, and more values than its VM allows."""
    before = schema({"00280106": {"vr": "US", "Value": [1]}})
    after = schema(
        {
            "00280106": {"vr": "SS", "Value": [-1]},
            "00180060": {"vr": "DS", "Value": [80.0, 140.0]},
            "00081140": {
                "vr": "SQ",
                "Value": [{"00080060": {"vr": "CS", "Value": ["CT"]}}, {}],
            },
        }
    )
    news = news_of(before, after)

    assert news.paths == ("00081140", "00081140/00080060", "00180060")
    assert news.vrs == (("00280106", "SS"),)
    assert news.vms == ("00180060",)


@pytest.mark.parametrize(
    ("said", "most"),
    [
        ("1", 1),
        ("3", 3),
        ("1-8", 8),
        ("1-n", math.inf),
        ("2-2n", math.inf),
        ("1-n or 1", math.inf),
        ("", math.inf),
    ],
)
def test_a_multiplicity_has_a_most(said, most):
    """As PS3.5 6.4 spells it."""
    assert vm_limit(said) == most


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("00081140/00080060", "ReferencedImageSequence.Modality"),
        ("00180001", "(0018,0001)"),
        ('(0029,"SIEMENS CSA HEADER",10)', '(0029,"SIEMENS CSA HEADER",10)'),
        ('(0029,"",1010)', '(0029,"",1010)'),
        ('(0029,"Yellow^Canary",10)', None),
        ('00081140/(0029,"Yellow^Canary",10)', None),
    ],
)
def test_only_words_of_a_dictionary_are_said(path, words):
    """A creator is text of a file, and a file may say anything."""
    assert words_of_path(path) == words
