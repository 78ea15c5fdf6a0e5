from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from core import commands
from tests.core.saying import Evaluate, Said

# How fast a machine is says nothing about what is tested.
settings.register_profile("whatsit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("whatsit")

NOBODY = 65534


@pytest.fixture
def evaluate(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """Run ``evaluate`` in this process, with a place of its own for scores."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments: object) -> Said:
        status = commands.run(["evaluate", *map(str, arguments)])
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return run


@pytest.fixture
def private_file() -> Iterator[Path]:
    """A file that this process may not read, in a folder that it may not write to.

    Beside it are a folder ``closed`` that it may not list, and a folder ``open`` to write to, with a file
    ``protected.csv`` that it may not write to.  Root may do everything, so a test run by root becomes
    somebody else for as long as the fixture lives.
    """
    if not hasattr(os, "geteuid"):
        pytest.skip("the system has no permissions of this kind")
    folder = Path(tempfile.mkdtemp())
    path = folder / "private.jpg"
    path.write_bytes(b"\xff\xd8")
    (folder / "closed").mkdir(mode=0o000)
    path.chmod(0o000)
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    (folder / "open" / "protected.csv").touch(mode=0o444)
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield path
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)
        (folder / "closed").chmod(0o755)
        shutil.rmtree(folder)
