"""What commands print and return, for tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Said:
    """What a command printed and returned."""

    status: int
    out: str
    err: str

    @property
    def record(self) -> dict[str, Any]:
        """The JSON that it printed."""
        return json.loads(self.out)


Evaluate = Callable[..., Said]
