from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import ImageFolder

from core.errors import ColumnError, DataError
from tests.core.labelled.making import folders, pairs, picture, read


def test_class_folders_as_torchvision_finds_them(tmp_path: Path) -> None:
    folders(tmp_path, {"Zebra": 2, "ant": 1, "10": 1, "2": 3})
    picture(tmp_path / "ant" / "deeper" / "x.png")
    data = read(tmp_path)
    expected = ImageFolder(str(tmp_path))
    assert sorted((image.source.path, image.labels[0]) for image in data.images) == sorted(
        (Path(path), expected.classes[index]) for path, index in expected.samples
    )
    assert data.counts() == {"10": 1, "2": 3, "Zebra": 2, "ant": 2}
    assert data.kind == "classes"


def test_an_empty_class_is_told(tmp_path: Path) -> None:
    data = read(folders(tmp_path, {"cat": 2, "dog": 0}))
    assert data.counts() == {"cat": 2, "dog": 0}


@pytest.mark.parametrize(
    ("parts", "wanted", "taken"),
    [
        (("train", "val", "test"), "", "test"),
        (("train", "val"), "", "val"),
        (("training", "validation"), "val", "validation"),
        (("Train", "Test"), "train", "Train"),
        (("training_set", "test_set"), "", "test_set"),
        (("train",), "train", "train"),
    ],
)
def test_parts_of_a_data_set(tmp_path: Path, parts: tuple[str, ...], wanted: str, taken: str) -> None:
    for number, part in enumerate(parts):
        folders(tmp_path / part, {"cat": number + 1, "dog": 1})
    data = read(tmp_path, wanted)
    assert data.split == taken
    assert data.counts()["cat"] == parts.index(taken) + 1
    assert set(data.splits) == set(parts)


def test_archives_are_unpacked_into_folders_of_their_own_names(tmp_path: Path) -> None:
    folders(tmp_path / "archive" / "pets", {"cat": 2, "dog": 1})
    folders(tmp_path / "__MACOSX", {"archive": 0})
    data = read(tmp_path)
    assert data.counts() == {"cat": 2, "dog": 1}
    assert any("archive/pets" in note for note in data.notes)
    for part in ("train", "test"):
        folders(tmp_path / "deep" / "deeper" / part, {"cat": 1 + (part == "train"), "dog": 3})
    assert read(tmp_path / "deep").counts() == {"cat": 1, "dog": 3}


def test_a_single_class_stays_one(tmp_path: Path) -> None:
    assert read(folders(tmp_path, {"cat": 2})).counts() == {"cat": 2}
    picture(tmp_path / "cat" / "kittens" / "x.png")
    assert read(tmp_path).counts() == {"cat": 3}


def test_a_class_may_be_called_test(tmp_path: Path) -> None:
    assert read(folders(tmp_path, {"test": 1, "cat": 1})).counts() == {"cat": 1, "test": 1}


def test_pictures_beside_the_class_folders_are_told(tmp_path: Path) -> None:
    folders(tmp_path, {"cat": 1})
    picture(tmp_path / "stray.png")
    assert read(tmp_path).unlabelled == ("stray.png",)


def csv(folder: Path, text: str, name: str = "data.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "path,label\na.jpg,cat\nb.jpg,dog\n",
        "label;filename\ncat;a.jpg\ndog;b.jpg\n",
        "a.jpg,cat\nb.jpg,dog\n",
        "id,path,class_name\n7,a.jpg,cat\n8,b.jpg,dog\n",
        "Image Path,Species\r\na.jpg,cat\r\nb.jpg,dog\r\n",
        '"path","label"\n"a.jpg","cat"\n"b.jpg","dog"\n\n',
        ",path,label\n0,a.jpg,cat\n1,b.jpg,dog\n",
        ",path,what\n0,a.jpg,cat\n1,b.jpg,dog\n",
        "path|label\na.jpg|cat\nb.jpg|dog\n",
    ],
)
def test_tables_of_paths_and_labels(tmp_path: Path, text: str) -> None:
    data = read(csv(tmp_path, text))
    assert pairs(data) == [("a.jpg", ("cat",)), ("b.jpg", ("dog",))]
    assert data.images[0].source.path == tmp_path / "a.jpg"


