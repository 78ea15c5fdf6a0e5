"""What the worker thread does: opens classifiers, keeps the current one, answers images.

Only jobs call it, one at a time, so it needs no locks.
"""

from __future__ import annotations

import contextlib
import functools
import gc
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.checkpoints import open_checkpoint
from core.classifier import CPU, Classifier, Seat
from core.descriptions import ClassifierInfo, DeviceInfo, ModelSpec, Notice
from core.devices import choose_device, list_devices
from core.errors import Cancelled, DeviceError, ImageError, MatchError, UsageError, WhatsitError
from core.export import write_text
from core.images import Decoder, ImageSource
from core.inspecting import inspect_file
from core.jobs import Context, Steps
from core.kept import find_kept
from core.labelled import (
    Alignment,
    EvaluationRequest,
    LabelledData,
    align,
    carried_over,
    read_labelled,
    refuse_other_kind,
    wanted_by,
)
from core.opening import (
    Assembly,
    States,
    build_network,
    confirm,
    dress,
    locate,
    resting_on,
    sources_of,
    states_of,
)
from core.packing import save_model
from core.predictions import ImageResult
from core.scripting import Form, write_script
from core.showing import counted
from core.stream import Stream
from core.trust import Consent

_KEPT_BYTES = 1_500_000_000
_MANY = 2000
"""Images of labelled data, each of several objects, that are worth sparing the collector."""


@dataclass(slots=True)
class _Kept:
    """A network that was built, and the classifier that was its latest dressing.

    Attributes:
        asked: the part of the request that decided which network was built.
        files: all that it rests on, as they were when they were read.
        assembly: the network, and what it can be dressed in.
        classifier: the latest.
    """

    asked: ModelSpec
    files: States
    assembly: Assembly
    classifier: Classifier

    def serves(self, spec: ModelSpec) -> bool:
        """Whether this is the network for a request, as things are on disk."""
        return spec.network in (self.asked, self.assembly.spec.network) and self.files == states_of(self.files)


