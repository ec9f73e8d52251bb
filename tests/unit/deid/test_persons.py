"""Who is one person: never a stranger, whatever the order in which files came."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.deid.person_facts import Doubt, Evidence, OtherId, Patient
from dicom_pipeline.deid.person_rules import IDENTITIES, PersonRules, PersonRulesError
from dicom_pipeline.deid.persons import grouped

BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
BORN, BORN_LATER = date(1950, 3, 4), date(1971, 5, 6)


def patient(name, *others, seen=0, born=BORN, issuer="A"):
    """Patient ``name`` of an issuer, with other ids written "issuer:id"."""
    listed = (other.partition(":") for other in others)
    return Patient(
        identity=f"{issuer}\x1f{name}",
        first_seen=BEGAN + timedelta(days=seen),
        namespaces=frozenset({issuer}),
        others=frozenset(OtherId(said, other) for said, _, other in listed),
        birth_dates=frozenset({born} if born else ()),
    )


def groups(patients, rules=PersonRules()):  # noqa: B008  immutable
    """Members by the identity that gives the key, spelled issuer:id."""
    found = grouped(patients, rules)
    return {
        spelled(person.identity): [spelled(one) for one in person.members]
        for person in found.persons
    }


def spelled(identity):
    """As the tests write it."""
    return identity.replace("\x1f", ":")


def doubts(patients, rules=PersonRules()):  # noqa: B008
    """Why something was not joined."""
    return [held.doubt for held in grouped(patients, rules).held]


def two(one, other):
    """A pair of patients of issuer A."""
    return f"A\x1f{one}", f"A\x1f{other}"


class TestJoins:
    """What makes one person of two patients."""

    def test_an_id_that_is_listed_with_its_issuer(self):
        """The usual transfer: hospital B knows the id of hospital A."""
        pair = [patient("1", seen=2), patient("9", "A:1", issuer="B", seen=1)]

        assert groups(pair) == {"B:9": ["A:1", "B:9"]}

    def test_an_id_that_changed_over_time(self):
        """The new number lists the old one; the key stays that of the old one."""
        first, second = patient("old"), patient("new", "A:old", seen=5)
        third = patient("newest", "A:new", seen=9)

        assert groups([first, second]) == {"A:old": ["A:new", "A:old"]}
        assert groups([third, second, first]) == {
            "A:old": ["A:new", "A:newest", "A:old"]
        }

    def test_an_id_that_both_list(self):
        """A national number that nobody uses as his own Patient ID."""
        pair = [patient("1", "NHS:77"), patient("2", "NHS:77", issuer="B", seen=1)]
        [person] = grouped(pair, PersonRules()).persons

        assert person.members["A\x1f1"] == {Evidence.SHARED_OTHER_ID}

    def test_one_id_under_two_names_of_one_issuer(self):
        """Configured, never guessed."""
        pair = [patient("1", issuer="HOSP"), patient("1", issuer="Hospital", seen=1)]
        rules = PersonRules.read({"issuers": [["Hospital", "HOSP"]]})

        assert groups(pair) == {}
        assert groups(pair, rules) == {"HOSP:1": ["HOSP:1", "Hospital:1"]}

    def test_an_id_without_issuer_where_birth_dates_agree(self):
        """It is taken for one of the same issuer, which is a guess."""
        pair = [patient("1"), patient("2", ":1", seen=1)]

        assert groups(pair) == {"A:1": ["A:1", "A:2"]}

    def test_a_chain(self):
        """What is connected over others is one."""
        chain = [patient("1")]
        chain += [patient(f"{n}", f"A:{n - 1}", seen=n) for n in range(2, 7)]

        assert groups(chain) == {"A:1": [f"A:{n}" for n in range(1, 7)]}


class TestKeepsApart:
    """What does not."""

    def test_the_same_id_of_two_issuers(self):
        """Both hospitals have a patient 1, with one name and one birth date."""
        assert groups([patient("1"), patient("1", issuer="B")]) == {}

    @pytest.mark.parametrize("dummy", ["", "0", "UNKNOWN", " anon ", "none", "TEST"])
    def test_dummy_ids(self, dummy):
        """An id that everybody writes is nobody's."""
        many = [patient(f"{n}", f"NHS:{dummy}", f":{dummy}") for n in range(3)]

        assert groups(many) == {}
        assert doubts(many) == []

    def test_studies_without_an_id(self):
        """A patient known by his study alone owns no id that could be listed."""
        nobody = patient("1.2.3", issuer="study")
        lister = patient("9", "study:1.2.3", seen=1)

        assert groups([nobody, lister]) == {}

    def test_other_birth_dates(self):
        """A contradiction is reported, not merged."""
        pair = [patient("1"), patient("2", "A:1", born=BORN_LATER)]

        assert groups(pair) == {}
        assert doubts(pair) == [Doubt.BIRTH_DATES_DIFFER]

    def test_a_third_of_another_birth_date_parts_nobody(self):
        """A wrong id in his header is his own trouble."""
        pair = [patient("1"), patient("2", "A:1", seen=1)]
        third = patient("3", "A:1", born=BORN_LATER, seen=2)

        assert groups([*pair, third]) == groups(pair)
        assert set(doubts([*pair, third])) == {Doubt.BIRTH_DATES_DIFFER}

    def test_other_birth_dates_at_the_ends_of_a_chain(self):
        """The middle one has none: nobody can tell to whom he belongs."""
        ends = [patient("1"), patient("3", "A:2", born=BORN_LATER)]
        chain = [*ends, patient("2", "A:1", born=None)]

        assert groups(chain) == {}
        assert doubts(chain) == [Doubt.BIRTH_DATES_DIFFER]

    def test_an_id_without_issuer_and_without_birth_date(self):
        """Nothing confirms the guess."""
        pair = [patient("1"), patient("2", ":1", born=None)]

        assert groups(pair) == {}
        assert doubts(pair) == [Doubt.BIRTH_DATE_MISSING]

    def test_an_id_without_issuer_of_another_hospital(self):
        """It is never sought among the patients of others."""
        assert groups([patient("1"), patient("2", ":1", issuer="B")]) == {}

    def test_a_hub(self):
        """An id that eleven list is a device, a ward, a study number."""
        hub = [patient(f"{n}", "TRIAL:7", seen=n) for n in range(1, 12)]

        assert groups(hub) == {}
        assert doubts(hub) == [Doubt.SHARED_BY_MANY]
        assert len(groups(hub[:10])["A:1"]) == 10

    def test_a_chain_that_is_too_long(self):
        """A hub of many ids, each of them innocent."""
        chain = [patient(f"{n}", f"A:{n + 1}") for n in range(1, 12)]

        assert groups(chain) == {}
        assert doubts(chain) == [Doubt.GROUP_TOO_LARGE]


