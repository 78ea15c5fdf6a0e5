"""``evaluate`` on values, on several labels, on two classes of one logit, and on rows of numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn import metrics
from torch import nn

from tests.core.array_files import npz, put
from tests.core.networks import write
from tests.core.saying import Evaluate

sk = cast(Any, metrics)
RANDOM = np.random.default_rng(11)
X = RANDOM.normal(size=(40, 10)).astype(np.float32)
SIDE = 16
AS_THEY_ARE = ("--resize", "none", "--crop", "none", "--mean", "0,0,0", "--std", "1,1,1")


def answers(network: nn.Module, values: NDArray[np.float32]) -> NDArray[np.float64]:
    with torch.inference_mode():
        return network(torch.from_numpy(values)).numpy().astype(np.float64)  # pyright: ignore[reportUnknownMemberType]


def pictures(folder: Path, count: int = 12) -> NDArray[np.float32]:
    """Pictures ``0.png`` and on, and the same as a network's input."""
    pixels = RANDOM.integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
    for number, each in enumerate(pixels):
        Image.fromarray(each).save(folder / f"{number}.png")
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)


def table(folder: Path, column: str, cells: list[object]) -> Path:
    return put(folder, "d.csv", f"image,{column}\n" + "".join(f"{n}.png,{cell}\n" for n, cell in enumerate(cells)))


def of(folder: Path, weights: Path, *more: str) -> tuple[str, ...]:
    return ("--weights", str(weights), "--architecture-file", str(folder / "nets.py"), "--trust", *more)


def check_values(metrics: dict[str, Any], truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> None:
    assert metrics["mse"] == pytest.approx(sk.mean_squared_error(truth, predicted), abs=1e-6)
    assert metrics["rmse"] == pytest.approx(sk.root_mean_squared_error(truth, predicted), abs=1e-6)
    assert metrics["mae"] == pytest.approx(sk.mean_absolute_error(truth, predicted), abs=1e-6)
    assert metrics["r2"] == pytest.approx(sk.r2_score(truth, predicted), abs=1e-6)


def test_values_of_pictures(evaluate: Evaluate, tmp_path: Path) -> None:
    weights, network = write(tmp_path, "OneNumber")
    predicted = answers(network, pictures(tmp_path))[:, 0]
    truth = np.round(predicted + RANDOM.normal(size=12), 3)
    said = evaluate(
        table(tmp_path, "age", truth.tolist()),
        *of(tmp_path, weights, "--activation", "regression", *AS_THEY_ARE, "--format", "json"),
    )
    assert said.status == 0
    assert set(said.record["metrics"]) == {"mse", "rmse", "mae", "r2"}
    check_values(said.record["metrics"], truth, predicted)
    assert said.record["confusion"] == []


def test_two_classes_of_one_logit(evaluate: Evaluate, tmp_path: Path) -> None:
    weights, network = write(tmp_path, "OneNumber")
    logits = answers(network, pictures(tmp_path))[:, 0]
    truth = [n % 2 for n in range(12)]
    put(tmp_path, "names.txt", "no\nyes\n")
    said = evaluate(
        table(tmp_path, "label", [("no", "yes")[each] for each in truth]),
        *of(tmp_path, weights, "--activation", "binary", "--labels", str(tmp_path / "names.txt"), *AS_THEY_ARE),
        *("--format", "json"),
    )
    assert said.status == 0
    second = 1 / (1 + np.exp(-logits))
    found = said.record["metrics"]
    assert found["roc_auc_macro_ovr"] == pytest.approx(sk.roc_auc_score(truth, second), abs=1e-6)
    assert found["log_loss"] == pytest.approx(sk.log_loss(truth, second), abs=1e-5)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, second > 0.5))
    assert found["top_5_accuracy"] is None


