"""Where a result came from, as plain JSON types and as words."""

from __future__ import annotations

import json

from core.descriptions import Provenance
from core.outputs import title
from core.preprocessing import to_dict


def to_record(provenance: Provenance) -> dict[str, object]:
    """Plain JSON types: all that a result depends on; what nobody knows is ``None``."""
    return {
        "weights": provenance.weights,
        "sha256": provenance.sha256 or None,
        "tensors": provenance.tensors or None,
        "architecture": provenance.architecture,
        "architecture_evidence": provenance.evidence or None,
        "architecture_file": provenance.source or None,
        "preprocessing": to_dict(provenance.preprocessing),
        "preprocessing_source": provenance.preprocessing_source or None,
        "activation": provenance.activation,
        "activation_source": provenance.activation_source or None,
        "labels": provenance.labels,
        "device": provenance.device,
        "precision": provenance.precision,
        "whatsit": provenance.version,
        "libraries": dict(provenance.libraries),
    }


def to_json(provenance: Provenance, image: str = "") -> str:
    """``to_record`` as text; with the image's name where there is one."""
    record = {"image": image, **to_record(provenance)} if image else to_record(provenance)
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def facts(provenance: Provenance) -> list[tuple[str, str]]:
    """(caption, text) for a person, one a line; those that say nothing are left out."""
    said = [
        ("Weights", provenance.weights),
        ("sha256", provenance.sha256),
        ("Tensors", "" if provenance.tensors in ("", ".") else provenance.tensors),
        ("Architecture", _with(provenance.architecture, provenance.evidence)),
        ("Python file", provenance.source),
        ("Preprocessing", _with(provenance.preprocessing.describe(), provenance.preprocessing_source)),
        ("Output", _with(title(provenance.activation), provenance.activation_source)),
        ("Class names", provenance.labels),
        ("Device", f"{provenance.device}, {provenance.precision}"),
        ("Computed by", ", ".join(f"{name} {version}" for name, version in _computing(provenance))),
    ]
    return [(caption, text) for caption, text in said if text]


def to_text(provenance: Provenance, image: str = "") -> str:
    """``facts`` as lines, to paste into a report."""
    lines = [("Image", image), *facts(provenance)] if image else facts(provenance)
    return "".join(f"{caption}: {text}\n" for caption, text in lines)


def _computing(provenance: Provenance) -> list[tuple[str, str]]:
    return [("Whatsit", provenance.version), *provenance.libraries]


def _with(text: str, source: str) -> str:
    return f"{text} ({source})" if source else text
