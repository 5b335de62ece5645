# SPDX-License-Identifier: Apache-2.0
"""The day as the box's page sees it: starts the agent so that it outlives page and browser, asks it to stop in order, and reads its files for the lamp."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import segno

from kua.adapters.clock import SystemClock
from kua.app.checkup import look
from kua.app.closing import closing_code
from kua.app.live import read_codes
from kua.app.settings import load_station
from kua.app.up_visitors import visitors_state
from kua.core.errors import Incomplete, KuaError, Refused
from kua.core.instant import Instant, Millis
from kua.proof.checkpoint import parse_checkpoint
from kua.proof.leaf import Leaf, read_leaf
from kua.proof.note import parse_note
from kua.proof.tiles import WIDTH, decode_bundle, entries_path

LOG: Final = "agent.log"
LATE: Final = Millis(30_000)
"""A camera from which nothing has been recorded for so long is in trouble."""
OWED_LATE: Final = Millis(60_000)
ALARMS: Final = (
    "box_moved", "lid_opened", "tamper", "moved", "scene_changed", "covered", "defocused", "looped", "signal_loss", "garbled", "frozen", "black", "slow", "sealing",
)  # fmt: skip
"""Faults of a camera that a person at the station can do something about, the gravest first."""
_SAID: Final = re.compile(r"^[a-z_]+(?:\.[a-z_]+)+: .+$", re.MULTILINE)
_RECENT: Final = Millis(60_000)
_STARTING: Final = Millis(30_000)


class Agent:
    """The agent of one box, ours or one that somebody else has started."""

    def __init__(self, box: Path) -> None:
        self._box, self._clock = box, SystemClock()
        self._child: subprocess.Popen[bytes] | None = None
        self._started = Millis(0)

    def start(self, secrets: Mapping[str, str]) -> None:
        """Start it. Raises `Refused("up.runs")` if one runs, `Refused("account.closed")` after the close, and what is wrong with the calibrations."""
        body = look(self._box)
        if body["running"] or self.is_ours:
            raise Refused("up.runs")
        if body["closed_at"]:
            raise Refused("account.closed")
        for cam, code in body["calibrations"].items():
            if code and code != "calibration.one_person":  # one signature: silhouettes only
                raise Incomplete("up.not_ready", camera=cam, code=code)
        command = [sys.executable, "-m", "kua.cli.main", "station", "run", "--wait", "--box", str(self._box)]
        opened = os.open(self._box / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(opened, "ab") as log:
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **secrets}, start_new_session=True
            )
        self._started = self._clock.monotonic()

    @property
    def is_ours(self) -> bool:
        """Whether an agent that was started here still runs."""
        return self._child is not None and self._child.poll() is None

    def stop(self) -> None:
        """Ask for an end in order. Raises `Refused("up.not_running")`."""
        number = self._child.pid if self._child is not None and self.is_ours else _pid(self._box)
        if number is None:
            raise Refused("up.not_running")
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGTERM)

    def state(self, cam: str) -> dict[str, Any]:
        """Return what the lamp page says: `lamp` is `recording`, `owed`, `trouble`, `off` or `closed`; `why` a word that the page has a sentence for."""
        body = look(self._box)
        now = self._clock.now()
        lamp, why = self._lamp(body, now)
        leaves = _last_leaves(self._box)
        seen = recent(self._box, now, leaves)
        ends = [camera.get("recorded_to") for camera in body["cameras"].values() if camera.get("recorded_to")]
        queue = body["queue"]
        code = next(iter(read_codes(self._box)), "")
        return {
            "lamp": lamp, "why": why, "said": last_words(self._box) if why == "ended" else "", "running": body["running"] or self.is_ours, "phase": body["phase"], "closed_at": body["closed_at"],
            "recorded_to": min(ends) if ends else None, "now": now,
            "owed_files": queue["files"], "owed_bytes": queue["bytes"], "owed_oldest": queue["oldest"], "refused": queue["refused"],
            "code": code, "code_rows": _rows(code) if code else [],
            "people": seen["people"].get(cam), "hidden": seen["hidden"].get(cam), "free_bytes": body["free_bytes"],
            "visitors": visitors_state(self._box, leaves), "paper": str(closing_code(self._box) or "") if body["closed_at"] else "",
        }  # fmt: skip

    def _lamp(self, body: Mapping[str, Any], now: Instant) -> tuple[str, str]:
        if body["closed_at"]:
            return "closed", "closed"
        if not body["running"]:
            if self.is_ours and self._clock.monotonic() - self._started < _STARTING:
                return "owed", "starting"
            return ("trouble", "ended") if self._child is not None and self._child.returncode not in {0, None} else ("off", "off")
        if body["phase"] is None:
            return "off", "window"
        cameras = body["cameras"].values()
        if any(camera["state"] == "off" for camera in cameras):
            return "trouble", "camera"
        ends = [camera.get("recorded_to") for camera in cameras]
        if any(end is None for end in ends):
            waits = self._clock.monotonic() - self._started < _STARTING
            return ("owed", "starting") if waits else ("trouble", "camera")
        if any(now - end > LATE for end in ends if end is not None):
            return "trouble", "silent"
        faults = {fault for camera in cameras for fault in camera.get("faults", ())}
        for fault in ALARMS:
            if fault in faults:
                return "trouble", fault
        if body["alarms"]:
            return "trouble", "stranger"
        if body["queue"]["oldest"] and now - body["queue"]["oldest"] > OWED_LATE:
            return "owed", "owed"
        return "recording", next((told for told in ("one_signature", "no_models") if told in faults), "recording")


def _rows(code: str) -> list[str]:
    """Return the modules of the QR code of a liveness code, row by row, `1` for a dark one."""
    return ["".join(str(int(module)) for module in row) for row in segno.make(code, error="m", micro=False).matrix]


def last_words(box: Path) -> str:
    """Return what the agent said of an expected error before it ended: code and sentence, or nothing."""
    try:
        data = (box / LOG).read_bytes()[-4_000:].decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    found = _SAID.findall(data)
    return str(found[-1])[:300] if found else ""


def recent(box: Path, now: Instant, leaves: Sequence[Leaf] | None = None) -> dict[str, dict[str, Any]]:
    """Return from the newest leaves of the log, by camera: people as `[lo, hi]`, and whole seconds of the last minute in which the whole picture was filled."""
    people: dict[str, list[int]] = {}
    hidden: dict[str, int] = {}
    for leaf in _last_leaves(box) if leaves is None else leaves:
        if leaf.type == "count" and now - leaf["t1"] < _RECENT:
            people[leaf["cam"]] = [leaf["people"]["lo"], leaf["people"]["hi"]]
        if leaf.type == "hidden":
            start, end = max(leaf["t0"], now - _RECENT), min(leaf["t1"], now)
            if end > start:
                hidden[leaf["cam"]] = hidden.get(leaf["cam"], 0) + (end - start)
    station = load_station(box)
    return {"people": people, "hidden": {camera.id: hidden.get(camera.id, 0) // 1000 for camera in station.cameras}}


def _last_leaves(box: Path) -> list[Leaf]:
    try:
        size = parse_checkpoint(parse_note((box / "log" / "checkpoint").read_bytes()).text).size
        leaves: list[Leaf] = []
        for index in range(max(0, (size - 1) // WIDTH - 1), (size - 1) // WIDTH + 1 if size else 0):
            width = min(WIDTH, size - index * WIDTH)
            entries = decode_bundle((box / "log" / entries_path(index, width)).read_bytes())
            leaves += [leaf for leaf in map(read_leaf, entries) if isinstance(leaf, Leaf)]
    except (FileNotFoundError, KuaError):
        return []  # between two checkpoints; whoever asks will look again
    return leaves


def _pid(box: Path) -> int | None:
    """Return the process id of a running agent of this very box, None if it cannot be told from another process."""
    try:
        number = int(json.loads((box / "status.json").read_bytes())["pid"])
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, KeyError):
        return None
    return number if b"run" in words and any(str(box).encode() == word or str(box.resolve()).encode() == word for word in words) else None
