"""Starting, closing, and what survives."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QSpinBox, QWidget

from core.errors import DesktopError
from gui import theme
from gui.app import App, check_bindings
from gui.error_view import Details
from gui.preferences import load
from tests.gui.conftest import MakeApp, Opened, files

ROOT = Path(__file__).parents[2]


def run(script: str, home: Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    environment |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_the_window_is_painted_without_torch(tmp_path: Path) -> None:
    script = """
import sys
from gui.app import App, check_bindings
heavy = ("torch", "torchvision", "numpy", "PIL", "core.workbench", "core.engine", "core.catalogue")
def painted(self):
    print(",".join(name for name in heavy if name in sys.modules) or "light")
    from PySide6.QtWidgets import QApplication
    QApplication.quit()
App._start = painted
from gui.app import run
sys.exit(run())
"""
    done = run(script, tmp_path)
    assert done.stderr in ("", "This plugin does not support propagateSizeHints()\n")
    assert done.stdout == "light\n"
    assert done.returncode == 0


def test_nothing_looks_chosen_before_a_key_is_pressed(make_app: MakeApp) -> None:
    opened = make_app()
    pickers = (opened.window.model_bar.model, opened.window.model_bar.architecture, opened.window.model_bar.device)
    assert not any(picker.hasFocus() for picker in pickers)
    QTest.keyClick(opened.window, Qt.Key.Key_Tab)
    assert opened.window.model_bar.model.hasFocus()


def test_the_keyboard_goes_through_the_window_as_the_eye_does(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos[:2])
    window = opened.window
    bar, scores = window.model_bar, window.scores
    expected = [
        bar.model, bar.architecture, bar.device, bar.add, window.photo, window.photo.see, scores.scores,
        scores.copy, scores.time, scores.input, scores.output, scores.names, window.filmstrip,
    ]  # fmt: skip
    QTest.keyClick(window, Qt.Key.Key_Tab)
    seen: list[QWidget] = []
    for _ in range(24):
        focused = QApplication.focusWidget()
        assert focused is not None
        seen.append(focused)
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    assert [widget for widget in seen if widget in expected][: len(expected)] == expected


def test_a_thread_that_cannot_be_ended_does_not_keep_the_process(tmp_path: Path) -> None:
    script = """
import sys, time
import gui.app
from PySide6.QtCore import QTimer
from core.workbench import Workbench

class Stuck(Workbench):
    def open(self, spec, device="auto"):
        def work(context):
            print("stuck", flush=True)
            time.sleep(60)
            yield
        return self._engine_jobs.submit(work, 1)
    def list_devices(self):
        return 0

import core.workbench
core.workbench.Workbench = Stuck
start = gui.app.App._start
def _start(self):
    start(self)
    QTimer.singleShot(200, self.window.close)
