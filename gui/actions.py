"""All actions as one table: menu, words, shortcut, name."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow

SEPARATOR = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One action.

    Attributes:
        name: for wiring; ``SEPARATOR`` for a line.
        text: in the menu; ``&`` marks the key for it.
        keys: shortcuts, the first one shown.
        group: actions of one group exclude each other.
        checkable: whether it is on or off.
    """

    name: str
    text: str = ""
    keys: tuple[str, ...] = ()
    group: str = ""
    checkable: bool = False


_LINE = Row(SEPARATOR)

TABLE: dict[str, tuple[Row, ...]] = {
    "&File": (
        Row("open_photos", "&Open photos …", ("Ctrl+O",)),
        Row("open_folder", "Open &folder …", ("Ctrl+Shift+O",)),
        Row("open_weights", "Open &weights file …", ("Ctrl+M",)),
        Row("open_architecture", "Open the network's &Python file …"),
        _LINE,
        Row("save", "&Save results …", ("Ctrl+S",)),
        Row("save_script", "Save as script or &notebook …"),
        _LINE,
        Row("quit", "&Quit", ("Ctrl+Q",)),
    ),
    "&Edit": (
        Row("undo", "&Undo", ("Ctrl+Z",)),
        Row("redo", "Re&do", ("Ctrl+Shift+Z", "Ctrl+Y")),
        _LINE,
        Row("paste", "&Paste", ("Ctrl+V",)),
        Row("copy", "&Copy answer", ("Ctrl+C",)),
        Row("copy_all", "Copy &all results as CSV", ("Ctrl+Shift+C",)),
        Row("copy_script", "Copy as P&ython", ("Ctrl+K",)),
        _LINE,
        Row("remove", "&Remove photo", ("Delete",)),
        Row("clear", "Remove all p&hotos", ("Ctrl+Shift+Delete",)),
    ),
    "&View": (
        Row("previous", "&Previous photo", ("Left", "PgUp", "Alt+Left")),
        Row("next", "&Next photo", ("Right", "PgDown", "Alt+Right")),
        _LINE,
        Row("zoom_in", "Zoom &in", ("+", "Ctrl++", "Ctrl+=", "=")),
        Row("zoom_out", "Zoom &out", ("-", "Ctrl+-")),
        Row("fit", "&Fit", ("0", "Ctrl+0")),
        Row("actual_size", "Actual &size", ("1", "Ctrl+1")),
        _LINE,
        Row("why", "&Why this answer …", ("Ctrl+J",)),
        Row("see", "What the &model sees", ("Ctrl+Shift+E",), checkable=True),
        _LINE,
        Row("full_screen", "F&ull screen", ("F11",)),
        _LINE,
        Row("system", "&As the system has it", group="appearance"),
        Row("light", "&Light", group="appearance"),
        Row("dark", "&Dark", group="appearance"),
    ),
    "&Model": (
        Row("choose_model", "Choose &model …", ("Ctrl+L",)),
        Row("choose_architecture", "Choose &architecture …", ("Ctrl+Shift+A",)),
        Row("choose_device", "Choose &device …", ("Ctrl+D",)),
        _LINE,
        Row("choose_names", "Choose class &names …", ("Ctrl+N",)),
        Row("edit_names", "&Edit class names …", ("Ctrl+E",)),
        Row("save_names", "Sa&ve class names …"),
        _LINE,
        Row("choose_preprocessing", "Choose &preprocessing …", ("Ctrl+P",)),
        Row("edit_preprocessing", "Edit preprocess&ing …", ("Ctrl+Shift+P",)),
        Row("find_preprocessing", "&Find the preprocessing …"),
        Row("load_preprocessing", "&Load preprocessing …"),
        Row("save_preprocessing", "Save prepro&cessing …"),
        Row("choose_output", "What its &outputs are …", ("Ctrl+U",)),
        _LINE,
        Row("test_model", "Test t&he model …", ("Ctrl+T",)),
        _LINE,
        Row("reload", "&Reload from disk", ("F5",)),
        _LINE,
        Row("about_model", "A&bout this model …", ("Ctrl+I",)),
        Row("save_model", "&Save the model as …", ("Ctrl+Shift+S",)),
        Row("trusted", "&Trusted files …"),
    ),
    "&Help": (
        Row("keys", "&Keyboard", ("F1",)),
        Row("about", "&About Whatsit"),
    ),
}


class Actions:
    """The actions of a window, by name, in its menu bar.

    Attributes:
        by_name: each action.
    """

    def __init__(self, window: QMainWindow) -> None:
        self.by_name: dict[str, QAction] = {}
        groups: dict[str, QActionGroup] = {}
        for title, rows in TABLE.items():
            menu = window.menuBar().addMenu(title)
            for row in rows:
                if row.name == SEPARATOR:
                    menu.addSeparator()
                    continue
                action = QAction(row.text, window)
                action.setShortcuts([QKeySequence(key) for key in row.keys])
                action.setCheckable(row.checkable)
                if row.group:
                    action.setCheckable(True)
                    groups.setdefault(row.group, QActionGroup(window)).addAction(action)
                menu.addAction(action)
                self.by_name[row.name] = action

    def __getitem__(self, name: str) -> QAction:
        return self.by_name[name]

    def enable(self, names: tuple[str, ...], enabled: bool) -> None:
        """Switch several on or off."""
        for name in names:
            self.by_name[name].setEnabled(enabled)


def keyboard_help() -> str:
    """All shortcuts, one a line."""
    lines: list[str] = []
    for title, rows in TABLE.items():
        lines.append(title.replace("&", ""))
        lines.extend(
            f"    {row.text.replace('&', '').rstrip(' …'):<30}{', '.join(row.keys)}" for row in rows if row.keys
        )
    lines.append("In the photo")
    lines.append(f"    {'Next and previous, or move':<30}arrow keys")
    lines.append("In the sizes of the preprocessing")
    lines.append(f"    {'Count up and down':<30}Up, Down, PgUp, PgDown")
    lines.append("In the filmstrip")
    lines.append(f"    {'Next and previous':<30}Left, Right, Home, End")
    return "\n".join(lines)