def test_other_encodings(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        data = read(csv(tmp_path, "path,label\nbär.jpg,Köter\n", encoding=encoding))
        assert pairs(data) == [("bär.jpg", ("Köter",))]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a.json", [{"image": "a.jpg", "label": "cat"}, {"image": "b.jpg", "label": "dog"}]),
        ("a.json", {"a.jpg": "cat", "b.jpg": "dog"}),
        ("a.json", {"cat": ["a.jpg"], "dog": ["b.jpg"]}),
        ("a.json", [["a.jpg", "cat"], ["b.jpg", "dog"]]),
        ("a.json", {"path": ["a.jpg", "b.jpg"], "label": ["cat", "dog"]}),
        ("a.json", {"path": {"0": "a.jpg", "1": "b.jpg"}, "label": {"0": "cat", "1": "dog"}}),
        ("a.jsonl", [{"path": "a.jpg", "label": "cat"}, {"path": "b.jpg", "label": "dog"}]),
        ("a.json", {"version": 1, "images": [{"file": "a.jpg", "class": "cat"}, {"file": "b.jpg", "class": "dog"}]}),
    ],
)
def test_json_forms(tmp_path: Path, name: str, value: object) -> None:
    assert pairs(read(csv(tmp_path, json.dumps(value), name))) == [("a.jpg", ("cat",)), ("b.jpg", ("dog",))]


def coco(pairs: list[tuple[int, int]]) -> dict[str, object]:
    return {
        "info": {"year": 2026},
        "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 9, "file_name": "b.jpg"}],
        "annotations": [{"id": n, "image_id": i, "category_id": c} for n, (i, c) in enumerate(pairs)],
        "categories": [{"id": 1, "name": "cat"}, {"id": 3, "name": "dog"}],
    }


def test_cocos_annotations(tmp_path: Path) -> None:
    one = read(csv(tmp_path, json.dumps(coco([(9, 3), (7, 1), (7, 1)])), "a.json"))
    assert (one.kind, pairs(one)) == ("classes", [("a.jpg", ("cat",)), ("b.jpg", ("dog",))])
    several = read(csv(tmp_path, json.dumps(coco([(7, 3), (7, 1)])), "a.json"))
    assert (several.kind, pairs(several)) == ("several", [("a.jpg", ("dog", "cat")), ("b.jpg", ())])
    with pytest.raises(DataError, match="Annotation 0 is of an image or a category"):
        read(csv(tmp_path, json.dumps(coco([(8, 1)])), "a.json"))


def test_lines_under_the_other_ending(tmp_path: Path) -> None:
    text = '{"path": "a.jpg", "label": "cat"}\n{"path": "b.jpg", "label": "dog"}\n'
    for name in ("a.json", "a.jsonl", "a.ndjson"):
        assert pairs(read(csv(tmp_path, text, name))) == [("a.jpg", ("cat",)), ("b.jpg", ("dog",))]


@pytest.mark.parametrize("written", ["cat|dog", "cat;dog", '"cat, dog"', "\"['cat', 'dog']\"", '"[""cat"", ""dog""]"'])
def test_what_stands_between_several_labels(tmp_path: Path, written: str) -> None:
    data = read(csv(tmp_path, f"path,labels\na.jpg,{written}\nb.jpg,dog\n"), wanted="labels")
    assert (data.kind, pairs(data)) == ("several", [("a.jpg", ("cat", "dog")), ("b.jpg", ("dog",))])


def test_a_comma_parts_nothing_where_the_model_gives_one_class(tmp_path: Path) -> None:
    data = read(csv(tmp_path, 'path,label\na.jpg,"tench, Tinca tinca"\n'), wanted="classes")
    assert pairs(data) == [("a.jpg", ("tench, Tinca tinca",))]


def test_one_column_a_class_is_one_class_an_image_for_a_model_that_gives_one(tmp_path: Path) -> None:
    path = csv(tmp_path, ",path,cat,dog\n0,a.jpg,1,0\n1,b.jpg,False,True\n")
    assert (read(path, wanted="classes").kind, read(path, wanted="labels").kind) == ("classes", "several")
    assert pairs(read(path, wanted="classes")) == [("a.jpg", ("cat",)), ("b.jpg", ("dog",))]


def test_a_decimal_comma(tmp_path: Path) -> None:
    data = read(csv(tmp_path, "path;age\na.jpg;3,5\nb.jpg;40\n"), wanted="values")
    assert [image.value for image in data.images] == [3.5, 40.0]
    with pytest.raises(DataError, match="no number"):
        read(csv(tmp_path, 'path,age\na.jpg,"3,500"\n'), wanted="values")


def test_json_lines(tmp_path: Path) -> None:
    text = '{"path": "a.jpg", "label": "cat"}\n{"path": "b.jpg", "label": null}\n'
    data = read(csv(tmp_path, text, "a.jsonl"))
    assert pairs(data) == [("a.jpg", ("cat",))]
    assert data.unlabelled == ("b.jpg",)


def test_numbers_to_be_predicted(tmp_path: Path) -> None:
    data = read(csv(tmp_path, "path,age\na.jpg,3.5\nb.jpg,40\n"))
    assert (data.kind, [image.value for image in data.images]) == ("values", [3.5, 40.0])


