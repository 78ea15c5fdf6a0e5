"""A person's own networks: a Python file is read, then, once trusted, loaded; its networks are ranked and built."""

from core.architectures.custom.beside import code_beside, source_beside
from core.architectures.custom.choosing import Choice, choose
from core.architectures.custom.here import Anywhere
from core.architectures.custom.loading import LoadedSource, load_source, trust_request
from core.architectures.custom.meant import named_in
from core.architectures.custom.ranking import CustomFit, build_custom, is_telling, rank_classes
from core.architectures.custom.reading import Parameter, SourceClass, SourceFile, read_source
from core.architectures.custom.spelling import spell_source

__all__ = [
    "Anywhere",
    "Choice",
    "CustomFit",
    "LoadedSource",
    "Parameter",
    "SourceClass",
    "SourceFile",
    "build_custom",
    "choose",
    "code_beside",
    "is_telling",
    "load_source",
    "named_in",
    "rank_classes",
    "read_source",
    "source_beside",
    "spell_source",
    "trust_request",
]
