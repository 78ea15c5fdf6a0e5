"""Where a system keeps an application's files."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_NAME = "Whatsit"


def settings_folder(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """For what a person chose, and would miss.

    Args:
        environment: variables; the process's own if not given.
        platform: as ``sys.platform``.
    """
    return _folder(environment, platform, ("APPDATA", "Roaming"), "Application Support", ("XDG_CONFIG_HOME", ".config"))


def cache_folder(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """For what can be computed again; see ``settings_folder``."""
    return _folder(environment, platform, ("LOCALAPPDATA", "Local"), "Caches", ("XDG_CACHE_HOME", ".cache"))


def _folder(
    environment: Mapping[str, str] | None, platform: str, windows: tuple[str, str], macos: str, others: tuple[str, str]
) -> Path:
    variables = os.environ if environment is None else environment
    home = Path.home()
    if platform == "win32":
        return Path(variables.get(windows[0]) or home / "AppData" / windows[1]) / _NAME
    if platform == "darwin":
        return home / "Library" / macos / _NAME
    base = Path(variables.get(others[0]) or "")
    return (base if base.is_absolute() else home / others[1]) / _NAME.lower()