class Engine:
    """Holds the current classifier, and those used a moment ago."""

    def __init__(self, consents: Sequence[Consent] = ()) -> None:
        """Args: consents: who may have agreed that code which came with a file runs."""
        self._consents = tuple(consents)
        self._current: Classifier | None = None
        self._kept: list[_Kept] = []
        self._stream: Stream | None = None

    def devices(self, context: Context) -> Steps:
        """Job: finishes with ``tuple[DeviceInfo, ...]``."""
        context.check()
        yield
        return list_devices()

    def open(self, context: Context, spec: ModelSpec, device: str) -> Steps:
        """Job: make a classifier current; finishes with its ``ClassifierInfo``.

        A network that is kept is dressed as the request says, and neither read nor built again.
        """
        kept, classifier, notices = yield from self._bring(context, spec, device)
        # Only now, when nothing can fail any more: until here the previous one was in use.
        context.check()
        self._current = kept.classifier = classifier
        self._keep(kept)
        return replace(classifier.info, notices=(*classifier.info.notices, *notices))

    def _bring(
        self, context: Context, spec: ModelSpec, device: str
    ) -> Generator[Future[Any] | None, None, tuple[_Kept, Classifier, list[str]]]:
        """A classifier that answers, of a kept network or a new one, and what to say of it; nothing is replaced."""
        chosen = choose_device(device)
        path, entry = locate(context, spec)
        yield
        kept, checkpoint = next((kept for kept in self._kept if kept.serves(spec)), None), None
        if kept is None:
            # Before the file is read: one that is written to meanwhile must not pass for what was read.
            files = states_of(resting_on(spec, path))
            context.progress(0, 0, "Reading the weights")
            checkpoint = open_checkpoint(path, spec.tensors)
            yield
            assembly = build_network(context, spec, checkpoint, entry, self._consents)
            classifier = Classifier(assembly.built.network, dress(assembly, spec))
            classifier.seat.make_room = functools.partial(self._make_room, classifier.seat)
            kept = _Kept(spec.network, {**states_of(sources_of(assembly.spec)), **files}, assembly, classifier)
            yield
        else:
            classifier = kept.classifier.dressed(dress(kept.assembly, spec))
        if classifier is not kept.classifier and kept.classifier.info.device.id == chosen.id:
            notices = _prove(kept.classifier, classifier)
        else:
            context.progress(0, 0, "Warming up")
            notices = _settle(classifier, chosen, wanted=device)
        if checkpoint is not None:
            kept.assembly = confirm(kept.assembly, checkpoint)
            classifier.describe(replace(classifier.info, checkpoint=kept.assembly.checkpoint.about))
        return kept, classifier, notices

    def _bring_other(
        self, context: Context, spec: ModelSpec, device: str
    ) -> Generator[Future[Any] | None, None, Classifier]:
        """A classifier beside the current one, which stays; its network is kept for coming back to."""
        current = self._measurable()
        if any(kept.classifier.seat is current.seat and kept.serves(spec) for kept in self._kept):
            # The same network, perhaps dressed otherwise, must not be moved away from under the current one.
            device = current.info.device.id
        kept, classifier, _ = yield from self._bring(context, spec, device)
        if not any(each is kept for each in self._kept):
            # The last is the current one's.
            self._kept.insert(max(0, len(self._kept) - 1), kept)
            self._forget_oldest()
        context.check()
        return classifier

    def dress(
        self, context: Context, spec: ModelSpec, device: str, source: ImageSource | None, decoder: Decoder
    ) -> Steps:
        """Job: give the current classifier other labels or preprocessing; finishes with its ``ClassifierInfo``.

        Emits, before that, the ``ImageResult`` of an image that a person looks at.  Where the request is for another
        network than the current one's, it is opened first.

        Args:
            context: of the job.
            spec: what a person chose.
            device: for a network that has to be opened first.
            source: the image; ``None`` where there is none.
            decoder: decodes it.

        Raises:
            MatchError: the network does not take what the preprocessing makes; the dressing before stays in use.
        """
        kept = self._kept[-1] if self._kept else None
        if kept is None or kept.assembly.spec.network != spec.network:
            yield from self.open(context, spec, device)
            kept = self._kept[-1]
        before, on = kept.classifier, kept.classifier.info.device
        dressed = before.dressed(dress(kept.assembly, spec))
        result: ImageResult | None = None
        if source is not None and (source.is_row or not dressed.info.refuses):
            for results in self._answering(decoder).answer(dressed, [source]):
                if isinstance(results, Future):
                    yield results
                else:
                    result = results[0]
        if result is None or isinstance(result.error, MatchError):
            # An image has its own errors: whether the network takes any is found out without it.
            _prove(before, dressed)
        context.check()
        if self._current is not before:
            raise Cancelled
        self._current = kept.classifier = dressed
        if dressed.info.device != on:
            _say_step_down(context, dressed, on)
        if result is not None:
            context.emit(result)
        return dressed.info

    def classify(self, context: Context, sources: Sequence[ImageSource], decoder: Decoder, batch_size: int) -> Steps:
        """Job: emit an ``ImageResult`` an image, and a ``ClassifierInfo`` with its ``Notice`` on a step down."""
        classifier = self._current
        if classifier is None:
            raise UsageError("No model is open yet.", "Images need one to be answered.", "Open a model first.")
        done, device, limit = 0, classifier.info.device, classifier.seat.batch_limit
        for results in self._answering(decoder).answer(classifier, sources, batch_size):
            if isinstance(results, Future):
                yield results
                continue
            for result in results:
                context.emit(result)
            done += len(results)
            context.progress(done, len(sources))
            if classifier.info.device != device or classifier.seat.batch_limit != limit:
                _say_step_down(context, classifier, device)
                device, limit = classifier.info.device, classifier.seat.batch_limit
            yield
        return done

    def inspect(self, context: Context, path: Path) -> Steps:
        """Job: find out what a weights file is, running nothing in it; finishes with an ``Inspection``."""
        context.progress(0, 0, "Reading the weights")
        yield
        return inspect_file(path)

    def probe(self, context: Context, path: Path, split: str, decoder: Decoder) -> Steps:
        """Job: find out how the current classifier wants images prepared; finishes with a ``Probe``."""
        # Here, as it brings scikit-learn along, which nobody waits for who looks at a photo.
        from core.probing import Probing

        classifier = self._current
        if classifier is None:
            raise UsageError("No model is open yet.", "There is nothing to try.", "Open a model first.")
        # What a person chose may be what is wrong.
        own = dress(self._kept[-1].assembly, replace(classifier.info.spec, preprocessing=None)).preprocessing
        context.progress(0, 0, "Looking for labelled images")
        data = yield from read_labelled(path, split)
        return (yield from Probing(classifier, decoder, context.progress, own).run(data))

    def survey(
        self, context: Context, request: EvaluationRequest
    ) -> Generator[Future[Any] | None, None, tuple[LabelledData, Alignment]]:
        """Job: read labelled data and align it with the current classifier; finishes with both.

        Emits ``Kept`` before: how many of the images were answered in an earlier run.
        """
        info = self._measurable().info
        data, alignment = yield from self._look_at(context, request, info)
        yield
        context.emit(find_kept(info, data, alignment))
        return data, alignment

    def survey_other(
        self, context: Context, spec: ModelSpec, device: str, request: EvaluationRequest, names: tuple[str, ...]
    ) -> Steps:
        """Job: align labelled data with another model than the current one, which stays as it is.

        Finishes with the ``ClassifierInfo``, the ``LabelledData`` and its ``Alignment``.

        Args:
            context: of the job.
            spec, device: the other model, as ``open`` takes them.
            request: what is to be evaluated; its choices are of the classes in ``names``.
            names: class names by whose order the choices were made.
        """
        info = (yield from self._bring_other(context, spec, device)).info
        request = replace(request, chosen=carried_over(request.chosen, names, info.labels))
        return info, *(yield from self._look_at(context, request, info))

    def _look_at(
        self, context: Context, request: EvaluationRequest, info: ClassifierInfo
    ) -> Generator[Future[Any] | None, None, tuple[LabelledData, Alignment]]:
        context.progress(0, 0, "Looking for labelled images")
        path, wanted = Path(request.data), wanted_by(info)
        data = yield from read_labelled(path, request.split, request.target, wanted, info.takes, request.path_column)
        refuse_other_kind(data, info)
        if len(data.images) >= _MANY:
            # They stay for as long as anybody looks at them: the collector, which stops all threads, is spared them.
            gc.freeze()
        return data, align(data, info.labels, dict(request.chosen), info.folders)

    def evaluate(self, context: Context, request: EvaluationRequest, decoder: Decoder) -> Steps:
        """Job: measure the current classifier; finishes with an ``Evaluation``.

        Emits ``LabelledData`` with its ``Alignment`` first, then ``(row, ImageResult)`` as they come.
        """
        return (yield from self._evaluate(context, request, decoder, self._measurable()))

    def evaluate_other(
        self, context: Context, spec: ModelSpec, device: str, request: EvaluationRequest, decoder: Decoder
    ) -> Steps:
        """Job: measure another model than the current one, which stays as it is; see ``evaluate``."""
        classifier = yield from self._bring_other(context, spec, device)
        return (yield from self._evaluate(context, request, decoder, classifier))

    def _evaluate(
        self, context: Context, request: EvaluationRequest, decoder: Decoder, classifier: Classifier
    ) -> Steps:
        from core.evaluating import Evaluating

        data, alignment = yield from self._look_at(context, request, classifier.info)
        context.emit((data, alignment))
        evaluating = Evaluating(classifier, data, alignment, top=request.top)
        return (yield from evaluating.run(context, self._answering(decoder), request.batch_size))

    def script(
        self,
        context: Context,
        info: ClassifierInfo,
        source: ImageSource | None,
        form: Form,
        target: Path | None,
        decoder: Decoder,
    ) -> Steps:
        """Job: write a classifier as plain Python, to a file where one is named; finishes with the text."""
        context.progress(0, 0, "Writing the script")
        yield
        # A picture inside an array is no file that a script could open.
        is_file = source is not None and source.data is None and source.place is None
        path = source.path if source is not None and is_file else None
        # How its pixels are stored decides what the script must do; what cannot be read can still be named.
        mode = ""
        if source is not None and path is not None:
            with contextlib.suppress(ImageError):
                mode = decoder.decode(source, context.check).pixels.mode
        text = write_script(info, str(path.absolute()) if path is not None else "", form, mode)
        if target is not None:
            write_text(target, text)
        return text

    def save(self, context: Context, path: Path) -> Steps:
        """Job: write the current classifier to files; finishes with the ``tuple[Path, ...]`` that were written."""
        classifier = self._current
        if classifier is None:
            raise UsageError("No model is open yet.", "There is nothing to save.", "Open a model first.")
        context.progress(0, 0, "Saving the model")
        yield
        return save_model(path, classifier.info, classifier.tensors)

    def close(self) -> None:
        """Let the decoding threads go."""
        if self._stream is not None:
            self._stream.close()

    def _measurable(self) -> Classifier:
        if self._current is None:
            raise UsageError("No model is open yet.", "There is nothing to measure.", "Open a model first.")
        return self._current

    def _answering(self, decoder: Decoder) -> Stream:
        if self._stream is None:
            self._stream = Stream(decoder)
        return self._stream

    def _make_room(self, wanting: Seat, device: str) -> bool:
        """Forget the classifiers that are kept on a device for coming back to, except the one that wants room."""
        in_use = (wanting, self._current.seat if self._current is not None else None)
        before = len(self._kept)
        self._kept = [
            kept for kept in self._kept if kept.classifier.seat in in_use or kept.classifier.info.device.id != device
        ]
        return len(self._kept) < before

    def _keep(self, newest: _Kept) -> None:
        """Keep a classifier for coming back to, and forget the oldest beyond the memory bound."""
        self._kept = [*(kept for kept in self._kept if kept is not newest), newest]
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        while len(self._kept) > 1 and sum(kept.classifier.bytes for kept in self._kept) > _KEPT_BYTES:
            del self._kept[0]


