"""The planted corpus is what it says, and its scorer sees each kind of fault."""

import datetime as dt
import io
import sqlite3
from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.planted.answers import (
    REMOVALS,
    RETENTIONS,
    Action,
    Answer,
    InstanceKey,
    read_answers,
    write_answers,
)
from benchmarks.planted.checks import Mappings, says
from benchmarks.planted.corpus import instances, make
from benchmarks.planted.outputs import Output, outputs_of
from benchmarks.planted.scores import found_by, score

PATIENTS = 8
STUDY = "StudyInstanceUID"
STEP = dt.timedelta(days=371)


@pytest.fixture(scope="module")
def made():
    return list(instances(patients=PATIENTS))


@pytest.fixture(scope="module")
def keys(made):
    return [each.key for each in made]


def uid(old):
    return f"9.{old[::-1]}"


def shifted(value):
    day = dt.date(int(value[:4]), int(value[4:6]), int(value[6:8])) - STEP
    return f"{day:%Y%m%d}{value[8:]}"


def patient(key):
    issuer = next(a.value for a in key.answers if a.tag == "(0010,0021)")
    return f"new {issuer.translate(str.maketrans('AEIOU', '12345'))[::-1]}"


def perfect_text(key, answer):
    """What a perfect tool leaves where ``answer`` asks; None where nothing."""
    left = {
        Action.TEXT_RETAINED: lambda: answer.text,
        Action.TEXT_NOTNULL: lambda: answer.value,
        Action.TAG_RETAINED: lambda: "left",
        Action.DATE_SHIFTED: lambda: shifted(answer.value),
        Action.UID_CONSISTENT: lambda: uid(answer.value),
        Action.PATID_CONSISTENT: lambda: patient(key) + answer.value[3:6],
    }
    return left[answer.action]() if answer.action in left else None


def perfect_output(key):
    """The output of a tool that meets every check."""
    order = [Action.TAG_RETAINED, Action.TEXT_NOTNULL]
    texts = {}
    for answer in sorted(key.answers, key=lambda a: a.action not in order):
        if (text := perfect_text(key, answer)) is not None:
            texts[answer.tag] = text
    return Output(
        uid=uid(key.uid),
        texts=texts,
        patient=texts["(0010,0020)"],
        flat=lambda _tag, _box: True,
        same=lambda _box, _digest: True,
    )


@pytest.fixture(scope="module")
def perfect(keys):
    return {key.uid: perfect_output(key) for key in keys}


@pytest.fixture(scope="module")
def mappings(keys, perfect):
    said = {a.value for k in keys for a in k.answers if a.action is Action.UID_CHANGED}
    patients = {}
    for key in keys:
        new = perfect[key.uid].patient
        patients.setdefault(key.identity["PatientID"], set()).add(new)
    return Mappings({old: uid(old) for old in said}, patients)


def test_the_same_seed_gives_the_same_bytes(made):
    """Files and key; another seed gives neither."""

    def bodies(some):
        for each in some:
            file = io.BytesIO()
            each.dataset.save_as(file, enforce_file_format=True)
            yield each.path, file.getvalue(), each.key

    first = list(bodies(made[:5]))
    assert list(bodies(list(instances(patients=2))[:5])) == first
    other = list(bodies(list(instances(patients=1, seed=1))[:5]))
    assert all(a[1] != b[1] for a, b in zip(first, other, strict=False))


def test_the_corpus_holds_what_it_promises(made, keys):
    """Seven kinds, several frames, two issuers of one id, all ten actions."""
    classes = {key.identity["SOPClassUID"].rsplit("4.1.1.", 1)[1] for key in keys}
    frames = {int(each.dataset.get("NumberOfFrames", 1)) for each in made}
    issuers = {}
    for each in made:
        issuers.setdefault(each.dataset.PatientID, set()).add(
            each.dataset.IssuerOfPatientID
        )
    asked = Counter(answer.action for key in keys for answer in key.answers)
    places = {answer.category for key in keys for answer in key.answers}

    assert classes == {"2", "4", "4.1", "6.1", "3.1", "1", "12.1", "7", "88.11"}
    assert frames == {1, 3, 4}
    assert {len(both) for both in issuers.values()} == {2}
    assert set(asked) == set(Action)
    assert min(asked.values()) >= 30
    assert places == {
        *("header", "nested", "private", "file meta", "preamble", "overlay", "icon"),
        *("pixels", "path"),
    }


