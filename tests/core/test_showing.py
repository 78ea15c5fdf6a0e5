"""Names in any script, against wcwidth's published examples and Unicode's own rules."""

from __future__ import annotations

import re
import unicodedata
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.commands.classify import _rows  # pyright: ignore[reportPrivateUsage]
from core.descriptions import Provenance
from core.images import ImageSource
from core.predictions import ImageResult, Prediction
from core.preprocessing import Preprocessing
from core.showing import is_right_to_left, isolated, padded, printable, width

PROVENANCE = Provenance("w", "0", "a", Preprocessing(), "l", "cpu", "float32", "0")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("cat", 3),
        ("コンニチハ", 10),
        ("e\u0301", 1),
        ("แมว", 3),
        ("ที่", 1),
        ("한국", 4),
        ("\u1112\u1161\u11ab", 2),
        ("שָׁלוֹם", 4),
        ("قطة", 3),
        ("a\u200db", 2),
        ("\uff57\uff49\uff44\uff45", 8),
    ],
)
def test_the_columns_of_a_terminal(text: str, columns: int) -> None:
    assert width(text) == columns


@given(st.text(st.characters(max_codepoint=0x24F, exclude_categories=["Cc", "Cf", "Mn"])))
def test_latin_letters_take_one_column_each(text: str) -> None:
    assert width(text) == len(text)


@given(st.text(), st.integers(0, 40))
def test_padding_fills_up_to_the_column(text: str, columns: int) -> None:
    # The marks around a name have no width.
    assert width(padded(text, columns)) == max(width(text), columns)
    assert padded(text, columns).rstrip(" ").replace("\u200e", "") == text.rstrip(" ").replace("\u200e", "")


@given(st.text())
def test_what_is_printed_commands_no_terminal_and_keeps_its_letters(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]", shown)
    assert all(
        new == old
        for new, old in zip(shown, text, strict=True)
        if unicodedata.category(old)[0] in "LMNPS" or old in "\u200c\u200d "
    )


def test_names_from_right_to_left_do_not_turn_a_sentence() -> None:
    assert isolated("cat") == "cat"
    assert isolated("כלב") == "\u2068כלב\u2069"
    assert [is_right_to_left(text) for text in ("כלב", "قطة", "cat 3", "猫")] == [True, True, False, False]


def rows(labels: tuple[str, ...]) -> list[str]:
    prediction = Prediction(array("f", [0.5, 0.3, 0.2]), labels, 0.0, PROVENANCE)
    return _rows(ImageResult(ImageSource("a.png"), prediction, None), 3).splitlines()[1:]


def test_the_table_keeps_its_columns_in_every_script() -> None:
    for labels in (("כלב", "dog", "e\u0301lan"), ("猫", "dog", "x"), ("cat", "cat", "dog")):
        lines = rows(labels)
        assert {width(line[: line.index("%")]) for line in lines} == {width(lines[0][: lines[0].index("%")])}


def test_names_that_repeat_are_told_apart_by_their_number() -> None:
    assert [line.split("  ")[1] for line in rows(("crane", "dog", "crane"))] == [
        "crane (class 0)",
        "dog",
        "crane (class 2)",
    ]
    prediction = Prediction(array("f", [0.5, 0.3, 0.2]), ("crane", "dog", "crane"), 0.0, PROVENANCE)
    assert [score.label for score in prediction.top(0)] == ["crane", "dog", "crane"]


def test_a_name_cannot_write_on_the_terminal() -> None:
    assert "\x1b" not in "".join(rows(("\x1b[2Jcat", "a\nb", "c")))
