"""Each form in which tools write class names, in a file of its own; and saving them."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LabelsError
from core.labels import fit_labels, fit_table, labels_text, parse_labels, read_labels, read_table, readable_names

CATS = ("cat", "dog", "tench, Tinca tinca")


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.txt", "cat\ndog\ntench, Tinca tinca\n"),
        ("labels.txt", "0 cat\n1 dog\n2 tench, Tinca tinca\n"),
        ("numbered.txt", "1, cat\n2, dog\n3, tench, Tinca tinca\n"),
        ("list.json", json.dumps(CATS)),
        ("by_index.json", json.dumps(dict(enumerate(CATS)))),
        ("by_name.json", json.dumps({name: index for index, name in enumerate(CATS)})),
        ("index_to_name.json", json.dumps({str(i): [f"n0{i}", name] for i, name in enumerate(CATS)})),
        ("index_to_name.json", json.dumps({"object_type_names": CATS})),
        ("signature.json", json.dumps({"doc_id": "x", "classes": {"Label": CATS}, "inputs": {"Image": {}}})),
        ("config.json", json.dumps({"id2label": dict(enumerate(CATS)), "model_type": "vit"})),
        ("config.json", json.dumps({"label2id": {name: index for index, name in enumerate(CATS)}})),
        ("class_indices.json", json.dumps({name: index for index, name in enumerate(CATS)})),
        ("checkpoint.json", json.dumps({"idx_to_class": dict(enumerate(CATS)), "epoch": 3})),
        ("python.txt", "{0: 'cat', 1: 'dog', 2: 'tench, Tinca tinca'}"),
        ("python.txt", "class_names = ['cat', 'dog', 'tench, Tinca tinca']\n"),
        ("python.txt", "classes: tuple[str, ...] = ('cat', 'dog', 'tench, Tinca tinca')\n"),
        ("data.yaml", "path: ../data\nnc: 3\nnames: ['cat', 'dog', 'tench, Tinca tinca']\n"),
        ("data.yaml", "train: images\nnames:\n  - cat\n  - dog\n  - tench, Tinca tinca\n"),
        ("data.yaml", "# classes\nnames:\n  0: cat\n  1: dog\n  2: tench, Tinca tinca\n"),
        ("data.yml", "classes:\n- cat\n- dog\n- tench, Tinca tinca\n"),
        ("names.yaml", "- cat\n- dog\n- tench, Tinca tinca\n"),
        ("yaml.txt", "names:\n  2: tench, Tinca tinca\n  0: cat\n  1: dog\n"),
        ("a.csv", 'index,name\n0,cat\n1,dog\n2,"tench, Tinca tinca"\n'),
        ("a.csv", 'name,index\ncat,0\n"tench, Tinca tinca",2\ndog,1\n'),
        ("a.csv", 'class_id,class_name,count\n2,"tench, Tinca tinca",9\n0,cat,8\n1,dog,8\n'),
        ("a.csv", ',label\n0,cat\n1,dog\n2,"tench, Tinca tinca"\n'),
        ("a.csv", 'cat,0\ndog,1\n"tench, Tinca tinca",2\n'),
        ("a.csv", '"tench, Tinca tinca",2.0\ncat,0.0\ndog,1.0\n'),
        ("a.csv", 'label,species\n0,cat\n1,dog\n2,"tench, Tinca tinca"\n'),
        ("a.csv", 'name\ncat\ndog\n"tench, Tinca tinca"\n'),
        ("a.csv", 'cat\ndog\n"tench, Tinca tinca"\n'),
        ("a.csv", 'cat,dog,"tench, Tinca tinca"\n'),
        ("a.csv", "id;name\n0;cat\n1;dog\n2;tench, Tinca tinca\n"),
        ("a.tsv", "name\tid\ncat\t0\ndog\t1\ntench, Tinca tinca\t2\n"),
        ("table.txt", "cat\t0\ndog\t1\ntench, Tinca tinca\t2\n"),
        ("synset.txt", "n02123045 cat\nn02084071 dog\nn01440764 tench, Tinca tinca\n"),
        ("words.csv", 'wnid,index,name\nn01,1,dog\nn02,0,cat\nn03,2,"tench, Tinca tinca"\n'),
    ],
)
def test_every_form_gives_the_same_names(name: str, text: str, tmp_path: Path) -> None:
    assert read_labels(put(tmp_path, name, text)) == CATS


def test_yaml_keeps_names_as_they_are_written() -> None:
    assert parse_labels("names: [no, yes, 007, 1.50, null, ~, 2024-01-31]", ".yaml") == (
        "no", "yes", "007", "1.50", "null", "~", "2024-01-31",
    )  # fmt: skip


def test_yaml_builds_no_objects(tmp_path: Path) -> None:
    canary = tmp_path / "ran"
    text = f"names:\n- !!python/object/apply:os.mknod ['{canary}']\n- dog\n"
    with contextlib.suppress(LabelsError):
        parse_labels(text, ".yaml")
    assert not canary.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("names: [a, b", "it is no YAML"),
        ("path: data\nnc: 3\n", "neither leads"),
        ("names: &a [*a]", "by an alias"),
        ("names: [a]\nnames: [b]\n", "'names' occurs twice"),
        ("names: " + "[" * 40, "deeper in one another"),
        ("", "no names in it"),
    ],
)
def test_what_is_wrong_with_yaml_is_said(text: str, words: str) -> None:
    with pytest.raises(LabelsError, match=words):
        parse_labels(text, ".yaml")


def test_an_alias_bomb_costs_nothing() -> None:
    """A billion names in nine lines ("a billion laughs")."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    begun = time.process_time()
    with pytest.raises(LabelsError, match="by an alias"):
        parse_labels("\n".join([*lines, "names: *a8"]), ".yaml")
    assert time.process_time() - begun < 5