gui.app.App._start = _start
status = gui.app.run()
print("not reached")
"""
    begin = time.monotonic()
    done = run(script, tmp_path)
    assert done.stdout == "stuck\n"
    assert done.returncode == 0
    assert time.monotonic() - begin < 8
    assert (tmp_path / "whatsit" / "whatsit.ini").exists()


def test_closing_while_busy_hides_at_once_and_ends_the_work(make_app: MakeApp, photos: list[Path]) -> None:
    opened = make_app()
    opened.wait_ready()
    opened.fake.go.clear()
    opened.fake.go_long.clear()
    opened.drop(files(*photos))
    opened.until(lambda: len(opened.fake.asked) == 2)
    begin = time.monotonic()
    opened.window.close()
    assert not opened.window.isVisible()
    assert time.monotonic() - begin < 0.1
    assert opened.app.close()
    assert opened.fake.closed
    assert time.monotonic() - begin < 5


def test_closing_while_the_model_loads(make_app: MakeApp) -> None:
    opened = make_app()
    opened.fake.ready.clear()
    opened.session.models.open_builtin()
    opened.window.close()
    assert opened.app.close()


def test_what_a_person_chose_survives(make_app: MakeApp, tmp_path: Path) -> None:
    settings = tmp_path / "s.ini"
    opened = make_app(settings=settings)
    opened.wait_ready()
    opened.window.scores.k.setValue(3)
    opened.window.actions_by_name["dark"].trigger()
    opened.window.resize(740, 560)
    opened.window.close()
    opened.app.close()
    again = make_app(settings=settings)
    again.wait_ready()
    assert again.window.scores.shown_k == 3
    assert again.window.actions_by_name["dark"].isChecked()
    assert (again.window.width(), again.window.height()) == (740, 560)
    assert again.window.palette().window().color().name() == theme.DARK.window
    again.window.actions_by_name["light"].trigger()


def test_a_damaged_settings_file_is_said_and_kept(make_app: MakeApp, tmp_path: Path) -> None:
    settings = tmp_path / "s.ini"
    settings.write_bytes(b"\x00\x01 nonsense")
    opened = make_app(settings=settings)
    opened.wait_ready()
    notice = opened.window.notices.current
    assert notice is not None
    assert "damaged" in notice.words.what
    opened.app.close()
    assert load(settings).problem == ""


def test_a_bug_in_the_window_reaches_a_person(opened: Opened) -> None:
    try:
        raise RuntimeError("a bug of ours")
    except RuntimeError as error:
        opened.app.report(type(error), error, error.__traceback__)
    opened.until(lambda: opened.window.notices.current)
    notice = opened.window.notices.current
    assert notice is not None
    assert "a bug of ours" in notice.words.detail
    (dialog,) = [found for found in opened.window.findChildren(Details) if found.isVisible()]
    assert not dialog.isModal()
    dialog.copy_report()
    assert "a bug of ours" in QGuiApplication.clipboard().text()
    opened.app.report(ValueError, ValueError("another"), None)
    opened.until(lambda: "another" in (opened.window.notices.current or notice).words.detail)
    # The second does not cover the first.
    assert [found for found in opened.window.findChildren(Details) if found.isVisible()] == [dialog]
    assert "test_app.py" in notice.words.detail


def test_the_bug_notice_follows_the_error_into_the_app(tmp_path: Path) -> None:
    script = """
import sys
import gui.app
from PySide6.QtCore import QTimer
def painted(self):
    # The worst moment: before anything but the empty window is there.
    QTimer.singleShot(0, lambda: 1 / 0)
    QTimer.singleShot(300, lambda: (print(self.window.notices.current.words.detail), self.window.close()))
gui.app.App._start = painted
sys.exit(gui.app.run())
"""
    done = run(script, tmp_path)
    assert done.returncode == 0
    assert "ZeroDivisionError" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals as Unix has them")
def test_a_polite_kill_closes_the_window(tmp_path: Path) -> None:
    script = """
import os, signal, sys
import gui.app
from PySide6.QtCore import QTimer
def painted(self):
    QTimer.singleShot(100, lambda: os.kill(os.getpid(), signal.SIGTERM))
