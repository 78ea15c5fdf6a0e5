"""Scores are what plain torch makes of the same network's numbers, whatever kind of output they are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import get_model

from core.activations import activated
from core.architectures.answers import described, outputs_of
from core.descriptions import ClassifierInfo
from core.errors import MatchError
from core.images import Decoder, ImageSource
from core.jobs import Context
from core.outputs import KINDS, Evidence, Said, allowed, class_count, recognise, said_in
from core.predictions import Prediction
from tests.core import networks
from tests.core.making import PLAIN, write_photo
from tests.core.test_building import Room, plain, save_script, spec_of

Function = Callable[[Tensor], Tensor]


def two(second: Tensor) -> Tensor:
    return torch.cat([1 - second, second], dim=1)


PLAINLY: dict[str, tuple[int, Function]] = {
    "softmax": (4, lambda x: torch.softmax(x, 1)),
    "sigmoid": (4, torch.sigmoid),
    "binary": (1, lambda x: two(torch.sigmoid(x))),
    "probabilities": (4, lambda x: x),
    "binary_probability": (1, two),
    "multilabel_probabilities": (4, lambda x: x),
    "log_softmax": (4, torch.exp),
    "regression": (4, lambda x: x),
}
ENDS: dict[str, nn.Module] = {
    "probabilities": nn.Softmax(1),
    "binary_probability": nn.Sigmoid(),
    "multilabel_probabilities": nn.Sigmoid(),
    "log_softmax": nn.LogSoftmax(1),
}


def network_of(outputs: int, *end: nn.Module, seed: int = 3) -> nn.Sequential:
    torch.manual_seed(seed)  # pyright: ignore[reportUnknownMemberType]
    layers = [nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, outputs)]
    return nn.Sequential(*layers, *end).eval()


@dataclass
class Scene:
    """A folder with a photo and an engine."""

    room: Room
    folder: Path
    photo: Path

    def open(self, saved: object, activation: str = "", config: object = None) -> ClassifierInfo:
        """Save a network or a checkpoint, with a configuration beside it, and open it."""
        path = self.folder / "weights.pth"
        torch.save(saved, path)
        if config:
            path.with_name("config.json").write_text(json.dumps(config), encoding="utf-8")
        return self.room.open(spec_of(path, preprocessing=PLAIN, activation=activation))

    def answer(self) -> Prediction:
        result = self.room.answer(self.photo)
        assert result.prediction is not None, result.error
        return result.prediction

    def shown(self) -> list[float]:
        """The probabilities, or the values."""
        answer = self.answer()
        assert not (answer.probabilities and answer.values)
        return [*answer.probabilities, *answer.values]

    def plainly(self, network: nn.Module, function: Function) -> object:
        """What plain torch says of the photo."""
        with torch.inference_mode():
            return pytest.approx(numbers(function(network(plain(self.photo)))), abs=1e-6)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    room = Room()
    yield Scene(room, tmp_path, write_photo(tmp_path / "photo.png", (61, 47)))
    room.engine.close()


def numbers(tensor: Tensor) -> list[float]:
    return cast("list[float]", tensor.flatten().tolist())  # pyright: ignore[reportUnknownMemberType]


class TestActivations:
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_chosen_kind_gives_what_plain_torch_gives(self, scene: Scene, kind: str) -> None:
        outputs, function = PLAINLY[kind]
        network = network_of(outputs, *([ENDS[kind]] if kind in ENDS else []))
        info = scene.open(network, kind)
        assert (info.activation, info.activation_source) == (kind, "chosen by you")
        assert len(info.labels) == class_count(kind, outputs)
        assert scene.shown() == scene.plainly(network, function)
        assert scene.answer().provenance.activation == kind

    def test_probabilities_of_a_logit_keep_their_digits_at_both_ends(self) -> None:
        found = activated(torch.tensor([[-40.0], [40.0]]), "binary")
        exact = torch.sigmoid(torch.tensor([[40.0, -40.0], [-40.0, 40.0]], dtype=torch.float64))
        assert torch.allclose(found.double(), exact, rtol=1e-5, atol=0)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_network_that_diverged_has_no_scores(self, kind: str) -> None:
        outputs = PLAINLY[kind][0]
        for bad in (torch.nan, torch.inf):
            found = activated(torch.full((1, outputs), bad), kind)
            assert not bool(torch.isfinite(found).all())

    @pytest.mark.parametrize("kind", ["softmax", "sigmoid", "log_softmax"])
    def test_minus_infinity_is_a_class_that_is_ruled_out(self, kind: str) -> None:
        found = activated(torch.tensor([[0.0, -torch.inf]]), kind)
        assert float(found[0, 1]) == 0.0
        assert bool(torch.isfinite(found).all())

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("probabilities", "from 0 to 1, and reach from -2 to 3"),
            ("multilabel_probabilities", "from 0 to 1"),
            ("log_softmax", "0 at most"),
        ],
    )
    def test_what_is_no_probability_is_never_shown_as_one(self, kind: str, words: str) -> None:
        with pytest.raises(MatchError, match=words):
            activated(torch.tensor([[3.0, -2.0]]), kind)

    @pytest.mark.parametrize("kind", ["probabilities", "log_softmax"])
    def test_probabilities_of_one_class_sum_to_one(self, kind: str) -> None:
        numbers = torch.tensor([[0.5, 0.5, 0.0], [0.9, 0.9, 0.0]])
        with pytest.raises(MatchError, match="should sum to 1, and sum to 1\\.8"):
            activated(numbers if kind == "probabilities" else numbers.log(), kind)

    def test_a_wrong_choice_leaves_the_model_before_in_use(self, scene: Scene) -> None:
        network = network_of(4)
        scene.open(network)
        with pytest.raises(MatchError, match="cannot be read as log-softmax"):
            scene.room.open(spec_of(scene.folder / "weights.pth", preprocessing=PLAIN, activation="log_softmax"))
        assert scene.shown() == scene.plainly(network, lambda x: torch.softmax(x, 1))

    @pytest.mark.parametrize("kind", ["regression", "log_softmax"])
    def test_a_choice_builds_nothing_anew_and_a_wrong_one_changes_nothing(self, scene: Scene, kind: str) -> None:
        network = network_of(4)
        info = scene.open(network)
        (scene.folder / "weights.pth").unlink()
        chosen = replace(info.spec, activation=kind)
        steps = scene.room.engine.dress(
            Context(1, lambda _: None), chosen, "cpu", ImageSource("a", scene.photo), Decoder()
        )
        if kind == "regression":
            scene.room.run(steps)
            assert scene.shown() == scene.plainly(network, lambda x: x)
            return
        with pytest.raises(MatchError, match="cannot be read as log-softmax"):
            scene.room.run(steps)
        assert scene.shown() == scene.plainly(network, lambda x: torch.softmax(x, 1))

    @pytest.mark.parametrize(("kind", "outputs"), [("softmax", 1), ("probabilities", 1), ("binary", 3), ("tanh", 3)])
    def test_a_kind_that_its_outputs_cannot_be_is_refused(self, scene: Scene, kind: str, outputs: int) -> None:
        with pytest.raises(MatchError, match="cannot be read as"):
            scene.open(network_of(outputs), kind)
        assert kind not in allowed(outputs)


class TestSeen:
    @pytest.mark.parametrize(
        ("end", "outputs", "kind", "source"),
        [
            (nn.Softmax(1), 4, "probabilities", "the network ends in a softmax"),
            (nn.LogSoftmax(1), 4, "log_softmax", "the network ends in a log-softmax"),
            (nn.Sigmoid(), 4, "multilabel_probabilities", "the network ends in a sigmoid"),
            (nn.Sigmoid(), 1, "binary_probability", "the network ends in a sigmoid"),
            (nn.Identity(), 4, "softmax", "assumed: the usual for 4 outputs"),
            (nn.Identity(), 1, "binary", "assumed: usual for one output of an image"),
        ],
    )
    def test_how_a_network_ends(self, scene: Scene, end: nn.Module, outputs: int, kind: str, source: str) -> None:
        network = network_of(outputs, end)
        info = scene.open(network)
        assert (info.activation, info.activation_source) == (kind, source)
        assert scene.shown() == scene.plainly(network, PLAINLY[kind][1])

    def test_a_known_network_with_an_end_of_its_own(self, scene: Scene) -> None:
        network = get_model("squeezenet1_1", weights=None, num_classes=5)
        network.classifier = nn.Sequential(*cast("nn.Sequential", network.classifier), nn.Flatten(), nn.Softmax(1))
        network = network.eval()
        info = scene.open(network)
        assert (info.architecture, info.activation) == ("squeezenet1_1", "probabilities")
        assert scene.shown() == scene.plainly(network, lambda x: x)

    @pytest.mark.parametrize("end", [nn.Sigmoid(), nn.Softmax(1), nn.LogSoftmax(1)])
    def test_a_program_with_an_end_of_its_own(self, scene: Scene, end: nn.Module) -> None:
        network = network_of(4, end)
        save_script(network, scene.folder / "s.pt", torch.rand(1, 3, 64, 64))
        scene.room.open(spec_of(scene.folder / "s.pt", preprocessing=PLAIN))
        exp = isinstance(end, nn.LogSoftmax)
        assert scene.shown() == scene.plainly(network, torch.exp if exp else lambda x: x)

    def test_an_exported_program_with_a_sigmoid(self, scene: Scene) -> None:
        network = network_of(4, nn.Sigmoid())
        export = cast(Any, torch.export)
        export.save(export.export(network, (torch.rand(1, 3, 64, 64),)), scene.folder / "p.pt2")
        info = scene.room.open(spec_of(scene.folder / "p.pt2"))
        assert info.activation == "multilabel_probabilities"


DOCUMENTED = [
    ("SimpleModel", (2,), "softmax", 2),
    ("SimpleModel", (1,), "regression", 1),
    ("ModelWithCustomLayer", (), "regression", 1),
    ("EndsInSoftmax", (4,), "probabilities", 4),
    ("OneNumber", (), "binary", 2),
]


@pytest.mark.parametrize(("name", "arguments", "kind", "shown"), DOCUMENTED)
def test_networks_of_a_persons_own(
    scene: Scene, name: str, arguments: tuple[object, ...], kind: str, shown: int
) -> None:
    weights, _ = networks.write(scene.folder / "a", name, *arguments)
    info = scene.room.open(spec_of(weights))
    assert (info.architecture, info.activation, len(info.labels)) == (name, kind, shown)
    # What is assumed of one output is said, for it may be wrong.
    assert any("one number" in notice for notice in info.notices) == (info.outputs == 1)


class TestSaid:
    @pytest.mark.parametrize(
        ("outputs", "config", "kind", "source"),
        [
            (4, {"problem_type": "multi_label_classification"}, "sigmoid", "problem_type multi_label_classification"),
            (4, {"problem_type": "regression"}, "regression", "problem_type regression"),
            (4, {"problem_type": "single_label_classification"}, "softmax", "problem_type single_label"),
            (1, {"problem_type": None, "num_labels": 1}, "binary", "one label"),
            (1, {"problem_type": "regression", "num_labels": 1}, "regression", "problem_type regression"),
            # It speaks of another network.
            (4, {"problem_type": "regression", "num_labels": 3}, "softmax", "assumed"),
        ],
    )
    def test_by_a_configuration_of_hugging_face(
        self, scene: Scene, outputs: int, config: dict[str, object], kind: str, source: str
    ) -> None:
        network = network_of(outputs)
        info = scene.open(network, config=config)
        assert info.activation == kind
        assert source in info.activation_source
        assert scene.shown() == scene.plainly(network, PLAINLY[kind][1])

    def test_by_a_configuration_and_the_network_together(self, scene: Scene) -> None:
        network = network_of(4, nn.Sigmoid())
        info = scene.open(network, config={"problem_type": "multi_label_classification", "num_labels": 4})
        assert info.activation == "multilabel_probabilities"
        assert scene.shown() == scene.plainly(network, lambda x: x)

    @pytest.mark.parametrize(
        ("beside", "outputs", "kind"),
        [
            ({"criterion": "BCEWithLogitsLoss"}, 4, "sigmoid"),
            ({"criterion": nn.BCEWithLogitsLoss()}, 4, "sigmoid"),
            ({"criterion": nn.MSELoss()}, 1, "regression"),
            ({"criterion": nn.BCEWithLogitsLoss(pos_weight=torch.ones(4))}, 4, "sigmoid"),
            ({"hyper_parameters": {"loss_fn": "mse"}}, 1, "regression"),
            ({"args": {"loss": "torch.nn.SmoothL1Loss()"}}, 4, "regression"),
            ({"config": {"loss": {"type": "MultiLabelSoftMarginLoss"}}}, 4, "sigmoid"),
            ({"criterion": "NLLLoss"}, 4, "softmax"),
            ({"criterion": str(nn.MSELoss)}, 4, "regression"),
            ({"loss": 0.25}, 4, "softmax"),
            ({"hyper_parameters": {"task": "multilabel"}}, 4, "sigmoid"),
            ({"criterion": "BCELoss", "classes": ["cat", "dog"]}, 1, "binary"),
            ({"classes": ["cat", "dog"]}, 1, "binary"),
        ],
    )
    def test_by_the_weights_file(self, scene: Scene, beside: dict[str, object], outputs: int, kind: str) -> None:
        state = get_model("squeezenet1_1", weights=None, num_classes=outputs).state_dict()
        info = scene.open({"state_dict": state, **beside})
        assert info.activation == kind

    def test_a_single_name_is_that_of_the_second_class(self, scene: Scene) -> None:
        info = scene.open({"state_dict": network_state(1), "classes": ["hot dog"]})
        assert (info.activation, info.labels) == ("binary", ("not hot dog", "hot dog"))

    def test_a_single_name_in_a_file_is_that_of_the_second_class(self, scene: Scene) -> None:
        for name in ("labels.txt", "mine.txt"):
            (scene.folder / name).write_text("hot dog\n", encoding="utf-8")
        assert scene.open({"state_dict": network_state(1)}).labels == ("not hot dog", "hot dog")
        spec = spec_of(scene.folder / "weights.pth", preprocessing=PLAIN, labels=str(scene.folder / "mine.txt"))
        assert scene.room.open(spec).labels == ("not hot dog", "hot dog")

    def test_names_of_several_values(self, scene: Scene) -> None:
        names = ["x", "y", "width"]
        info = scene.open({"state_dict": network_state(3), "criterion": "MSELoss", "classes": names})
        assert (info.activation, info.labels) == ("regression", tuple(names))
        answer = scene.answer()
        assert [(each.label, each.value) for each in answer.named_values()] == list(
            zip(names, answer.values, strict=True)
        )
        assert answer.top(3) == ()


def network_state(outputs: int) -> dict[str, Tensor]:
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    return get_model("squeezenet1_1", weights=None, num_classes=outputs).state_dict()


def test_a_kind_that_was_chosen_is_written_and_read_again(scene: Scene, tmp_path: Path) -> None:
    for kind, outputs in (("sigmoid", 3), ("regression", 1), ("binary", 1)):
        scene.open(network_state(outputs), kind)
        expected = scene.shown()
        target = tmp_path / f"{kind}{outputs}"
        target.mkdir()
        scene.room.run(scene.room.engine.save(Context(1, lambda _: None), target / "mine.safetensors"))
        info = scene.room.open(spec_of(target / "mine.safetensors"))
        assert (info.activation, info.notices) == (kind, ())
        assert "config.json" in info.activation_source
        assert scene.shown() == expected
        assert json.loads((target / "config.json").read_text())["num_classes"] == outputs


class TestWhatIsNoClassifier:
    @pytest.mark.parametrize(
        ("network", "words"),
        [
            (
                nn.Sequential(
                    nn.Conv2d(3, 512, 3), nn.BatchNorm2d(512), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
                ),
                "512 features",
            ),
            (nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 21, 1)), "21 maps of numbers"),
            (nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(2), nn.LayerNorm(900)), "8 rows of 900 numbers"),
        ],
    )
    def test_it_is_called_what_it_is(self, scene: Scene, network: nn.Module, words: str) -> None:
        with pytest.raises(MatchError, match=words):
            scene.open(network.eval())

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            ([{"boxes": torch.rand(5, 4), "labels": torch.ones(5), "scores": torch.rand(5)}] * 2, "an object detector"),
            ({"pred_logits": torch.rand(2, 100, 92), "pred_boxes": torch.rand(2, 100, 4)}, "an object detector"),
            (torch.rand(200, 7), "100 rows of 7 numbers for one image"),
            (torch.rand(2, 9, 7), "9 rows of 7 numbers for one image"),
            (torch.rand(2, 3, 8, 8), "3 maps of numbers"),
            (torch.tensor([1, 2]), r"number of the best class.*argmax"),
            (torch.rand(()), "as a loss is"),
            ("text", "a str"),
        ],
    )
    def test_every_answer_is_called_what_it_is(self, answer: object, words: str) -> None:
        assert outputs_of(answer, 2) is None
        assert re.search(words, described(answer, 2))

    def test_many_classes_of_a_real_head_are_no_features(self, scene: Scene) -> None:
        assert len(scene.open(network_of(600)).labels) == 600

    def test_a_person_may_know_better(self, scene: Scene) -> None:
        network = nn.Sequential(nn.Conv2d(3, 512, 3), nn.BatchNorm2d(512), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        assert len(scene.open(network.eval(), "softmax").labels) == 512


class TestOrderOfEvidence:
    @pytest.mark.parametrize(
        ("evidence", "kind"),
        [
            (Evidence(3, beside=Said("regression", "a"), inside=Said("several", "b")), "regression"),
            (Evidence(3, ends_in="softmax", inside=Said("several", "b")), "probabilities"),
            (Evidence(3, ends_in="sigmoid", inside=Said("single", "b")), "multilabel_probabilities"),
            (Evidence(1, ends_in="sigmoid", inside=Said("regression", "b")), "regression"),
            (Evidence(1, names=("AgeRegressor",)), "regression"),
            (Evidence(3, names=("head.regression.weight",)), "regression"),
            (Evidence(3, names=("LogisticRegression",)), "softmax"),
            (Evidence(3, names=("softmax_regression.pth",)), "softmax"),
            (Evidence(3, names=("regression.pth",), class_names=3), "softmax"),
            (Evidence(3, names=("MultiLabelNet",)), "sigmoid"),
            (Evidence(1, class_names=2, takes_rows=True), "binary"),
            (Evidence(1, takes_rows=True), "regression"),
            (Evidence(1), "binary"),
            # What was saved of a network that ended so; one that is built from a recipe has only its head.
            (Evidence(3, assembled=True, beside=Said("probabilities", "a")), "softmax"),
            (Evidence(1, assembled=True, beside=Said("binary_probability", "a")), "binary"),
            (Evidence(3, beside=Said("multilabel_probabilities", "a")), "multilabel_probabilities"),
            # It cannot be.
            (Evidence(3, beside=Said("binary", "a")), "softmax"),
        ],
    )
    def test_the_first_that_says_anything(self, evidence: Evidence, kind: str) -> None:
        assert recognise(evidence).kind == kind

    def test_a_loss_that_several_words_name_differently_says_nothing(self) -> None:
        assert said_in({"loss": "ce + mse"}) is None
        assert said_in({"loss": "focal"}) is None
        assert said_in({"criterion": "x" * 10_000}) is None

    def test_only_a_binary_cross_entropy_weighs_the_positive(self) -> None:
        said = said_in({}, ("criterion.pos_weight",))
        assert said is not None
        assert said.what == "several"
