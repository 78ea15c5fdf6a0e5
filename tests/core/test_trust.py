"""A person's word: for one content of one file, kept, revocable, and given by nobody else."""

from __future__ import annotations

import json
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import TrustError, WhatsitError
from core.questions import TrustRequest
from core.trust import GivenFor, TrustStore, default_path, demand

REQUEST = TrustRequest("/models/net.pt", "torchscript", "a" * 64, ("A program.", "It writes files."))
OTHER = replace(REQUEST, sha256="b" * 64, file="/models/other.pt")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings" / "trust.json"


def test_a_word_is_kept_and_can_be_taken_back(path: Path) -> None:
    store = TrustStore(path)
    assert not store.trusted(REQUEST)
    assert store.entries() == ()
    store.trust(REQUEST)
    store.trust(OTHER)
    store.trust(REQUEST)
    for each in (store, TrustStore(path)):
        assert each.trusted(REQUEST)
        assert {(entry.sha256, entry.kind, entry.name) for entry in each.entries()} == {
            ("a" * 64, "torchscript", "net.pt"),
            ("b" * 64, "torchscript", "other.pt"),
        }
    TrustStore(path).revoke(REQUEST.sha256)
    assert not TrustStore(path).trusted(REQUEST)
    store.revoke(REQUEST.sha256)
    assert not store.trusted(REQUEST)
    assert store.trusted(OTHER)


def test_a_word_is_for_one_content_of_one_kind(path: Path) -> None:
    store = TrustStore(path)
    store.trust(REQUEST)
    assert store.trusted(replace(REQUEST, file="/elsewhere/renamed.pt"))
    assert not store.trusted(replace(REQUEST, sha256="a" * 63 + "b"))
    assert not store.trusted(replace(REQUEST, sha256=""))
    assert not store.trusted(replace(REQUEST, kind="python"))


NOT_REQUESTS = [
    replace(REQUEST, sha256=""),
    replace(REQUEST, sha256="*"),
    replace(REQUEST, sha256="A" * 64),
    replace(REQUEST, kind=""),
]


@pytest.mark.parametrize("request_", NOT_REQUESTS)
def test_there_is_no_word_for_everything(request_: TrustRequest, path: Path) -> None:
    store = TrustStore(path)
    with pytest.raises(ValueError, match="no kind or no sha256"):
        store.trust(request_)
    assert not store.trusted(request_)
    assert not path.exists()


ENTRY = {"sha256": "a" * 64, "kind": "torchscript", "name": "net.pt", "date": "2025-01-01"}
DAMAGED = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'{"version": 1}',
    b"[" * 100_000,
    b"\xff\xfe",
    json.dumps({"version": 2, "trusted": [ENTRY]}).encode(),
    json.dumps({"version": 1, "trusted": [ENTRY], "trust_all": True}).encode(),
    json.dumps({"version": 1, "trusted": "*"}).encode(),
    json.dumps({"version": 1, "trusted": [ENTRY, {**ENTRY, "sha256": "*"}]}).encode(),
    json.dumps({"version": 1, "trusted": [{**ENTRY, "kind": "*"}]}).encode(),
    json.dumps({"version": 1, "trusted": [{**ENTRY, "sha256": "a" * 64 + "\n"}]}).encode(),
    json.dumps({"version": 1, "trusted": [{**ENTRY, "name": None}]}).encode(),
    json.dumps({"version": 1, "trusted": [{**ENTRY, "more": "x"}]}).encode(),
    json.dumps({"version": 1, "trusted": [ENTRY]}).encode() + b" " * 5_000_000,
]


@pytest.mark.parametrize("data", DAMAGED)
def test_a_damaged_file_means_that_nothing_is_trusted_and_is_kept(data: bytes, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(data)
    store = TrustStore(path)
    assert not store.trusted(REQUEST)
    assert store.entries() == ()
    assert path.with_name("trust.json.damaged").read_bytes() == data
    store.trust(OTHER)
    assert TrustStore(path).trusted(OTHER)
    assert not TrustStore(path).trusted(REQUEST)


def test_what_is_written_is_what_the_tests_think(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(json.dumps({"version": 1, "trusted": [ENTRY]}))
    assert TrustStore(path).trusted(REQUEST)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_others_cannot_write_it(path: Path) -> None:
    TrustStore(path).trust(REQUEST)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["trust.json"]


def test_a_word_that_cannot_be_written_holds_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("a file, not a folder")
    store = TrustStore(tmp_path / "settings" / "trust.json")
    with pytest.raises(WhatsitError, match="cannot be written down"):
        store.trust(REQUEST)
    assert store.trusted(REQUEST)
    assert not store.trusted(OTHER)


def test_demanding_a_word(path: Path) -> None:
    store = TrustStore(path)
    for consents in ((), (store,), (store, GivenFor([])), (GivenFor(["/models/other.pt"]),)):
        with pytest.raises(TrustError) as caught:
            demand(REQUEST, *consents)
        assert caught.value.request == REQUEST
        assert caught.value.what == "net.pt can only be opened by running code in it."
        assert "a TorchScript program" in caught.value.why
        assert "--trust" in caught.value.remedy
        assert "It writes files." in caught.value.detail
    demand(REQUEST, GivenFor(["/models/net.pt"]))
    store.trust(REQUEST)
    demand(REQUEST, GivenFor([]), store)


def test_a_command_line_speaks_for_the_files_that_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = GivenFor(["net.pt"])
    assert given.trusted(replace(REQUEST, file=str(tmp_path / "net.pt")))
    assert given.trusted(replace(REQUEST, file="./net.pt"))
    assert not given.trusted(replace(REQUEST, file="../net.pt"))
    assert not given.trusted(replace(REQUEST, file=str(tmp_path / "sub" / "net.pt")))
    assert not GivenFor([tmp_path]).trusted(replace(REQUEST, file=str(tmp_path / "net.pt")))


def test_names_cannot_write_to_a_terminal(path: Path) -> None:
    request = replace(REQUEST, file="/m/net\x1b[2J.pt")
    with pytest.raises(TrustError) as caught:
        demand(request)
    assert "\x1b" not in str(caught.value)
    TrustStore(path).trust(request)
    assert "\x1b" not in TrustStore(path).entries()[0].name


def test_where_systems_keep_settings(tmp_path: Path) -> None:
    home = Path.home()
    folder = str(tmp_path)
    assert default_path({"XDG_CONFIG_HOME": folder}, "linux") == tmp_path / "whatsit" / "trust.json"
    assert default_path({}, "linux") == home / ".config" / "whatsit" / "trust.json"
    assert default_path({"XDG_CONFIG_HOME": "relative"}, "linux") == home / ".config" / "whatsit" / "trust.json"
    assert default_path({"APPDATA": folder}, "win32") == tmp_path / "Whatsit" / "trust.json"
    assert default_path({}, "win32") == home / "AppData" / "Roaming" / "Whatsit" / "trust.json"
    expected = home / "Library" / "Application Support" / "Whatsit" / "trust.json"
    assert default_path({}, "darwin") == expected
