"""A workbench that answers without a network: same methods, same events, from threads of its own."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.arrays import ANYTHING, Takes
from core.arrays.contents import read_row
from core.descriptions import (
    CheckpointSummary,
    ClassifierInfo,
    DeviceInfo,
    Inspection,
    Match,
    ModelSpec,
    Provenance,
    Seen,
)
from core.errors import DeviceError, ExportError, MatchError, ScriptError, WhatsitError
from core.evaluations import Evaluation
from core.images import Decoder, ImageSource, preview, thumbnail, walk
from core.jobs import Context, JobRunner, Listener, Priority, Steps
from core.kept import Kept
from core.labelled import Alignment, EvaluationRequest, LabelledData, align, carried_over, read_labelled, scored
from core.measures import measure_classes
from core.outputs import OVER_LABELS
from core.predictions import ImageResult, Prediction, prediction
from core.preprocessing import Preprocessing
from core.probes import Probe
from core.questions import TrustRequest
from core.trust import TrustEntry
from core.workbench import Workbench

TEN = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CPU = DeviceInfo("cpu", "x86_64")
GPU = DeviceInfo("cuda:0", "NVIDIA H200", 150_000_000_000)


def make_info(spec: ModelSpec | None = None, labels: tuple[str, ...] = TEN, **changes: object) -> ClassifierInfo:
    """What a small model is described as."""
    spec = spec or ModelSpec()
    labels = spec.names or labels
    weights = spec.weights or "resources/builtin/model.safetensors"
    values: dict[str, object] = {
        "spec": spec,
        "name": "Built-in: CIFAR-10" if spec.kind == "builtin" else Path(weights).name,
        "note": "A demonstration: it knows ten kinds of things, and guesses on all others."
        if spec.kind == "builtin"
        else "",
        "architecture": spec.architecture or "shufflenet_v2_x1_0",
        "matches": (Match("shufflenet_v2_x1_0", len(labels), 3, "all 320 names and shapes fit"),),
        "labels": labels,
        "labels_source": "you" if spec.names else Path(spec.labels).name if spec.labels else "model.json",
        "preprocessing": spec.preprocessing or Preprocessing(size=(73, 73), crop=(64, 64)),
        "preprocessing_source": "chosen by you" if spec.preprocessing else "model.json",
        "device": CPU,
        "checkpoint": CheckpointSummary(weights, "safetensors", (), "", 320, 1_300_000, 2_600_000, "ab" * 32),
        "activation": spec.activation or "softmax",
        "activation_source": "chosen by you" if spec.activation else "assumed: the usual for 10 outputs",
        "outputs": len(labels),
        "modified_ns": Path(weights).stat().st_mtime_ns if spec.kind == "file" and Path(weights).exists() else 1,
    }
    return ClassifierInfo(**{**values, **changes})  # type: ignore[arg-type]


def make_prediction(info: ClassifierInfo, seed: int = 0, elapsed_s: float = 0.012) -> Prediction:
    """The class ``seed`` far ahead; scores that sum to 1, each half of the one before where several may be right.

    For a regression, 40 and a half more for each output.
    """
    count = len(info.labels)
    raw = [0.5 ** ((index - seed) % count) for index in range(count)]
    total = 1.05 if info.activation in OVER_LABELS else sum(raw)
    scores = array("f", [value / total for value in raw])
    if info.activation == "regression":
        scores = array("f", [40 + index / 2 for index in range(count)])
    provenance = Provenance(
        info.checkpoint.file, info.checkpoint.sha256, info.architecture, info.preprocessing,
        info.labels_source, info.device.id, "float32", "0", activation=info.activation,
    )  # fmt: skip
    return prediction(scores, info.labels, elapsed_s, provenance)


def make_evaluation(
    info: ClassifierInfo, data: LabelledData, alignment: Alignment, places: tuple[int, ...]
) -> Evaluation:
    """What measuring the fake's answers finds."""
    predictions = [make_prediction(info, len(data.images[place].source.name)) for place in places]
    scores = np.array([list(each.probabilities) for each in predictions], np.float32)
    truth = np.array([alignment.indices[data.images[place].labels[0]] for place in places], np.int64)
    return Evaluation(
        info.name, info.labels, data, alignment, measure_classes(truth, scores), np.array(places, np.int64), truth,
        scores, scores.argmax(axis=1), (), 0, predictions[0].provenance, 1.0,
    )  # fmt: skip