@pytest.mark.parametrize("form", ["joined", "columns", "rows"])
def test_several_labels(evaluate: Evaluate, tmp_path: Path, form: str) -> None:
    weights, network = write(tmp_path, "EndsInSoftmax")
    images = pictures(tmp_path)
    # Its own softmax is taken for logits here: any numbers will do.
    scores = 1 / (1 + np.exp(-answers(network, images)))
    truth = RANDOM.integers(0, 2, (12, 3)).astype(bool)
    truth[:, 0] |= ~truth.any(axis=1)
    names = ("a", "b", "c", "d")
    put(tmp_path, "names.txt", "\n".join(names))
    sets = [[name for name, there in zip(names, row, strict=False) if there] for row in truth]
    if form == "joined":
        # The last picture also has a label that the model does not know.
        sets[-1].append("unknown")
        data = table(tmp_path, "labels", ["|".join(each) + "|" for each in sets])
    elif form == "columns":
        rows = "".join(f"{n}.png,{','.join(str(int(each)) for each in row)}\n" for n, row in enumerate(truth))
        data = put(tmp_path, "d.csv", f"image,a,b,c\n{rows}")
    else:
        data = put(
            tmp_path,
            "d.csv",
            "image,label\n" + "".join(f"{n}.png,{each}\n" for n, row in enumerate(sets) for each in row),
        )
    said = evaluate(
        data,
        *of(tmp_path, weights, "--activation", "sigmoid", "--labels", str(tmp_path / "names.txt"), *AS_THEY_ARE),
        *("--format", "json"),
    )
    assert said.status == 0, said.err
    assert said.record["count"] == 12
    whole = np.concatenate([truth, np.zeros((12, 1), bool)], axis=1)
    given, occurs = scores >= 0.5, [0, 1, 2]
    found = said.record["metrics"]
    assert found["exact_match"] == pytest.approx(sk.accuracy_score(whole, given))
    assert found["hamming_loss"] == pytest.approx(sk.hamming_loss(whole, given))
    for average in ("macro", "micro", "weighted"):
        expected = sk.f1_score(whole, given, labels=occurs, average=average, zero_division=0)
        assert found[f"f1_{average}"] == pytest.approx(expected)
    areas = [sk.roc_auc_score(whole[:, c], scores[:, c]) for c in occurs if not whole[:, c].all()]
    assert found["roc_auc_macro_ovr"] == pytest.approx(np.mean(areas), abs=1e-6)
    assert ("'unknown' (1 image) is none of the model's classes" in said.err) == (form == "joined")


def test_data_and_model_of_different_kinds(evaluate: Evaluate, tmp_path: Path) -> None:
    weights, _ = write(tmp_path, "OneNumber")
    pictures(tmp_path)
    ages = table(tmp_path, "age", [n + 0.5 for n in range(12)])
    said = evaluate(ages)
    assert (said.status, said.out) == (2, "")
    assert "The data holds values (0.5" in said.err
    folder = tmp_path / "d" / "cat"
    folder.mkdir(parents=True)
    Image.new("RGB", (SIDE, SIDE)).save(folder / "a.png")
    said = evaluate(folder.parent, *of(tmp_path, weights, "--activation", "regression"))
    assert (said.status, said.out) == (2, "")
    assert "gives values, and the data has classes" in said.err
    several, _ = write(tmp_path / "four", "EndsInSoftmax")
    said = evaluate(ages, *of(tmp_path / "four", several, "--activation", "regression"))
    assert (said.status, said.out) == (2, "")
    assert "gives 4 values for an image" in said.err


def test_rows_are_no_pictures(evaluate: Evaluate, tmp_path: Path) -> None:
    said = evaluate(npz(tmp_path, X=X, y=RANDOM.integers(0, 2, 40)))
    assert (said.status, said.out) == (2, "")
    assert "takes pictures, and the data has rows of numbers" in said.err
    weights, _ = write(tmp_path, "SimpleModel")
    (tmp_path / "d" / "0").mkdir(parents=True)
    Image.new("RGB", (SIDE, SIDE)).save(tmp_path / "d" / "0" / "a.png")
    said = evaluate(tmp_path / "d", *of(tmp_path, weights))
    assert (said.status, said.out) == (2, "")
    assert "takes rows of 10 numbers, and the data has pictures" in said.err


