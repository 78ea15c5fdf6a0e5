"""The one family of errors that a person sees: what happened, why, and what to do."""

from __future__ import annotations

from core.questions import Question, TrustRequest


class WhatsitError(Exception):
    """Something that a person can understand and act on.

    Attributes:
        what: one sentence, what happened.
        why: one sentence, the cause; empty where it says nothing new.
        remedy: one sentence, what to do next.
        detail: technical text for a report (names, shapes, an inner exception); may be many lines.
    """

    def __init__(self, what: str, why: str = "", remedy: str = "", *, detail: str = "") -> None:
        super().__init__(what, why, remedy)
        self.what = what
        self.why = why
        self.remedy = remedy
        self.detail = detail

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.why, self.remedy) if part)


class ImageError(WhatsitError):
    """An image cannot be read, or is not one."""


class ArrayError(ImageError):
    """Numbers cannot be read from a file, or are not what the network takes."""


class WeightsError(WhatsitError):
    """A weights file cannot be read, or is none."""


class NoClassifierError(WeightsError):
    """A weights file holds a network, or a part of one, that tells no classes of images apart."""


class UnsafeError(WeightsError):
    """A weights file asks Python for what runs code.  Nothing was run.

    Attributes:
        blocked: the names that it asks for, such as ``posix.system``; sorted.
    """

    def __init__(self, what: str, why: str, remedy: str, *, blocked: tuple[str, ...]) -> None:
        super().__init__(what, why, remedy, detail="\n".join(shown(name) for name in blocked[:200]))
        self.blocked = blocked


class MatchError(WhatsitError):
    """Weights do not fit an architecture, or fit none."""


class InputError(MatchError):
    """A network does not take what the preprocessing makes of an image."""


class LabelsError(WhatsitError):
    """A label file cannot be read, or does not fit the model's head."""


class DataError(WhatsitError):
    """Labelled data cannot be read, or does not fit the model."""


class ColumnError(DataError):
    """Nothing tells which column of a table, or which array, holds the labels or the paths: a person may say so.

    Attributes:
        columns: what there is.
        wanted: ``target`` or ``path``.
    """

    def __init__(self, what: str, why: str, remedy: str, columns: tuple[str, ...], wanted: str = "target") -> None:
        super().__init__(what, why, remedy)
        self.columns = columns
        self.wanted = wanted


class PreprocessingError(WhatsitError):
    """A preprocessing value or file makes no sense."""


class DeviceError(WhatsitError):
    """A device is not there, or ran out of memory."""


class DownloadError(WhatsitError):
    """Something could not be fetched from the network."""


class ExportError(WhatsitError):
    """Results cannot be written."""


class ScriptError(WhatsitError):
    """A classifier cannot be written as plain Python that would give the same scores."""


class UsageError(WhatsitError):
    """A command line asks for something that does not exist."""


class DesktopError(WhatsitError):
    """The window or the launcher cannot work on this machine as it is."""


class TrustError(WhatsitError):
    """Code that came with a file would have to run, and nobody has agreed to that.

    Attributes:
        request: what to ask a person.
    """

    def __init__(self, what: str, why: str, remedy: str, *, request: TrustRequest, detail: str = "") -> None:
        super().__init__(what, why, remedy, detail=detail)
        self.request = request


class QuestionsError(WhatsitError):
    """A network's class wants constructor arguments that neither the weights nor the checkpoint tell.

    Attributes:
        architecture: the class that asks.
        questions: what to ask a person.
        source: path of the Python file that the class is in.
    """

    def __init__(
        self,
        what: str,
        why: str,
        remedy: str,
        *,
        architecture: str,
        questions: tuple[Question, ...],
        source: str = "",
    ) -> None:
        super().__init__(what, why, remedy)
        self.architecture = architecture
        self.questions = questions
        self.source = source


class Cancelled(Exception):
    """A person, or a newer request, ended a job.  Not an error: nothing is shown."""


def shown(text: object, longest: int = 80) -> str:
    """Text from a file, made safe for a message: one short line, nothing that a terminal would obey."""
    # Cut first: a name may have a hundred million letters.
    start = str(text)[: longest + 1]
    line = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in start)
    return line if len(line) <= longest else line[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