class TestPeopleSay:
    """Links and unlinks."""

    def test_a_link_joins_against_all_evidence(self):
        """Whoever says so has looked."""
        pair = [patient("1"), patient("2", born=BORN_LATER, seen=1)]
        rules = PersonRules().linked(*two("1", "2"))

        assert groups(pair, rules) == {"A:1": ["A:1", "A:2"]}
        assert groups(pair, rules.unlinked(*two("2", "1"))) == {}

    def test_an_unlink_parts_two_and_the_keys_are_back(self):
        """Without the rule all is as before."""
        pair = [patient("1"), patient("2", "A:1", seen=1)]
        rules = PersonRules().unlinked(*two("2", "1"))

        assert groups(pair, rules) == {}
        assert doubts(pair, rules) == []
        assert groups(pair, rules.without("A\x1f1")) == groups(pair)

    def test_an_unlink_of_two_whom_a_third_connects(self):
        """To whom the third belongs, a person has to say."""
        three = [patient("1"), patient("2", "A:1", seen=1), patient("3", "A:2", seen=2)]
        rules = PersonRules().unlinked(*two("1", "3"))

        assert groups(three, rules) == {}
        assert doubts(three, rules) == [Doubt.UNLINKED_WITHIN]
        told = rules.linked(*two("2", "3"))
        assert groups(three, told) == {"A:2": ["A:2", "A:3"]}

    def test_patients_who_are_not_there_are_told(self):
        """Their files may be gone."""
        rules = PersonRules().linked(*two("1", "2"))
        found = grouped([patient("1")], rules)

        assert found.strangers == {"A\x1f2"}

    @pytest.mark.parametrize(
        "said",
        [
            {"names": [["A", "B"]]},
            {"links": [["a" * 64]]},
            {"links": [["a" * 63, "b" * 64]]},
            {"links": [["Quistgaard", "b" * 64]]},
            {"unlinks": [["a" * 64, "a" * 64]]},
            {"links": [["a" * 64, "b" * 64]], "unlinks": [["b" * 64, "a" * 64]]},
            {"largest_group": 1},
            {"issuers": "A"},
            ["links"],
        ],
    )
    def test_wrong_rules_are_refused_without_a_quote(self, said):
        """Whatever was written may be personal."""
        with pytest.raises(PersonRulesError) as error:
            PersonRules.read(said)

        assert "Quistgaard" not in str(error.value)

    def test_rules_are_read_as_they_are_written(self):
        """And groups of issuers that share a name are one."""
        said = {
            "issuers": [["B", "A"], ["C", "D"], ["D", "A"]],
            "links": [["b" * 64, "a" * 64]],
        }
        rules = PersonRules.read(said)

        assert rules.issuers == (frozenset("ABCD"),)
        assert PersonRules.read(rules.facts()) == rules

    def test_keys_become_identities_or_are_refused(self):
        """A typing error is told at once, not at the next grouping."""
        rules = PersonRules.read({"links": [["b" * 64, "a" * 64]]})
        known = {"a" * 64: "Z\x1f1", "b" * 64: "A\x1f2"}
        named = rules.renamed(known)

        assert named.links == {("A\x1f2", "Z\x1f1")}
        assert PersonRules.read(named.facts(), IDENTITIES) == named
        with pytest.raises(PersonRulesError, match="no patient has"):
            rules.renamed({"a" * 64: "Z\x1f1"})


