"""The table of actions."""

from __future__ import annotations

from collections import Counter

from gui.actions import TABLE


def test_no_two_actions_have_the_same_keys() -> None:
    keys = Counter(key for rows in TABLE.values() for row in rows for key in row.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_no_two_actions_of_a_menu_have_the_same_letter() -> None:
    for menu, rows in TABLE.items():
        letters = Counter(row.text[row.text.index("&") + 1].lower() for row in rows if "&" in row.text)
        assert [letter for letter, count in letters.items() if count > 1] == [], menu
