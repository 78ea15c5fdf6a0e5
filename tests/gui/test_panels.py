"""Each panel by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, SignalInstance
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from core.descriptions import Match, ModelSpec
from core.errors import MatchError
from core.predictions import ImageResult
from core.preprocessing import PRESET_NAMES, PRESETS
from gui.answers.scores_panel import ScoresPanel
from gui.models.model_bar import ModelBar
from gui.models.model_choices import natural
from gui.photos.filmstrip import Filmstrip
from gui.photos.photo_view import PhotoView
from gui.photos.picture import Picture
from gui.photos.results_model import ResultsModel
from gui.widgets.choices import Choice, filtered
from gui.widgets.error_view import Details, ErrorPanel, Notice, NoticeBar, Words, words_for
from gui.widgets.footer import Footer
from gui.widgets.picker import Picker
from gui.widgets.picker_list import PickerList
from gui.widgets.wording import duration, percent, size
from tests.gui.fake_workbench import GPU, TEN, make_info, make_prediction
from tests.gui.test_results_model import result, sources


def picture(width: int = 800, height: int = 600) -> Picture:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(0xFF336699)
    half = image.scaled(width // 2, height // 2)
    return Picture(width, height, (image, half))


def heard(signal: SignalInstance) -> list[object]:
    """What a signal says from now on."""
    told: list[object] = []
    signal.connect(told.append)
    return told


class TestWording:
    @pytest.mark.parametrize(
        ("score", "text"),
        [
            (0.931, "93.1 %"),
            (1.0, "100.0 %"),
            (0.99999, ">99.9 %"),
            (0.0, "0.0 %"),
            (1e-9, "<0.1 %"),
            (0.0005, "0.1 %"),
            (0.9994, "99.9 %"),
        ],
    )
    def test_percent_is_never_more_certain_than_the_score(self, score: float, text: str) -> None:
        assert percent(score) == text

    def test_times_and_sizes(self) -> None:
        assert [duration(s) for s in (0.0042, 0.012, 0.9, 1.44)] == ["4.2 ms", "12 ms", "900 ms", "1.4 s"]
        assert [size(b) for b in (12, 1_500, 97_800_000, 5_300_000_000)] == ["12 bytes", "1.5 kB", "98 MB", "5.3 GB"]


class TestScores:
    @pytest.fixture
    def panel(self, qtbot: QtBot) -> ScoresPanel:
        made = ScoresPanel()
        qtbot.addWidget(made)
        made.resize(320, 500)
        made.show_info(make_info())
        made.show()
        return made

    def test_the_best_is_large_and_the_others_below(self, panel: ScoresPanel) -> None:
        panel.show_prediction(make_prediction(make_info(), seed=5))
        assert (panel.answer.label, panel.answer.number) == ("dog", "50.0 %")
        assert panel.answer.accessibleName() == "dog, 50.0 %"
        model = panel.scores.model()
        assert [model.index(row, 0).data() for row in range(model.rowCount())] == [
            "frog, 25.0 %",
            "horse, 12.5 %",
            "ship, 6.3 %",
            "truck, 3.1 %",
        ]

    def test_what_is_below_stays_while_an_answer_is_on_its_way(self, panel: ScoresPanel) -> None:
        panel.show_prediction(make_prediction(make_info(), elapsed_s=0.012))
        QApplication.processEvents()
        before = [widget.geometry() for widget in (panel.scores, panel.k, panel.time, panel.input)]
        for _ in range(2):
            panel.show_waiting("Looking …", None)
            QApplication.processEvents()
            assert (panel.answer.label, panel.answer.number) == ("Looking …", "")
            assert panel.scores.model().rowCount() == 0
            assert panel.k.isVisible()
            assert panel.time.isVisible()
            assert "12 ms" not in panel.time.value
            assert not panel.copy.isEnabled()
            assert not panel.why.isEnabled()
            assert [widget.geometry() for widget in (panel.scores, panel.k, panel.time, panel.input)] == before
        panel.show_prediction(make_prediction(make_info(), seed=5, elapsed_s=0.034))
        QApplication.processEvents()
        assert [widget.geometry() for widget in (panel.scores, panel.k, panel.time, panel.input)] == before
        assert "34 ms" in panel.time.value
        assert panel.copy.isEnabled()
        assert panel.why.isEnabled()

    def test_nothing_is_offered_where_no_answer_was(self, panel: ScoresPanel) -> None:
        panel.show_waiting("Looking …", None)
        assert not panel.k.isVisible()
        assert not panel.copy.isVisible()
        panel.show_prediction(make_prediction(make_info()))
        panel.show_line("No answer")
        assert not panel.k.isVisible()
        assert not panel.copy.isVisible()

    def test_a_longer_name_moves_what_is_below(self, panel: ScoresPanel) -> None:
        names = ("W" * 20, " ".join(["long"] * 40), *TEN[2:])
        panel.show_prediction(make_prediction(make_info(labels=names), seed=0))
        QApplication.processEvents()
        top = panel.scores.y()
        panel.show_prediction(make_prediction(make_info(labels=names), seed=1))
        QApplication.processEvents()
        assert panel.answer.height() >= panel.answer.heightForWidth(panel.answer.width())
        assert panel.scores.y() > top

    def test_k_changes_what_is_shown_at_once(self, panel: ScoresPanel) -> None:
        panel.show_prediction(make_prediction(make_info()))
        told = heard(panel.k_changed)
        panel.more.click()
        assert told == [6]
        assert panel.scores.model().rowCount() == 5
        panel.k.setValue(1)
        assert panel.scores.model().rowCount() == 0

    def test_k_is_never_more_than_the_classes_and_the_wish_is_kept(self, panel: ScoresPanel) -> None:
        panel.set_k(8)
        panel.show_info(make_info(labels=("a", "b", "c")))
        assert panel.shown_k == panel.k.maximum() == 3
        panel.show_prediction(make_prediction(make_info(labels=("a", "b", "c"))))
        assert panel.scores.model().rowCount() == 2
        panel.show_info(make_info())
        assert panel.shown_k == 8

    def test_what_was_assumed_stands_there(self, panel: ScoresPanel) -> None:
        panel.show_info(make_info(preprocessing_source="assumed: usual for resnet18"))
        assert panel.input.tag == "assumed"
        assert "usual for resnet18" in panel.input.value
        assert "assumed" in panel.input.accessibleName()
        assert "config.json" in panel.input.toolTip()
        panel.show_info(make_info(preprocessing_source="config.json"))
        assert panel.input.tag == ""
        assert panel.names.value == "10 classes, named by model.json"
        assert "ten kinds" in panel.note.text()

    def test_a_click_offers_the_presets(self, panel: ScoresPanel) -> None:
        panel.input.click()
        assert panel.inputs.isVisible()
        assert panel.inputs.titles() == [
            "Edit preprocessing …", "As the model brings it", *(PRESET_NAMES[name] for name in PRESETS),
        ]  # fmt: skip
        told = heard(panel.preprocessing_chosen)
        QTest.keyClick(panel.inputs.view, Qt.Key.Key_Down)
        QTest.keyClick(panel.inputs.view, Qt.Key.Key_Return)
        assert told == [PRESETS["imagenet"]]
        assert not panel.inputs.isVisible()

    def test_names_are_one_click_away(self, panel: ScoresPanel, qtbot: QtBot) -> None:
        panel.names.click()
        with qtbot.waitSignal(panel.labels_asked):
            QTest.keyClick(panel.namings.view, Qt.Key.Key_Home)
            QTest.keyClick(panel.namings.view, Qt.Key.Key_Return)

    @pytest.mark.parametrize(
        "name",
        [
            "x",
            "American Staffordshire terrier, pit bull terrier " * 4,
            "كلب الراعي",
            "日本スピッツ",
            "W" * 300,
            "",
            "a\nb",
        ],
    )
    @pytest.mark.parametrize("width", [200, 320, 520])
    def test_any_name_fits(self, panel: ScoresPanel, name: str, width: int) -> None:
        info = make_info(labels=(name, *TEN[1:]))
        panel.resize(width, 360)
        panel.show_prediction(make_prediction(info, seed=0))
        assert panel.answer.label == name
        assert 0 < panel.answer.heightForWidth(width) < 200
        assert not panel.grab().isNull()

    def test_a_thousand_classes_are_shown_when_wanted(self, panel: ScoresPanel) -> None:
        info = make_info(labels=tuple(f"class {number}" for number in range(1000)))
        panel.show_info(info)
        panel.show_prediction(make_prediction(info))
        panel.k.setValue(1000)
        assert panel.scores.model().rowCount() == 999


class TestPhoto:
    @pytest.fixture
    def view(self, qtbot: QtBot) -> PhotoView:
        made = PhotoView()
        qtbot.addWidget(made)
        made.resize(400, 300)
        made.show()
        made.show_picture(picture(), "a.jpg")
        made.setFocus()
        return made

    def test_a_photo_fits_at_first(self, view: PhotoView) -> None:
        assert view.fits
        assert view.zoom == pytest.approx(0.5)
        assert view.accessibleName() == "Photo: a.jpg"
        shown = view.grab().toImage()
        assert shown.pixelColor(200, 150).name() == "#336699"

    def test_the_wheel_zooms_about_the_pointer(self, view: PhotoView) -> None:
        before = view.photo_point(QPointF(100, 80))
        for _ in range(4):
            event = QWheelEvent(
                QPointF(100, 80),
                QPointF(100, 80),
                QPoint(),
                QPoint(0, 120),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(view, event)
        assert view.zoom == pytest.approx(0.5 * 1.25**4)
        after = view.photo_point(QPointF(100, 80))
        assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=0.5)

    def test_actual_size_and_back(self, view: PhotoView) -> None:
        view.actual_size()
        assert view.zoom == pytest.approx(1.0)
        assert not view.fits
        view.zoom_in()
        assert view.zoom == pytest.approx(1.25)
        for _ in range(20):
            view.zoom_out()
        assert view.fits

    def test_actual_size_of_a_small_photo_is_smaller_than_fit(self, view: PhotoView) -> None:
        view.show_picture(picture(32, 32))
        assert view.zoom > 9
        view.actual_size()
        assert view.zoom == pytest.approx(1.0)

    def test_arrows_pan_what_is_zoomed_and_stop_at_the_edge(self, view: PhotoView) -> None:
        view.actual_size()
        start = view.photo_point(QPointF(0, 0))
        QTest.keyClick(view, Qt.Key.Key_Right)
        assert view.photo_point(QPointF(0, 0)).x() > start.x()
        for _ in range(50):
            QTest.keyClick(view, Qt.Key.Key_Right)
        assert view.photo_point(QPointF(400, 0)).x() == pytest.approx(800)

    def test_arrows_ask_for_the_next_photo_when_it_fits(self, view: PhotoView) -> None:
        steps: list[int] = []
        view.step_asked.connect(steps.append)
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Left):
            QTest.keyClick(view, key)
        assert steps == [1, -1]

    def test_dragging_moves_the_photo(self, view: PhotoView) -> None:
        view.actual_size()
        held = view.photo_point(QPointF(200, 150))
        none = Qt.KeyboardModifier.NoModifier
        QTest.mousePress(view, Qt.MouseButton.LeftButton, none, QPoint(200, 150))
        QTest.mouseMove(view, QPoint(150, 120))
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, none, QPoint(150, 120))
        moved = view.photo_point(QPointF(150, 120))
        assert (moved.x(), moved.y()) == pytest.approx((held.x(), held.y()))

    def test_a_sharper_copy_keeps_zoom_and_place(self, view: PhotoView) -> None:
        view.actual_size()
        QTest.keyClick(view, Qt.Key.Key_Down)
        place = view.photo_point(QPointF(0, 0))
        view.show_picture(picture(), "a.jpg", same=True)
        assert not view.fits
        assert view.photo_point(QPointF(0, 0)) == place
        view.show_picture(picture(), "b.jpg")
        assert view.fits

    def test_a_double_click_goes_to_single_pixels_and_back(self, view: PhotoView) -> None:
        none = Qt.KeyboardModifier.NoModifier
        QTest.mouseDClick(view, Qt.MouseButton.LeftButton, none, QPoint(200, 150))
        assert view.zoom == pytest.approx(1.0)
        QTest.mouseDClick(view, Qt.MouseButton.LeftButton, none, QPoint(200, 150))
        assert view.fits

    def test_painting_takes_the_smallest_level_that_is_enough(self) -> None:
        shown = picture(800, 600)
        assert shown.level_for(300).width() == 400
        assert shown.level_for(401).width() == 800
        assert shown.level_for(5000).width() == 800


class TestPicker:
    CHOICES = (
        Choice("", "First"),
        Choice("a", "resnet50", "ResNet", True),
        Choice("b", "wide_resnet50_2"),
        Choice("", "Second"),
        Choice("c", "vit_b_16", "Vision transformer"),
    )

    def dropped_down(self, qtbot: QtBot, choices: Sequence[Choice]) -> tuple[Picker, PickerList]:
        picker = Picker("Architecture", lambda: choices)
        qtbot.addWidget(picker)
        picker.show()
        picker.open_list()
        assert picker.list is not None
        return picker, picker.list

    def test_searching_keeps_headings_only_above_what_is_found(self) -> None:
        assert [choice.title for choice in filtered(self.CHOICES, "vit")] == ["Second", "vit_b_16"]
        assert [choice.title for choice in filtered(self.CHOICES, "ResNet 50")] == [
            "First",
            "resnet50",
            "wide_resnet50_2",
        ]
        assert filtered(self.CHOICES, "zebra") == []
        assert filtered(self.CHOICES, "") == list(self.CHOICES)

    def test_names_are_sorted_by_their_numbers(self) -> None:
        assert sorted(["resnet101", "resnet18", "alexnet", "resnet50"], key=natural) == [
            "alexnet",
            "resnet18",
            "resnet50",
            "resnet101",
        ]

    def test_the_keyboard_opens_searches_and_chooses(self, qtbot: QtBot) -> None:
        many = [Choice(f"k{number}", f"net{number}") for number in range(40)]
        picker = Picker("Architecture", lambda: many)
        qtbot.addWidget(picker)
        picker.show()
        picker.setFocus()
        QTest.keyClick(picker, Qt.Key.Key_Down)
        opened = picker.list
        assert opened is not None
        assert opened.isVisible()
        assert opened.search.isVisible()
        QTest.keyClicks(opened.search, "net1")
        assert opened.titles() == ["net1", *(f"net1{number}" for number in range(10))]
        QTest.keyClick(opened.search, Qt.Key.Key_Down)
        QTest.keyClick(opened.search, Qt.Key.Key_Down)
        told = heard(picker.chosen)
        QTest.keyClick(opened.search, Qt.Key.Key_Return)
        assert told == ["k11"]
        assert not opened.isVisible()

    def test_a_search_that_finds_nothing_says_so(self, qtbot: QtBot) -> None:
        _picker, opened = self.dropped_down(qtbot, [Choice(f"k{number}", f"net{number}") for number in range(40)])
        view = opened.view

        def painted() -> bool:
            image = view.viewport().grab().toImage()
            blank = image.pixel(2, 2)
            return any(image.pixel(x, y) != blank for x in range(image.width()) for y in range(4 * 8))

        QTest.keyClicks(opened.search, "zebra")
        assert opened.titles() == []
        assert "zebra" in view.accessibleDescription()
        assert painted()
        view.nothing = ""
        assert not painted()
        QTest.keyClick(opened.search, Qt.Key.Key_Return)
        assert opened.isVisible()
        opened.search.clear()
        assert len(opened.titles()) == 40
        assert view.accessibleDescription() == ""
        opened.close()

    def test_headings_cannot_be_chosen(self, qtbot: QtBot) -> None:
        picker, opened = self.dropped_down(qtbot, self.CHOICES)
        index = opened.view.model().index(0, 0)
        assert not index.flags() & Qt.ItemFlag.ItemIsSelectable
        with qtbot.assertNotEmitted(picker.chosen):
            opened.view.clicked.emit(index)
        opened.close()

    def test_a_picker_says_what_it_is(self, qtbot: QtBot) -> None:
        picker = Picker("Device", lambda: ())
        qtbot.addWidget(picker)
        picker.set_value("Auto: CPU")
        assert picker.accessibleName() == "Device: Auto: CPU"


class TestModelBar:
    @pytest.fixture
    def bar(self, qtbot: QtBot) -> ModelBar:
        made = ModelBar()
        qtbot.addWidget(made)
        made.show()
        made.show_recent((ModelSpec("file", "/runs/best.pth"), ModelSpec("pretrained", "resnet50/IMAGENET1K_V2")))
        made.show_info(make_info())
        return made

    def test_all_architectures_with_the_match_first(self, bar: ModelBar) -> None:
        bar.architecture.open_list()
        opened = bar.architecture.list
        assert opened is not None
        titles = opened.titles()
        opened.close()
        assert titles[:3] == ["Fits these weights", "shufflenet_v2_x1_0", "All of torchvision's"]
        timms = titles.index("All of timm's")
        assert timms == 80 + 2
        assert "timm/vit_tiny_patch16_224" in titles[timms:]
        assert len(set(titles)) == len(titles)

    def test_what_fits_as_well_says_whether_it_answers_otherwise(self, bar: ModelBar) -> None:
        functions = {"resnet50": "resnet50", "timm/resnet50": "resnet50", "timm/resnetblur50": "timm/resnetblur50"}
        matches = tuple(
            Match(name, 7, 3, "all 320 names and shapes fit", function=function, ambiguous=True)
            for name, function in functions.items()
        )
        bar.show_info(make_info(architecture="resnet50", matches=matches, ambiguous=True))
        assert bar.architecture.text() == "resnet50 (or alike)"
        assert bar.architecture.toolTip().endswith("would answer otherwise: timm/resnetblur50.")
        bar.architecture.open_list()
        opened = bar.architecture.list
        assert opened is not None
        model = opened.view.model()
        said = [model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(4)]
        opened.close()
        assert said == [
            "All of these fit, and some would answer otherwise",
            "resnet50, all 320 names and shapes fit",
            "timm/resnet50, answers alike, all 320 names and shapes fit",
            "timm/resnetblur50, answers otherwise, all 320 names and shapes fit",
        ]

    def test_code_beside_the_weights_is_one_click_away(self, bar: ModelBar) -> None:
        bar.show_info(make_info(spec=ModelSpec("file", "/runs/best.pth"), code_beside="/runs/net.py"))
        bar.architecture.open_list()
        opened = bar.architecture.list
        assert opened is not None
        assert opened.titles()[1:4] == [
            "shufflenet_v2_x1_0",
            "Build it from net.py …",
            "Open the network's Python file …",
        ]
        told = heard(bar.architecture_file_chosen)
        QTest.keyClicks(opened.search, "net.py")
        QTest.keyClick(opened.search, Qt.Key.Key_Return)
        assert told == [Path("/runs/net.py")]

    def test_of_several_classes_those_that_do_not_fit_are_no_rivals(self, bar: ModelBar) -> None:
        spec = ModelSpec("file", "/runs/best.pth", architecture_file="/runs/net.py")
        matches = (
            Match("Net", 7, 3, "all fit", function="Net"),
            Match("Base", 0, 0, "all fit", function="Base"),
            Match("Head", 0, 0, "9 of 9 names differ"),
        )
        bar.show_info(make_info(spec=spec, architecture="Net", matches=matches, ambiguous=True))
        assert bar.architecture.toolTip().endswith("would answer otherwise: Base.")

    def test_models_are_built_in_recent_and_pretrained(self, bar: ModelBar) -> None:
        bar.model.open_list()
        opened = bar.model.list
        assert opened is not None
        titles = opened.titles()
        assert titles[:5] == [
            "Open weights file …",
            "Built-in: CIFAR-10",
            "Opened lately",
            "best.pth",
            "resnet50/IMAGENET1K_V2",
        ]
        QTest.keyClicks(opened.search, "resnet50 V2")
        told = heard(bar.model_chosen)
        QTest.keyClick(opened.search, Qt.Key.Key_Down)
        QTest.keyClick(opened.search, Qt.Key.Key_Return)
        assert told == [ModelSpec("pretrained", "resnet50/IMAGENET1K_V2")]

    def test_a_chosen_device_is_shown_without_auto(self, bar: ModelBar) -> None:
        assert bar.device.text() == "Auto: CPU"
        bar.show_device("cuda:0")
        bar.show_info(make_info(device=GPU))
        assert bar.device.text() == "NVIDIA H200"


class TestNotices:
    @pytest.fixture
    def bar(self, qtbot: QtBot) -> Iterator[NoticeBar]:
        parent = QWidget()
        qtbot.addWidget(parent)
        parent.show()
        yield NoticeBar(parent)
        parent.close()

    def test_the_newest_is_shown_and_closing_brings_the_one_before(self, bar: NoticeBar) -> None:
        bar.tell(Notice("a", Words("First.")))
        bar.tell(Notice("b", Words("Second.")))
        assert bar.current is not None
        assert bar.current.words.what == "Second."
        bar.drop("b")
        assert bar.current.words.what == "First."
        bar.drop("a")
        assert bar.current is None
        assert not bar.isVisible()

    def test_the_same_key_replaces(self, bar: NoticeBar) -> None:
        bar.tell(Notice("a", Words("First.")))
        bar.tell(Notice("a", Words("Again.")))
        bar.drop("a")
        assert bar.current is None

    def test_escape_closes(self, bar: NoticeBar, qtbot: QtBot) -> None:
        bar.tell(Notice("a", Words("First.")))
        bar.window().activateWindow()
        qtbot.waitUntil(bar.window().isActiveWindow)
        QTest.keyClick(bar.window(), Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: bar.current is None)

    def test_an_error_becomes_words(self) -> None:
        words = words_for(MatchError("It does not fit.", "Names differ.", "Choose another.", detail="conv1.weight"))
        assert words == Words("It does not fit.", "Names differ. Choose another.", "conv1.weight", failed=True)

    def test_a_bug_becomes_a_report(self) -> None:
        words = words_for(ValueError("x"), "Traceback: here")
        assert "did not expect" in words.what
        assert "Traceback: here" in words.detail
        assert "PySide6" in words.detail

    def test_details_can_be_copied(self, qtbot: QtBot) -> None:
        dialog = Details(None, Words("What.", "Why.", "The\ndetail"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog)
        dialog.copy_report()
        assert QApplication.clipboard().text() == "What.\nWhy.\nThe\ndetail"

    def test_text_of_a_file_is_never_html(self, qtbot: QtBot) -> None:
        panel = ErrorPanel()
        qtbot.addWidget(panel)
        panel.show_error(MatchError("<b>bold</b>.jpg cannot be read."))
        shown = {label.text(): label.textFormat() for label in panel.findChildren(QLabel)}
        assert shown["<b>bold</b>.jpg cannot be read."] is Qt.TextFormat.PlainText


class TestFilmstrip:
    def test_a_hundred_thousand_photos_cost_little(self, qtbot: QtBot) -> None:
        model = ResultsModel()
        strip = Filmstrip(model)
        qtbot.addWidget(strip)
        strip.resize(900, strip.height())
        entries = model.add(sources(100_000))
        strip.show()
        strip.go_to(99_999)
        model.set_result(entries[-1].key, result(sources(1)[0]))
        painted = strip.grab()
        assert not painted.isNull()
        assert strip.currentIndex().row() == 99_999
        assert strip.visualRect(strip.currentIndex()).intersects(strip.viewport().rect())

    def test_hidden_for_none_and_one(self, qtbot: QtBot) -> None:
        model = ResultsModel()
        parent = QWidget()
        qtbot.addWidget(parent)
        strip = Filmstrip(model, parent)
        parent.show()
        assert not strip.isVisible()
        model.add(sources(1))
        assert not strip.isVisible()
        model.add(sources(1))
        assert strip.isVisible()
        model.remove([0])
        assert not strip.isVisible()

    def test_delete_asks_for_all_that_are_marked(self, qtbot: QtBot) -> None:
        model = ResultsModel()
        strip = Filmstrip(model)
        qtbot.addWidget(strip)
        model.add(sources(6))
        strip.show()
        strip.go_to(1)
        for _ in range(2):
            QTest.keyClick(strip, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
        told = heard(strip.removal_asked)
        QTest.keyClick(strip, Qt.Key.Key_Delete)
        assert told == [[1, 2, 3]]

    def test_a_damaged_thumbnail_is_no_crash(self, qtbot: QtBot) -> None:
        model = ResultsModel()
        strip = Filmstrip(model)
        qtbot.addWidget(strip)
        first, _ = model.add(sources(2))
        model.set_result(first.key, ImageResult(sources(1)[0], make_prediction(make_info()), None, 9, 9, b"no jpeg"))
        strip.show()
        assert not strip.grab().isNull()


class TestFooter:
    def test_a_long_name_is_cut_and_never_widens_the_window(self, qtbot: QtBot) -> None:
        footer = Footer()
        qtbot.addWidget(footer)
        footer.show_about("x" * 2000 + ".jpg")
        footer.resize(600, footer.height())
        footer.show()
        assert footer.width() == 600
        assert footer.about.endswith(".jpg")

    def test_cancel_is_there_only_when_it_helps(self, qtbot: QtBot) -> None:
        footer = Footer()
        qtbot.addWidget(footer)
        footer.show()
        footer.show_activity("Getting ready …")
        assert not footer.can_cancel
        footer.show_activity("12 of 500", 0.02, True)
        assert footer.can_cancel
        footer.show_activity("")
        assert not footer.can_cancel
