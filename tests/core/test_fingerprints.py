"""Architectures are told from names and shapes alone."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torchvision import models

from core.architectures.torchvision import Unfilled
from core.fingerprints import Named, Shape, Shapes, changed_fits, compare, exact_fits, fingerprint, nearest
from core.tables import TIMM_PREFIX
from tests.core.weights import AUXILIARY

NAMES = models.list_models(module=models)


@pytest.fixture(scope="module")
def built() -> dict[str, Shapes]:
    """Names and shapes of every architecture with seven classes, from torchvision's own constructors."""
    made: dict[str, Shapes] = {}
    for name in NAMES:
        options = {"init_weights": False} if name in AUXILIARY else {}
        with Unfilled():
            network: nn.Module = models.get_model(name, weights=None, num_classes=7, **options)
        made[name] = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    return made


def ours(shapes: Shapes) -> list[str]:
    """The architectures of torchvision's that fit."""
    return [fit.architecture for fit in exact_fits(shapes) if not fit.architecture.startswith(TIMM_PREFIX)]


def test_every_architecture_is_recognised_and_no_other(built: dict[str, Shapes]) -> None:
    for name, shapes in built.items():
        fits = exact_fits(shapes)
        assert ours(shapes) == [name]
        assert fits[0].architecture == name
        assert (fits[0].num_classes, fits[0].input_channels) == (7, 3)
        assert fits[0].exact


def test_all_differ_without_their_heads(built: dict[str, Shapes]) -> None:
    bodies: set[frozenset[tuple[str, Shape]]] = set()
    for name, shapes in built.items():
        head = fingerprint(name).head
        assert head
        assert all(shapes[key][0] == 7 for key in head)
        bodies.add(frozenset((key, shape) for key, shape in shapes.items() if key not in head))
    assert len(bodies) == len(NAMES) == 80


@given(st.dictionaries(st.text("ab.", max_size=9), st.just(()), max_size=60))
def test_names_are_grouped_by_what_they_begin_with(shapes: dict[str, Shape]) -> None:
    named = Named(shapes)
    words = {"".join(f"{word}." for word in name.split(".")[:depth]) for name in shapes for depth in range(1, 5)}
    below = {word: {name.removeprefix(word) for name in shapes if name.startswith(word)} for word in words}
    assert set(named.prefixes) == {"", *(word for word, names in below.items() if len(names) >= 8)}
    assert list(named.prefixes) == sorted(named.prefixes, key=lambda prefix: (len(prefix), prefix))
    for prefix in named.prefixes:
        rests = below.get(prefix, set(shapes))
        assert set(named.below(prefix)) == rests
        assert named.key(prefix) == sum(zlib.crc32(rest.encode()) for rest in rests)


def test_what_a_network_computes_by_itself_may_be_missing(built: dict[str, Shapes]) -> None:
    for name in ("resnet18", "swin_v2_t", "maxvit_t"):
        fewer = {key: shape for key, shape in built[name].items() if not key.endswith(("tracked", "index", "table"))}
        fewer |= {key: shape for key, shape in built[name].items() if key.endswith("relative_position_bias_table")}
        assert len(fewer) < len(built[name])
        assert ours(fewer) == [name]
    listed = {key: (1,) if key.endswith("num_batches_tracked") else shape for key, shape in built["resnet18"].items()}
    assert ours(listed) == ["resnet18"]


def test_auxiliary_heads_may_be_missing_or_of_another_size(built: dict[str, Shapes]) -> None:
    for name, beginning in (("googlenet", "aux"), ("inception_v3", "AuxLogits")):
        without = {key: shape for key, shape in built[name].items() if not key.startswith(beginning)}
        other = {key: (1000, *shape[1:]) if key.startswith(beginning) else shape for key, shape in built[name].items()}
        for shapes in (without, other):
            fit = exact_fits(shapes)[0]
            assert (fit.architecture, fit.num_classes) == (name, 7)
        assert exact_fits(other)[0].left_out


def test_a_vision_transformer_tells_its_input_size(built: dict[str, Shapes]) -> None:
    assert exact_fits(built["vit_b_16"])[0].input_size == 224
    larger = {**built["vit_b_16"], "encoder.pos_embedding": (1, 24 * 24 + 1, 768)}
    assert [(fit.architecture, fit.input_size) for fit in exact_fits(larger)] == [("vit_b_16", 384)]
    assert not exact_fits({**built["vit_b_16"], "encoder.pos_embedding": (1, 200, 768)})
    assert exact_fits(built["maxvit_t"])[0].input_size == 224
    assert exact_fits(built["resnet18"])[0].input_size == 0


def test_differences_are_named(built: dict[str, Shapes]) -> None:
    shapes = dict(built["resnet18"])
    shapes["conv1.weight"] = (64, 1, 5, 5)
    del shapes["layer1.0.bn1.bias"]
    shapes["extra"] = (3,)
    fit = compare(shapes, fingerprint("resnet18"))
    assert not fit.exact
    assert [(name, found) for name, found, _ in fit.different] == [("conv1.weight", (64, 1, 5, 5))]
    assert fit.missing == ("layer1.0.bn1.bias",)
    assert fit.unexpected == ("extra",)
    assert fit.input_channels == 1
    assert fit.fitting == len(built["resnet18"]) - 2
    assert fit.total == len(built["resnet18"]) + 1
    assert nearest(shapes, 1)[0].architecture == "resnet18"


def test_a_head_whose_parts_disagree_does_not_fit(built: dict[str, Shapes]) -> None:
    assert not exact_fits({**built["resnet18"], "fc.bias": (8,)})
    assert not exact_fits({key: shape for key, shape in built["resnet18"].items() if not key.startswith("fc.")})
    empty = {key: (0, *shape[1:]) if key.startswith("fc.") else shape for key, shape in built["resnet18"].items()}
    assert not exact_fits(empty)


@given(st.dictionaries(st.text(max_size=20), st.lists(st.integers(0, 9), max_size=5).map(tuple), max_size=20))
def test_strange_names_and_shapes_fit_nothing(shapes: dict[str, Shape]) -> None:
    assert exact_fits(shapes) == ()
    assert changed_fits(shapes) == ()
    assert nearest(shapes) == ()
