"""The few questions that the system's own dialogs ask, none of which stops the window; bringing one to the front."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

_PHOTOS = (
    "Photos (*.jpg *.jpeg *.png *.heic *.heif *.webp *.avif *.tif *.tiff *.bmp *.gif *.ppm *.jp2);;"
    "Rows of numbers, arrays (*.npy *.npz *.csv *.tsv);;All files (*)"
)
_WEIGHTS = "Weights files (*.pth *.pt *.safetensors *.ckpt *.bin *.th *.tar *.pkl);;All files (*)"
_PYTHON = "Python files (*.py);;All files (*)"
_LABELS = "Class names (*.txt *.json *.yaml *.yml *.csv *.tsv *.names);;All files (*)"
_NAMES = "Text, one name a line (*.txt);;JSON, index to name (*.json)"
_PREPROCESSING = "Preprocessing (*.json);;All files (*)"
_TABLES = "Labelled data (*.csv *.tsv *.json *.jsonl *.ndjson *.npz);;All files (*)"
_EVALUATIONS = "Report (*.html);;All figures, JSON (*.json);;Table of the images, CSV (*.csv)"
_PICTURES = "Picture (*.png);;Drawing, sharp at any size, SVG (*.svg);;Drawing, sharp at any size, PDF (*.pdf)"
_RESULTS = "CSV table (*.csv);;JSON (*.json);;JSON lines (*.jsonl)"
_PROVENANCE = "JSON, with where each answer came from (*.json)"
_SCRIPTS = "Python script (*.py);;Notebook (*.ipynb)"

Answer = Callable[[list[Path]], object]


def to_front(window: QWidget) -> None:
    """Show a window in front of all others, also one that was minimised; its size stays."""
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()


def choose_photos(parent: QWidget, folder: str, answer: Answer) -> QFileDialog:
    """Ask for image files."""
    return _open(parent, "Choose photos", folder, _PHOTOS, QFileDialog.FileMode.ExistingFiles, answer)


def choose_folder(parent: QWidget, folder: str, answer: Answer) -> QFileDialog:
    """Ask for a folder."""
    return _open(parent, "Choose a folder of photos", folder, "", QFileDialog.FileMode.Directory, answer)


def choose_labelled(parent: QWidget, folder: str, answer: Answer) -> QFileDialog:
    """Ask for a folder of class folders."""
    return _open(parent, "Choose a folder of class folders", folder, "", QFileDialog.FileMode.Directory, answer)


def choose_labelled_file(parent: QWidget, folder: str, answer: Answer) -> QFileDialog:
    """Ask for a table of paths and labels, or for rows with labels."""
    mode = QFileDialog.FileMode.ExistingFile
    return _open(parent, "Choose labelled data", folder, _TABLES, mode, answer)


def choose_weights(parent: QWidget, folder: str, answer: Answer) -> QFileDialog:
    """Ask for a weights file."""
    return _open(parent, "Open a weights file", folder, _WEIGHTS, QFileDialog.FileMode.ExistingFile, answer)


def choose_architecture_file(parent: QWidget, folder: str, answer: Answer) -> QFileDialog:
    """Ask for the Python file that defines a network."""
    title = "Choose the Python file that defines the network"
    return _open(parent, title, folder, _PYTHON, QFileDialog.FileMode.ExistingFile, answer)


def choose_labels(parent: QWidget, folder: str, answer: Answer) -> QFileDialog:
    """Ask for a file with class names."""
    return _open(parent, "Choose class names", folder, _LABELS, QFileDialog.FileMode.ExistingFile, answer)


def choose_preprocessing(parent: QWidget, folder: str, answer: Answer) -> QFileDialog:
    """Ask for a file that says how photos are prepared."""
    return _open(parent, "Load preprocessing", folder, _PREPROCESSING, QFileDialog.FileMode.ExistingFile, answer)


def choose_preprocessing_target(parent: QWidget, folder: str, answer: Answer) -> QFileDialog:
    """Ask where to save how photos are prepared; the dialog itself asks before it replaces a file."""
    mode = QFileDialog.FileMode.AnyFile
    dialog = _open(parent, "Save preprocessing", folder, _PREPROCESSING, mode, answer, show=False)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("json")
    dialog.selectFile("preprocessing.json")
    dialog.open()
    return dialog


def choose_model_target(parent: QWidget, folder: str, name: str, answer: Answer) -> QFileDialog:
    """Ask where to save the model; the dialog itself asks before it replaces a file."""
    filters = "Weights with a config beside them (*.safetensors)"
    dialog = _open(parent, "Save the model", folder, filters, QFileDialog.FileMode.AnyFile, answer, show=False)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("safetensors")
    dialog.selectFile(name)
    dialog.open()
    return dialog


def choose_target(parent: QWidget, folder: str, answer: Callable[[list[Path], bool], object]) -> QFileDialog:
    """Ask where to save results, and whether with their provenance; it asks itself before it replaces a file."""

    def tell(paths: list[Path]) -> None:
        answer(paths, dialog.selectedNameFilter() == _PROVENANCE)

    dialog = _save(parent, "Save results", folder, f"{_RESULTS};;{_PROVENANCE}", "results.csv", tell)
    return dialog


def choose_evaluation_target(parent: QWidget, folder: str, name: str, answer: Answer) -> QFileDialog:
    """Ask where to save an evaluation, or a list of its images; the dialog itself asks before it replaces a file."""
    filters = _EVALUATIONS.split(";;")[-1] if name.endswith(".csv") else _EVALUATIONS
    return _save(parent, "Save what was found", folder, filters, name, answer)


def choose_picture_target(parent: QWidget, folder: str, name: str, answer: Answer) -> QFileDialog:
    """Ask where to save a picture; the dialog itself asks before it replaces a file."""
    return _save(parent, "Save the picture", folder, _PICTURES, name, answer)


def choose_corrected_target(parent: QWidget, folder: str, name: str, answer: Answer) -> QFileDialog:
    """Ask where to save corrected labels; the dialog itself asks before it replaces a file."""
    filters = "Arrays with their labels (*.npz)" if name.endswith(".npz") else "Paths and labels, CSV (*.csv)"
    return _save(parent, "Save corrected labels", folder, filters, name, answer)


def choose_script_target(parent: QWidget, folder: str, name: str, answer: Answer) -> QFileDialog:
    """Ask where to save a script or notebook; the dialog itself asks before it replaces a file."""
    return _save(parent, "Save as script or notebook", folder, _SCRIPTS, name, answer)


def choose_names_target(parent: QWidget, folder: str, answer: Answer) -> QFileDialog:
    """Ask where to save class names; the dialog itself asks before it replaces a file."""
    return _save(parent, "Save class names", folder, _NAMES, "labels.txt", answer)


def _save(parent: QWidget, title: str, folder: str, filters: str, name: str, answer: Answer) -> QFileDialog:
    """A dialog for a new file, whose suffix follows the chosen kind."""
    dialog = _open(parent, title, folder, filters, QFileDialog.FileMode.AnyFile, answer, show=False)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(Path(name).suffix[1:])
    dialog.selectFile(name)

    def follow(chosen: str) -> None:
        dialog.setDefaultSuffix(chosen.split("*.")[-1].rstrip(")"))

    dialog.filterSelected.connect(follow)
    dialog.open()
    return dialog


def _open(
    parent: QWidget,
    title: str,
    folder: str,
    filters: str,
    mode: QFileDialog.FileMode,
    answer: Answer,
    show: bool = True,
) -> QFileDialog:
    dialog = QFileDialog(parent, title, folder)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setFileMode(mode)
    if filters:
        dialog.setNameFilter(filters)
    if mode is QFileDialog.FileMode.Directory:
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)

    def tell(names: list[str]) -> None:
        answer([Path(name) for name in names])

    dialog.filesSelected.connect(tell)
    if show:
        dialog.open()
    return dialog