def test_an_alias_of_a_name_is_that_name() -> None:
    assert parse_labels("names: [&c cat, dog, *c]", ".yaml") == ("cat", "dog", "cat")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "name,index\ncat,0\ndog,2\n", "index 1 is missing"),
        ("a.csv", "name,index\ncat,0\ndog,0\n", "index 0 occurs twice"),
        ("a.csv", "cat,0\ndog\n", "line 2 has 1 of them, and line 1 has 2"),
        ("a.csv", "cat,red\ndog,blue\n", "no column of it counts"),
        ("a.csv", "index,name\n0,cat\n1,\n", "no name in line 3"),
        ("a.csv", "", "no names in it"),
        ("a.csv", "folder,name\n1,rose\n2,tulip\n", "tells no order"),
        ("cat_to_name.json", json.dumps({"rose_1": "rose", "tulip_7": "tulip"}), "neither leads"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(name: str, text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match=words):
        read_labels(put(tmp_path, name, text))


@pytest.mark.parametrize("text", ["1 euro\n2 euro\n5 euro", "1 euro\n2 euro", "red, dark\nblue, light\n", "a;b\nc;d\n"])
def test_names_that_only_look_like_a_table_stay_whole(text: str) -> None:
    assert parse_labels(text) == tuple(text.strip().split("\n"))


NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).map(str.strip).filter(bool)


@given(st.lists(NAMES, min_size=1, max_size=12), st.sampled_from([".txt", ".json"]))
def test_what_is_saved_reads_back(names: list[str], suffix: str) -> None:
    try:
        text = labels_text(names, suffix)
    except LabelsError:
        # Characters that break lines without being control characters are no names in a text file.
        assert suffix == ".txt"
        assert any(len(name.splitlines()) > 1 for name in names)
        return
    assert parse_labels(text) == tuple(names)


def test_names_of_several_lines_are_saved_as_json_alone() -> None:
    with pytest.raises(LabelsError, match="more than one line"):
        labels_text(["a\nb", "c"], ".txt")
    assert parse_labels(labels_text(["a\nb", "c"], ".json")) == ("a\nb", "c")


@given(st.lists(NAMES, min_size=1, max_size=12))
def test_yaml_as_the_library_writes_it(names: list[str]) -> None:
    for value in ({"names": names}, {"names": dict(enumerate(names))}, {"nc": len(names), "classes": names}):
        assert parse_labels(yaml.safe_dump(value, allow_unicode=True), ".yaml") == tuple(names)


