"""A workbench that answers without a network: same methods, same events, from threads of its own."""

from __future__ import annotations

import threading
from array import array
from dataclasses import replace
from pathlib import Path

from core.descriptions import CheckpointSummary, ClassifierInfo, DeviceInfo, Inspection, Match, ModelSpec, Provenance
from core.errors import DeviceError, ExportError, WhatsitError
from core.images import Decoder, ImageSource, preview, thumbnail, walk
from core.jobs import Context, JobRunner, Listener, Priority, Steps
from core.predictions import ImageResult, Prediction
from core.preprocessing import Preprocessing
from core.questions import TrustRequest
from core.trust import TrustEntry
from core.workbench import Workbench

TEN = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CPU = DeviceInfo("cpu", "x86_64")
GPU = DeviceInfo("cuda:0", "NVIDIA H200", 150_000_000_000)


def make_info(spec: ModelSpec | None = None, labels: tuple[str, ...] = TEN, **changes: object) -> ClassifierInfo:
    """What a small model is described as."""
    spec = spec or ModelSpec()
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
        "labels_source": Path(spec.labels).name if spec.labels else "model.json",
        "preprocessing": spec.preprocessing or Preprocessing(size=(73, 73), crop=(64, 64)),
        "preprocessing_source": "chosen by you" if spec.preprocessing else "model.json",
        "device": CPU,
        "checkpoint": CheckpointSummary(weights, "safetensors", (), "", 320, 1_300_000, 2_600_000, "ab" * 32),
        "modified_ns": Path(weights).stat().st_mtime_ns if spec.kind == "file" and Path(weights).exists() else 1,
    }
    return ClassifierInfo(**{**values, **changes})  # type: ignore[arg-type]


def make_prediction(info: ClassifierInfo, seed: int = 0, elapsed_s: float = 0.012) -> Prediction:
    """Scores that sum to 1, the class ``seed`` far ahead."""
    count = len(info.labels)
    raw = [0.5 ** ((index - seed) % count) for index in range(count)]
    scores = array("f", [value / sum(raw) for value in raw])
    provenance = Provenance(
        info.checkpoint.file, info.checkpoint.sha256, info.architecture, info.preprocessing,
        info.labels_source, info.device.id, "float32", "0",
    )  # fmt: skip
    return Prediction(scores, info.labels, elapsed_s, provenance)


class FakeWorkbench(Workbench):
    """Answers every image with the class that its name's length tells.

    Attributes:
        ready: models open only while this is set.
        go, go_long: images are answered only while this is set; those of long jobs while the other is.
        failures: a spec's weights -> the error that opening it ends in.
        infos: a spec's weights -> what it is described as.
        opened: the specs and devices asked for.
        asked: names of the images asked for, a tuple a job.
        emissions: put before the first answer of the next job.
        classify_failure: what answering ends in.
        progress: told while a model opens: done, total, text.
        missing_devices: opening on one of these fails.
        agreed: what a person agreed to trust; what failed for want of it then opens.
        revoked: sha256 of what is trusted no more.
        inspection: what any file is found to be.
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
        self.opened: list[tuple[ModelSpec, str]] = []
        self.asked: list[tuple[str, ...]] = []
        self.cancelled: list[int] = []
        self.previews: list[bool] = []
        self.emissions: list[object] = []
        self.progress: tuple[int, int, str] = (0, 0, "Reading the weights")
        self.missing_devices: set[str] = set()
        self.classify_failure: Exception | None = None
        self.current: ClassifierInfo | None = None
        self.closed = False
        self.agreed: list[TrustRequest] = []
        self.revoked: list[str] = []
        self.inspection = Inspection("")
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
        try:
            image = self.decoder.decode(source)
        except WhatsitError as error:
            return ImageResult(source, None, error)
        prediction = make_prediction(info, len(source.name))
        return ImageResult(source, prediction, None, image.width, image.height, thumbnail(image))

    def expand(self, paths: tuple[Path, ...], read_first: bool = False) -> int:
        assert read_first

        def work(context: Context) -> Steps:
            found = tuple(walk(paths))
            yield
            for start in range(0, len(found), 200):
                context.emit(found[start : start + 200])
                yield
            return len(found)

        return self._files.submit(work, Priority.SOON)

    def preview(self, source: ImageSource, cover: tuple[int, int] | None = None) -> int:
        self.previews.append(cover is None)

        def work(context: Context) -> Steps:
            context.check()
            yield
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