def test_whole_numbers_are_classes_unless_the_model_gives_values(tmp_path: Path) -> None:
    path = csv(tmp_path, "path,label\na.jpg,3\nb.jpg,0\n")
    assert read(path).kind == "classes"
    assert [image.value for image in read(path, wanted="values").images] == [3.0, 0.0]


def test_several_labels(tmp_path: Path) -> None:
    one = read(csv(tmp_path, "path,labels\na.jpg,cat|dog\nb.jpg,\nc.jpg,dog\n"))
    assert one.kind == "several"
    assert [image.labels for image in one.images] == [("cat", "dog"), (), ("dog",)]
    other = read(csv(tmp_path, "path,cat,dog\na.jpg,1,1\nb.jpg,0,0\nc.jpg,0,1\n"))
    assert [image.labels for image in other.images] == [image.labels for image in one.images]


def test_a_column_tells_the_parts(tmp_path: Path) -> None:
    path = csv(tmp_path, "path,label,split\na.jpg,cat,train\nb.jpg,dog,test\n")
    assert pairs(read(path)) == [("b.jpg", ("dog",))]
    assert pairs(read(path, "train")) == [("a.jpg", ("cat",))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,label\n", "no rows"),
        ("colour,label\nred,cat\n", "No column holds paths"),
        ("path,first,second\na.jpg,x,y\n", "No column holds labels"),
        ("path,label\na.jpg\n", "Line 2 has 1 cells"),
        ("path,label\n,cat\n", "Row 1 has no path"),
        ("path,label\na.jpg,\n", "No row has a label"),
        ("path,path\na.jpg,x\n", "need a name each"),
        ('path,label\n"a.jpg,cat\n', "no table|cells"),
    ],
)
def test_tables_that_make_no_sense(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(csv(tmp_path, text))


def test_a_wanted_column_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column 'breed'"):
        read(csv(tmp_path, "path,label\na.jpg,x\n"), target="breed")


def test_numbers_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Row 2 has 'old'"):
        read(csv(tmp_path, "path,age\na.jpg,3.5\nb.jpg,old\n"), wanted="values")


@pytest.mark.parametrize("text", ["{", "[1, 2]", '"x"', '{"a.jpg": {"x": 1}}'])
def test_json_that_makes_no_sense(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"a\.json cannot be used"):
        read(csv(tmp_path, text, "a.json"))


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no class folders"):
        read(tmp_path)
    with pytest.raises(DataError, match="folders are empty"):
        read(folders(tmp_path, {"cat": 0}))
    with pytest.raises(DataError, match="nothing of that name"):
        read(tmp_path / "missing")
    with pytest.raises(DataError, match="neither a folder"):
        read(picture(tmp_path / "x.png"))
    with pytest.raises(DataError, match="no part 'test'"):
        read(folders(tmp_path, {"cat": 1}), "test")


def test_columns_that_could_be_labels_or_paths(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "small-a.png", "small-b.png"):
        picture(tmp_path / name)
    table = tmp_path / "t.csv"
    table.write_text("photo,thumb,label,kind,split\na.png,small-a.png,cat,pet,test\nb.png,small-b.png,cow,farm,test\n")
    data = read(table)
    assert (data.path_column, data.path_columns) == ("photo", ("photo", "thumb"))
    assert (data.target, data.targets) == ("label", ("label", "kind"))
    data = read(table, target="kind", path_column="thumb")
    assert pairs(data) == [("small-a.png", ("pet",)), ("small-b.png", ("farm",))]
    with pytest.raises(DataError, match="no column 'nothing'"):
        read(table, path_column="nothing")


@pytest.mark.parametrize(
    ("text", "wanted", "columns"),
    [
        ("path,A,B\na.png,1,x\n", "target", ("A", "B")),
        ("one,two\n1,2\n", "path", ("one", "two")),
    ],
)
def test_what_nothing_tells_may_be_chosen_from_what_there_is(
    tmp_path: Path, text: str, wanted: str, columns: tuple[str, ...]
) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ColumnError) as caught:
        read(tmp_path / "t.csv")
    assert (caught.value.wanted, caught.value.columns) == (wanted, columns)


def test_arrays_that_could_be_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", X=np.zeros((3, 4)), y=np.arange(3), z=np.ones(3), other=np.zeros(7))
    data = read(tmp_path / "t.npz")
    assert (data.target, data.targets) == ("y", ("y", "z"))
    np.savez(tmp_path / "u.npz", X=np.zeros((3, 4)), A=np.arange(3), B=np.ones(3))
    with pytest.raises(ColumnError) as caught:
        read(tmp_path / "u.npz")
    assert caught.value.columns == ("A", "B")
    assert read(tmp_path / "u.npz", target="B").target == "B"