NAMES = st.integers(0, 7).map(str)
PATIENTS = st.lists(
    st.builds(
        patient,
        NAMES,
        st.tuples(st.sampled_from(["A:", "B:", ":", "NHS:"]), NAMES).map("".join),
        seen=st.integers(0, 3),
        born=st.sampled_from([BORN, BORN_LATER, None]),
        issuer=st.sampled_from(["A", "B"]),
    ),
    unique_by=lambda one: one.identity,
)


class TestAnyOrder:
    """Properties that hold for whatever comes."""

    @given(PATIENTS, st.randoms(use_true_random=False))
    def test_the_order_of_arrival_does_not_matter(self, patients, random):
        """Neither for who is one, nor for the keys, nor for what is in doubt."""
        shuffled = list(patients)
        random.shuffle(shuffled)

        assert grouped(shuffled, PersonRules()) == grouped(patients, PersonRules())

    @given(PATIENTS)
    def test_a_person_is_of_one_birth_date_and_never_too_large(self, patients):
        """Whatever chains lead to him."""
        born = {one.identity: one.birth_dates for one in patients}
        for person in grouped(patients, PersonRules(largest_group=3)).persons:
            assert len(frozenset().union(*(born[one] for one in person.members))) <= 1
            assert 2 <= len(person.members) <= 3
            assert person.identity in person.members

    @given(PATIENTS)
    def test_an_unlinked_pair_is_never_one(self, patients):
        """And to take the unlink back restores everything."""
        before = grouped(patients, PersonRules())
        for person in before.persons:
            for one, other in pairwise(person.members):
                rules = PersonRules().unlinked(one, other)
                after = grouped(patients, rules)
                assert not any({one, other} <= p.members.keys() for p in after.persons)
        assert grouped(patients, PersonRules()) == before

    @given(PATIENTS, NAMES)
    def test_a_person_that_grows_keeps_his_key(self, patients, listed):
        """Whoever comes later takes the key of those who were there."""
        late = patient("late", f"A:{listed}", seen=99, issuer="C")
        rules = PersonRules(largest_group=99)
        before = grouped(patients, rules).persons
        after = grouped([*patients, late], rules).persons
        keys = {person.identity for person in before}
        for person in after:
            if len(person.members) > 2 and late.identity in person.members:
                assert person.identity in keys
            assert person.identity != late.identity
