from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from core import VERSION

ROOT = Path(__file__).parents[2]


def wheel_places() -> dict[str, str]:
    """What the wheel holds: path in the checkout -> path in site-packages."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]


@pytest.fixture(scope="module")
def site_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as the wheel lays out site-packages."""
    folder = tmp_path_factory.mktemp("site-packages")
    for source, target in wheel_places().items():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, folder / target)
    return folder


def run(site_packages: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a line in a fresh process that has only this copy of Whatsit."""
    prepare = f"import sys; sys.path.append({str(site_packages)!r}); "
    return subprocess.run(
        [sys.executable, "-c", prepare + code, *arguments],
        cwd=site_packages.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_everything_lies_in_one_private_package(site_packages: Path) -> None:
    assert [path.name for path in site_packages.iterdir()] == ["_whatsit"]
    assert {target.split("/")[0] for target in wheel_places().values()} == {"_whatsit"}


def test_the_entry_point_runs_main(site_packages: Path) -> None:
    done = run(site_packages, "import _whatsit; sys.exit(_whatsit.main())", "--version")
    assert (done.stdout, done.stderr, done.returncode) == (f"whatsit {VERSION}\n", "", 0)


def test_the_entry_point_hands_on_the_exit_status(site_packages: Path) -> None:
    done = run(site_packages, "import _whatsit; sys.exit(_whatsit.main())", "classify", "--top-k", "nonsense", "a.jpg")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "nonsense" in done.stderr


def test_somebody_elses_core_is_not_taken_for_ours(site_packages: Path, tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise SystemExit('the wrong core')")
    code = f"sys.path.insert(0, {str(tmp_path)!r}); import _whatsit; sys.exit(_whatsit.main())"
    assert run(site_packages, code, "--version").stdout == f"whatsit {VERSION}\n"


def test_importing_the_package_changes_nothing(site_packages: Path) -> None:
    done = run(
        site_packages, "before = list(sys.path); import _whatsit; print(sys.path == before, 'core' in sys.modules)"
    )
    assert done.stdout == "True False\n"
