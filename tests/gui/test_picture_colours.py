"""Pictures have the window's colours."""

from __future__ import annotations

from dataclasses import fields

import pytest

from core.plots import DARK, LIGHT, Palette
from gui import theme


@pytest.mark.parametrize(("mine", "window"), [(LIGHT, theme.LIGHT), (DARK, theme.DARK)])
def test_the_colours_of_the_window(mine: Palette, window: theme.Colours) -> None:
    for entry in fields(mine):
        if entry.name != "font":
            assert getattr(mine, entry.name) == getattr(window, entry.name)
