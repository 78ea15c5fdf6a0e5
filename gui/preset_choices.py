"""The named starting points of a preprocessing, as a list to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.choices import Choice

if TYPE_CHECKING:
    from core.preprocessing import Preprocessing


def preset_choices(used: Preprocessing | None) -> list[Choice]:
    """All presets, each with its values.

    Args:
        used: what is marked as the current one.
    """
    from core.preprocessing import PRESET_NAMES, PRESETS

    return [Choice(key, PRESET_NAMES.get(key, key), value.describe(), value == used) for key, value in PRESETS.items()]
