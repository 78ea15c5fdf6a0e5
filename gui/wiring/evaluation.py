"""Connects the window that tests the model with the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from core.labelled import Alignment, EvaluationRequest, LabelledData
from gui.main_window import MainWindow
from gui.photos.dropping import looks_like_weights
from gui.session import Session
from gui.widgets import dialogs, wording
from gui.wiring.comparison import ComparisonWiring

if TYPE_CHECKING:
    from core.evaluations import Evaluation
    from core.images import ImageSource
    from core.measures.library import Indices
    from gui.evaluation.picture_work import Look
    from gui.evaluation.testing import Findings
    from gui.evaluation.window import EvaluationWindow


class EvaluationWiring(QObject):
    """Lives as long as the main window.

    Attributes:
        view: the window; ``None`` while it is closed.
    """

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._testing = session.testing
        self._request: EvaluationRequest | None = None
        self._findings: Findings | None = None
        self._labels: tuple[str, ...] = ()
        self._aligned = False
        self.view: EvaluationWindow | None = None
        self._comparison = ComparisonWiring(session, self)
        window.actions_by_name["test_model"].triggered.connect(lambda: self.open())
        testing = self._testing
        testing.surveyed.connect(self._show_survey)
        testing.found.connect(self._show_findings)
        testing.stopped.connect(self._show_stopped)
        session.models.changed.connect(lambda: self._use_model())
        session.models.dressed.connect(lambda: self._use_model())

    def open(self) -> None:
        """Open the window, or bring it to the front."""
        from gui.evaluation.window import EvaluationWindow

        info, testing = self._session.models.info, self._testing
        if info is None:
            return
        if self.view is None:
            self.view = view = EvaluationWindow(self._window, testing.thumbnails)
            view.show_invitation(info.name)
            view.folder_asked.connect(lambda: self._ask(dialogs.choose_labelled))
            view.file_asked.connect(lambda: self._ask(dialogs.choose_labelled_file))
            view.start_asked.connect(self._start)
            view.cancel_asked.connect(testing.cancel)
            view.save_asked.connect(lambda: self._ask_target(None, "report.html"))
            view.list_asked.connect(self._ask_list_target)
            view.dropped.connect(self.survey)
            view.source_changed.connect(self._change_source)
            view.corrected.connect(self._take_corrections)
            view.corrections_asked.connect(self._ask_corrected_target)
            view.left_out_asked.connect(self._ask_left_out_target)
            view.opened.connect(self._open_image)
            self._connect_pictures(view)
            view.destroyed.connect(self._forget)
            self._comparison.attach(view)
            testing.progressed.connect(view.show_pace)
            testing.missed.connect(view.add_missed)
            testing.judged.connect(view.show_judged)
            testing.kept.connect(view.show_kept)
            testing.recounted.connect(view.results.show_recounted)
            testing.failed.connect(view.show_error)
            testing.saved.connect(view.show_saved)
            testing.saving_failed.connect(view.show_unsaved)
        dialogs.to_front(self.view)

    def survey(self, path: Path) -> None:
        """Find out what is at a place that a person chose.

        Weights are another model to compare with, or, where there is nothing to compare yet, the one to test.
        """
        if self._comparison.take(path):
            return
        if looks_like_weights(path):
            self._session.open_weights(path)
        else:
            self._survey(EvaluationRequest(str(path)), same=False)

    def _change_source(self, split: str, target: str, path_column: str) -> None:
        """Another part of the same data, or other columns; what a person chose of labels stays."""
        if self._request is not None and self.view is not None:
            chosen = {**dict(self._request.chosen), **dict(self.view.alignment.labels.choices)}
            request = EvaluationRequest(self._request.data, split, target, tuple(chosen.items()))
            self._survey(replace(request, path_column=path_column))

    def _survey(self, request: EvaluationRequest, same: bool = True) -> None:
        request = self._of_this_model(request)
        self._request, self._findings = request, None
        self._aligned = False
        self._comparison.forget(request)
        info = self._session.models.info
        self._testing.thumbnails.features = info.features if info is not None else 0
        if self.view is not None:
            self.view.show_reading(wording.file_name(request.data), same)
        self._testing.survey(request)

    def _of_this_model(self, request: EvaluationRequest) -> EvaluationRequest:
        """Without the choices of a person who saw other classes: they are numbers of these."""
        info = self._session.models.info
        labels, self._labels = self._labels, info.labels if info is not None else ()
        return request if self._labels == labels else replace(request, chosen=())

    def _ask(self, choose: Callable[[EvaluationWindow, str, dialogs.Answer], object]) -> None:
        if self.view is not None:
            choose(self.view, self._session.preferences.folder, self._take)

    def _take(self, paths: list[Path]) -> None:
        self._session.preferences.folder = str(paths[0].parent)
        self.survey(paths[0])

    def _show_survey(self, data: LabelledData, alignment: Alignment) -> None:
        info = self._session.models.info
        if self.view is not None and info is not None:
            self._aligned = True
            self.view.show_model(info.name)
            self.view.show_survey(data, alignment, info.labels)

    def _start(self) -> None:
        info = self._session.models.info
        if self._findings is not None and self._request is not None:
            # The model may be another one by now.
            self._survey(self._request)
        elif self.view is not None and self._request is not None and info is not None:
            self._request = replace(self._request, chosen=self.view.alignment.labels.choices)
            self._aligned = False
            self.view.show_start()
            self._comparison.forget(self._request)
            self._testing.evaluate(self._request, info.labels)

    def _show_findings(self, findings: Findings) -> None:
        self._findings = findings
        if self.view is not None:
            self.view.show_model(findings.evaluation.model)
            self.view.show_findings(findings)
            self._comparison.use(findings.evaluation)

    def _show_stopped(self) -> None:
        if self.view is not None:
            self.view.show_stopped(self._testing)
            self._aligned = self.view.paused

    def _use_model(self) -> None:
        """What was found stays true of the model it was found for; a table that was not used yet is made anew."""
        if self.view is None or self._session.models.info is None:
            return
        if self._aligned and self._request is not None:
            self._request = self._of_this_model(self._request)
            self._testing.survey(self._request)
        elif self._request is None:
            self.view.show_invitation(self._session.models.info.name)

    def _connect_pictures(self, view: EvaluationWindow) -> None:
        work, page = self._testing.pictures, view.results.pictures
        page.draw_asked.connect(work.draw)
        page.paint_asked.connect(work.paint)
        page.behind_asked.connect(work.find)
        page.save_asked.connect(self._ask_picture_target)
        work.drawn.connect(page.show_picture)
        work.painted.connect(page.show_image)
        work.failed.connect(page.show_error)
        work.found.connect(view.results.show_behind)
        work.saved.connect(page.show_saved)
        work.undone.connect(page.show_undone)

    def _ask_picture_target(self, evaluation: Evaluation, look: Look) -> None:
        def save(paths: list[Path]) -> None:
            self._session.preferences.folder = str(paths[0].parent)
            self._testing.pictures.save(paths[0], evaluation, look)

        if self.view is not None:
            dialogs.choose_picture_target(self.view, self._session.preferences.folder, f"{look.kind}.png", save)

    def _open_image(self, source: ImageSource) -> None:
        """Show an image in the main window; one that is there already is gone to."""
        images = self._session.images
        for row, entry in enumerate(images.results.entries()):
            if entry.source == source:
                images.go_to(row)
                break
        else:
            images.add_sources((source,))
        dialogs.to_front(self._window)

    def _ask_list_target(self) -> None:
        if self.view is not None:
            self._ask_target(self.view.results.rows, "images.csv")

    def _ask_target(self, rows: Indices | None, name: str) -> None:
        if self.view is None or (findings := self.view.results.findings) is None:
            return
        listed = self.view.results.images.listed if rows is not None else None
        evaluation = listed or findings.evaluation
        self._ask_file(name, lambda path: self._testing.save(path, evaluation, rows))

    def _ask_left_out_target(self) -> None:
        if self.view is not None and (findings := self.view.results.findings) is not None:
            self._ask_file("left out.csv", lambda path: self._testing.save_left_out(path, findings.evaluation))

    def _ask_corrected_target(self) -> None:
        if self.view is None or self._findings is None:
            return
        evaluation, corrections = self._findings.evaluation, self.view.results.images.correcting.current
        # Parts of an archive have no paths that a table could name.
        name = "corrected.npz" if evaluation.data.root.lower().endswith(".npz") else "corrected.csv"

        def save(path: Path) -> None:
            self._testing.save_corrected(path, evaluation, corrections)

        self._ask_file(name, save, dialogs.choose_corrected_target)

    def _ask_file(
        self,
        name: str,
        save: Callable[[Path], object],
        choose: Callable[[EvaluationWindow, str, str, dialogs.Answer], object] = dialogs.choose_evaluation_target,
    ) -> None:
        def take(paths: list[Path]) -> None:
            self._session.preferences.folder = str(paths[0].parent)
            save(paths[0])

        if self.view is not None:
            choose(self.view, self._session.preferences.folder, name, take)

    def _take_corrections(self) -> None:
        """Keep them, and measure again where a person wants them counted in."""
        if self.view is None or self._findings is None:
            return
        evaluation, results = self._findings.evaluation, self.view.results
        corrections = results.images.correcting.current
        self._testing.keep(evaluation, corrections)
        if results.counts_corrections and len(corrections):
            self._testing.recount(evaluation, corrections)
        else:
            self._testing.stop_recounting()
            results.show_recounted()

    def _forget(self) -> None:
        self.view = None
        self._comparison.detach()
        self._request = self._findings = None
        self._aligned = False
        self._testing.thumbnails.clear()
