"""What goes wrong between two computers, in words."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from http import client
from pathlib import Path
from urllib import parse

from core.errors import DownloadError
from core.fetching.answers import BrokenError, NetworkError, RefusedError

MIB = 1024 * 1024
_OFFLINE = "Check this computer's connection to the network, and try again."
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}


def explain(error: Exception, what: str, url: str) -> DownloadError:
    """The error for a person.

    Args:
        error: one of ``FAILURES``.
        what: a sentence, what happened.
        url: the address asked for.
    """
    cause = error.error if isinstance(error, NetworkError) else error
    why, remedy = _reason(cause, host_of(url))
    return DownloadError(what, why, remedy, detail=f"{url}\n{type(cause).__name__}: {cause}")


def explain_disk(error: OSError, what: str, target: Path) -> DownloadError:
    """The error for a person, where the disk is to blame."""
    detail = f"{target}\n{type(error).__name__}: {error}"
    if error.errno in _FULL:
        why, remedy = f"There is no room left in {target.parent}.", "Make room, and start it again."
    else:
        reason = os.strerror(error.errno) if error.errno else str(error)
        why = f"{target.parent} cannot be written to: {reason}."
        remedy = "Check who may write there; TORCH_HOME can name another folder."
    return DownloadError(what, why, remedy, detail=detail)


def host_of(url: str) -> str:
    """The server's name, for a sentence."""
    try:
        return parse.urlsplit(url).hostname or "that address"
    except ValueError:
        return "that address"


def size_text(count: int) -> str:
    """A number of bytes, for a sentence."""
    return f"{count / MIB:.1f} MB" if count >= MIB // 10 else f"{count} bytes"


def _reason(cause: Exception, host: str) -> tuple[str, str]:
    match cause:
        case RefusedError():
            return str(cause), "Check the address, or try again later."
        case BrokenError():
            return str(cause), "Try again."
        case ssl.SSLCertVerificationError():
            return (
                f"{host} cannot prove that it is {host}.",
                "Check this computer's date, and the network's login page.",
            )
        case socket.gaierror():
            return f"The name {host} cannot be looked up: this computer seems to be offline.", _OFFLINE
        case ConnectionRefusedError():
            return f"{host} refuses the connection.", _OFFLINE
        case TimeoutError():
            return f"{host} does not answer.", _OFFLINE
        case OSError() if cause.errno in _NO_WAY:
            return f"There is no way to {host}: this computer seems to be offline.", _OFFLINE
        case client.InvalidURL() | ValueError():
            return "The address is not one of the web.", "Check the address."
        case _:
            return f"The connection to {host} broke.", "Try again."