@pytest.mark.parametrize("form", ["npz", "one-hot", "text", "csv", "csv with numbers"])
def test_classes_of_rows(evaluate: Evaluate, tmp_path: Path, form: str) -> None:
    weights, network = write(tmp_path, "SimpleModel")
    scores = torch.softmax(torch.from_numpy(answers(network, X)), 1).numpy()  # pyright: ignore[reportUnknownMemberType]
    truth = RANDOM.integers(0, 2, 40)
    names = np.array(["no", "yes"])
    put(tmp_path, "names.txt", "no\nyes")
    if form == "npz":
        data = npz(tmp_path, X=X, y=truth)
    elif form == "one-hot":
        data = npz(tmp_path, X_test=X, y_test=np.eye(2)[truth], X_train=X[:3], y_train=truth[:3])
    elif form == "text":
        data = npz(tmp_path, data=X, target=names[truth])
    else:
        last = names[truth].tolist() if form == "csv" else truth.tolist()
        head = ",".join([f"f{n}" for n in range(10)]) + ",outcome\n"
        rows = (",".join([*map(repr, map(float, row)), str(cell)]) for row, cell in zip(X, last, strict=True))
        data = put(tmp_path, "d.csv", head + "\n".join(rows))
    target = ("--target", "outcome") if form == "csv with numbers" else ()
    said = evaluate(data, *of(tmp_path, weights, "--labels", str(tmp_path / "names.txt"), *target, "--format", "json"))
    assert said.status == 0, said.err
    assert said.record["count"] == 40
    assert said.record["metrics"]["accuracy"] == pytest.approx(sk.accuracy_score(truth, scores.argmax(1)))
    assert said.record["metrics"]["log_loss"] == pytest.approx(sk.log_loss(truth, scores), abs=1e-5)


@pytest.mark.parametrize("form", ["npz", "csv"])
def test_values_of_rows(evaluate: Evaluate, tmp_path: Path, form: str) -> None:
    weights, network = write(tmp_path, "ModelWithCustomLayer")
    predicted = answers(network, X)[:, 0]
    truth = np.round(predicted + RANDOM.normal(size=40), 0)
    if form == "npz":
        data = npz(tmp_path, X=X, y=truth[:, None])
    else:
        rows = (",".join(map(repr, map(float, [*row, value]))) for row, value in zip(X, truth, strict=True))
        data = put(tmp_path, "d.csv", ",".join("abcdefghij") + ",target\n" + "\n".join(rows))
    said = evaluate(data, *of(tmp_path, weights, "--activation", "regression", "--format", "json"))
    assert said.status == 0, said.err
    check_values(said.record["metrics"], truth, predicted)


def test_pictures_as_rows(evaluate: Evaluate, tmp_path: Path) -> None:
    weights, network = write(tmp_path, "SimpleMLP", 784, 128, 10)
    rows = RANDOM.random((15, 784)).astype(np.float32)
    truth = answers(network, rows).argmax(1)
    truth[0] = (truth[0] + 1) % 10
    said = evaluate(npz(tmp_path, x=rows, y=truth), *of(tmp_path, weights, "--format", "json"))
    assert said.status == 0, said.err
    assert said.record["metrics"]["accuracy"] == pytest.approx(14 / 15)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"X": X[:, :9], "y": np.zeros(40)}, "has 9 numbers, and the network takes 10"),
        ({"X": X, "y": np.zeros(39)}, "40 rows"),
        ({"X": X}, "nothing tells which are the labels"),
        ({"X": X, "y": np.full(40, np.nan)}, "no numbers"),
        ({"X": X, "y": np.full((40, 3), 7)}, "not 0 or 1"),
        ({"X": X, "y": X[:, 0]}, "gives classes, and the data has values"),
        ({"X": X, "y": np.full(40, 5)}, "only numbers"),
    ],
)
def test_arrays_that_do_not_fit(evaluate: Evaluate, tmp_path: Path, arrays: dict[str, Any], told: str) -> None:
    weights, _ = write(tmp_path, "SimpleModel")
    said = evaluate(npz(tmp_path, **arrays), *of(tmp_path, weights))
    assert (said.status, said.out) == (2, "")
    assert told in said.err


def test_a_row_with_a_gap_fails_alone(evaluate: Evaluate, tmp_path: Path) -> None:
    weights, _ = write(tmp_path, "SimpleModel")
    gap = X.copy()
    gap[3, 4] = np.nan
    said = evaluate(npz(tmp_path, X=gap, y=np.arange(40) % 2), *of(tmp_path, weights, "--format", "json"))
    assert said.status == 1
    assert [each["image"].rpartition(" ")[2] for each in said.record["skipped"]] == ["#4"]


def test_answers_that_are_no_numbers(evaluate: Evaluate, tmp_path: Path) -> None:
    weights, network = write(tmp_path, "SimpleModel")
    huge = X.copy()
    # In the direction of the first unit's weights the sum has no place in a float any more.
    huge[7] = 3e38 * np.sign(network.state_dict()["first.weight"][0].numpy())
    said = evaluate(npz(tmp_path, X=huge, y=np.arange(40) % 2), *of(tmp_path, weights, "--format", "json"))
    assert said.status == 1
    assert said.record["count"] == 39
    assert "NaN" in said.record["skipped"][0]["reason"]
