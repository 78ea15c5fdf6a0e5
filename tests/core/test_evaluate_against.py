"""Two models on the same data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics

from core.measures import compare, compare_values
from core.measures.library import Floats
from tests.core.array_files import npz, put
from tests.core.networks import make, write
from tests.core.saying import Evaluate

sk, sp = cast(Any, metrics), cast(Any, stats)
RANDOM = np.random.default_rng(2)


def models(folder: Path, name: str) -> tuple[tuple[str, ...], NDArray[np.float32], list[NDArray[np.float64]]]:
    """Options for two networks of one kind, rows for them, and what each answers."""
    weights, first = write(folder, name)
    second = make(name)
    with torch.no_grad():
        for parameter in second.parameters():
            parameter.copy_(parameter.flip(0))
    torch.save(second.state_dict(), folder / "second.pth")
    rows = RANDOM.normal(size=(60, 10)).astype(np.float32)
    with torch.inference_mode():
        found = [net(torch.as_tensor(rows)).double().numpy() for net in (first, second)]
    options = ("--weights", str(weights), "--against", str(folder / "second.pth"))
    return (*options, "--architecture-file", str(folder / "nets.py"), "--trust"), rows, found


def test_two_classifiers(evaluate: Evaluate, tmp_path: Path) -> None:
    options, rows, logits = models(tmp_path, "SimpleModel")
    truth = RANDOM.integers(0, 2, 60)
    data = npz(tmp_path, X=rows, y=truth)
    said = evaluate(data, *options, "--format", "json")
    assert said.status == 0, said.err
    found, right = said.record["comparison"], [each.argmax(1) == truth for each in logits]
    only = [np.flatnonzero(right[0] & ~right[1]), np.flatnonzero(right[1] & ~right[0])]
    for place, name in enumerate(("only_first", "only_second")):
        assert [int(each.rpartition("#")[2]) - 1 for each in found[name]] == only[place].tolist()
    assert len(only[0]) + len(only[1]) > 3
    change = found["changes"]["accuracy"]
    assert (change["first"], change["second"]) == (pytest.approx(right[0].mean()), pytest.approx(right[1].mean()))
    # McNemar's exact test is the sign test of the images on which they differ.
    assert change["p"] == pytest.approx(sp.binomtest(len(only[1]), len(only[0]) + len(only[1])).pvalue)
    shares = [torch.softmax(torch.as_tensor(each), 1).numpy() for each in logits]
    own = [-np.log(each[np.arange(60), truth]) for each in shares]
    change = found["changes"]["log_loss"]
    assert change["difference"] == pytest.approx(own[1].mean() - own[0].mean(), abs=1e-5)
    assert change["p"] == pytest.approx(sp.ttest_rel(own[1], own[0]).pvalue, abs=1e-4)
    change = found["changes"]["f1_macro"]
    assert change["first"] == pytest.approx(sk.f1_score(truth, logits[0].argmax(1), average="macro", zero_division=0))
    assert found["both"] + found["neither"] + len(only[0]) + len(only[1]) == found["count"] == 60
    alone = evaluate(data, "--weights", tmp_path / "second.pth", *options[4:], "--format", "json").record
    assert found["against"]["metrics"] == alone["metrics"]
    told = evaluate(data, *options, "--report", tmp_path / "r.html").out
    assert f"only A right: {len(only[0])}; only B: {len(only[1])};" in told
    assert found["verdict"] in told
    assert found["verdict"].partition(".")[0] in (tmp_path / "r.html").read_text("utf-8")


def test_two_regressions(evaluate: Evaluate, tmp_path: Path) -> None:
    options, rows, values = models(tmp_path, "ModelWithCustomLayer")
    truth = values[0][:, 0] + RANDOM.normal(size=60)
    text = "\n".join(",".join(map(repr, map(float, [*row, value]))) for row, value in zip(rows, truth, strict=True))
    data = put(tmp_path, "d.csv", ",".join("abcdefghij") + ",target\n" + text)
    said = evaluate(data, *options, "--activation", "regression", "--format", "json")
    # The second model's outputs are recognised by itself: one number for a row is a value.
    assert said.status == 0, said.err
    errors = [np.abs(each[:, 0] - truth) for each in values]
    change = said.record["comparison"]["changes"]["mae"]
    assert change["difference"] == pytest.approx(errors[1].mean() - errors[0].mean(), abs=1e-5)
    assert len(said.record["comparison"]["only_first"]) == int((errors[0] < errors[1]).sum())


def test_a_model_against_itself(evaluate: Evaluate, tmp_path: Path) -> None:
    options, rows, _ = models(tmp_path, "SimpleModel")
    data = npz(tmp_path, X=rows, y=RANDOM.integers(0, 2, 60))
    said = evaluate(data, *options[:2], "--against", tmp_path / "weights.pth", *options[4:], "--format", "json")
    changes = said.record["comparison"]["changes"]
    assert {name: (one["difference"], one["p"]) for name, one in changes.items()} == dict.fromkeys(changes, (0.0, 1.0))


def test_the_order_of_classes_may_differ() -> None:
    truth = RANDOM.integers(0, 3, 200)
    predicted = np.where(RANDOM.random(200) < 0.7, truth, RANDOM.integers(0, 3, 200))
    turned = np.array([2, 0, 1])
    right = predicted == truth
    found = compare(right, right, None, ((truth, predicted), (turned[truth], turned[predicted])))
    assert all(change.first == pytest.approx(change.second) and change.p == 1 for change in found.changes)


def test_a_true_difference_is_found() -> None:
    truth = RANDOM.integers(0, 4, 600)
    better, worse = (np.where(RANDOM.random(600) < share, truth, RANDOM.integers(0, 4, 600)) for share in (0.9, 0.6))
    found = compare(worse == truth, better == truth, None, ((truth, worse), (truth, better)))
    for change in found.changes:
        assert change.second > change.first
        assert change.interval[0] > 0
        assert change.p < 0.01
    whole: Floats = truth.astype(np.float64)
    values = compare_values(whole, whole + 1, whole + 0.5)
    assert [change.p for change in values.changes] == [0.0, 0.0]
    assert len(values.only_second) == 600
