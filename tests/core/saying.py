"""What commands print and return, for tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.core.making import Printed


class Said(Printed):
    """With one object as JSON."""

    @property
    def record(self) -> dict[str, Any]:
        """The JSON that it printed."""
        return json.loads(self.out)


Evaluate = Callable[..., Said]
