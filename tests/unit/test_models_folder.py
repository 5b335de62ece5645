# SPDX-License-Identifier: Apache-2.0
"""Models: only bytes with a pinned hash are ever installed or loaded, wherever they come from."""

from pathlib import Path

import httpx
import pytest

from kua.adapters import models
from kua.adapters.detectors.pair import open_detector
from kua.core.digest import sha256
from kua.core.errors import KuaError, Misused, Rejected, Unavailable

BYTES = b"a model for this test"


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> models.Model:
    """A table with one model whose bytes the test has."""
    model = models.Model("small", "face", sha256(BYTES).hex(), len(BYTES), "Apache-2.0", "this test")
    monkeypatch.setattr(models, "KNOWN", (model,))
    return model


def answering(status: int, body: bytes, headers: dict[str, str] | None = None) -> httpx.BaseTransport:
    return httpx.MockTransport(lambda _request: httpx.Response(status, content=body, headers=headers))


def test_a_known_file_is_installed_under_its_own_name(known: models.Model, tmp_path: Path) -> None:
    (tmp_path / "whatever.bin").write_bytes(BYTES)
    assert models.add(tmp_path / "whatever.bin", tmp_path / "models") == known
    assert models.installed(tmp_path / "models") == {"small": BYTES}


def test_a_file_with_another_hash_is_neither_installed_nor_loaded(known: models.Model, tmp_path: Path) -> None:
    (tmp_path / "small.onnx").write_bytes(BYTES + b"!")
    for act in (lambda: models.add(tmp_path / "small.onnx", tmp_path / "models"), lambda: models.installed(tmp_path)):
        with pytest.raises(Rejected, match=r"model\.hash"):
            act()
    assert not (tmp_path / "models").exists()


def test_a_forged_model_in_the_folder_stops_the_detector(tmp_path: Path) -> None:
    (tmp_path / "yunet_s_dynamic.onnx").write_bytes(b"forged")
    with pytest.raises(Rejected, match=r"model\.hash"):
        open_detector(tmp_path)


def test_without_models_there_is_no_detector(tmp_path: Path) -> None:
    assert open_detector(tmp_path) is None


def test_a_model_is_fetched_and_checked(known: models.Model, tmp_path: Path) -> None:
    models.fetch("small", "https://models.example/x", tmp_path, transport=answering(200, BYTES))
    assert models.installed(tmp_path) == {"small": BYTES}


@pytest.mark.parametrize(
    ("name", "url", "status", "body", "error", "code"),
    [
        ("other", "https://models.example/x", 200, BYTES, Misused, "model.unknown"),
        ("small", "http://models.example/x", 200, BYTES, Misused, "model.url"),
        ("small", "https://models.example/x", 404, b"", Unavailable, "model.unreachable"),
        ("small", "https://models.example/x", 200, b"forged", Rejected, "model.hash"),
        ("small", "https://models.example/x", 200, bytes(70_000_000), Rejected, "model.too_large"),
    ],
)
def test_what_cannot_be_fetched_is_told_by_its_code(
    known: models.Model, tmp_path: Path, name: str, url: str, status: int, body: bytes, error: type[KuaError], code: str
) -> None:
    with pytest.raises(error) as caught:
        models.fetch(name, url, tmp_path, transport=answering(status, body))
    assert caught.value.code == code
    assert models.installed(tmp_path) == {}


def test_a_redirection_away_from_https_is_not_followed_to_a_model(known: models.Model, tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "https":
            return httpx.Response(302, headers={"location": "http://models.example/x"})
        return httpx.Response(200, content=BYTES)

    with pytest.raises(Misused, match=r"model\.url"):
        models.fetch("small", "https://models.example/x", tmp_path, transport=httpx.MockTransport(answer))


def test_a_file_that_is_not_there_is_told(known: models.Model, tmp_path: Path) -> None:
    with pytest.raises(Misused, match=r"model\.missing"):
        models.add(tmp_path / "nothing", tmp_path)
