"""Colours, fonts and spacing: one palette for light, one for dark, and one style sheet for both.

Every colour on screen is a role of the application's ``QPalette``, so a change of the system's colour
scheme reaches each widget without anybody being told.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPalette, QPen
from PySide6.QtWidgets import QApplication, QWidget

UNIT = 8
"""The spacing unit in pixels at 100 % scale."""

_Role = QPalette.ColorRole
MUTED = _Role.PlaceholderText
TRACK = _Role.Mid
LINE = _Role.Midlight
ERROR = _Role.BrightText
ACCENT = _Role.Highlight
ON_ACCENT = _Role.HighlightedText
SURFACE = _Role.Base
HOVER = _Role.AlternateBase


@dataclass(frozen=True, slots=True)
class Colours:
    """What one colour scheme is made of, each ``#rrggbb``.

    Attributes:
        window: behind everything.
        surface: what floats above it: menus, lists that drop down, dialogs.
        hover: under the mouse.
        line, track: hairlines; the empty part of a bar.
        text, muted: what counts; what is quiet, still at 4.5 : 1 on ``window``.
        accent, on_accent: the one colour, and text on it.
        error: text of errors.
    """

    window: str
    surface: str
    hover: str
    line: str
    track: str
    text: str
    muted: str
    accent: str
    on_accent: str
    error: str


LIGHT = Colours(
    window="#f8f8f6",
    surface="#ffffff",
    hover="#ececea",
    line="#e2e2de",
    track="#e4e5e8",
    text="#1b1c1f",
    muted="#64666c",
    accent="#3b57d6",
    on_accent="#ffffff",
    error="#b3261e",
)
DARK = Colours(
    window="#17181b",
    surface="#232529",
    hover="#2a2c31",
    line="#2f3136",
    track="#303339",
    text="#f1f1f2",
    muted="#9ea1a8",
    accent="#8fa4ff",
    on_accent="#10131f",
    error="#ff8f85",
)


def palette(colours: Colours) -> QPalette:
    """The colours as roles."""
    made = QPalette()
    roles = {
        _Role.Window: colours.window,
        _Role.WindowText: colours.text,
        _Role.Base: colours.surface,
        _Role.AlternateBase: colours.hover,
        _Role.ToolTipBase: colours.surface,
        _Role.ToolTipText: colours.text,
        _Role.PlaceholderText: colours.muted,
        _Role.Text: colours.text,
        _Role.Button: colours.hover,
        _Role.ButtonText: colours.text,
        _Role.BrightText: colours.error,
        _Role.Light: colours.surface,
        _Role.Midlight: colours.line,
        _Role.Mid: colours.track,
        _Role.Dark: colours.muted,
        _Role.Shadow: "#000000",
        _Role.Highlight: colours.accent,
        _Role.HighlightedText: colours.on_accent,
        _Role.Accent: colours.accent,
        _Role.Link: colours.accent,
        _Role.LinkVisited: colours.accent,
    }
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    faded = QColor(colours.muted)
    faded.setAlphaF(0.6)
    for role in (_Role.Text, _Role.ButtonText, _Role.WindowText):
        made.setColor(QPalette.ColorGroup.Disabled, role, faded)
    return made


_SHEET = """
QWidget { outline: none; }
QMainWindow, QDialog { background: palette(window); }
QToolTip { color: palette(text); background: palette(base); border: 1px solid palette(midlight); padding: 4px 8px; }
QMenuBar { background: palette(window); padding: 2px 8px; }
QMenuBar::item { padding: 4px 8px; border-radius: 4px; background: transparent; color: palette(placeholder-text); }
QMenuBar::item:selected { background: palette(alternate-base); color: palette(text); }
QMenu { background: palette(base); border: 1px solid palette(midlight); padding: 6px; }
QMenu::item { padding: 6px 28px 6px 24px; border-radius: 4px; }
QMenu::item:selected { background: palette(alternate-base); color: palette(text); }
QMenu::item:disabled { color: palette(placeholder-text); }
QMenu::separator { height: 1px; background: palette(midlight); margin: 6px 8px; }
QPushButton { border: 2px solid transparent; border-radius: 8px; padding: 6px 14px; background: palette(mid); }
QPushButton:hover { background: palette(midlight); }
QPushButton:focus { border-color: palette(highlight); }
QPushButton:disabled { color: palette(placeholder-text); }
QPushButton[kind="primary"] { background: palette(highlight); color: palette(highlighted-text); padding: 8px 20px; }
QPushButton[kind="primary"]:focus { border-color: palette(text); }
QPushButton[kind="primary"]:disabled { background: palette(mid); color: palette(placeholder-text); }
QPushButton[kind="quiet"] { background: transparent; padding: 4px 10px; color: palette(highlight); }
QPushButton[kind="quiet"]:hover { background: palette(alternate-base); }
QPushButton[kind="tab"] { background: transparent; padding: 4px 8px; color: palette(placeholder-text); }
QPushButton[kind="tab"]:hover { background: palette(alternate-base); }
QPushButton[kind="tab"]:checked { background: palette(alternate-base); color: palette(text); }
QPushButton[kind="tab"]:focus { border-color: palette(highlight); }
QSplitter::handle { background: transparent; }
QPushButton[kind="quiet"]:disabled { color: palette(placeholder-text); }
QLineEdit, QSpinBox, QPlainTextEdit {
    border: 2px solid transparent; border-radius: 6px; padding: 3px 6px; background: palette(alternate-base);
    selection-background-color: palette(highlight); selection-color: palette(highlighted-text);
}
QHeaderView, QTableView QTableCornerButton::section { background: palette(window); border: none; }
QHeaderView::section {
    background: palette(window); color: palette(text); border: none; padding: 4px 6px; text-align: left;
    font-weight: 600;
}
QLineEdit:focus, QSpinBox:focus, QPlainTextEdit:focus { border-color: palette(highlight); }
QToolButton { border: 2px solid transparent; border-radius: 6px; padding: 2px 8px; background: transparent; }
QToolButton:hover { background: palette(alternate-base); }
QToolButton:focus { border-color: palette(highlight); }
QToolButton:disabled { color: palette(placeholder-text); }
QAbstractItemView { background: transparent; border: none; }
QSpinBox::up-button, QSpinBox::down-button { width: 0; border: none; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: palette(mid); border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: palette(placeholder-text); }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
    background: none; border: none; width: 0; height: 0;
}
"""


def apply(app: QApplication, dark: bool) -> None:
    """Give the application its colours; once more whenever the scheme changes."""
    app.setPalette(palette(DARK if dark else LIGHT))
    # Again even if it is the same: a style sheet remembers the colours that it found.
    app.setStyleSheet(_SHEET)


def is_dark(appearance: str) -> bool:
    """Whether to be dark.

    Args:
        appearance: ``system``, ``light`` or ``dark``.
    """
    if appearance in ("light", "dark"):
        return appearance == "dark"
    return QApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def scaled(font: QFont, factor: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """A font in proportion to the system's own, so that a person's larger text stays larger."""
    made = QFont(font)
    if font.pointSizeF() > 0:
        made.setPointSizeF(font.pointSizeF() * factor)
    else:
        made.setPixelSize(max(1, round(font.pixelSize() * factor)))
    made.setWeight(weight)
    return made


def small(font: QFont) -> QFont:
    """For what is quiet."""
    return scaled(font, 0.92)


def with_alpha(colour: QColor, alpha: float) -> QColor:
    """The same colour, ``alpha`` 0..1 of it."""
    made = QColor(colour)
    made.setAlphaF(alpha)
    return made


def draw_focus(painter: QPainter, rect: QRectF, widget_palette: QPalette, radius: float = UNIT) -> None:
    """The ring around what the keyboard acts on."""
    painter.setPen(QPen(widget_palette.color(ACCENT), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)


def round_corners(painter: QPainter, area: QRectF, radius: float, behind: QColor) -> None:
    """Round the corners of what was painted, by painting what is behind over them.

    A clip path of the same shape would cost some milliseconds a photo, and this costs nothing.
    """
    corners = QPainterPath()
    corners.addRect(area)
    inside = QPainterPath()
    inside.addRoundedRect(area, radius, radius)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(behind)
    painter.drawPath(corners - inside)


def name(widget: QWidget, accessible: str, description: str = "") -> None:
    """Tell assistive technology what a widget is."""
    widget.setAccessibleName(accessible)
    if description:
        widget.setAccessibleDescription(description)
