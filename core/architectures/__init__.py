"""Building networks; one file a source."""

from core.architectures.torchvision import blueprint, build

__all__ = ["blueprint", "build"]
