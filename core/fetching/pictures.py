"""A picture from an address, into memory."""

from __future__ import annotations

import time

from core.errors import DownloadError
from core.fetching.answers import FAILURES, Answer, Check
from core.fetching.wording import MIB, explain, host_of, size_text


def fetch_image(url: str, *, max_bytes: int = 64 * MIB, timeout_s: float = 20.0, check: Check = lambda: None) -> bytes:
    """What an http or https address holds; whether it is an image, the decoder says.

    Args:
        url: the address; redirects are followed, to http and https only.
        max_bytes: an answer longer than this is refused.
        timeout_s: for everything together, from looking up the name to the last byte.
        check: called about twenty times a second while waiting; may raise ``Cancelled``.

    Raises:
        DownloadError: it cannot be fetched within these limits.
    """
    host = host_of(url)
    large = DownloadError(
        f"The picture from {host} is too large.",
        f"More than {size_text(max_bytes)} is not fetched.",
        "Save it as a file, and open that.",
        detail=url,
    )
    body = bytearray()
    try:
        with Answer(url, {"Accept": "image/*,*/*;q=0.5"}, check, deadline=time.monotonic() + timeout_s) as answer:
            if answer.length is not None and answer.length > max_bytes:
                raise large
            for piece in answer.pieces():
                body += piece
                if len(body) > max_bytes:
                    raise large
    except FAILURES as error:
        raise explain(error, f"The picture from {host} cannot be fetched.", url) from error
    return bytes(body)
