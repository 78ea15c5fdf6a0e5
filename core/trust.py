"""What a person agreed to run: files by their sha256, kept across starts, and revocable.

There is no entry that means "everything", no folder and no publisher to trust: a word is for one content of one
file, of one kind.  What is in the file cannot give it, nor what lies beside it.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, cast

from core.errors import TrustError, WhatsitError, shown
from core.folders import settings_folder
from core.questions import TrustRequest

KINDS = ("module", "torchscript", "exported_program", "python")
MAX_BYTES = 4 * 1024 * 1024

_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = 1
_WHAT = {
    "module": "a pickled network with code of its own",
    "torchscript": "a TorchScript program",
    "exported_program": "a program of torch.export",
    "python": "a Python file",
}


class Consent(Protocol):
    """Somebody who may have agreed."""

    def trusted(self, request: TrustRequest) -> bool:
        """Whether a person agreed to exactly this."""
        ...


@dataclass(frozen=True, slots=True)
class TrustEntry:
    """One content of one file that a person trusts.

    Attributes:
        sha256: as in ``TrustRequest``.
        kind: as in ``TrustRequest``.
        name: the file's name when it was trusted.
        date: of that day, such as ``2025-07-31``.
    """

    sha256: str
    kind: str
    name: str
    date: str


class TrustStore:
    """The files that a person trusts, in a JSON file that only this class writes.

    A file that cannot be read as such is put aside, and nothing is trusted.

    Args:
        path: of the JSON file; the usual place of the system if not given.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or default_path()
        self._session: dict[tuple[str, str], TrustEntry] = {}

    def trusted(self, request: TrustRequest) -> bool:
        """Whether a person agreed to this content of this kind."""
        key = (request.kind, request.sha256)
        return key in self._session or any((entry.kind, entry.sha256) == key for entry in self._read())

    def trust(self, request: TrustRequest) -> None:
        """Remember a person's word.

        Raises:
            ValueError: the request names no content.
            WhatsitError: it cannot be written down; it holds as long as this object lives.
        """
        entry = TrustEntry(
            request.sha256, request.kind, shown(Path(request.file).name), datetime.date.today().isoformat()
        )
        if not _is_valid(entry):
            raise ValueError(f"no kind or no sha256: {request.kind} {request.sha256}")
        self._session[entry.kind, entry.sha256] = entry
        others = [old for old in self._read() if (old.kind, old.sha256) != (entry.kind, entry.sha256)]
        self._write([*others, entry])

    def revoke(self, sha256: str) -> None:
        """Forget a person's word for a content, whatever its kind.

        Raises:
            WhatsitError: the change cannot be written down.
        """
        self._session = {key: entry for key, entry in self._session.items() if entry.sha256 != sha256}
        entries = self._read()
        kept = [entry for entry in entries if entry.sha256 != sha256]
        if len(kept) != len(entries):
            self._write(kept)

    def entries(self) -> tuple[TrustEntry, ...]:
        """All that is trusted, the oldest first."""
        written = {(entry.kind, entry.sha256): entry for entry in self._read()}
        return tuple((written | self._session).values())

    def _read(self) -> list[TrustEntry]:
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError:
            return []
        entries = _parsed(data) if len(data) <= MAX_BYTES else None
        if entries is None:
            # Kept for whoever wants to know what happened; the next word starts a new file.
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_name(f"{self._path.name}.damaged"))
            return []
        return entries

    def _write(self, entries: Iterable[TrustEntry]) -> None:
        text = json.dumps({"version": _VERSION, "trusted": [asdict(entry) for entry in entries]}, indent=2)
        temporary = ""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=".trust", dir=self._path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path)
        except OSError as error:
            if temporary:
                Path(temporary).unlink(missing_ok=True)
            raise WhatsitError(
                "What you trust cannot be written down.",
                f"The system says: {error}.",
                f"Make {shown(self._path.parent, 300)} writable; until then you will be asked again at each start.",
            ) from error


class GivenFor:
    """A person's word on a command line: for the files that are named there, and for no others.

    Args:
        files: as given.
    """

    def __init__(self, files: Iterable[str | Path]) -> None:
        self._files = frozenset(_real(file) for file in files)

    def trusted(self, request: TrustRequest) -> bool:
        """Whether the file is one of those that were named."""
        return _real(request.file) in self._files


def demand(request: TrustRequest, *consents: Consent) -> None:
    """Go on only if a person agreed.

    Args:
        request: what is about to run.
        consents: who may have agreed, such as a ``TrustStore``; nobody if none is given.

    Raises:
        TrustError: nobody did; it carries the request.
    """
    if any(consent.trusted(request) for consent in consents):
        return
    name = shown(Path(request.file).name)
    raise TrustError(
        f"{name} can only be opened by running code in it.",
        f"It is {_WHAT.get(request.kind, 'a file with code')}, and you have not said that you trust it.",
        "Open it in the window and read what is in it, or, if you trust whoever made it, "
        + (f"add --architecture-file {shown(request.file, 300)} --trust" if request.kind == "python" else "add --trust")
        + " to the command.",
        request=request,
        detail="\n".join((*request.contents, f"sha256 {request.sha256}")),
    )


def default_path(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """Where the system keeps an application's settings.

    Args:
        environment: variables; the process's own if not given.
        platform: as ``sys.platform``.
    """
    return settings_folder(environment, platform) / "trust.json"


def _parsed(data: bytes) -> list[TrustEntry] | None:
    """The entries of a file; ``None`` if a single thing in it is not as written here."""
    try:
        content: object = json.loads(data)
        fields = cast("dict[str, object]", content)
        if fields["version"] != _VERSION or fields.keys() != {"version", "trusted"}:
            return None
        listed = cast("list[dict[str, object]]", fields["trusted"])
        if not all(isinstance(value, str) for entry in listed for value in entry.values()):
            return None
        entries = [TrustEntry(**cast("dict[str, str]", entry)) for entry in listed]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return entries if all(_is_valid(entry) for entry in entries) else None


def _is_valid(entry: TrustEntry) -> bool:
    return entry.kind in KINDS and _SHA256.fullmatch(entry.sha256) is not None


def _real(file: str | Path) -> str:
    return os.path.realpath(file)
