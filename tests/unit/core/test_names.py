"""Names: what can be seen of them, and when two spellings are one name."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from booking_flow.model.names import (
    clean,
    fold,
    has_letter,
    keys_of_query,
    same_name,
    search_keys,
    spellings,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O\u2019Brien", "O'Brien"),
        ("O'Brien", "OBRIEN"),
        ("O Brien", "O\u02bcBrien"),
        ("Ka\u02bbahumanu", "Kaahumanu"),
        ("Sørensen", "Sorensen"),
        ("Sørensen", "Soerensen"),
        ("Müller", "MULLER"),
        ("Müller", "Mueller"),
        ("Strauß", "STRAUSS"),
        ("Łukasiewicz", "Lukasiewicz"),
        ("Đorđević", "Dordevic"),
        ("Kjær", "Kjaer"),
        ("K\u0131l\u0131ç", "KILIC"),
        ("İnönü", "Inonu"),
        ("Þórsdóttir", "Thorsdottir"),
        ("Åkesson", "Aakesson"),
        ("Smith-Jones", "SMITH JONES"),
        ("Smith\u2010Jones", "SmithJones"),
        ("Nu\u0301n\u0303ez", "Núñez"),
        ("Nguyễn", "Nguyen"),
        ("ﬁnch", "Finch"),
        ("\uff33\uff4d\uff49\uff54\uff48", "Smith"),
        ("Van\u200bDyk", "VanDyk"),
    ],
)
def test_two_spellings_of_one_name(one: str, other: str) -> None:
    assert same_name(one, other)
    assert same_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("王", "Иванов"),
        ("王", "黄"),
        ("Иванов", "Ivanov"),
        ("Smith", "Smith Jones"),
        ("Müller", "Möller"),
        ("Mueller", "Muller"),
        ("がく", "かく"),
        ("कि", "की"),
        ("...", "-"),
        ("Henry 8", "Henry 9"),
    ],
)
def test_two_names(one: str, other: str) -> None:
    assert not same_name(one, other)


@given(st.text())
@example("\u1d2d")
def test_folding_twice_changes_nothing_more(text: str) -> None:
    """The raised AE is a capital once it is taken apart, and has to be folded again."""
    assert fold(fold(text)) == fold(text)


@given(st.text(min_size=1))
def test_nothing_folds_to_nothing(text: str) -> None:
    assert fold(text)
    assert all(spellings(text))


CYRILLIC, HAN = (
    st.text(st.characters(min_codepoint=low, max_codepoint=high), min_size=1)
    for low, high in ((0x0410, 0x044F), (0x4E00, 0x9FFF))
)
LATIN = st.text(st.characters(max_codepoint=0x17F, categories=["L"]), min_size=1)


@given(CYRILLIC, HAN, LATIN)
def test_scripts_are_kept_apart(cyrillic: str, han: str, latin: str) -> None:
    assert not same_name(cyrillic, han)
    assert not same_name(cyrillic, latin)
    assert not same_name(han, latin)


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Van\u200bDyk", "VanDyk"),
        ("\ufeffVan Dyk ", "Van Dyk"),
        ("Van\u202eDyk", "VanDyk"),
        ("Van\u00adDyk", "VanDyk"),
        ("Van \u00a0\u2003 Dyk", "Van Dyk"),
        ("\u3164", ""),
        ("\u200b\u200b", ""),
        ("Nu\u0301n\u0303ez", "Núñez"),
        ("王\ufe00", "王"),
    ],
)
def test_what_cannot_be_seen_is_dropped(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize("text", ["", "...", "-", "12345", "\U0001f6a2", "\u3164", "\u02bc", "'"])
def test_what_holds_no_letter(text: str) -> None:
    assert not has_letter(text)


@pytest.mark.parametrize("text", ["Å", "王", "Иванов", "محمد", "ก", "X Æ A-12"])
def test_a_letter_of_any_script_is_one(text: str) -> None:
    assert has_letter(text)


@pytest.mark.parametrize(
    "query",
    [
        *("Smith Jones", "smith-jones", "SMITHJONES", "Smith", "jones", "Jean-Luc", "luc"),
        *("Jean-Luc Smith Jones", "Smith Jones, Jean-Luc", "Jean Smith", "Jones, Luc"),
        *("Mrs Smith Jones", "Dr. Smith", "  JEAN LUC   JONES ", "Smith,Mrs", "Smith, Mrs Jean"),
    ],
)
def test_a_person_is_found_by_any_part_of_the_name(query: str) -> None:
    assert keys_of_query(query) & search_keys("Jean-Luc", "Smith-Jones")


@pytest.mark.parametrize("query", ["Brown", "Jean Brown", "J", "Mrs", "Smit"])
def test_a_person_is_not_found_by_anything_else(query: str) -> None:
    assert not keys_of_query(query) & search_keys("Jean-Luc", "Smith-Jones")


UMLAUTS = ("Müller", "Mueller", "Muller", "Jürgen Müller", "Mueller, Juergen", "Jurgen Muller")


@pytest.mark.parametrize("query", UMLAUTS)
def test_umlauts_are_found_both_ways(query: str) -> None:
    assert keys_of_query(query) & search_keys("Jürgen", "Müller")


def test_a_name_of_one_letter_is_found_and_a_title_alone_is_a_name() -> None:
    assert keys_of_query("Ø Å") & search_keys("Ø", "Å")
    assert keys_of_query("王") & search_keys("小明", "王")
    assert keys_of_query("Sir") & search_keys("Ada", "Sir")


def test_a_part_of_two_letters_is_looked_for_and_an_initial_beside_others_is_not() -> None:
    assert keys_of_query("Wu") & search_keys("Li Wu", "Chen")
    assert not keys_of_query("L") & search_keys("Jean L", "Smith")


def test_long_names_have_few_keys() -> None:
    assert len(search_keys("a" * 80, "bc " * 27)) < 60
    assert len(search_keys("ab cd ef gh ij", "kl mn op qr st")) < 120


NAMES = st.text().map(clean).filter(has_letter)


@pytest.mark.slow
@given(NAMES, NAMES)
@example("A", "MR")
@example("A", "Mr X")
def test_every_person_is_found_by_their_own_name(first: str, last: str) -> None:
    for query in (first, last, f"{first} {last}", f"{last}, {first}", f"Mrs {last}"):
        assert keys_of_query(query) & search_keys(first, last)