class FakeWorkbench(Workbench):
    """Answers every image with the class that its name's length tells.

    Attributes:
        ready: models open only while this is set.
        go, go_long: images are answered only while this is set; those of long jobs while the other is.
        failures: a spec's weights -> the error that opening it ends in.
        infos: a spec's weights -> what it is described as.
        opened: the specs and devices asked for.
        probes: a folder -> what probing with it finds, or ends in; one that is not here goes on until it is cancelled.
        dresses: the specs that the model in use was to be dressed as.
        refused: the preprocessings that the network does not take.
        sight: what the model sees is told only while this is set.
        seen: the images and preprocessings for which somebody wanted to see what the model sees.
        asked: names of the images asked for, a tuple a job.
        emissions: put before the first answer of the next job.
        classify_failure: what answering ends in.
        progress: told while a model opens: done, total, text.
        others: the specs and devices of models to be compared with.
        evaluated: what was to be evaluated.
        kept: so many images of any data were answered in an earlier run.
        changed: whether any data was tested before, and has changed since.
        gate: so many images of an evaluation are answered whether ``go_long`` is set or not.
        missing_devices: opening on one of these fails.
        agreed: what a person agreed to trust; what failed for want of it then opens.
        revoked: sha256 of what is trusted no more.
        inspection: what any file is found to be.
        unwritable: weights of models that no script can be written of.
        lists_prepared: how many times the lists of what can be chosen were read ahead.
        expanded: what the model took when files were looked at.
        previews: for each that was asked for, whether all pixels were.
    """

    def __init__(self, listener: Listener) -> None:
        self.decoder = Decoder()
        self.ready = threading.Event()
        self.go = threading.Event()
        self.go_long = threading.Event()
        self.ready.set()
        self.go.set()
        self.go_long.set()
        self.failures: dict[str, Exception] = {}
        self.infos: dict[str, ClassifierInfo] = {}
        self.dresses: list[ModelSpec] = []
        self.refused: list[Preprocessing | None] = []
        self.sight = threading.Event()
        self.sight.set()
        self.seen: list[tuple[str, Preprocessing]] = []
        self.opened: list[tuple[ModelSpec, str]] = []
        self.probes: dict[Path, Probe | WhatsitError] = {}
        self.asked: list[tuple[str, ...]] = []
        self.cancelled: list[int] = []
        self.previews: list[bool] = []
        self.emissions: list[object] = []
        self.progress: tuple[int, int, str] = (0, 0, "Reading the weights")
        self.missing_devices: set[str] = set()
        self.evaluated: list[EvaluationRequest] = []
        self.others: list[tuple[ModelSpec, str]] = []
        self.gate = self.kept = 0
        self.changed = False
        self.classify_failure: Exception | None = None
        self.current: ClassifierInfo | None = None
        self.closed = False
        self.agreed: list[TrustRequest] = []
        self.revoked: list[str] = []
        self.inspection = Inspection("")
        self.unwritable: set[str] = set()
        self.lists_prepared = 0
        self.expanded: list[Takes] = []
        self._jobs = JobRunner("fake-engine", listener)
        self._files = JobRunner("fake-files", listener, threads=2)

    def list_devices(self) -> int:
        def work(_context: Context) -> Steps:
            yield
            return (GPU, CPU)

        return self._jobs.submit(work, Priority.SOON)

    def open(self, spec: ModelSpec, device: str = "auto") -> int:
        self.opened.append((spec, device))

        def work(context: Context) -> Steps:
            context.progress(*self.progress)
            while not self.ready.wait(0.01):
                context.check()
            yield
            if device in self.missing_devices:
                raise DeviceError(f"There is no device {device!r} here.")
            if spec.weights in self.failures:
                raise self.failures[spec.weights]
            chosen = GPU if device == GPU.id else CPU
            self.current = self.infos.get(spec.weights) or make_info(spec, device=chosen)
            return self.current

        return self._jobs.submit(work, Priority.SOON)

    def dress(self, spec: ModelSpec, source: ImageSource | None = None, device: str = "auto") -> int:
        self.dresses.append(spec)

        def work(context: Context) -> Steps:
            while not self.ready.wait(0.01):
                context.check()
            yield
            if spec.weights in self.failures:
                raise self.failures[spec.weights]
            if spec.preprocessing in self.refused:
                raise MatchError("The network does not take it.", "It is too small.", "Choose a larger size.")
            self.current = make_info(spec, device=GPU if device == GPU.id else CPU)
            if source is not None:
                context.emit(self.answer(self.current, source))
            return self.current

        return self._jobs.submit(work, Priority.NOW)

    def probe(self, path: Path, split: str = "") -> int:
        del split

        def work(context: Context) -> Steps:
            context.progress(3, 9, "Trying -1 to 1")
            while path not in self.probes:
                context.check()
                yield
            outcome = self.probes[path]
            if isinstance(outcome, WhatsitError):
                raise outcome
            return outcome

        return self._jobs.submit(work, Priority.LONG)

    def survey(self, request: EvaluationRequest) -> int:
        def work(context: Context) -> Steps:
            data, alignment = yield from self._survey(request)
            context.emit(Kept(self.kept, len(scored(data, alignment)), self.changed))
            return data, alignment

        return self._jobs.submit(work, Priority.SOON)

    def evaluate(self, request: EvaluationRequest) -> int:
        self.evaluated.append(request)
        return self._jobs.submit(lambda context: self._evaluate(context, request, self.current), Priority.LONG)

    def survey_other(self, spec: ModelSpec, device: str, request: EvaluationRequest, names: tuple[str, ...]) -> int:
        def work(context: Context) -> Steps:
            info = yield from self._open_other(context, spec)
            data = yield from read_labelled(
                Path(request.data), request.split, request.target, path_column=request.path_column
            )
            chosen = carried_over(request.chosen, names, info.labels)
            return info, data, align(data, info.labels, dict(chosen))

        self.others.append((spec, device))
        return self._jobs.submit(work, Priority.SOON)

    def evaluate_other(self, spec: ModelSpec, device: str, request: EvaluationRequest) -> int:
        def work(context: Context) -> Steps:
            info = yield from self._open_other(context, spec)
            return (yield from self._evaluate(context, request, info))

        self.others.append((spec, device))
        self.evaluated.append(request)
        return self._jobs.submit(work, Priority.LONG)

    def _open_other(self, context: Context, spec: ModelSpec) -> Generator[None, None, ClassifierInfo]:
        context.progress(*self.progress)
        while not self.ready.wait(0.01):
            context.check()
        yield
        if spec.weights in self.failures:
            raise self.failures[spec.weights]
        return self.infos.get(spec.weights) or make_info(spec)

    def _survey(self, request: EvaluationRequest) -> Generator[None, None, tuple[LabelledData, Alignment]]:
        assert self.current is not None
        data = yield from read_labelled(
            Path(request.data), request.split, request.target, path_column=request.path_column
        )
        return data, align(data, self.current.labels, dict(request.chosen))

    def _evaluate(self, context: Context, request: EvaluationRequest, info: ClassifierInfo | None) -> Steps:
        assert info is not None
        data = yield from read_labelled(
            Path(request.data), request.split, request.target, path_column=request.path_column
        )
        alignment = align(data, info.labels, dict(request.chosen))
        context.emit((data, alignment))
        places = scored(data, alignment)
        for row, place in enumerate(places):
            while row >= self.gate and not self.go_long.wait(0.01):
                context.check()
                yield
            context.emit((row, self.answer(info, data.images[place].source)))
            context.progress(row + 1, len(places), "Evaluating")
            yield
        return make_evaluation(info, data, alignment, places)

    def see(self, source: ImageSource, preprocessing: Preprocessing) -> int:
        self.seen.append((source.name, preprocessing))

        def work(context: Context) -> Steps:
            while not self.sight.wait(0.01):
                context.check()
            yield
            image = self.decoder.decode(source)
            height, width = preprocessing.crop or preprocessing.size
            grey = bytes([preprocessing.size[0] % 256]) * (3 * width * height)
            return Seen(width, height, (grey,), ((0.0, 0.0, image.width / 2, float(image.height)),), -1.5, 2.0)

        return self._files.submit(work, Priority.NOW)

    def classify(
        self, sources: tuple[ImageSource, ...], priority: Priority = Priority.LONG, batch_size: int = 0
    ) -> int:
        assert batch_size == 0
        self.asked.append(tuple(source.name for source in sources))

        def work(context: Context) -> Steps:
            info = self.current
            if info is None:
                raise WhatsitError("No model is open yet.")
            for number, source in enumerate(sources):
                gate = self.go_long if priority is Priority.LONG else self.go
                while not gate.wait(0.01):
                    context.check()
                    yield
                while self.emissions:
                    context.emit(self.emissions.pop(0))
                if self.classify_failure is not None:
                    raise self.classify_failure
                context.emit(self.answer(info, source))
                context.progress(number + 1, len(sources))
                yield
            return len(sources)

        return self._jobs.submit(work, priority)

    def answer(self, info: ClassifierInfo, source: ImageSource) -> ImageResult:
        if source.is_row and source.path is not None and source.place is not None:
            try:
                row = read_row(source.path, source.place, source.short_name, info.features)
            except WhatsitError as error:
                return ImageResult(source, None, error)
            return ImageResult(source, make_prediction(info, len(source.name)), None, note=row.note)
        try:
            image = self.decoder.decode(source)
        except WhatsitError as error:
            return ImageResult(source, None, error)
        answer = make_prediction(info, len(source.name))
        return ImageResult(source, answer, None, image.width, image.height, thumbnail(image))

    def expand(self, paths: tuple[Path, ...], takes: Takes = ANYTHING, read_first: bool = False) -> int:
        self.expanded.append(takes)

        assert read_first

        def work(context: Context) -> Steps:
            found = tuple(walk(paths, takes))
            yield
            for start in range(0, len(found), 200):
                context.emit(found[start : start + 200])
                yield
            return len(found)

        return self._files.submit(work, Priority.SOON)

    def preview(self, source: ImageSource, features: int = 0, cover: tuple[int, int] | None = None) -> int:
        self.previews.append(cover is None)

        def work(context: Context) -> Steps:
            context.check()
            yield
            if source.is_row and source.path is not None and source.place is not None:
                return read_row(source.path, source.place, source.short_name, features)
            return preview(self.decoder.decode(source), cover=cover)

        return self._files.submit(work, Priority.NOW)

    def trust(self, request: TrustRequest) -> None:
        self.agreed.append(request)
        self.failures.pop(request.file, None)

    def trusted(self) -> tuple[TrustEntry, ...]:
        left = [request for request in self.agreed if request.sha256 not in self.revoked]
        return tuple(TrustEntry(each.sha256, each.kind, Path(each.file).name, "2026-01-31") for each in left)

    def revoke(self, sha256: str) -> None:
        self.revoked.append(sha256)

    def prepare_lists(self) -> int:
        self.lists_prepared += 1

        def work(_context: Context) -> Steps:
            yield
            return 0

        return self._files.submit(work, Priority.LONG)

    def inspect(self, path: Path) -> int:
        def work(context: Context) -> Steps:
            context.check()
            yield
            return replace(self.inspection, file=str(path))

        return self._jobs.submit(work, Priority.SOON)

    def save_model(self, path: Path) -> int:
        def work(context: Context) -> Steps:
            context.check()
            yield
            if not path.parent.is_dir():
                raise ExportError(f"{path} was not written.", "Its folder does not exist.")
            return path, path.with_name("config.json")

        return self._jobs.submit(work, Priority.SOON)

    def script(
        self, info: ClassifierInfo, source: ImageSource | None = None, form: str = "py", target: Path | None = None
    ) -> int:
        def work(context: Context) -> Steps:
            context.check()
            yield
            if info.spec.weights in self.unwritable:
                raise ScriptError("This model cannot be written as a plain script.", "It is a test's.")
            text = f"{form} of {info.name} for {source.name if source is not None else 'nothing'}"
            if target is not None:
                target.write_text(text, encoding="utf-8")
            return text

        return self._jobs.submit(work, Priority.SOON)

    def wait_idle(self) -> None:
        """Until all that was asked for so far is done; its events may still be unread."""
        done = threading.Event()

        def work(_context: Context) -> Steps:
            done.set()
            yield

        self._jobs.submit(work, Priority.LONG, lambda _event: None)
        done.wait(5)

    def cancel(self, job: int) -> None:
        self.cancelled.append(job)
        self._jobs.cancel(job)
        self._files.cancel(job)

    def close(self, timeout_s: float = 5.0) -> bool:
        self.closed = True
        files = self._files.close(timeout_s / 2)
        return self._jobs.close(timeout_s / 2) and files
