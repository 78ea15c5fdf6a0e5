"""The scripts that are written are run where Whatsit is not, and give the same scores."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image

from core.commands.base import Session
from core.descriptions import ClassifierInfo
from core.images import ImageSource
from core.predictions import ImageResult
from core.scripting import write_script
from tests.core.pictures import encoded, exif, quarters, scene, turned
from tests.core.scripting.cases import CASES, ODD

TOLERANCE = 1e-5
NOTED = ("built in", "changed head", "SimpleCNN", "trains when imported", "pickled whole, of one's own", "values")
"""Cases whose notebooks are run: their code is that of the scripts, but for paths and the last lines."""
RUN = """
import importlib.util, json, sys, warnings

warnings.simplefilter("ignore")
found = {}
for number, (name, path, images) in enumerate(json.load(open(sys.argv[1], encoding="utf-8"))):
    if path.endswith(".ipynb"):
        cells = json.load(open(path, encoding="utf-8"))["cells"]
        code = "\\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        place = {"__name__": "__main__"}
        exec(code, place)
        network, classify = place["network"], place["classify"]
    else:
        spec = importlib.util.spec_from_file_location(f"script{number}", path)
        script = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = script
        spec.loader.exec_module(script)
        network, classify = script.load_network(), script.classify
    found[name] = [classify(network, image).tolist() for image in images]
