from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.catalogue import PretrainedEntry
from core.errors import DownloadError
from core.hub import checkpoints_folder, pretrained_path
from core.preprocessing import Preprocessing
from tests.core.web import File, Site, content, fetch_threads_end, serve

BODY = random.Random(9).randbytes(500_000)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with serve() as site:
        site.pages["/models/resnet18-f37072fd.pth"] = File(BODY)
        yield site
        assert fetch_threads_end()


def entry(site: Site, size: int = len(BODY)) -> PretrainedEntry:
    return PretrainedEntry(
        id="resnet18/IMAGENET1K_V1",
        architecture="resnet18",
        url=f"{site.url}/models/resnet18-f37072fd.pth",
        sha256_prefix=hashlib.sha256(BODY).hexdigest()[:8],
        bytes=size,
        accuracy=69.758,
        preprocessing=Preprocessing(),
        num_classes=1000,
    )


def pretrained(site: Site, size: int = len(BODY)) -> tuple[Path, list[tuple[int, int]]]:
    reports: list[tuple[int, int]] = []
    path = pretrained_path(entry(site, size), lambda done, total: reports.append((done, total)), lambda: None)
    return path, reports


def test_weights_are_downloaded_once(site: Site, tmp_path: Path) -> None:
    path, reports = pretrained(site)
    assert path == tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    assert path.read_bytes() == BODY
    assert reports[-1] == (len(BODY), len(BODY))
    assert pretrained(site) == (path, [])
    assert len(site.asked) == 1


def test_a_file_that_torch_left_is_taken(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "resnet18-f37072fd.pth").write_bytes(BODY)
    # The size in the table is rounded; even where it is far off, the hash speaks for the file.
    for size in (len(BODY), len(BODY) + 700, 1):
        assert pretrained(site, size)[0].read_bytes() == BODY
    assert site.asked == []


def test_a_torso_is_replaced(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "resnet18-f37072fd.pth").write_bytes(BODY[:100_000])
    assert pretrained(site)[0].read_bytes() == BODY


def test_the_wrong_file_is_said(site: Site) -> None:
    site.pages["/models/resnet18-f37072fd.pth"] = content(b"login page")
    with pytest.raises(DownloadError, match="not the published file") as caught:
        pretrained(site)
    assert "resnet18-f37072fd.pth" in caught.value.what


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"TORCH_HOME": "/somewhere/else"},
        {"TORCH_HOME": "~/of mine"},
        {"TORCH_HOME": "relative"},
        {"XDG_CACHE_HOME": "/var/cache/me"},
        {"XDG_CACHE_HOME": "~/.other"},
        {"XDG_CACHE_HOME": ""},
        {"XDG_CACHE_HOME": "/var/cache/me", "TORCH_HOME": "/somewhere/else"},
    ],
)
def test_the_folder_is_the_one_that_torch_uses(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import torch

    for name in ("TORCH_HOME", "XDG_CACHE_HOME", "TORCH_HUB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert checkpoints_folder() == Path(torch.hub.get_dir(), "checkpoints")


def test_finding_the_folder_leaves_torch_out() -> None:
    code = "import sys, core.hub; core.hub.checkpoints_folder(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ).returncode == 0
