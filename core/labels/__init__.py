"""Class names: from any label file, beside weights, readable in place of folder names, and as they are shown."""

from core.labels.beside import FoundNames, NamesBeside, label_files, names_beside
from core.labels.fitting import Named, fit_labels, fit_table, numbered, readable_names
from core.labels.reading import parse_labels, read_labels, read_table
from core.labels.text import read_text
from core.labels.values import LIST_KEYS, READABLE_KEYS, WORDNET, Labels, NameTable, labels_from, table_from
from core.labels.writing import labels_text

__all__ = [
    "LIST_KEYS",
    "READABLE_KEYS",
    "WORDNET",
    "FoundNames",
    "Labels",
    "NameTable",
    "Named",
    "NamesBeside",
    "fit_labels",
    "fit_table",
    "label_files",
    "labels_from",
    "labels_text",
    "names_beside",
    "numbered",
    "parse_labels",
    "read_labels",
    "read_table",
    "read_text",
    "readable_names",
    "table_from",
]
