from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture
def private_file() -> Iterator[Path]:
    """A file that this process may not read, beside a folder ``closed`` that it may not list.

    Root may read everything, so a test run by root becomes somebody else for as long as the fixture lives.
    """
    if not hasattr(os, "geteuid"):
        pytest.skip("the system has no permissions of this kind")
    folder = Path(tempfile.mkdtemp())
    path = folder / "private.jpg"
    path.write_bytes(b"\xff\xd8")
    (folder / "closed").mkdir(mode=0o000)
    path.chmod(0o000)
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
