"""Nothing runs without a person's word, and nobody is asked what can be told."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QScrollArea

from core.descriptions import CheckpointSummary, Inspection, ModelSpec
from core.errors import (
    MatchError,
    NoClassifierError,
    QuestionsError,
    TrustError,
    UnsafeError,
    WeightsError,
    WhatsitError,
)
from core.questions import Question, TrustRequest
from gui.models.about_model import AboutModel
from gui.models.asking import QuestionsDialog, TrustDialog
from gui.models.trusted_files import TrustedFiles
from gui.widgets.error_view import Details
from tests.gui.conftest import Opened, files
from tests.gui.fake_workbench import make_info

SETS = ("model", "model_ema")
SUMMARY = CheckpointSummary("m.pth", "state_dict", ("model",), "", 3, 100, 400, "cd" * 32, (), SETS)


def untrusted(weights: Path) -> TrustError:
    request = TrustRequest(str(weights), "torchscript", "ef" * 32, ("a program of 12 functions", "aten::save"))
    return TrustError("It would run code.", "It is a program.", "Trust it, or use a state dict.", request=request)


def ask_for_trust(opened: Opened, weights: Path) -> TrustDialog:
    opened.wait_ready()
    opened.fake.failures[str(weights)] = untrusted(weights)
    opened.drop(files(weights))
    opened.until(lambda: opened.window.findChildren(TrustDialog))
    (dialog,) = opened.window.findChildren(TrustDialog)
    return dialog


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "theirs.pt"
    path.write_bytes(b"PK\x03\x04")
    return path


class TestTrust:
    def test_a_file_that_would_run_code_is_asked_about_in_plain_words(self, opened: Opened, weights: Path) -> None:
        dialog = ask_for_trust(opened, weights)
        assert dialog.isVisible()
        assert "aten::save" in dialog.contents.toPlainText()
        assert opened.session.models.info is not None
        assert opened.session.models.info.spec == ModelSpec()

    def test_a_name_cannot_add_lines_to_the_question_or_turn_it_round(self, opened: Opened, tmp_path: Path) -> None:
        hostile = tmp_path / "theirs\n\nIt is safe.\u202eyp.txt\x1b.pt"
        hostile.write_bytes(b"PK\x03\x04")
        dialog = ask_for_trust(opened, hostile)
        texts = [label.text() for label in dialog.findChildren(QLabel)]
        assert any("It is safe." in text for text in texts)
        for text in texts:
            assert "\u202e" not in text
            assert "\x1b" not in text
            assert not any(line.startswith("It is safe.") for line in text.splitlines())

    @pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
    def test_enter_and_escape_mean_no(self, opened: Opened, weights: Path, key: Qt.Key) -> None:
        dialog = ask_for_trust(opened, weights)
        QTest.keyClick(dialog, key)
        opened.until(lambda: not opened.window.findChildren(TrustDialog))
        opened.fake.wait_idle()
        assert opened.fake.agreed == []
        notice = opened.window.notices.current
        assert notice is not None
        assert notice.action == "Read what is in it …"
        assert opened.session.models.info is not None
        assert opened.session.models.info.spec == ModelSpec()

    def test_a_person_who_agrees_gets_the_model(self, opened: Opened, weights: Path) -> None:
        ask_for_trust(opened, weights).agree.click()
        opened.until(lambda: opened.session.models.info and opened.session.models.info.spec.weights == str(weights))
        assert [request.sha256 for request in opened.fake.agreed] == ["ef" * 32]

    def test_the_question_is_off_the_table_once_it_is_answered(self, opened: Opened, weights: Path) -> None:
        dialog = ask_for_trust(opened, weights)
        # Nothing stands behind the question, so nothing moves when it is answered.
        assert opened.window.notices.current is None
        opened.fake.failures.clear()
        dialog.agree.click()
        assert opened.window.notices.current is None

    def test_who_says_no_can_be_asked_once_more(self, opened: Opened, weights: Path) -> None:
        ask_for_trust(opened, weights).reject()
        notice = opened.window.notices.current
        assert notice is not None
        assert notice.words.more.endswith("Built-in: CIFAR-10 stays in use, as it was.")
        opened.until(lambda: not opened.window.findChildren(TrustDialog))
        opened.window.notices.act()
        opened.until(lambda: opened.window.findChildren(TrustDialog))
        assert opened.window.notices.current is None
        (again,) = opened.window.findChildren(TrustDialog)
        again.agree.click()
        opened.until(lambda: opened.session.models.info and opened.session.models.info.spec.weights == str(weights))

    def test_a_program_can_be_looked_at_before_it_is_trusted(self, opened: Opened, weights: Path) -> None:
        opened.fake.inspection = Inspection("", container="torchscript", needs_trust=True)
        dialog = ask_for_trust(opened, weights)
        dialog.look.click()
        (about,) = opened.window.findChildren(AboutModel)
        opened.until(lambda: about.facts.get("Container") == "TorchScript program")
        assert about.facts["File"] == str(weights)
        assert dialog.isVisible()
        assert opened.fake.agreed == []
        about.close()

    def test_code_can_be_read_before_it_runs_and_the_question_says_what_it_is_for(
        self, opened: Opened, weights: Path, tmp_path: Path
    ) -> None:
        source, other = tmp_path / "nets.py", tmp_path / "layers.py"
        source.write_text("class Net: ...", encoding="utf-8")
        other.write_text("class Layer: ...", encoding="utf-8")
        request = TrustRequest(str(source), "python", "ef" * 32, ("Networks: Net.",), (str(other),))
        opened.wait_ready()
        opened.fake.failures[str(weights)] = TrustError("It would run code.", "It is code.", "", request=request)
        opened.drop(files(weights))
        opened.until(lambda: opened.window.findChildren(TrustDialog))
        (dialog,) = opened.window.findChildren(TrustDialog)
        words = " ".join(label.text() for label in dialog.findChildren(QLabel))
        assert "nets.py" in words
        assert f"the network that {weights.name} holds the weights of" in words
        assert str(source) in words
        dialog.look.click()
        (details,) = dialog.findChildren(Details)
        assert "class Net: ..." in details.text.toPlainText()
        assert "class Layer: ..." in details.text.toPlainText()
        details.close()

    def test_what_is_trusted_is_listed_and_can_be_taken_back(self, opened: Opened, weights: Path) -> None:
        ask_for_trust(opened, weights).agree.click()
        opened.until(lambda: opened.fake.agreed)
        opened.window.actions_by_name["trusted"].trigger()
        (listed,) = opened.window.findChildren(TrustedFiles)
        assert weights.name in listed.list.item(0).text()
        # The only one is chosen at once: an arrow key would do nothing.
        assert [item.text() for item in listed.list.selectedItems()] == [listed.list.item(0).text()]
        listed.forget.click()
        assert opened.fake.revoked == ["ef" * 32]
        assert listed.list.count() == 0
        listed.close()


class TestQuestions:
    QUESTIONS = (Question("hidden", "int", "128", "No tensor shows it."), Question("depths"))

    def ask(self, opened: Opened, weights: Path) -> QuestionsDialog:
        opened.wait_ready()
        opened.fake.failures[str(weights)] = QuestionsError(
            "Net wants two values.", "Nothing tells them.", "", architecture="Net", questions=self.QUESTIONS
        )
        opened.drop(files(weights))
        opened.until(lambda: opened.window.findChildren(QuestionsDialog))
        (dialog,) = opened.window.findChildren(QuestionsDialog)
        return dialog

    def test_answers_go_to_the_network(self, opened: Opened, weights: Path) -> None:
        dialog = self.ask(opened, weights)
        assert dialog.fields["hidden"].text() == "128"
        dialog.fields["depths"].setText("[1, 2]")
        opened.fake.failures.clear()
        dialog.open_button.click()
        opened.until(lambda: opened.fake.opened[-1][0].arguments)
        spec = opened.fake.opened[-1][0]
        assert (spec.weights, spec.architecture) == (str(weights), "Net")
        assert spec.arguments == (("hidden", "128"), ("depths", "[1, 2]"))

    def test_answers_go_to_the_file_that_was_found_beside_the_weights(self, opened: Opened, weights: Path) -> None:
        self.ask(opened, weights).close()
        error = opened.fake.failures[str(weights)]
        assert isinstance(error, QuestionsError)
        error.source = "/somewhere/nets.py"
        opened.drop(files(weights))
        opened.until(lambda: any(dialog.isVisible() for dialog in opened.window.findChildren(QuestionsDialog)))
        (dialog,) = [found for found in opened.window.findChildren(QuestionsDialog) if found.isVisible()]
        dialog.fields["depths"].setText("[1, 2]")
        opened.fake.failures.clear()
        dialog.open_button.click()
        opened.until(lambda: opened.fake.opened[-1][0].arguments)
        spec = opened.fake.opened[-1][0]
        assert (spec.architecture, spec.architecture_file) == ("Net", "/somewhere/nets.py")

    def test_what_is_wrong_takes_no_room_from_the_fields(self, opened: Opened, weights: Path) -> None:
        dialog = self.ask(opened, weights)
        (area,) = dialog.findChildren(QScrollArea)
        before = area.viewport().height()
        dialog.open_button.click()
        assert dialog.problem.isVisible()
        opened.until(lambda: dialog.problem.geometry().bottom() < dialog.open_button.geometry().top())
        assert area.viewport().height() >= before
        dialog.close()

    def test_a_word_needs_no_quotes(self, opened: Opened, weights: Path) -> None:
        dialog = self.ask(opened, weights)
        dialog.fields["depths"].setText("relu")
        opened.fake.failures.clear()
        dialog.open_button.click()
        opened.until(lambda: opened.fake.opened[-1][0].arguments)
        assert opened.fake.opened[-1][0].arguments == (("hidden", "128"), ("depths", "relu"))

    @pytest.mark.parametrize("text", ["", "open('x')", "[1,", "nonsense here"])
    def test_what_is_no_value_is_said_and_asked_again(self, opened: Opened, weights: Path, text: str) -> None:
        dialog = self.ask(opened, weights)
        before = len(opened.fake.opened)
        dialog.fields["depths"].setText(text)
        dialog.open_button.click()
        assert dialog.isVisible()
        assert f"depths {'is no value' if text else 'is still empty'}" in dialog.problem.text()
        assert len(opened.fake.opened) == before
        dialog.close()


class TestPythonFiles:
    def test_dropped_with_the_weights_it_builds_them(self, opened: Opened, weights: Path, tmp_path: Path) -> None:
        source = tmp_path / "nets.py"
        source.write_text("class Net: ...", encoding="utf-8")
        opened.drop(files(source, weights))
        opened.until(lambda: opened.fake.opened[-1][0].architecture_file)
        assert opened.fake.opened[-1][0] == ModelSpec("file", str(weights), architecture_file=str(source))

    def test_dropped_after_weights_that_were_refused_it_builds_these(
        self, opened: Opened, weights: Path, tmp_path: Path
    ) -> None:
        opened.wait_ready()
        opened.fake.failures[str(weights)] = MatchError("m.pth fits no architecture.", "Nothing is near.")
        opened.drop(files(weights))
        opened.until(lambda: opened.window.notices.current)
        notice = opened.window.notices.current
        assert notice is not None
        assert notice.action == "Choose its Python file …"
        opened.window.notices.act()
        (dialog,) = [found for found in opened.window.findChildren(QFileDialog) if found.isVisible()]
        opened.fake.failures.clear()
        dialog.filesSelected.emit([str(tmp_path / "nets.py")])
        dialog.close()
        opened.until(lambda: opened.session.models.info and opened.session.models.info.spec.architecture_file)
        assert opened.fake.opened[-1][0] == ModelSpec("file", str(weights), architecture_file=str(tmp_path / "nets.py"))

    def test_dropped_alone_it_asks_for_the_weights(self, opened: Opened, tmp_path: Path) -> None:
        opened.wait_ready()
        source = tmp_path / "nets.py"
        source.write_text("class Net: ...", encoding="utf-8")
        opened.drop(files(source))
        opened.until(lambda: opened.window.notices.current)
        notice = opened.window.notices.current
        assert notice is not None
        assert "drop the weights file" in notice.words.more
        assert len(opened.fake.opened) == 1

    @pytest.mark.parametrize("fits", [False, True])
    def test_dropped_before_the_weights_it_builds_those_that_fit_nothing_else(
        self, opened: Opened, weights: Path, tmp_path: Path, fits: bool
    ) -> None:
        opened.wait_ready()
        source = tmp_path / "nets.py"
        source.write_text("class Net: ...", encoding="utf-8")
        opened.drop(files(source))
        if not fits:
            opened.fake.failures[str(weights)] = MatchError("m.pth fits no architecture.", "Nothing is near.")
        opened.drop(files(weights))
        opened.until(lambda: len(opened.fake.opened) == (2 if fits else 3))
        opened.fake.wait_idle()
        named = [spec.architecture_file for spec, _ in opened.fake.opened]
        assert named == (["", ""] if fits else ["", "", str(source)])


class TestFilesThatCannotBeUsed:
    @pytest.mark.parametrize(
        ("error", "action"),
        [
            (MatchError("m.pth fits no architecture.", "Nothing is near."), "Choose its Python file …"),
            (NoClassifierError("m.pth is an object detector."), ""),
            (UnsafeError("m.pth is not safe.", "", "", blocked=("os.system",)), ""),
        ],
    )
    def test_what_can_be_read_can_be_looked_at(
        self, opened: Opened, weights: Path, error: WhatsitError, action: str
    ) -> None:
        opened.wait_ready()
        opened.fake.inspection = Inspection("", container="module", num_classes=91)
        opened.fake.failures[str(weights)] = error
        opened.drop(files(weights))
        opened.until(lambda: opened.window.notices.current)
        notice = opened.window.notices.current
        assert notice is not None
        assert (notice.action, notice.aside) == (action, "Look inside")
        opened.window.notices.act_aside()
        (about,) = opened.window.findChildren(AboutModel)
        opened.until(lambda: about.facts.get("Classes") == "91")
        assert "In use as" not in about.facts
        assert opened.window.notices.current is notice

    def test_what_cannot_be_read_cannot(self, opened: Opened, weights: Path) -> None:
        opened.wait_ready()
        opened.fake.failures[str(weights)] = WeightsError("m.pth is a web page.")
        opened.drop(files(weights))
        opened.until(lambda: opened.window.notices.current)
        notice = opened.window.notices.current
        assert notice is not None
        assert (notice.action, notice.aside) == ("", "")


def test_of_several_sets_of_weights_the_one_in_use_is_shown_and_can_be_changed(opened: Opened, weights: Path) -> None:
    opened.wait_ready()
    assert not opened.window.scores.tensors.isVisible()
    opened.fake.infos[str(weights)] = make_info(ModelSpec("file", str(weights)), checkpoint=SUMMARY)
    opened.drop(files(weights))
    said = "model (as the last step left them), of 2 sets in the file"
    opened.until(lambda: opened.window.scores.tensors.value == said)
    opened.window.scores.tensors.click()
    assert opened.window.scores.sets.titles() == ["model", "model_ema"]
    opened.window.scores.sets.chosen.emit("model_ema")
    opened.window.scores.sets.close()
    opened.until(lambda: opened.fake.opened[-1][0].tensors == "model_ema")


def test_the_model_is_saved_where_a_person_says(opened: Opened, tmp_path: Path) -> None:
    opened.wait_ready()
    opened.window.actions_by_name["save_model"].trigger()
    (dialog,) = [found for found in opened.window.findChildren(QFileDialog) if found.isVisible()]
    assert dialog.selectedFiles()[0].endswith("model.safetensors")
    dialog.filesSelected.emit([str(tmp_path / "mine.safetensors")])
    dialog.close()
    opened.until(lambda: opened.window.notices.current)
    notice = opened.window.notices.current
    assert notice is not None
    assert str(tmp_path / "mine.safetensors") in notice.words.what