def _settle(classifier: Classifier, device: DeviceInfo, wanted: str) -> list[str]:
    """Move to a device and warm up there; with ``auto``, one that cannot do it gives way to the CPU, and says so.

    Raises:
        DeviceError: a device that a person chose cannot do it.
        MatchError: no device can: the network does not take what the preprocessing makes.
    """
    try:
        if classifier.info.device.id != device.id:
            classifier.move(device)
        classifier.describe(replace(classifier.info, device=device))
        classifier.warm_up()
    except (WhatsitError, RuntimeError) as error:
        if device.id == CPU:
            raise
        classifier.move(list_devices()[-1])
        # Fails again, with its own reason, where the device is not to blame.
        classifier.warm_up()
        why = str(error).splitlines()[0]
        if wanted != "auto":
            raise DeviceError(
                f"{device.name} cannot compute this network.",
                f"It stopped with: {why}",
                "Choose the CPU, or install a build of PyTorch that is made for this device.",
                detail=str(error),
            ) from error
        return [f"{device.name} cannot compute this network, so the CPU is used instead. It stopped with: {why}"]
    return _left(device, classifier)


def _left(device: DeviceInfo, classifier: Classifier) -> list[str]:
    """What to say where a forward pass took the network to another device."""
    if classifier.info.device.id == device.id:
        return []
    return [f"{device.name} ran out of memory, so the CPU is used instead."]


def _prove(before: Classifier, after: Classifier) -> list[str]:
    """Make sure that a network which answers fits another dressing; no work where that is alike.

    Returns:
        What to say of it: mostly nothing.

    Raises:
        MatchError: it does not take what the preprocessing makes, or does not answer with such outputs.
    """
    device = before.info.device
    # What the network answers may not be what another kind of output says that it is.
    if before.nothing.shape != after.nothing.shape or before.info.activation != after.info.activation:
        after.warm_up()
    return _left(device, after)


def _say_step_down(context: Context, classifier: Classifier, before: DeviceInfo) -> None:
    if classifier.info.device != before:
        context.emit(Notice(f"{before.name} ran out of memory, so the CPU answers from here on."))
        context.emit(classifier.info)
    elif classifier.seat.batch_limit:
        context.emit(
            Notice(
                f"{before.name} ran short of memory, so at most {counted(classifier.seat.batch_limit, 'image')} "
                f"go{'es' if classifier.seat.batch_limit == 1 else ''} at a time."
            )
        )
