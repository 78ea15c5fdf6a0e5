"""The forms in which JSON lists images with their labels, as rows of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

from core.errors import shown
from core.labelled.paths import looks_like_path

Row = Mapping[str, str]

PATHS = (
    "path", "image", "file", "filename", "file_name", "filepath", "file_path", "image_path", "img_path", "image_file",
    "image_name", "img", "picture", "photo", "image_id", "id", "name",
)  # fmt: skip
"""Under which names a column holds paths, the surest first."""
LABELS = (
    "label", "class", "target", "category", "class_name", "label_name", "labels", "tags", "classes", "categories",
    "species", "breed", "diagnosis", "value", "score", "age", "price", "y", "truth", "annotation", "gt",
)  # fmt: skip
"""Under which names a column holds labels, the surest first."""
SEVERAL = "|"
"""Stands between several labels of an image."""
Object = dict[str, object]


def rows_of_json(text: str, lines: bool) -> list[Row] | str:
    """A table of what JSON says.

    It may be a list of objects, or of pairs; an object a line; columns as pandas writes them; path -> label; label ->
    list of paths; one list of objects inside an object; or COCO's images, annotations and categories, whose boxes
    are not looked at.

    Args:
        text: of the file.
        lines: whether an object a line is expected; either is read where the other is meant.

    Returns:
        Rows with the same names each; or the reason why it is no such table.
    """
    try:
        value = _parsed(text, lines)
    except (ValueError, RecursionError) as error:
        return f"It is no JSON: {error}."
    if isinstance(value, dict):
        return _of_object(cast(Object, value))
    if not isinstance(value, list):
        return "It holds neither a list nor an object."
    return _of_list(cast("list[object]", value))


def _parsed(text: str, lines: bool) -> object:
    by_line = [line for line in text.splitlines() if line.strip()]
    if lines and not text.lstrip().startswith("["):
        return [json.loads(line) for line in by_line]
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise
        return [json.loads(line) for line in by_line]


def _of_list(items: Sequence[object]) -> list[Row] | str:
    rows: list[Row] = []
    for number, item in enumerate(items, 1):
        if isinstance(item, dict):
            rows.append({name: _cell(cell) for name, cell in cast(Object, item).items()})
        elif isinstance(item, list) and len(cast("list[object]", item)) == 2:
            path, label = cast("list[object]", item)
            rows.append({"path": _cell(path), "label": _cell(label)})
        else:
            return f"Entry {number} is no object with a path and a label."
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [{name: row.get(name, "") for name in names} for row in rows]


def _of_object(value: Object) -> list[Row] | str:
    images, annotations, categories = (_objects(value.get(name)) for name in ("images", "annotations", "categories"))
    if images and annotations and categories:
        return _of_coco(images, annotations, categories)
    listed = [name for name, item in value.items() if isinstance(item, list) and item]
    if len(listed) == 1 and (inside := _objects(value[listed[0]])):
        # {"images": [{...}, ...]}
        return _of_list(inside)
    plain = {name.strip().lower() for name in value}
    if plain & set(PATHS) and plain & set(LABELS) and all(isinstance(item, (list, dict)) for item in value.values()):
        return _of_columns(value)
    rows: list[Row] = []
    for name, item in value.items():
        if isinstance(item, list):
            if looks_like_path(name):
                rows.append({"path": name, "label": _cell(cast(object, item))})
            else:
                rows.extend({"path": _cell(place), "label": name} for place in cast("list[object]", item))
        elif isinstance(item, dict):
            return f"{shown(name, 30)!r} is neither a label nor a list of paths."
        else:
            rows.append({"path": name, "label": _cell(item)})
    return rows


def _objects(value: object) -> list[Object]:
    """A list of objects; empty where it is something else."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    return cast("list[Object]", items) if all(isinstance(item, dict) for item in items) else []


def _of_columns(value: Object) -> list[Row] | str:
    """``{"path": [...], "label": [...]}``, or with an object of row numbers in place of each list."""
    columns: dict[str, list[object]] = {}
    for name, item in value.items():
        columns[name] = list(cast(Object, item).values()) if isinstance(item, dict) else cast("list[object]", item)
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1:
        return "Its columns are not equally long."
    rows = zip(*columns.values(), strict=True)
    return [{name: _cell(cell) for name, cell in zip(columns, row, strict=True)} for row in rows]


def _of_coco(images: list[Object], annotations: list[Object], categories: list[Object]) -> list[Row] | str:
    names = {category.get("id"): _cell(category.get("name")) for category in categories}
    labels: dict[object, list[str]] = {image.get("id"): [] for image in images}
    for annotation in annotations:
        image, category = annotation.get("image_id"), annotation.get("category_id")
        if image not in labels or category not in names:
            return f"Annotation {shown(_cell(annotation.get('id')), 30)} is of an image or a category that it lacks."
        if names[category] not in labels[image]:
            labels[image].append(names[category])
    alone = all(len(each) <= 1 for each in labels.values())
    rows: list[Row] = []
    for image in images:
        each = labels[image.get("id")]
        label = "".join(each) if alone else _cell(each)
        rows.append({"path": _cell(image.get("file_name")), "label": label})
    return rows


def _cell(value: object) -> str:
    """A JSON value as a table's cell; several labels are joined by ``SEVERAL``."""
    if value is None:
        return ""
    if isinstance(value, list):
        return SEVERAL.join(_cell(item) for item in cast("list[object]", value)) + SEVERAL
    return value if isinstance(value, str) else json.dumps(value)