@given(st.text(max_size=120), st.sampled_from(["", ".csv", ".tsv", ".yaml", ".txt"]))
def test_any_text_is_read_or_refused(text: str, suffix: str) -> None:
    with contextlib.suppress(LabelsError):
        labels = parse_labels(text, suffix)
        assert labels
        assert all(label.strip() for label in labels)


CELLS = st.text(st.sampled_from("abc01 ,;\t\"'\n"), max_size=4)


@given(st.lists(st.lists(CELLS, max_size=4), max_size=5), st.sampled_from(",;\t"))
def test_any_table_is_read_or_refused(rows: list[list[str]], mark: str) -> None:
    with contextlib.suppress(LabelsError):
        assert all(parse_labels("\n".join(mark.join(row) for row in rows), ".csv"))


# Readable names over folder names.


def test_folders_that_are_numbers_are_not_indices(tmp_path: Path) -> None:
    """The course-work pair: torchvision sorts 1, 10, 100, 2; the other file says what each folder holds."""
    folders = tuple(sorted(str(number) for number in range(1, 103)))
    table = read_table(put(tmp_path, "cat_to_name.json", json.dumps({f: f"flower {f}" for f in folders})))
    named = fit_table(table, 102, folders)
    assert named.names == tuple(f"flower {folder}" for folder in folders)
    assert named.folders == folders
    with pytest.raises(LabelsError, match="index 0 is missing: they are names of folders"):
        fit_table(table, 102)


def test_a_file_of_indices_stays_one_where_folders_are_numbers(tmp_path: Path) -> None:
    folders = ("0", "1", "10", "2", *map(str, range(3, 10)))
    names = {str(number): f"name {number}" for number in range(11)}
    by_index = read_table(put(tmp_path, "index_to_name.json", json.dumps(names)))
    assert fit_table(by_index, 11, folders).names == tuple(names.values())
    by_folder = read_table(put(tmp_path, "cat_to_name.json", json.dumps(names)))
    assert fit_table(by_folder, 11, folders).names[2] == "name 10"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps({"n02": "cat", "n01": "dog", "n03": "cow"})),
        ("a.json", json.dumps({"0": ["n01", "dog"], "1": ["n02", "cat"], "2": ["n03", "cow"]})),
        ("a.json", json.dumps({"label_descriptions": {"n01": "dog", "n02": "cat"}})),
        ("a.csv", "wnid,name\nn01,dog\nn02,cat\n"),
        ("a.yaml", "cat_to_name:\n  n01: dog\n  n02: cat\n"),
    ],
)
def test_readable_names_by_folder(name: str, text: str, tmp_path: Path) -> None:
    named = fit_table(read_table(put(tmp_path, name, text)), 2, ("n02", "n01"))
    assert (named.names, named.folders) == (("cat", "dog"), ("n02", "n01"))


def test_a_folder_without_a_readable_name_keeps_its_own_and_that_is_said() -> None:
    named = readable_names(("n01", "n02", "n03"), {"n01": "cat", "n03": "cow"})
    assert named is not None
    assert named.names == ("cat", "n02", "cow")
    assert "1 of 3 classes have no readable name, such as 'n02'" in named.note
    assert readable_names(("n01", "n02", "n03"), {"n01": "cat"}) is None


# Counts.


@pytest.mark.parametrize(
    ("labels", "classes", "words"),
    [
        (("background", "cat", "dog"), 2, "'background' is a class that this model does not have"),
        (("cat", "dog"), 3, "unused class as its first"),
        (tuple(map(str, range(1000))), 10, "look like ImageNet's names"),
        (("cat", "Katze", "dog", "Hund", "cow", "Kuh"), 3, "two lines for each class"),
        (("yes",), 2, "two classes apart: name both"),
    ],
)
def test_a_count_that_does_not_fit_names_the_nearest_cause(labels: tuple[str, ...], classes: int, words: str) -> None:
    with pytest.raises(LabelsError, match=f"{len(labels):,} name") as caught:
        fit_labels(labels, classes)
    assert words in caught.value.remedy


def test_a_heading_is_taken_off_where_the_count_shows_it(tmp_path: Path) -> None:
    named = fit_table(read_table(put(tmp_path, "a.txt", "class\ncat\ndog\n")), 2)
    assert named.names == ("cat", "dog")
    assert "heading" in named.note