def test_every_planted_text_stands_where_the_key_says(tmp_path):
    """Untouched files, read anew: nothing is removed, everything is retained."""
    folder = tmp_path / "corpus"
    count = make(folder, patients=2)
    keys = list(read_answers(folder / "answers.db"))
    files = (folder / "dicom").rglob("*.dcm")
    same = Mappings({key.uid: key.uid for key in keys})
    result = score(keys, found_by(outputs_of(files, folder / "dicom"), same), same)

    assert count == len(keys) == 14
    assert (result.removed.passed, result.kept.share) == (0, 100)
    assert result.silent.passed == 0
    assert result.intervals.share == result.references.share == 100


def test_the_key_is_read_as_it_was_written(keys, tmp_path):
    """One row an instance, values in angle brackets, as MIDI-B has them."""
    file = tmp_path / "answers.db"
    write_answers(file, keys[:3])
    with sqlite3.connect(file) as connection:
        columns = [
            row[1] for row in connection.execute("pragma table_info(answer_data)")
        ]
        [(data,)] = connection.execute("select AnswerData from answer_data limit 1")

    assert list(read_answers(file)) == keys[:3]
    assert columns[:3] == ["Modality", "SOPClassUID", "PatientID"]
    assert '"tag_ds": "<(0040,0275)>[<0000>]<(0008,0050)>"' in data
    assert '"action": "<text_removed>"' in data


def test_a_row_of_a_series_is_asked_of_its_instances(keys, tmp_path):
    """MIDI-B's column ``scope``; pixels without a box are left to people."""
    file = tmp_path / "answers.db"
    write_answers(file, keys[:4])
    seen = Answer("(7fe0,0010)", "", Action.PIXELS_HIDDEN, "NAME")
    asked = Answer("(0008,0060)", "CT", Action.TEXT_RETAINED, "CT")
    identity = keys[0].identity
    write_answers(tmp_path / "more.db", [InstanceKey(identity, [asked, seen])])
    with sqlite3.connect(file) as connection:
        connection.execute("alter table answer_data add column scope text")
        connection.execute("update answer_data set scope = '<Instance>'")
        connection.execute("attach ? as more", [str(tmp_path / "more.db")])
        connection.execute(
            "insert into answer_data select *, '<Series>' from more.answer_data"
        )
    read = list(read_answers(file))
    series = identity["SeriesInstanceUID"]
    mine = [key for key in keys[:4] if key.identity["SeriesInstanceUID"] == series]

    more = [len(new.answers) - len(old.answers) for new, old in zip(read, keys)]  # noqa: B905
    assert more == [2] * len(mine) + [0] * (4 - len(mine))
    assert len(mine) > 1
    assert score(read, {}, Mappings()).unjudged == len(mine)


def test_a_perfect_answer_meets_everything(keys, perfect, mappings):
    """All ten actions and all that they do not see."""
    result = score(keys, perfect, mappings)

    assert result.failed == {}
    assert result.required.share == 100
    extras = (result.intervals, result.references, result.apart, result.silent)
    assert {tally.share for tally in extras} == {100}
    assert min(tally.total for tally in extras) >= 8


def changed(output, tag, text):
    texts = dict(output.texts)
    if text is None:
        del texts[tag]
    else:
        texts[tag] = text
    return replace(output, texts=texts)


FAULTS = {
    Action.TAG_RETAINED: ("(0008,0018)", None),
    Action.TEXT_NOTNULL: ("(0010,1030)", ""),
    Action.TEXT_RETAINED: ("(0018,0060)", "121"),
    Action.TEXT_REMOVED: ("(0010,4000)", "call {given} again"),
    Action.DATE_SHIFTED: ("(0008,0012)", "{InstanceCreationDate}"),
    Action.UID_CHANGED: ("(0020,0052)", "{FrameOfReferenceUID}"),
    Action.UID_CONSISTENT: ("(0018,1002)", "9.9.9"),
    Action.PATID_CONSISTENT: ("(0010,0020)", "another"),
}


