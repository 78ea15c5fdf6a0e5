"""Several labels, two classes of one logit, and values: each shown as what it is, and one click from another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.descriptions import ClassifierInfo, ModelSpec
from core.images import ImageSource
from core.outputs import allowed, title
from core.predictions import ImageResult, Prediction
from gui import preferences
from gui.answers import output_choices
from gui.answers.answer_view import draw_mark
from gui.answers.scores_panel import ScoresPanel
from gui.photos.results_model import Entry, State
from gui.preferences import Preferences
from gui.widgets import theme, wording
from tests.gui.conftest import MakeApp, Opened
from tests.gui.fake_workbench import FakeWorkbench, make_info, make_prediction
from tests.gui.test_panels import heard

AGE = make_info(labels=("age",), activation="regression", activation_source="config.json: problem_type regression")
LABELS = make_info(activation="sigmoid", activation_source="the test")


@pytest.fixture
def panel(qtbot: QtBot) -> ScoresPanel:
    made = ScoresPanel()
    qtbot.addWidget(made)
    made.resize(320, 560)
    made.show()
    return made


def show(panel: ScoresPanel, info: ClassifierInfo, seed: int = 0) -> None:
    panel.show_info(info)
    panel.show_prediction(make_prediction(info, seed))


def listed(panel: ScoresPanel) -> list[str]:
    model = panel.scores.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def as_result(prediction: Prediction) -> ImageResult:
    return ImageResult(ImageSource("a.jpg"), prediction, None, 4, 3)


def low() -> Prediction:
    """Several labels, of which none reaches a half."""
    found = make_prediction(LABELS)
    return replace(found, probabilities=type(found.probabilities)("f", [score / 2 for score in found.probabilities]))


def test_a_number_in_place_of_a_name_is_said_to_be_one(panel: ScoresPanel) -> None:
    named = make_info()
    show(panel, named)
    assert panel.answer.caption == ""
    show(panel, replace(named, labels=("0", "1", "2"), labels_source="numbers: the model brings no names"))
    assert panel.answer.label in ("0", "1", "2")
    assert "brings no names" in panel.answer.caption


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("state_dict_ema", "state_dict"), ("averaged over the training", "as the last step left them")),
        (("model", "model.EMA"), ("as the last step left them", "averaged over the training")),
        (("student", "teacher"), ("", "")),
        (("state_dict", "ema_state_dict"), ("", "")),
        (("schema", "model"), ("", "")),
    ],
)
def test_sets_of_weights_are_told_apart_in_plain_words(names: tuple[str, ...], said: tuple[str, ...]) -> None:
    assert tuple(wording.of_set(name, names) for name in names) == said


class TestSeveralLabels:
    def test_each_has_its_own_percentage_and_how_many_are_there_is_said(self, panel: ScoresPanel) -> None:
        show(panel, LABELS, seed=5)
        assert (panel.answer.label, panel.answer.number) == ("dog", "95.2 %")
        assert panel.answer.caption == "1 of 10 labels reaches 50 %"
        assert listed(panel)[:2] == ["frog, 47.6 %", "horse, 23.8 %"]
        assert "1 of 10 labels" in panel.answer.accessibleName()

    def test_none_may_be_there(self, panel: ScoresPanel) -> None:
        panel.show_info(LABELS)
        panel.show_prediction(low())
        assert panel.answer.caption == "No label reaches 50 %"
        assert wording.brief(low()) == ("no label", "airplane 47.6 %")
        assert wording.said(low()) == "no label reaches 50 % (airplane, 47.6 %)"

    def test_all_that_are_there_are_named(self) -> None:
        found = make_prediction(LABELS)
        many = replace(found, probabilities=type(found.probabilities)("f", [0.9 - 0.1 * i for i in range(10)]))
        assert wording.said(many) == "airplane 90.0 %, automobile 80.0 %, bird 70.0 % and 2 more"
        assert wording.brief(many) == ("airplane, automobile, bird …", "5 labels")

    def test_a_half_is_marked_in_the_middle_of_a_bar(self) -> None:
        image = QImage(100, 20, QImage.Format.Format_RGB32)
        image.fill(0xFFFFFFFF)
        painter = QPainter(image)
        draw_mark(painter, QRectF(0, 5, 100, 10), theme.palette(theme.LIGHT))
        painter.end()
        dark = [x for x in range(100) if image.pixelColor(x, 10).lightness() < 128]
        assert dark == [49, 50]


class TestValues:
    def test_a_value_stands_large_with_its_name_and_without_a_percentage(self, panel: ScoresPanel) -> None:
        show(panel, AGE)
        assert (panel.answer.label, panel.answer.number, panel.answer.caption) == ("40", "", "age")
        assert panel.answer.accessibleName() == "40, age"
        assert listed(panel) == []
        assert not panel.k.isVisible()
        assert panel.copy.isVisible()
        show(panel, make_info())
        assert panel.k.isVisible()

    def test_further_values_stand_below(self, panel: ScoresPanel) -> None:
        show(panel, make_info(labels=("0", "1", "2"), activation="regression"))
        assert (panel.answer.label, panel.answer.caption) == ("40", "Output 0")
        assert listed(panel) == ["Output 1, 40.5", "Output 2, 41"]

    def test_it_is_copied_with_its_name_and_digits(self) -> None:
        found = as_result(replace(make_prediction(AGE), values=make_prediction(AGE).values.__class__("f", [1 / 3])))
        assert wording.scores(found, 5) == "age\t0.3333333"
        assert wording.answer(found) == "age 0.333333"

    @pytest.mark.parametrize(
        ("number", "text"),
        [
            (0.0, "0"),
            (42.0, "42"),
            (42.318, "42.318"),
            (-1.5, "\N{MINUS SIGN}1.5"),
            (1234567.0, "1,234,567"),
            (0.00012345678, "0.000123"),
            (1e-7, "1e\N{MINUS SIGN}07"),
            (3e12, "3e+12"),
            (1 / 3, "0.333333"),
            (float("nan"), "\N{EN DASH}"),
        ],
    )
    def test_values_are_written_with_six_digits(self, number: float, text: str) -> None:
        assert wording.value(number) == text

    def test_a_cell_of_the_filmstrip_shows_value_and_name(self) -> None:
        entry = Entry(1, ImageSource("a.jpg"), State.DONE, as_result(make_prediction(AGE)))
        assert entry.brief == ("40", "age")
        assert entry.best is None


class TestSwitching:
    def test_what_the_outputs_are_stands_there_with_its_source(self, panel: ScoresPanel) -> None:
        panel.show_info(AGE)
        assert panel.output.value == "regression (config.json: problem_type regression)"
        assert panel.names.value == "1 value, named by model.json"
        panel.show_info(LABELS)
        assert panel.names.value.startswith("10 labels")

    def test_a_click_offers_what_so_many_outputs_can_be(self, panel: ScoresPanel) -> None:
        panel.show_info(make_info())
        panel.output.click()
        offered = panel.kinds.titles()
        assert offered[0] == "As it is recognised"
        assert [each.lower() for each in offered[1:]] == [title(kind) for kind in allowed(10)]
        told = heard(panel.activation_chosen)
        for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
            QTest.keyClick(panel.kinds.view, key)
        assert told == [allowed(10)[1]]

    def test_one_output_is_offered_as_two_classes_or_a_value(self) -> None:
        info = make_info(labels=("cat", "dog"), activation="binary", outputs=1)
        keys = [choice.key for choice in output_choices.choices(info)]
        assert {"binary", "regression"} < set(keys)
        assert "softmax" not in keys

    def test_the_photos_are_answered_again(self, opened: Opened, photos: list[Path]) -> None:
        opened.show_photos(*photos[:2])
        opened.window.scores.activation_chosen.emit("regression")
        opened.until(lambda: opened.window.scores.answer.label == "40")
        assert opened.fake.dresses[-1].activation == "regression"
        opened.wait_answered(2)
        assert opened.session.title.startswith("airplane 40, automobile 40.5, bird 41 …")
        opened.window.actions_by_name["copy"].trigger()
        assert QGuiApplication.clipboard().text().splitlines()[:2] == ["airplane\t40", "automobile\t40.5"]
        opened.window.scores.activation_chosen.emit("")
        opened.until(lambda: opened.window.scores.answer.number.endswith("%"))

    def test_a_value_model_introduces_itself(self, make_app: MakeApp) -> None:
        def prepare(fake: FakeWorkbench) -> None:
            fake.infos[""] = AGE

        opened = make_app(prepare=prepare)
        opened.wait_ready()
        assert opened.session.line == "Ready. This model gives a value for a photo, no class."

    def test_a_choice_is_remembered(self, tmp_path: Path) -> None:
        kept = Preferences()
        kept.remember(ModelSpec("file", "/a.pth", activation="sigmoid"))
        assert preferences.save(tmp_path / "a.ini", kept)
        assert preferences.load(tmp_path / "a.ini").recent == kept.recent
