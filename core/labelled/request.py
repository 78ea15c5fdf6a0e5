"""What a person wants to have measured; light enough for a window that has loaded nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What is to be evaluated.

    Attributes:
        data: path of a folder of class folders, or of a file of paths and labels.
        split: which part of it; empty for the test part where there is one.
        target: the column of the labels; empty to find it.
        chosen: a person's choice of class by label as written, as indices; -1 leaves a label out.
        batch_size: images in one forward pass; 0 chooses by itself.
        top: within how many best classes the true one may be, for one more accuracy; 0 for none.
        path_column: the column of the paths; empty to find it.
    """

    data: str
    split: str = ""
    target: str = ""
    chosen: tuple[tuple[str, int], ...] = ()
    batch_size: int = 0
    top: int = 0
    path_column: str = ""
