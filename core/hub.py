"""torchvision's published weights, in the folder where torch itself keeps them."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from core.catalogue import PretrainedEntry, pretrained
from core.errors import UsageError
from core.fetching import download_file
from core.fetching.answers import Check
from core.fetching.downloads import Progress

_PIECE = 4 * 1024 * 1024


def pretrained_path(entry: PretrainedEntry, progress: Progress, check: Check) -> Path:
    """Where published weights lie on this computer; downloads them when they are not there yet.

    A file that is already there is taken as it is where its size is right (as torch does), and where its
    size is wrong but its sha256 right; any other is a leftover, and is replaced.

    Args:
        entry: which weights.
        progress: called with bytes done and bytes in all while downloading.
        check: raises ``Cancelled`` to stop; what came so far stays, and the next call goes on from there.

    Raises:
        DownloadError: they cannot be had; says whether the computer is offline, the disk full, ...
        Cancelled: from ``check``.
    """
    target = checkpoints_folder() / PurePosixPath(urlsplit(entry.url).path).name
    if _is_there(target, entry, check):
        return target
    return download_file(entry.url, target, sha256_prefix=entry.sha256_prefix, progress=progress, check=check)


def fetch_pretrained(
    wanted: str, progress: Callable[[int, int, str], None], check: Check
) -> tuple[Path, PretrainedEntry]:
    """The file of published weights such as ``resnet50/IMAGENET1K_V2``, downloaded first where it is not here yet.

    Args:
        wanted: ``PretrainedEntry.id``.
        progress: told bytes so far, bytes in all, and a line for a person.
        check: raises ``Cancelled`` to stop.

    Raises:
        DownloadError: it cannot be fetched.
        UsageError: there are no such weights.
    """
    entry = next((found for found in pretrained() if found.id == wanted), None)
    if entry is None:
        raise UsageError(
            f"There are no published weights {wanted!r}.",
            "torchvision's list does not have them.",
            "Choose others, or a weights file.",
        )
    text = f"Downloading {entry.id}"
    progress(0, entry.bytes, text)
    return pretrained_path(entry, lambda done, total: progress(done, total, text), check), entry


def checkpoints_folder() -> Path:
    """``$TORCH_HOME/hub/checkpoints``, found as ``torch.hub.get_dir`` finds it, without importing torch."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = Path(os.environ.get("TORCH_HOME", Path(cache, "torch")))
    # A user without a home, as in some containers: torch makes a folder called "~" then, and so does this.
    with contextlib.suppress(RuntimeError):
        home = home.expanduser()
    return home / "hub" / "checkpoints"


def _is_there(target: Path, entry: PretrainedEntry, check: Check) -> bool:
    try:
        if entry.has_size(target.stat().st_size):
            return True
        digest = hashlib.sha256()
        with target.open("rb") as file:
            while piece := file.read(_PIECE):
                check()
                digest.update(piece)
    except OSError:
        return False
    return digest.hexdigest().startswith(entry.sha256_prefix)
