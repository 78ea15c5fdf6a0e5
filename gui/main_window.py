"""Where each panel stands; nothing else."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from gui import icons, theme
from gui.actions import Actions
from gui.answer_view import AnswerView
from gui.drop_zone import DropZone
from gui.footer import Footer
from gui.model_bar import ModelBar
from gui.theme import UNIT

if TYPE_CHECKING:
    from core.arrays.contents import Row
    from gui.error_view import Notice
    from gui.row_view import RowView

_NARROWEST, _WIDEST = 34 * UNIT, 64 * UNIT
_NARROWEST_EDITING = 42 * UNIT
_ANSWER_HEIGHT = 18 * UNIT
"""Of the first class, with the space around it."""
_SEEN_SHARE = 0.36
"""Of the photo's place, for what the model sees."""
_UNBOUND = 16_777_215
"""What Qt takes for no limit."""


class MainWindow(QMainWindow):
    """The window.

    It comes in two steps: what an empty window shows, and, once that is painted, the rest by ``furnish``.

    Attributes:
        seen_wanted: whether what the model sees is to be shown beside a photo.

    Signals:
        painted: once, after everything was painted for the first time.
        closed: it is gone from the screen.
    """

    painted = Signal()
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._painted = False
        self._furnished = False
        self._editor: QWidget | None = None
        self.seen_wanted = False
        self.row: RowView | None = None
        self.setWindowTitle("Whatsit")
        self.setWindowIcon(icons.app_icon())
        self.setAcceptDrops(True)
        self.setMinimumSize(90 * UNIT, 66 * UNIT)
        self.actions_by_name = Actions(self)
        self.model_bar = ModelBar(self)
        self.drop_zone = DropZone(self)
        self.greeting = AnswerView(self)
        self.footer = Footer(self)
        self.stage = QStackedWidget(self)
        self.overlay = DropZone(self.stage, overlay=True)
        self.setCentralWidget(self._arrange())
        self.resize(140 * UNIT, 92 * UNIT)

    def furnish(self) -> None:
        """Add what an empty window does not show: it takes as long to load as all that it shows.

        A second call does nothing.
        """
        from gui.dropping import DropTarget
        from gui.error_view import ErrorPanel, NoticeBar
        from gui.filmstrip import Filmstrip
        from gui.photo_view import PhotoView
        from gui.results_model import ResultsModel
        from gui.scores_panel import ScoresPanel
        from gui.seen_view import SeenView

        if self._furnished:
            return
        self._furnished = True
        self.results = ResultsModel(self)
        self.notices = NoticeBar(self)
        self.photo = PhotoView(self)
        self.seen = SeenView(self)
        self.seen.hide()
        self._look_place.addWidget(self.seen)
        self.stage.currentChanged.connect(self._place_seen)
        self.error = ErrorPanel(self)
        self.scores = ScoresPanel(self)
        self.scores.show_line(self.greeting.label)
        self._answer_place.removeWidget(self.greeting)
        self._answer_place.addWidget(self.scores)
        self.greeting.hide()
        self.filmstrip = Filmstrip(self.results, self)
        for panel in (self.photo, self.error):
            self.stage.addWidget(panel)
        self._notices_place.addWidget(self.notices)
        self._strip_place.addWidget(self.filmstrip)
        self.drops = DropTarget(self)
        self.drops.hovered.connect(self._show_hover)
        self.installEventFilter(self.drops)
        self._order_stops()

    def photo_room(self) -> tuple[int, int]:
        """Width and height of the photo's place, in pixels of the screen."""
        ratio = self.devicePixelRatioF()
        return round(self.stage.width() * ratio), round(self.stage.height() * ratio)

    def show_empty(self) -> None:
        """Invite."""
        self.stage.setCurrentWidget(self.drop_zone)

    def show_photo(self) -> None:
        """Show the photo's place."""
        self.stage.setCurrentWidget(self.photo)

    def show_row(self, row: Row, name: str) -> None:
        """Show a row of numbers in the photo's place."""
        if self.row is None:
            from gui.row_view import RowView

            self.row = RowView(self.stage)
            self.stage.addWidget(self.row)
        self.row.show_row(row, name)
        self.stage.setCurrentWidget(self.row)

    def show_error(self, error: BaseException) -> None:
        """Show an image's error in its place."""
        self.error.show_error(error)
        self.stage.setCurrentWidget(self.error)

    def want_seen(self, on: bool) -> None:
        """Show what the model sees beside the photo, whenever there is one."""
        self.seen_wanted = on
        self._place_seen()

    def show_editor(self, editor: QWidget | None) -> None:
        """Put an editor below the answer, in place of all that is said of it; ``None`` to take it away."""
        if self._editor is not None:
            self._editor.hide()
        self._editor = editor
        if editor is not None:
            if self._answer_place.indexOf(editor) < 0:
                self._answer_place.addWidget(editor, 1)
                self._order_stops()
            editor.show()
        self._share_room()

    def tell(self, notice: Notice) -> None:
        """Show a notice; the report of a bug comes with a window of its own, one at a time."""
        from gui.error_view import Details

        self.notices.tell(notice)
        if notice.key == "bug" and not any(dialog.isVisible() for dialog in self.findChildren(Details)):
            dialog = Details(self, notice.words)
            dialog.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
            dialog.show()

    def show_photo_menu(self, place: QPoint) -> None:
        """The filmstrip's context menu."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in ("copy", "copy_all", "save", "", "remove", "clear"):
            if name:
                menu.addAction(self.actions_by_name[name])
            else:
                menu.addSeparator()
        menu.popup(place)

    def restore(self, geometry: bytes) -> None:
        """Take the place and size that the window had."""
        if geometry:
            self.restoreGeometry(QByteArray(geometry))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Notice the first painting."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            # After this event all widgets are painted and on the screen.
            QTimer.singleShot(0, self, self.painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Vanish first; all else can wait."""
        self.hide()
        event.accept()
        self.closed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A third of the window for the answer, within reason."""
        super().resizeEvent(event)
        self._share_room()
        self.overlay.setGeometry(self.stage.rect())

    def _share_room(self) -> None:
        narrowest = _NARROWEST if self._editor is None else _NARROWEST_EDITING
        self._answer_side.setFixedWidth(max(narrowest, min(_WIDEST, round(self.width() * 0.3))))
        if self._furnished:
            # An editor takes what it needs; what is left is for the classes after the first.
            needed = self._editor.sizeHint().height() + _ANSWER_HEIGHT if self._editor is not None else 0
            self.scores.set_editing(self._editor is not None, self._answer_side.height() - needed)
        self._place_seen()

    def _order_stops(self) -> None:
        """The keyboard goes through the window as the eye does."""
        panels: list[QWidget] = [self.model_bar, self.notices, self.drop_zone, self.photo, self.error, self.scores]
        if self._editor is not None:
            panels.append(self._editor)
        stops: list[QWidget] = [self._centre]
        for panel in (*panels, self.filmstrip, self.footer):
            stops.extend(_stops(panel))
        for before, after in itertools.pairwise(stops):
            QWidget.setTabOrder(before, after)

    def _place_seen(self, _page: int = 0) -> None:
        """Beside the photo, or below it where there is more room."""
        if not self._furnished:
            return
        self.seen.setVisible(self.seen_wanted and self.stage.currentWidget() is self.photo)
        room = self._look_place.geometry()
        beside = room.width() >= room.height()
        ways = QBoxLayout.Direction
        self._look_place.setDirection(ways.LeftToRight if beside else ways.TopToBottom)
        share = round(_SEEN_SHARE * (room.width() if beside else room.height()))
        self.seen.setMinimumSize(*((share, 0) if beside else (0, share)))
        self.seen.setMaximumSize(*((share, _UNBOUND) if beside else (_UNBOUND, share)))

    def _show_hover(self, text: str) -> None:
        if self.stage.currentWidget() is self.drop_zone:
            self.drop_zone.show_hover(text)
        else:
            self.overlay.setGeometry(self.stage.rect())
            self.overlay.show_hover(text)

    def _arrange(self) -> QWidget:
        self.stage.addWidget(self.drop_zone)
        middle = QHBoxLayout()
        middle.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
        middle.setSpacing(3 * UNIT)
        self._look_place = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._look_place.setSpacing(2 * UNIT)
        self._look_place.addWidget(self.stage, 1)
        middle.addLayout(self._look_place, 1)
        self._answer_side = QWidget(self)
        self._answer_place = QVBoxLayout(self._answer_side)
        self._answer_place.setContentsMargins(0, 0, 0, 0)
        self._answer_place.addWidget(self.greeting, 0, Qt.AlignmentFlag.AlignTop)
        middle.addWidget(self._answer_side)
        self._notices_place = QHBoxLayout()
        self._notices_place.setContentsMargins(3 * UNIT, 0, 3 * UNIT, UNIT // 2)
        self._strip_place = QHBoxLayout()
        self._strip_place.setContentsMargins(3 * UNIT - 4, 0, 3 * UNIT - 4, 0)
        self._centre = centre = QWidget(self)
        theme.name(centre, "Whatsit")
        # Else the first picker has the focus at the start, and looks chosen before any key was pressed.
        centre.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        centre.setFocus()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, UNIT // 2)
        column.setSpacing(0)
        column.addWidget(self.model_bar)
        column.addLayout(self._notices_place)
        column.addLayout(middle, 1)
        column.addLayout(self._strip_place)
        column.addWidget(self.footer)
        return centre


def _stops(panel: QWidget) -> list[QWidget]:
    """Where the keyboard stops in a panel, in the order in which they were made."""
    found: list[QWidget] = []
    widget: QWidget | None = panel
    while widget is not None:
        takes_keys = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
        if takes_keys and (widget is panel or panel.isAncestorOf(widget)):
            found.append(widget)
        widget = widget.nextInFocusChain()
        if widget is panel:
            break
    return found