gui.app.App._start = painted
sys.exit(gui.app.run())
"""
    assert run(script, tmp_path, timeout=20).returncode == 0


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_text_can_be_read_in_light_and_dark(colours: theme.Colours) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one: str, other: str) -> float:
        light, dark = sorted((luminance(one), luminance(other)), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    for ground in (colours.window, colours.surface, colours.hover):
        for text in (colours.text, colours.muted, colours.accent, colours.error):
            # WCAG AA.
            assert contrast(text, ground) >= 4.5, (text, ground)
    assert contrast(colours.on_accent, colours.accent) >= 4.5


def test_the_scheme_changes_live(opened: Opened) -> None:
    for name, colours in (("dark", theme.DARK), ("light", theme.LIGHT)):
        opened.window.actions_by_name[name].trigger()
        opened.bot.wait(10)
        corner = opened.window.grab().toImage().pixelColor(2, opened.window.height() - 3)
        assert corner.name() == colours.window


def test_the_systems_scheme_is_followed(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    dark = {"is": True}

    class Hints:
        @staticmethod
        def colorScheme() -> Qt.ColorScheme:
            return Qt.ColorScheme.Dark if dark["is"] else Qt.ColorScheme.Light

    monkeypatch.setattr(QApplication, "styleHints", lambda: Hints)
    real = QGuiApplication.styleHints()
    opened.window.actions_by_name["system"].trigger()
    for expected in (theme.DARK, theme.LIGHT):
        dark["is"] = expected is theme.DARK
        real.colorSchemeChanged.emit(real.colorScheme())
        assert opened.window.palette().window().color().name() == expected.window


def test_every_widget_that_takes_the_keyboard_has_a_name(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos)
    nameless = [
        f"{type(widget).__name__} {widget.objectName()}"
        for widget in opened.window.findChildren(QWidget)
        if widget.isVisible()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not widget.accessibleName()
        and not (isinstance(widget, QAbstractButton) and widget.text())
    ]
    assert nameless == []


def test_tab_reaches_all_that_can_be_used(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos)
    opened.window.activateWindow()
    opened.until(opened.window.isActiveWindow)
    opened.window.photo.setFocus()
    reached: set[QWidget] = set()
    for _ in range(40):
        QTest.keyClick(opened.window.focusWidget(), Qt.Key.Key_Tab)
        reached.add(opened.window.focusWidget())
    bar, scores = opened.window.model_bar, opened.window.scores
    wanted: list[QWidget] = [bar.model, bar.architecture, bar.device, bar.add, opened.window.photo]
    wanted += [scores.k, scores.copy, scores.time, scores.input, scores.names, opened.window.filmstrip]
    assert [widget.accessibleName() for widget in wanted if widget not in reached] == []


def test_focus_can_be_seen(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(*photos)
    opened.window.activateWindow()
    opened.until(opened.window.isActiveWindow)
    scores, bar = opened.window.scores, opened.window.model_bar
    widgets: list[QWidget] = [bar.model, bar.add, scores.k, scores.copy, scores.names, opened.window.photo]
    for widget in widgets:
        opened.window.filmstrip.setFocus()
        before = widget.grab().toImage()
        widget.setFocus()
        QApplication.processEvents()
        assert widget.grab().toImage() != before, widget.accessibleName()


@pytest.mark.parametrize(
    ("key", "expected"), [(Qt.Key.Key_PageDown, 1), (Qt.Key.Key_PageUp, 0)], ids=["next", "previous"]
)
def test_page_keys_move_from_anywhere(opened: Opened, photos: list[Path], key: Qt.Key, expected: int) -> None:
    opened.show_photos(*photos)
    opened.window.activateWindow()
    opened.until(opened.window.isActiveWindow)
    opened.until(opened.window.actions_by_name["next"].isEnabled)
    opened.window.scores.copy.setFocus()
    QTest.keyClick(opened.window.scores.copy, key)
    assert opened.session.images.row == expected


def test_digits_in_the_number_field_do_not_zoom(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(photos[0])
    opened.window.activateWindow()
    opened.until(opened.window.isActiveWindow)
    k = opened.window.scores.k
    k.setFocus()
    k.selectAll()
    zoom = opened.window.photo.zoom
    QTest.keyClick(k.findChild(QWidget) or k, Qt.Key.Key_1)
    assert isinstance(k, QSpinBox)
    assert k.cleanText() == "1"
    assert opened.window.photo.zoom == zoom


@pytest.mark.parametrize("size", [(900, 600), (720, 528), (1920, 1080)])
def test_nothing_is_cut_off_at_any_size(opened: Opened, photos: list[Path], size: tuple[int, int]) -> None:
    opened.show_photos(*photos)
    opened.window.resize(*size)
    QApplication.processEvents()
    assert (opened.window.width(), opened.window.height()) == size
    whole = opened.window.rect()
    for panel in (opened.window.photo, opened.window.scores, opened.window.filmstrip, opened.window.footer):
        inside = panel.rect().translated(panel.mapTo(opened.window, panel.rect().topLeft()))
        assert whole.contains(inside), type(panel).__name__
    scores = opened.window.scores
    assert scores.names.geometry().bottom() <= scores.rect().bottom()
    assert opened.window.photo.height() > 150
    assert scores.height() == opened.window.stage.height()


def test_app_is_usable_without_a_session_yet(tmp_path: Path) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    app = App(application, settings=tmp_path / "s.ini")
    assert "Getting the built-in model ready" in app.window.greeting.label
    assert app.close()
    app.window.deleteLater()


def test_the_installed_bindings_keep_count_of_pythons_objects() -> None:
    check_bindings()


def test_bindings_that_lose_count_are_refused_before_they_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter(range(10_000, 0, -64))

    def falling(_: object) -> int:
        return next(counts)

    monkeypatch.setattr(sys, "getrefcount", falling)
    with pytest.raises(DesktopError, match="loses count") as caught:
        check_bindings()
    assert "pip install" in caught.value.remedy
