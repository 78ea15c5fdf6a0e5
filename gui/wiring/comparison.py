"""Connects the comparison with another model with the session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from core.descriptions import ClassifierInfo, ModelSpec
from core.errors import MatchError, QuestionsError, TrustError
from core.labelled import Alignment, EvaluationRequest
from core.showing import isolated
from gui.models.asking import Answers, QuestionsDialog, TrustDialog
from gui.models.model_choices import OPEN, chosen_model, model_choices
from gui.models.refusal import untrusted
from gui.photos.dropping import looks_like_weights
from gui.session import Session
from gui.widgets import dialogs
from gui.widgets.choices import Choice
from gui.widgets.error_view import Words, words_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.evaluations import Evaluation
    from core.measures.library import Indices
    from gui.evaluation.comparing import Changes, Chosen
    from gui.evaluation.window import EvaluationWindow
    from gui.widgets.picker_list import PickerList

_TESTED = "tested:"
_MOST_TESTED = 5


@dataclass(frozen=True, slots=True)
class _Tested:
    """A model that was tested in this session; its scores are on disk."""

    evaluation: Evaluation
    request: EvaluationRequest

    def is_like(self, other: _Tested) -> bool:
        """Whether both are the same model on the same data."""
        return self.evaluation.provenance == other.evaluation.provenance and self.same_data(other)

    def same_data(self, other: _Tested) -> bool:
        """Whether both are of the same images."""
        return all(
            getattr(self.evaluation.data, name) == getattr(other.evaluation.data, name)
            for name in ("root", "split", "target", "kind")
        )


class ComparisonWiring(QObject):
    """Lives as long as the main window, and keeps what was tested for comparing with it."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._view: EvaluationWindow | None = None
        self._request = EvaluationRequest("")
        self._tested: list[_Tested] = []
        self._shown: _Tested | None = None
        self._quiet = False
        self._list: PickerList | None = None
        self._help: Callable[[], object] = lambda: None
        comparing = session.testing.comparing
        comparing.opened.connect(self._remember)
        comparing.asked.connect(self._ask)
        comparing.found.connect(self._show)
        comparing.failed.connect(self._fail)

    def attach(self, view: EvaluationWindow) -> None:
        """A window was opened."""
        self._view, comparing, page = view, self._session.testing.comparing, view.comparison
        view.compare_asked.connect(lambda: self._choose(view.compare))
        view.cancel_asked.connect(comparing.drop)
        page.other_asked.connect(lambda: self._choose(page.other))
        page.cancel_asked.connect(comparing.cancel)
        page.back_asked.connect(comparing.drop)
        page.go_on_asked.connect(lambda: self._go_on(comparing.go_on))
        page.answered.connect(self._answer)
        page.helped.connect(lambda: self._help())
        page.save_asked.connect(lambda: self._ask_target(None, "comparison.html"))
        page.list_asked.connect(lambda: self._ask_target(page.places, "images.csv"))
        comparing.progressed.connect(page.show_pace)
        comparing.stopped.connect(page.show_stopped)

    def detach(self) -> None:
        """The window is gone."""
        self._session.testing.comparing.drop()
        self._view = self._list = self._shown = None

    def forget(self, request: EvaluationRequest) -> None:
        """A test begins: nothing is compared until it has ended."""
        self._session.testing.comparing.drop()
        self._request, self._shown = request, None

    def use(self, evaluation: Evaluation) -> None:
        """A test has ended: it can be compared, and is, with the one before it of the same data."""
        shown = _Tested(evaluation, self._request)
        before = next((each for each in self._tested if each.same_data(shown) and not each.is_like(shown)), None)
        self._shown = shown
        self._tested = [shown, *(each for each in self._tested if not each.is_like(shown))][:_MOST_TESTED]
        if before is not None:
            self._quiet = True
            self._session.testing.comparing.corrections = None
            self._session.testing.comparing.compare(before.evaluation, evaluation)

    def take(self, path: Path) -> bool:
        """Compare with a weights file that was dropped; whether it is one, and there are results to compare with."""
        if self._shown is None or not looks_like_weights(path):
            return False
        self._begin(self._session.preferences.as_left(ModelSpec("file", str(path.absolute()))))
        return True

    def _choose(self, anchor: QWidget) -> None:
        """Drop down the list of what can be compared with."""
        from gui.widgets.picker_list import PickerList

        if self._list is None:
            self._list = PickerList(anchor.window(), "Compare with")
            self._list.chosen.connect(self._choose_key)
        choices = [
            Choice(f"{_TESTED}{place}", each.evaluation.model, _about(each.evaluation))
            for place, each in enumerate(self._tested)
            if self._shown is not None and each is not self._shown and each.same_data(self._shown)
        ]
        if choices:
            choices = [Choice("", "Tested on this data before"), *choices, Choice("", "Another model")]
        info, recent = self._session.models.info, self._session.preferences.recent
        models = model_choices(recent, info.spec if info is not None else ModelSpec())
        self._list.open_at(anchor, [*choices, *models])

    def _choose_key(self, key: str) -> None:
        preferences = self._session.preferences
        if key == OPEN and self._view is not None:
            dialogs.choose_weights(self._view, preferences.folder, self._take_file)
        elif key.startswith(_TESTED):
            self._compare(self._tested[int(key.removeprefix(_TESTED))])
        else:
            self._begin(preferences.as_left(chosen_model(key, preferences.recent)))

    def _take_file(self, paths: list[Path]) -> None:
        self._session.preferences.folder = str(paths[0].parent)
        self._begin(self._session.preferences.as_left(ModelSpec("file", str(paths[0].absolute()))))

    def _compare(self, other: _Tested) -> None:
        """Compare with what was tested before, which is the first of the two."""
        if self._view is not None and self._shown is not None:
            self._quiet = False
            self._start(other.evaluation.model, self._shown.evaluation.model)
            self._session.testing.comparing.compare(other.evaluation, self._shown.evaluation)

    def _begin(self, spec: ModelSpec) -> None:
        """Open and measure a second model, beside the one in use."""
        if self._view is None or self._shown is None:
            return
        self._quiet = False
        first = self._shown.evaluation
        self._start(first.model, _name(spec))
        models = self._session.models
        self._session.testing.comparing.begin(first, self._shown.request, spec, models.device)

    def _start(self, first: str, second: str) -> None:
        if self._view is not None:
            results = self._view.results
            wanted = results.images.correcting.current if results.counts_corrections else None
            self._session.testing.comparing.corrections = wanted
            self._view.show_change("")
            self._view.comparison.show_start(first, second)
            self._view.show_comparison()

    def _go_on(self, act: Callable[[], object]) -> None:
        if self._view is not None:
            self._view.comparison.show_going_on()
            act()

    def _answer(self, chosen: Chosen) -> None:
        self._go_on(partial(self._session.testing.comparing.answer, chosen))

    def _remember(self, info: ClassifierInfo) -> None:
        self._session.preferences.remember(info.spec)
        self._session.recent_changed.emit()

    def _ask(self, unknown: tuple[str, ...], alignment: Alignment) -> None:
        info = self._session.testing.comparing.info
        if self._view is not None and info is not None:
            self._view.comparison.show_question(unknown, alignment, info.name, info.labels)

    def _show(self, changes: Changes) -> None:
        if self._view is None:
            return
        from core.measures import verdict

        self._view.comparison.show_changes(changes)
        said, (one, other) = verdict(changes.compared.comparison).what, changes.compared.titles
        before = ", tested before" if self._quiet else ""
        self._view.show_change(f"{said} A: {isolated(one)}{before}. B: {isolated(other)}.")

    def _fail(self, error: BaseException, report: str) -> None:
        """Say why, and ask what would help."""
        comparing = self._session.testing.comparing
        if self._view is None:
            return
        if self._quiet:
            # Nobody asked for it: where two tests cannot be compared there is nothing to say, but of a bug there is.
            if report:
                self._session.tell("bug", words_for(error, report))
            return
        spec, helps = comparing.spec, ""
        if spec is not None and isinstance(error, TrustError):
            helps, self._help = "Read what is in it …", partial(self._ask_trust, error, spec)
        elif spec is not None and isinstance(error, QuestionsError):
            helps, self._help = "Answer …", partial(self._ask_questions, error, spec)
        elif spec is not None and isinstance(error, MatchError) and spec == ModelSpec("file", spec.weights):
            helps, self._help = "Choose its Python file …", partial(self._ask_source, spec)
        words = words_for(error, report)
        if isinstance(error, TrustError):
            words = untrusted(error, None, self._help, self._help).words
        self._view.comparison.show_error(words, helps)
        if isinstance(error, TrustError | QuestionsError):
            self._help()

    def _ask_trust(self, error: TrustError, spec: ModelSpec) -> None:
        if self._view is not None:
            agree = partial(self._go_on, partial(self._session.testing.comparing.trust, error.request))
            dialog = TrustDialog(self._view, error.request, agree, spec.weights)
            dialog.look_asked.connect(partial(self._session.look_asked.emit, spec.weights))
            dialog.open()

    def _ask_questions(self, error: QuestionsError, spec: ModelSpec) -> None:
        def answer(arguments: Answers) -> None:
            source = spec.architecture_file or error.source
            given = replace(spec, architecture=error.architecture, architecture_file=source, arguments=arguments)
            self._again_as(given)

        if self._view is not None:
            words = Words(error.what, f"{error.why} {error.remedy}")
            QuestionsDialog(self._view, words, error.questions, answer).open()

    def _ask_source(self, spec: ModelSpec) -> None:
        def take(paths: list[Path]) -> None:
            self._again_as(replace(spec, architecture_file=str(paths[0].absolute())))

        if self._view is not None:
            dialogs.choose_architecture_file(self._view, self._session.preferences.folder, take)

    def _again_as(self, spec: ModelSpec) -> None:
        self._go_on(partial(self._session.testing.comparing.again_as, spec))

    def _ask_target(self, places: Indices | None, name: str) -> None:
        changes = self._view.comparison.changes if self._view is not None else None

        def save(paths: list[Path]) -> None:
            self._session.preferences.folder = str(paths[0].parent)
            if changes is not None:
                self._session.testing.save_compared(paths[0], changes.compared, places)

        if self._view is not None:
            dialogs.choose_evaluation_target(self._view, self._session.preferences.folder, name, save)


def _about(evaluation: Evaluation) -> str:
    """What tells apart tests of models of the same name."""
    from gui.evaluation import metric_words

    name = metric_words.headline(evaluation.measures)
    origin = evaluation.provenance
    return f"{metric_words.shown(name, evaluation.measures.values[name])}; {origin.preprocessing.describe()}"


def _name(spec: ModelSpec) -> str:
    """What a model is called before it is open."""
    if spec.kind == "builtin":
        return "the built-in model"
    return PurePath(spec.weights).name if spec.kind == "file" else spec.weights