@pytest.mark.parametrize("action", FAULTS)
def test_one_fault_in_one_attribute_is_found(made, keys, perfect, mappings, action):
    """A scorer that passes this has looked at that attribute of that instance."""
    first = made[0].dataset
    values = {e.keyword: str(e.value) for e in first if e.keyword}
    tag, text = FAULTS[action]
    text = text and text.format(given=first.PatientName.given_name, **values)
    faulty = perfect | {keys[0].uid: changed(perfect[keys[0].uid], tag, text)}
    result = score(keys, faulty, mappings)

    also = {Action.UID_CHANGED: {Action.UID_CONSISTENT}}.get(action, set())
    assert {found for found, _, _ in result.failed} == {action} | also
    assert all(place == tag for _, _, place in result.failed)


@pytest.mark.parametrize("action", [Action.PIXELS_HIDDEN, Action.PIXELS_RETAINED])
def test_one_wrong_picture_is_found(keys, perfect, mappings, action):
    key = next(k for k in keys if any(a.action is action for a in k.answers))
    hidden = action is Action.PIXELS_HIDDEN
    wrong = {"flat": lambda _tag, _box: False} if hidden else {"same": lambda *_: False}
    faulty = perfect | {key.uid: replace(perfect[key.uid], **wrong)}

    assert {found for found, _, _ in score(keys, faulty, mappings).failed} == {action}


def test_what_the_ten_checks_do_not_see_is_seen(keys, perfect, mappings):
    """An interval, a reference, two patients made one, a text in another place."""
    moved = changed(perfect[keys[0].uid], "(0008,0012)", "20010101")
    second = next(k for k in keys if _refers(k))
    tag = next(a.tag for a in second.answers if a.tag.startswith("(0008,1140)["))
    lost = changed(perfect[second.uid], tag, "9.9")
    same = {key.uid: replace(perfect[key.uid], patient="one") for key in keys}
    name = keys[0].answers[-1].text
    said = replace(perfect[keys[0].uid], everything=(f"x{name.upper()}x",))

    def result(**outputs):
        return score(keys, perfect | outputs, mappings)

    assert result(**{keys[0].uid: moved}).intervals.passed == _dates(keys) - 1
    assert result(**{second.uid: lost}).references.share < 100
    assert result(**same).apart.passed == 0
    assert result(**{keys[0].uid: said}).silent.passed == len(keys) - 1


def _refers(key):
    return any(a.tag.startswith("(0008,1140)[") for a in key.answers)


def _dates(keys):
    asked = [a for key in keys for a in key.answers]
    return sum(a.action is Action.DATE_SHIFTED for a in asked)


def test_a_secret_in_the_second_surface_is_found(keys, perfect, mappings):
    """What an export says well, a table may still say ill, at the same path."""
    first = keys[0]
    secret = next(a for a in first.answers if a.tag == "(0010,0010)")
    clear = {"(0010,0010)": secret.text, "(0020,000d)": first.identity[STUDY]}
    faulty = perfect | {first.uid: replace(perfect[first.uid], under=clear)}

    found = {(action, tag) for action, _, tag in score(keys, faulty, mappings).failed}
    assert found == {
        (Action.TEXT_REMOVED, "(0010,0010)"),
        (Action.UID_CHANGED, "(0020,000d)"),
        (Action.UID_CONSISTENT, "(0020,000d)"),
    }


def test_an_instance_that_is_gone_keeps_no_secret_and_no_use(keys, perfect, mappings):
    outputs = {uid: each for uid, each in perfect.items() if uid != keys[0].uid}
    result = score(keys, outputs, mappings)

    asked = Counter(answer.action for answer in keys[0].answers)
    lost = Counter()
    for (action, _, _), count in result.failed.items():
        lost[action] += count
    assert lost == {a: n for a, n in asked.items() if a in RETENTIONS}
    assert result.removed.share == 100
    assert not REMOVALS & set(lost)


@pytest.mark.parametrize(
    ("text", "sought", "said"),
    [
        ("2.50", "2.5", [True]),
        ("2.51", "2.5", [False]),
        ("1\\0\\0", "1.0\\0\\0", [True]),
        ("090Y", "093Y", [False]),
        ("chest ct of the head", "CT Chest", [True, True]),
        ("house 1261, 72223", "1261 Elm Street, 72223", [True, False, False, True]),
        ("ab12" * 16, "ab12", [False]),
        ("SN1234567", "1234567", [True]),
    ],
)
def test_words_are_sought_as_people_would(text, sought, said):
    """Numbers by value, words without stop words, never inside a keyed hash."""
    assert says(text, sought) == said
