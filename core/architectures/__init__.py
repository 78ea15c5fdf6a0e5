"""Building networks; one file a source."""

from core.architectures.torchvision import blueprint

__all__ = ["blueprint"]
