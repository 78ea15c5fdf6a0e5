"""A large file onto disk, going on where an earlier try broke off."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import client
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import DownloadError
from core.fetching.answers import FAILURES, Answer, BrokenError, Check, NetworkError, RefusedError
from core.fetching.wording import MIB, explain, explain_disk, host_of

if TYPE_CHECKING:
    from _hashlib import HASH

Progress = Callable[[int, int], None]
"""Bytes done, and bytes in all or 0 while nobody knows."""

PAUSE_S = 1.0
"""Before the second try; the later ones wait longer."""
_ATTEMPTS = 4
_POLL_S = 0.05
_REPORT_S = 0.1


def download_file(url: str, target: Path, *, sha256_prefix: str, progress: Progress, check: Check) -> Path:
    """Download a file; it appears whole and checked, or not at all.

    What has come so far lies in ``target.part`` (and what the server calls that version, in
    ``target.part.tag``).  A broken transfer is taken up again by itself a few times; after that, and after
    ``Cancelled``, the part stays for the next call.

    Args:
        url: the address, http or https.
        target: where the file belongs; its folder is made, a file there is replaced.
        sha256_prefix: how the file's sha256 begins, hexadecimal.
        progress: called at most ten times a second, and at the end.
        check: called about twenty times a second; raises ``Cancelled`` to stop.

    Returns:
        ``target``.

    Raises:
        DownloadError: no connection, a refusal, the wrong content, or no room on the disk.
        Cancelled: from ``check``.
    """
    what = f"{target.name} cannot be downloaded."
    download = _Download(url, target.with_name(target.name + ".part"), progress, check)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A part of another version may show only at the end: then once more, from the start.
        while not download.run(sha256_prefix):
            if not download.resumed:
                raise DownloadError(
                    what,
                    f"What {host_of(url)} sent is not the published file: its sha256 begins with "
                    f"{download.sha256.hexdigest()[:8]}, not {sha256_prefix[:8]}.",
                    "It has been removed. Try again later; a network with a login page can cause this, too.",
                    detail=url,
                )
        download.part.replace(target)
        download.tag.unlink(missing_ok=True)
    except FAILURES as error:
        raise explain(error, what, url) from error
    except OSError as error:
        raise explain_disk(error, what, target) from error
    return target


@dataclass
class _Download:
    """The part file on disk, and the requests that make it longer.

    Attributes:
        part: the file.
        done: its size.
        sha256: of it.
        resumed: whether the part had a beginning when ``run`` was called.
    """

    url: str
    part: Path
    progress: Progress
    check: Check
    sha256: HASH = field(default_factory=hashlib.sha256)
    done: int = 0
    total: int = 0
    resumed: bool = False
    reported: float = 0.0

    @property
    def tag(self) -> Path:
        """Holds what the server calls the version that the part is of."""
        return self.part.with_name(self.part.name + ".tag")

    def run(self, sha256_prefix: str) -> bool:
        """Make the part whole; whether it is the right file (it is removed where not)."""
        self._take_up()
        self.resumed = self.done > 0
        failures, best = 0, self.done
        while True:
            try:
                self._request()
                break
            except (BrokenError, NetworkError) as error:
                if isinstance(error, NetworkError) and failures == 0 and self.done <= best:
                    raise  # Nothing has come yet: offline, most likely.
                failures = 1 if self.done > best else failures + 1
                if failures == _ATTEMPTS:
                    raise
                best = max(best, self.done)
            self._pause(PAUSE_S * failures)
        right = self.sha256.hexdigest().startswith(sha256_prefix.lower())
        if not right:
            self._forget()
        return right

    def _take_up(self) -> None:
        self.sha256, self.done = hashlib.sha256(), 0
        self.check()
        if not self.part.is_file():
            return
        with self.part.open("rb") as file:
            while piece := file.read(4 * MIB):
                self.check()
                self.sha256.update(piece)
                self.done += len(piece)

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)

    def _request(self) -> None:
        """One request, up to the end of the file."""
        headers: dict[str, str] = {}
        if self.done:
            headers["Range"] = f"bytes={self.done}-"
            if self.tag.is_file():
                headers["If-Range"] = self.tag.read_text("utf-8")
        with Answer(self.url, headers, self.check) as answer:
            if answer.status == client.REQUESTED_RANGE_NOT_SATISFIABLE:
                # Nothing follows what is here: either that is all, or it is of another file.
                if answer.whole != self.done:
                    self._forget()
                    self.sha256, self.done = hashlib.sha256(), 0
                    raise BrokenError("The file on the server has changed.")
            else:
                self._receive(answer)
        self.total = self.done
        self._report()

    def _receive(self, answer: Answer) -> None:
        goes_on = answer.status == client.PARTIAL_CONTENT
        if goes_on and answer.starts_at != self.done:
            raise RefusedError("The server sent another part of it than the one asked for.")
        if not goes_on:
            self.sha256, self.done = hashlib.sha256(), 0
        if answer.length is not None and answer.length > shutil.disk_usage(self.part.parent).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.total = self.done + answer.length if answer.length is not None else 0
        self._report()
        with self.part.open("ab" if goes_on else "wb") as file:
            # After the part is empty: a tag beside bytes of another version would make them pass for this one.
            self.tag.write_text(answer.tag, "utf-8") if answer.tag else self.tag.unlink(missing_ok=True)
            for piece in answer.pieces():
                file.write(piece)
                self.sha256.update(piece)
                self.done += len(piece)
                if time.monotonic() - self.reported >= _REPORT_S:
                    self._report()
            file.flush()
            os.fsync(file.fileno())

    def _report(self) -> None:
        self.reported = time.monotonic()
        self.progress(self.done, self.total)

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.check()
            time.sleep(_POLL_S)