json.dump(found, open(sys.argv[2], "w"))
"""


def run(folder: Path, jobs: list[tuple[str, str, list[str]]]) -> dict[str, list[list[float]]]:
    """Scores of scripts and notebooks, each for some images, in one interpreter that cannot see this project."""
    folder.mkdir()
    (folder / "run.py").write_text(RUN, encoding="utf-8")
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "run.py", "jobs.json", "found.json"],
        cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, encoding="utf-8", timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "found.json").read_text(encoding="utf-8"))


def pictures(folder: Path) -> list[str]:
    """A photo that lies on its side, and pictures that are not 8-bit RGB."""
    folder.mkdir()
    photo = scene(150, 110)
    (folder / "lying 'photo'.jpg").write_bytes(encoded(turned(quarters(130, 90), 6), "JPEG", exif=exif(6)))
    clear = photo.copy()
    clear.putalpha(Image.linear_gradient("L").resize(photo.size))
    clear.save(folder / "clear.png")
    photo.convert("L").save(folder / "grey.png")
    values = np.linspace(0, 65535, 90 * 120).reshape(90, 120) * (1 + np.sin(np.arange(120) / 7)) / 2
    Image.fromarray(values.astype(np.uint16)).save(folder / "sixteen.png")
    return [str(path) for path in sorted(folder.iterdir())]


@dataclass
class Ran:
    """What came of each case.

    Attributes:
        infos: the classifiers.
        scripts, notebooks: as text.
        ours, theirs: scores of each picture, by Whatsit and by the script.
        noted: the same by the notebook, for the first picture.
    """

    infos: dict[str, ClassifierInfo]
    scripts: dict[str, str]
    notebooks: dict[str, str]
    ours: dict[str, list[list[float]]]
    theirs: dict[str, list[list[float]]]
    noted: dict[str, list[list[float]]]
    says: dict[str, tuple[str, ...]]


def scores(session: Session, images: list[str]) -> list[list[float]]:
    sources = tuple(ImageSource(image, Path(image)) for image in images)
    results = session.follow(session.workbench.classify(sources))
    return [list(result.prediction.values or result.prediction.probabilities) for result in results
            if isinstance(result, ImageResult) and result.prediction is not None]  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("scripts")
    images = pictures(folder / "pictures")
    cases = {name: make(folder) for name, make in CASES.items()}
    made = Ran({}, {}, {}, {}, {}, {}, {name: case.says for name, case in cases.items()})
    given = [str(file) for file in folder.rglob("*.p*")]
    jobs: list[tuple[str, str, list[str]]] = []
    noted: list[tuple[str, str, list[str]]] = []
    with Session(given) as session:
        for number, (name, case) in enumerate(cases.items()):
            info = cast(ClassifierInfo, session.wait(session.workbench.open(case.spec, "cpu")))
            made.infos[name] = info
            made.ours[name] = scores(session, images)
            made.scripts[name] = write_script(info, images[0])
            made.notebooks[name] = write_script(info, images[0], "ipynb")
            script, notebook = folder / f"script{number}.py", folder / f"notebook{number}.ipynb"
            script.write_text(made.scripts[name], encoding="utf-8")
            notebook.write_text(made.notebooks[name], encoding="utf-8")
            jobs.append((name, str(script), images))
            if name in NOTED:
                noted.append((name, str(notebook), images[:1]))
    made.theirs = run(folder / "elsewhere", jobs)
    made.noted = run(folder / "hosted", noted)
    return made


@pytest.mark.parametrize("name", CASES)
def test_the_script_gives_the_same_scores(name: str, ran: Ran) -> None:
    ours, theirs = np.array(ran.ours[name]), np.array(ran.theirs[name])
    assert ours.shape == theirs.shape == (4, len(ran.infos[name].labels))
    assert np.abs(ours - theirs).max() <= TOLERANCE
    # What would show if an image were prepared otherwise: the pictures' own answers are far apart.
    assert np.abs(ours - ours[0]).max() > 100 * TOLERANCE


@pytest.mark.parametrize("name", NOTED)
def test_the_notebook_gives_the_same_scores(name: str, ran: Ran) -> None:
    assert np.abs(np.array(ran.ours[name][0]) - np.array(ran.noted[name][0])).max() <= TOLERANCE


@pytest.mark.parametrize("name", CASES)
def test_the_script_says_how(name: str, ran: Ran) -> None:
    for part in ran.says[name]:
        assert part in ran.scripts[name]


def test_scripts_are_short(ran: Ran) -> None:
    assert max(len(script.splitlines()) for script in ran.scripts.values()) < 130
    paths = ("WEIGHTS = ", "IMAGE = ", "NETWORK_FILE = ")
    lines = {line for script in ran.scripts.values() for line in script.splitlines() if not line.startswith(paths)}
    assert {line for line in lines if len(line) > 120} == set()


@pytest.mark.parametrize("name", CASES)
def test_notebooks_have_the_form_that_notebooks_have(name: str, ran: Ran) -> None:
    """What nbformat's own schema for version 4.5 asks for (nbformat/v4/nbformat.v4.5.schema.json)."""
    document = json.loads(ran.notebooks[name])
    assert set(document) == {"metadata", "nbformat", "nbformat_minor", "cells"}
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
    assert {"name", "display_name"} <= set(document["metadata"]["kernelspec"])
    ids = [cell["id"] for cell in document["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in document["cells"]:
        code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set[str]()
        assert cell["cell_type"] in ("code", "markdown")
        assert set(cell) == {"id", "cell_type", "metadata", "source"} | code
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"])
        assert all(isinstance(line, str) for line in cell["source"])
        if code:
            assert (cell["execution_count"], cell["outputs"]) == (None, [])
            ast.parse("".join(cell["source"]))


def test_a_notebook_finds_what_was_uploaded_beside_it(ran: Ran, tmp_path: Path) -> None:
    """The weights and the picture are elsewhere than where they were, such as on a hosted machine."""
    info = ran.infos["changed head"]
    text = ran.notebooks["changed head"].replace(ODD.replace("\\", "\\\\\\\\"), "gone")
    image = re.search(r'IMAGE = \\"(.*?)\\"', text)
    assert image is not None
    text = text.replace(image[1], f"/nowhere/{Path(image[1]).name}")
    hosted = tmp_path / "hosted"
    hosted.mkdir()
    shutil.copy(info.checkpoint.file, hosted)
    shutil.copy(image[1], hosted)
    (hosted / "classify.ipynb").write_text(text, encoding="utf-8")
    cells = [cell["source"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    (hosted / "cells.py").write_text("\n".join("".join(source) for source in cells), encoding="utf-8")
    said = program(hosted / "cells.py", cwd=hosted)
    assert "it's" in said


def test_a_script_prints_the_best_classes(ran: Ran, tmp_path: Path) -> None:
    script = tmp_path / "classify.py"
    script.write_text(ran.scripts["built in"], encoding="utf-8")
    first, *lines = program(script, cwd=tmp_path).splitlines()
    assert first.endswith(".png")
    labels, scores = ran.infos["built in"].labels, ran.ours["built in"][0]
    best = sorted(range(len(labels)), key=lambda index: -scores[index])[:5]
    assert [line.split("%")[1].strip() for line in lines] == [labels[index] for index in best]
    assert [float(line.split("%")[0]) for line in lines] == [round(100 * scores[index], 2) for index in best]


def program(path: Path, cwd: Path) -> str:
    """What a program prints, run as people run it, but where this project cannot be found."""
    done = subprocess.run(
        [sys.executable, "-I", str(path)],
        cwd=cwd, env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
