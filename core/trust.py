"""What a person agreed to run: files by their sha256, kept across starts, and revocable."""

from __future__ import annotations
