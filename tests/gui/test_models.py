"""Choosing, opening and losing models."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence

from core.descriptions import ModelSpec, Notice
from core.errors import DeviceError, LabelsError, MatchError, WeightsError, WhatsitError
from core.preprocessing import PRESETS
from gui.preferences import Preferences, load, save
from tests.gui.conftest import MakeApp, Opened
from tests.gui.fake_workbench import CPU, GPU, FakeWorkbench, make_info


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "flowers.pth"
    path.write_bytes(b"weights")
    return path


def test_a_quiet_line_until_the_built_in_model_is_ready(make_app: MakeApp) -> None:
    def prepare(fake: FakeWorkbench) -> None:
        fake.ready.clear()

    opened = make_app(prepare=prepare)
    opened.until(lambda: opened.window.footer.activity)
    assert opened.window.footer.activity == "Getting the built-in model ready …"
    assert opened.window.scores.answer.label == "Getting the built-in model ready …"
    opened.fake.ready.set()
    opened.wait_ready()
    opened.until(lambda: not opened.window.footer.activity)
    assert opened.window.model_bar.model.text() == "Built-in: CIFAR-10"
    assert opened.window.model_bar.architecture.text() == "shufflenet_v2_x1_0"
    assert "320 names" in opened.window.model_bar.architecture.toolTip()
    assert opened.window.model_bar.device.text() == "Auto: CPU"


def _not_ready(fake: FakeWorkbench) -> None:
    fake.ready.clear()


def test_lists_are_read_ahead_once_and_not_before_a_model_is_ready(make_app: MakeApp) -> None:
    opened = make_app(prepare=_not_ready)
    opened.until(lambda: opened.window.footer.activity)
    assert opened.fake.lists_prepared == 0
    opened.fake.ready.set()
    opened.wait_ready()
    assert opened.fake.lists_prepared == 1
    opened.session.models.reload()
    opened.wait_ready()
    opened.until(lambda: opened.session.models.opening is None)
    assert opened.fake.lists_prepared == 1


def test_another_model_answers_the_photos_again(opened: Opened, photos: list[Path], weights: Path) -> None:
    opened.show_photos(*photos)
    opened.session.images.go_to(2)
    opened.fake.asked.clear()
    opened.session.models.open(ModelSpec("file", str(weights)))
    opened.until(lambda: len(opened.fake.asked) == 2)
    # The one that is looked at goes first.
    assert opened.fake.asked[0] == (str(photos[2]),)
    assert set(opened.fake.asked[1]) == {str(path) for path in photos} - {str(photos[2])}
    opened.wait_answered(5)
    entry = opened.session.images.current
    assert entry is not None
    assert entry.answered is not None
    assert entry.answered.prediction is not None
    assert entry.answered.prediction.provenance.weights == str(weights)
    assert "flowers.pth" in opened.window.windowTitle()


def test_a_failed_load_keeps_the_model_and_shows_why(opened: Opened, photos: list[Path], weights: Path) -> None:
    opened.show_photos(photos[0])
    opened.fake.asked.clear()
    error = MatchError("These weights fit no architecture.", "3 names differ.", "Choose another.", detail="conv1")
    opened.fake.failures[str(weights)] = error
    opened.session.models.open(ModelSpec("file", str(weights)))
    opened.until(lambda: opened.window.notices.current)
    notice = opened.window.notices.current
    assert notice is not None
    assert notice.words.what == error.what
    assert notice.words.more == "3 names differ. Choose another. Built-in: CIFAR-10 stays in use, as it was."
    assert notice.words.detail == "conv1"
    assert opened.window.model_bar.model.text() == "Built-in: CIFAR-10"
    assert opened.window.results.answered == 1
    assert opened.fake.asked == []
    assert opened.app.preferences.recent == ()


def test_a_remembered_file_that_fits_its_choices_no_more_can_be_opened_without_them(
    opened: Opened, weights: Path
) -> None:
    remembered = ModelSpec("file", str(weights), architecture="resnet50", labels="gone.txt")
    opened.app.preferences.remember(remembered)
    opened.fake.failures[str(weights)] = MatchError("These weights do not fit resnet50.", "", "Choose another.")
    opened.session.open_weights(weights)
    opened.until(lambda: opened.window.notices.current)
    assert opened.fake.opened[-1][0] == remembered
    notice = opened.window.notices.current
    assert notice is not None
    assert notice.act is not None
    assert notice.action
    opened.fake.failures.clear()
    notice.act()
    opened.until(lambda: opened.window.model_bar.model.text() == "flowers.pth")
    assert opened.fake.opened[-1][0] == ModelSpec("file", str(weights))


def test_the_next_success_takes_the_error_away(opened: Opened, weights: Path) -> None:
    opened.fake.failures[str(weights)] = WeightsError("It is a web page.")
    opened.session.models.open(ModelSpec("file", str(weights)))
    opened.until(lambda: opened.window.notices.current)
    opened.session.models.open_builtin()
    opened.until(lambda: not opened.window.notices.current)


def test_weights_of_the_command_line_that_fail_fall_back_to_the_built_in_model(
    make_app: MakeApp, weights: Path
) -> None:
    def prepare(fake: FakeWorkbench) -> None:
        fake.failures[str(weights)] = WeightsError("It is empty.")

    opened = make_app(weights=str(weights), prepare=prepare)
    opened.wait_ready()
    assert opened.window.model_bar.model.text() == "Built-in: CIFAR-10"
    notice = opened.window.notices.current
    assert notice is not None
    assert notice.words.what == "It is empty."


def test_a_newer_choice_supersedes_an_older_one(opened: Opened, weights: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pth"
    other.write_bytes(b"x")
    opened.fake.ready.clear()
    opened.session.models.open(ModelSpec("file", str(weights)))
    opened.session.models.open(ModelSpec("file", str(other)))
    opened.fake.ready.set()
    opened.until(lambda: opened.window.model_bar.model.text() == "other.pth")
    opened.bot.wait(50)
    assert opened.window.model_bar.model.text() == "other.pth"
    assert [spec.weights for spec in opened.app.preferences.recent] == [str(other)]


def test_if_the_newer_choice_fails_the_older_one_that_came_through_is_shown(
    opened: Opened, weights: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.pth"
    opened.fake.failures[str(broken)] = WeightsError("It is empty.")
    models = opened.session.models
    models.open(ModelSpec("file", str(weights)))
    # The first one is in use before its news is read: superseding it comes too late.
    opened.fake.wait_idle()
    models.open(ModelSpec("file", str(broken)))
    opened.until(lambda: opened.window.notices.current)
    assert models.info is not None
    assert models.info == opened.fake.current
    assert models.info.spec.weights == str(weights)


def test_opening_can_be_cancelled(opened: Opened, weights: Path) -> None:
    opened.fake.ready.clear()
    opened.session.models.open(ModelSpec("file", str(weights)))
    opened.until(lambda: "flowers.pth" in opened.window.footer.activity)
    opened.window.footer.cancel_asked.emit()
    opened.until(lambda: not opened.window.footer.activity)
    assert opened.window.model_bar.model.text() == "Built-in: CIFAR-10"
    assert opened.window.notices.current is None


def test_a_download_shows_its_progress(opened: Opened) -> None:
    opened.fake.ready.clear()
    opened.fake.progress = (34_000_000, 98_000_000, "Downloading resnet50/IMAGENET1K_V2")
    opened.session.models.open(ModelSpec("pretrained", "resnet50/IMAGENET1K_V2"))
    opened.until(lambda: "34 MB of 98 MB" in opened.window.footer.activity)


def test_recent_models_survive_a_restart_with_all_that_was_chosen(
    make_app: MakeApp, weights: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "s.ini"
    spec = ModelSpec("file", str(weights), "resnet18", str(tmp_path / "names.txt"), PRESETS["half"])
    opened = make_app(settings=settings)
    opened.wait_ready()
    opened.session.models.open(spec)
    opened.until(lambda: opened.app.preferences.recent)
    opened.window.close()
    assert opened.app.close()
    again = make_app(settings=settings)
    again.wait_ready()
    assert again.app.preferences.recent == (spec,)
    again.window.model_bar.model.chosen.emit("file:0")
    again.until(lambda: again.fake.opened[-1][0] == spec)


def test_a_known_file_is_opened_as_the_last_time(make_app: MakeApp, weights: Path, tmp_path: Path) -> None:
    spec = ModelSpec("file", str(weights), "resnet18")
    save(tmp_path / "s.ini", Preferences(recent=(spec,)))
    opened = make_app(settings=tmp_path / "s.ini")
    opened.session.open_weights(weights)
    assert opened.fake.opened[-1][0] == spec


def test_class_names_from_a_file(opened: Opened, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    opened.session.models.choose_labels(names)
    opened.until(lambda: "names.txt" in opened.window.scores.names.value)
    assert opened.fake.dresses == [ModelSpec(labels=str(names))]
    opened.window.scores.labels_reset.emit()
    opened.until(lambda: "model.json" in opened.window.scores.names.value)


def test_a_label_count_that_does_not_fit_is_said(opened: Opened, weights: Path, tmp_path: Path) -> None:
    opened.session.models.open(ModelSpec("file", str(weights)))
    opened.until(lambda: opened.window.model_bar.model.text() == "flowers.pth")
    opened.fake.failures[str(weights)] = LabelsError("The file has 3 names, and the model 10 classes.")
    opened.session.models.choose_labels(tmp_path / "three.txt")
    opened.until(lambda: opened.window.notices.current)
    notice = opened.window.notices.current
    assert notice is not None
    assert "3 names" in notice.words.what
    assert "model.json" in opened.window.scores.names.value


def test_what_a_load_wants_to_say_is_said(opened: Opened) -> None:
    opened.fake.infos["w"] = make_info(
        ModelSpec("file", "w"), notices=("The names do not fit.", "The CPU is used instead.")
    )
    opened.session.models.open(ModelSpec("file", "w"))
    opened.until(lambda: opened.window.notices.current)
    notice = opened.window.notices.current
    assert notice is not None
    assert notice.words.as_text() == "The names do not fit.\nThe CPU is used instead."
    assert not notice.words.failed


@pytest.mark.parametrize("source", ["assumed: usual for one output of an image", "chosen by you"])
def test_what_one_number_is_can_be_said_where_it_is_told(opened: Opened, source: str) -> None:
    opened.fake.infos["w"] = make_info(
        ModelSpec("file", "w"),
        labels=("0", "1"),
        notices=("It is taken for two classes.",),
        activation="binary",
        activation_source=source,
        outputs=1,
    )
    opened.session.models.open(ModelSpec("file", "w"))
    opened.until(lambda: opened.window.notices.current)
    notice = opened.window.notices.current
    assert notice is not None
    key = opened.window.actions_by_name["choose_output"].shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    if source == "chosen by you":
        assert (notice.words.more, notice.action) == ("", "")
        return
    assert key in notice.words.more
    opened.window.notices.act()
    assert "Regression" in opened.window.scores.kinds.titles()
    assert opened.window.scores.kinds.isVisible()
    opened.window.scores.kinds.close()


def test_preprocessing_is_one_click_away(opened: Opened) -> None:
    scores = opened.window.scores
    assert "model.json" in scores.input.value
    scores.preprocessing_chosen.emit(PRESETS["imagenet"])
    opened.until(lambda: "chosen by you" in scores.input.value)
    assert [spec.preprocessing for spec in opened.fake.dresses] == [PRESETS["imagenet"]]


def test_another_architecture_opens_the_same_weights(opened: Opened, weights: Path) -> None:
    opened.session.models.open(ModelSpec("file", str(weights)))
    opened.until(lambda: opened.window.model_bar.model.text() == "flowers.pth")
    opened.window.model_bar.architecture.chosen.emit("matched:resnet18")
    opened.until(lambda: opened.window.model_bar.architecture.text() == "resnet18")
    assert opened.fake.opened[-1][0] == ModelSpec("file", str(weights), "resnet18")


class TestDevices:
    def test_a_device_is_chosen_kept_and_shown(self, opened: Opened, tmp_path: Path) -> None:
        opened.window.model_bar.device.chosen.emit("cuda:0")
        opened.until(lambda: opened.window.model_bar.device.text() == "NVIDIA H200")
        assert opened.fake.opened[-1] == (ModelSpec(), "cuda:0")
        opened.app.close()
        assert load(tmp_path / "settings" / "whatsit.ini").device == "cuda:0"

    def test_a_device_can_be_chosen_without_a_model(self, make_app: MakeApp) -> None:
        def prepare(fake: FakeWorkbench) -> None:
            fake.failures[""] = WhatsitError("The built-in model cannot be opened.")

        opened = make_app(prepare=prepare)
        opened.until(lambda: opened.session.models.devices)
        assert opened.session.models.info is None
        assert opened.window.model_bar.device.isEnabled()
        assert opened.window.actions_by_name["choose_device"].isEnabled()

    def test_a_device_that_fails_leaves_the_choice_as_it_was(self, opened: Opened) -> None:
        opened.fake.failures[""] = DeviceError("The network does not fit into the memory of NVIDIA H200.")
        opened.session.models.choose_device("cuda:0")
        opened.until(lambda: opened.window.notices.current)
        assert opened.session.models.device == "auto"
        assert opened.window.model_bar.device.text() == "Auto: CPU"

    def test_a_device_that_is_gone_since_the_last_start(self, make_app: MakeApp, tmp_path: Path) -> None:
        save(tmp_path / "s.ini", Preferences(device="cuda:3"))

        def prepare(fake: FakeWorkbench) -> None:
            fake.missing_devices.add("cuda:3")

        opened = make_app(settings=tmp_path / "s.ini", prepare=prepare)
        opened.wait_ready()
        assert [device for _, device in opened.fake.opened] == ["cuda:3", "auto"]
        assert opened.window.notices.current is not None
        assert opened.window.model_bar.device.text() == "Auto: CPU"

    def test_a_step_down_is_said_and_shown(self, opened: Opened, photos: list[Path]) -> None:
        opened.session.models.choose_device("cuda:0")
        opened.until(lambda: opened.window.model_bar.device.text() == "NVIDIA H200")
        opened.fake.emissions = [Notice("NVIDIA H200 ran out of memory."), make_info(device=CPU)]
        opened.show_photos(photos[0])
        notice = opened.window.notices.current
        assert notice is not None
        assert notice.words.what == "NVIDIA H200 ran out of memory."
        assert opened.window.model_bar.device.text() == "CPU"

    def test_the_list_offers_what_there_is(self, opened: Opened) -> None:
        opened.until(lambda: opened.session.models.devices)
        bar = opened.window.model_bar
        bar.device.open_list()
        assert bar.device.list is not None
        assert bar.device.list.titles() == ["Automatic", GPU.name, "CPU"]
        bar.device.list.close()


class TestChangesOnDisk:
    def test_a_file_that_changed_is_offered_once_and_reloaded(self, opened: Opened, weights: Path) -> None:
        opened.session.watch.set_settle_ms(60)
        opened.session.models.open(ModelSpec("file", str(weights)))
        opened.until(lambda: opened.window.model_bar.model.text() == "flowers.pth")
        opened.bot.wait(200)
        assert opened.window.notices.current is None
        told: list[str] = []
        opened.session.watch.changed.connect(told.append)
        for step in range(5):
            weights.write_bytes(b"newer weights" * (step + 1))
            os.utime(weights, ns=(10**18 + step, 10**18 + step))
            opened.bot.wait(10)
        opened.until(lambda: opened.window.notices.current)
        notice = opened.window.notices.current
        assert notice is not None
        assert notice.action == "Reload"
        assert "flowers.pth" in notice.words.what
        opened.bot.wait(200)
        assert told == [str(weights)]
        count = len(opened.fake.opened)
        opened.window.notices.act()
        opened.until(lambda: len(opened.fake.opened) == count + 1)
        assert opened.fake.opened[-1][0] == ModelSpec("file", str(weights))
        assert opened.window.notices.current is None

    def test_a_file_that_is_replaced_again_and_again_is_noticed(self, opened: Opened, weights: Path) -> None:
        opened.session.watch.set_settle_ms(30)
        opened.session.models.open(ModelSpec("file", str(weights)))
        opened.until(lambda: opened.window.model_bar.model.text() == "flowers.pth")
        for step in (1, 2):
            fresh = weights.with_suffix(".new")
            fresh.write_bytes(b"z" * step)
            os.utime(fresh, ns=(10**18 + step, 10**18 + step))
            weights.unlink()
            opened.bot.wait(60)
            fresh.rename(weights)
            opened.until(lambda: opened.window.notices.current)
            opened.window.notices.act()
            opened.until(lambda: opened.session.models.opening is None)
            assert opened.window.notices.current is None

    def test_a_file_that_vanished_is_no_news(self, opened: Opened, weights: Path) -> None:
        opened.session.watch.set_settle_ms(20)
        opened.session.models.open(ModelSpec("file", str(weights)))
        opened.until(lambda: opened.window.model_bar.model.text() == "flowers.pth")
        weights.unlink()
        opened.bot.wait(150)
        assert opened.window.notices.current is None


def test_code_beside_the_weights_is_offered_and_asked_about(opened: Opened, weights: Path) -> None:
    code = weights.with_name("net.py")
    notices = ("net.py lies beside these weights, and its network may answer otherwise.",)
    spec = ModelSpec("file", str(weights))
    opened.fake.infos[str(weights)] = make_info(spec, notices=notices, code_beside=str(code))
    opened.session.models.open(spec)
    opened.until(lambda: opened.window.notices.current)
    notice = opened.window.notices.current
    assert notice is not None
    assert (notice.words.what, notice.action) == (notices[0], "Build it from net.py …")
    assert notice.act is not None
    notice.act()
    opened.until(lambda: opened.fake.opened[-1][0].architecture_file)
    assert opened.fake.opened[-1][0] == ModelSpec("file", str(weights), architecture_file=str(code))
