# SPDX-License-Identifier: Apache-2.0
"""The demo copies a published tree that is in use: one moment of it, whole, and nothing that has no name yet."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kua.app.demo import copy_still
from kua.core.errors import Unavailable


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree/nation/cosigned").mkdir(parents=True)
    for name in ("nation/checkpoint", "nation/cosigned/checkpoint", "nation/vkey"):
        (tmp_path / "tree" / name).write_text("1")
    return tmp_path / "tree"


def meanwhile(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], None]) -> None:
    """Let something happen right after the files of each try were copied."""
    left, copy = list(steps), shutil.copytree

    def copying(*given: Any, **named: Any) -> Any:
        made = copy(*given, **named)
        if left:
            left.pop(0)()
        return made

    monkeypatch.setattr(shutil, "copytree", copying)


def gone() -> None:
    raise shutil.Error([("checkpoint.part", "checkpoint.part", "No such file")])


def test_a_file_that_goes_while_it_is_copied_makes_another_try(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "nation/checkpoint.part").write_text("half")
    meanwhile(monkeypatch, gone, lambda: (tree / "nation/checkpoint").write_text("2") and None)
    copy_still(tree, tmp_path / "copy")
    assert (tmp_path / "copy/nation/checkpoint").read_text() == "2", "a log that went on makes another try, too"
    assert not list((tmp_path / "copy").rglob("*.part"))


def test_a_log_that_never_stands_still_is_said_so_and_nothing_is_left(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(monkeypatch, *[gone] * 50)
    with pytest.raises(Unavailable, match=r"demo\.not_published"):
        copy_still(tree, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
