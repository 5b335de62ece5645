# SPDX-License-Identifier: Apache-2.0
"""A centre that runs, and `kua station up` beside it with an empty folder for its box. What the tests of the box's pages share; nobody real is in it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from kua.adapters.clock import SystemClock
from kua.adapters.indexes.sqlite import SqliteIndex
from kua.app.founding import certify_person
from kua.app.town import ELECTION, Place, Town
from kua.app.up_day import _pid
from kua.centre.enrol.service import make_code

STATION = "10-245"


@dataclass(slots=True)
class Up:
    """One running `kua station up`; `url` holds its one-time token."""

    town: Town
    box: Path
    url: str
    process: subprocess.Popen[str]

    @property
    def origin(self) -> str:
        """The address without the token."""
        return self.url.partition("/#")[0]

    def sheet(self) -> dict[str, str]:
        """Return what stands on the sheet in the envelope."""
        index = SqliteIndex(self.town.centre / "index.db")
        try:
            code = make_code(index, self.town.election(), STATION, SystemClock())
        finally:
            index.close()
        return {
            "Number of the station": STATION, "Address of the centre": self.town.centre_url, "One-time code": code, "Election": ELECTION,
            "Key of the commission": self.town.election().commission[0],
        }  # fmt: skip

    def certificate(self, role: str, vkey: str) -> str:
        """Return what the operator gives a person whose key line is `vkey`."""
        return certify_person(self.town.centre, self.town.election(), role, STATION, vkey.strip()).decode()


@contextmanager
def town_of(folder: Path, phase: str = "rehearsal") -> Iterator[Town]:
    """Run a centre with one planned station."""
    town = Town(folder, (Place(STATION, 7, 640, "painted:7"),), phase=phase)
    town.found()
    town.start_centre()
    try:
        yield town
    finally:
        town.stop()


@contextmanager
def up_of(town: Town, box: Path) -> Iterator[Up]:
    """Run `kua station up` on `box`, and end the agent that it may have started."""
    command = [sys.executable, "-m", "kua.cli.main", "station", "up", "--box", str(box)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield Up(town, box, process.stdout.readline().strip(), process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        process.stdout.close()
        _end_agent(box)


def _end_agent(box: Path) -> None:
    number = _pid(box)
    if number is None:
        return
    os.kill(number, signal.SIGTERM)
    waiting = threading.Event()
    for _ in range(150):
        if _pid(box) is None:
            return
        waiting.wait(0.2)
    os.kill(number, signal.SIGKILL)


def settled(page: Page, heading: str) -> None:
    """Wait until a step with that heading is shown."""
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible(timeout=30_000)
