"""From a path, bytes or a link to pixels; nothing here knows what a network is."""

from core.images.decoded import DecodedImage
from core.images.decoder import Decoder
from core.images.reading import readable_suffixes
from core.images.source import ImageSource
from core.images.views import Preview, preview, thumbnail
from core.images.walking import walk

__all__ = ["DecodedImage", "Decoder", "ImageSource", "Preview", "preview", "readable_suffixes", "thumbnail", "walk"]
