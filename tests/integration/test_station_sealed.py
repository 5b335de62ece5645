# SPDX-License-Identifier: Apache-2.0
"""A real agent whose election keeps a sealed film: stopped, killed and started again, it states every slice once, and a quorum opens what it sealed."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kua.adapters.tilelog import frames
from kua.app.checkup import fsck
from kua.app.opening import Signing, load_slice, open_slice, take_share
from kua.core.instant import Instant
from tests.rigs.trustees import trustees
from tests.rigs.worlds import World, make_box

STATION = "10-245"


def wait_for(claim: Callable[[], bool], seconds: float = 60) -> None:
    waiting = threading.Event()
    for _ in range(int(seconds / 0.2)):
        if claim():
            return
        waiting.wait(0.2)
    raise AssertionError(claim)


def leaves(box: Path) -> list[dict[str, Any]]:
    return [json.loads(entry) for _, entry in frames((box / "log/journal").read_bytes())]


class Running:
    """The agent of a box as a process of its own."""

    def __init__(self, box: Path) -> None:
        self.log = (box / "agent.txt").open("ab")
        command = [sys.executable, "-m", "kua.cli.main", "station", "run", "--box", str(box)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=os.environ | {"KUA_LANG": "en"}, start_new_session=True)

    def end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(40)
        self.log.close()


@pytest.fixture
def running() -> Iterator[list[Running]]:
    made: list[Running] = []
    yield made
    for each in made:
        if each.process.poll() is None:
            each.end(signal.SIGKILL)


@pytest.mark.timeout(180)
def test_every_slice_is_stated_once_whatever_happens_and_a_quorum_opens_it(tmp_path: Path, running: list[Running]) -> None:
    held = trustees(sides={"court": (1, 1), "parties": (2, 3)}, needed=2)
    world = World("sealed", {STATION: ("a",)}, (("voting", 0, 4_102_444_800_000),), sealed=held.section)
    box = tmp_path / "box"
    make_box(box, world, STATION, {"a": "painted:7?w=320&h=180&fps=5"})

    def pieces() -> int:
        return len(list((box / "sealed").glob("a/*/*.json"))) - len(list((box / "sealed").glob("a/*/slice.json"))) - len(list((box / "sealed").glob("a/*/leaf.json")))

    running.append(Running(box))
    wait_for(lambda: pieces() >= 2)
    running[-1].end(signal.SIGINT)
    stated = [leaf for leaf in leaves(box) if leaf["type"] == "slice"]
    assert sum(leaf["pieces"] for leaf in stated) == pieces()
    before = pieces()
    running.append(Running(box))
    wait_for(lambda: pieces() > before)
    running[-1].end(signal.SIGKILL)
    killed = [leaf for leaf in leaves(box) if leaf["type"] == "slice"]
    assert len(killed) == len(stated)
    before = pieces()
    running.append(Running(box))
    wait_for(lambda: len([leaf for leaf in leaves(box) if leaf["type"] == "slice"]) > len(killed))
    running[-1].end(signal.SIGINT)
    told = [leaf for leaf in leaves(box) if leaf["type"] == "slice"]
    assert len({(leaf["cam"], leaf["slice"]) for leaf in told}) == len(told)
    assert sum(leaf["pieces"] for leaf in told) == pieces() >= before
    assert {leaf["phase"] for leaf in told} == {"voting"}
    assert fsck(box, "hash", mending=False) == []

    people = box / "people"
    signing = Signing(
        (people / "chair.pem", people / "observer.pem"), (people / "chair.cert", people / "observer.cert"), "order 1", Instant(1_800_000_000_000)
    )  # fmt: skip
    folder = load_slice(box / f"sealed/a/{told[0]['slice']}", box / "election", STATION)
    shares = [tmp_path / f"{name}.share" for name in ("court", "parties-1", "parties-3")]
    for share in shares:
        take_share(folder, share.stem, held.identities[share.stem], signing, share, share.with_suffix(".note"))
    made = open_slice(folder, shares, box / "calibration/a.json", signing, tmp_path / "film", tmp_path / "open.note")
    assert made.pieces == told[0]["pieces"]
    assert made.pictures > 5
    assert made.masks >= 1
