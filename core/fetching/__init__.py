"""Fetching from the network: a picture into memory, a large file onto disk; never without limits."""

from core.fetching.downloads import download_file
from core.fetching.pictures import fetch_image

__all__ = ["download_file", "fetch_image"]
