# SPDX-License-Identifier: Apache-2.0
"""A station whose film lies on a disk of its own, in a namespace where disks can really be filled, pulled out, made read-only and exchanged.

Run as `unshare -rm python -m tests.faults.disk_child SCENARIO BOX`; prints what happened as one line of JSON.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog

from kua.core.digest import sha256
from kua.core.errors import KuaError
from kua.core.instant import SLOT, Instant, slot_of
from kua.flow.space import STUCK
from kua.station.holds import make_hold, write_holds
from kua.station.pipe import Piece
from kua.testing.disks import SickDisk
from tests.rigs.keeping import Station

LARGE: Final = 200_000
"""Bytes of one piece of film; the disk has room for about nine."""
SIZE: Final = 2 * 1024 * 1024


def mount(*words: str) -> None:
    """Change what is mounted."""
    subprocess.run(words, check=True, capture_output=True)


def disk(at: Path, size: int = SIZE) -> None:
    """Put an empty disk at a folder."""
    at.mkdir(parents=True, exist_ok=True)
    mount("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(at))


def plugged(box: Path, name: str = "usb") -> Path:
    """Make a disk and plug it in as the folder of film; pulled out it keeps what it has."""
    device = box.parent / name
    disk(device)
    (box / "film").mkdir(parents=True, exist_ok=True)
    mount("mount", "--bind", str(device), str(box / "film"))
    return device


def film(station: Station, count: int = 1) -> None:
    """Hand over large pieces of film."""
    for _ in range(count):
        t0 = Instant(-(-station.clock.now() // SLOT) * SLOT)
        station.clock.advance(t0 + SLOT - station.clock.now())
        data = sha256(b"%d" % t0) * (LARGE // 32)
        station.keep.handle("a", Piece(f"{station.run:08x}", slot_of(t0), t0, t0 + SLOT, 40, "ntp", "voting", data))
        station.keep.tick()


def told(station: Station) -> dict[str, Any]:
    """What the log says, and what is there."""
    account = station.account().account()
    return {
        "gaps": [leaf["reason"] for leaf in station.leaves("gap")],
        "faults": [f"{leaf['kind']} {leaf['state']}" for leaf in station.leaves("fault")],
        "segments": len(station.leaves("segment")),
        "films": len(list((station.box / "film/a").glob("*.m4s"))) if (station.box / "film/a").exists() else 0,
        "unaccounted": account.unaccounted + account.overlapping,
        "lean": (station.box / "lean").exists(),
        "problems": sorted({line.split()[0] for line in station.problems()}),
    }


def full(box: Path) -> dict[str, Any]:
    """The disk of the film fills up, while the one of the log has plenty: nothing without a receipt goes."""
    plugged(box)
    station = Station(box, floor=LARGE)
    film(station, 14)
    return told(station)


def full_receipted(box: Path) -> dict[str, Any]:
    """The same with a centre that has receipted: the oldest goes, what is on hold stays, and previews go before either."""
    plugged(box)
    station = Station(box, floor=LARGE)
    (box / "previews").mkdir()
    film(station, 6)
    station.send()
    names = [leaf["slot"] for leaf in station.leaves("segment")]
    begin = station.leaves("segment")[0]["t0"]
    write_holds(box, SickDisk(), [make_hold("a", begin + 1, begin + SLOT, "Art. 1")])
    film(station, 6)
    left = sorted(int(path.stem.split("-")[1]) for path in (box / "film/a").glob("*.m4s"))
    return told(station) | {"held": names[0] in left, "second": names[1] in left, "oldest_gone": [slot for slot in names if slot not in left]}


def read_only(box: Path) -> dict[str, Any]:
    """The kernel makes the disk read-only after an error; later it is well again."""
    plugged(box)
    station = Station(box)
    film(station, 2)
    mount("mount", "-o", "remount,ro,bind", str(box / "film"))
    film(station, 2)
    mount("mount", "-o", "remount,rw,bind", str(box / "film"))
    film(station, 2)
    return told(station)


def pulled(box: Path) -> dict[str, Any]:
    """The disk is pulled out, so that the film's folder is an empty one of the box; later it is plugged in again."""
    device = plugged(box)
    station = Station(box)
    film(station, 2)
    mount("umount", str(box / "film"))
    film(station, 2)
    under = sorted(path.name for path in (box / "film").rglob("*"))
    mount("mount", "--bind", str(device), str(box / "film"))
    film(station, 2)
    return told(station) | {"under": under}


def booted_without(box: Path) -> dict[str, Any]:
    """After a power cut the computer starts without the disk of the film; later somebody plugs it in."""
    device = plugged(box)
    station = Station(box)
    film(station, 2)
    mount("umount", str(box / "film"))
    station.restart()
    mended = len(station.mended)
    film(station, 2)
    under = sorted(path.name for path in (box / "film").rglob("*"))
    mount("mount", "--bind", str(device), str(box / "film"))
    film(station, 2)
    station.restart()
    film(station)
    return told(station) | {"under": under, "mended": mended}


def removed(box: Path) -> dict[str, Any]:
    """Somebody deletes the folder of film while it is written to."""
    station = Station(box)
    film(station, 2)
    shutil.rmtree(box / "film")
    film(station, 2)
    return told(station) | {"made_again": (box / "film").exists()}


def exchanged(box: Path) -> dict[str, Any]:
    """Another station's disk is put in while the station records, and the agent is started on it; then the right one is back."""
    other = Station(box.parent / "other")
    film(other, 3)
    other.log.close()
    other.outbox.close()
    station = Station(box)
    film(station, 3)
    station.send()
    theirs = box.parent / "other/film"
    before = sorted(path.name for path in theirs.rglob("*"))
    mount("mount", "--bind", str(theirs), str(box / "film"))
    film(station, 2)
    during = told(station)
    start = refusal(station)
    film(station, 2)
    station.keep.tick()
    after = sorted(path.name for path in theirs.rglob("*"))
    mount("umount", str(box / "film"))
    film(station, 2)
    back = told(station)
    return during | {"start": start, "touched": before != after, "back": back["faults"], "segments_after": back["segments"], "gaps_after": back["gaps"]}


def refusal(station: Station) -> str:
    """Start again as the agent's keeper does; return the code with which it is refused."""
    station.log.close()
    station.outbox.close()
    try:
        station.start()
    except KuaError as error:
        station.log.close()
        station.outbox.close()
        return error.code
    return ""


def restored(box: Path) -> dict[str, Any]:
    """The folder of film is restored from a copy of an earlier day of the box; then the box itself is, beside the newer film."""
    station = Station(box)
    film(station)
    station.restart()
    shutil.copytree(box, box.parent / "copy")
    film(station)
    station.restart()
    film(station)
    shutil.copytree(box / "film", box.parent / "now")
    shutil.rmtree(box / "film")
    shutil.copytree(box.parent / "copy/film", box / "film")
    refusal(station)
    film(station)
    station.keep.tick()
    old_film = station.marks.trouble.code if station.marks.trouble is not None else ""
    kept = sorted(path.name for path in (box / "film/a").iterdir())
    whole = shutil.copytree(box.parent / "copy", box.parent / "restored")
    shutil.rmtree(whole / "film")
    shutil.copytree(box.parent / "now", whole / "film")
    newer = len(list((whole / "film/a").glob("*.m4s")))
    try:
        Station(whole)
        old_box = ""
    except KuaError as error:
        old_box = error.code
    return {"film": old_film, "kept": len(kept), "box": old_box, "newer_kept": len(list((whole / "film/a").glob("*.m4s"))) == newer}


def snapshots(box: Path) -> dict[str, Any]:
    """Something holds on to the blocks of removed film, as a snapshot does: three go in vain, then no more until ten minutes later."""
    device = plugged(box)
    station = Station(box, floor=LARGE)
    film(station, 8)
    station.send()
    for path in (device / "a").iterdir():
        os.link(path, device / f"{path.name}.snapshot")
    before = len(list((device / "a").glob("*.m4s")))
    film(station, 4)
    first = len(list((device / "a").glob("*.m4s")))
    told_then = told(station)
    for path in device.glob("*.snapshot"):
        path.unlink()
    station.clock.advance(STUCK)
    film(station, 2)
    return told_then | {"gone": before - first, "faults_after": told(station)["faults"], "segments_after": told(station)["segments"]}


SCENARIOS: Final[dict[str, Callable[[Path], dict[str, Any]]]] = {
    each.__name__: each for each in (full, full_receipted, read_only, pulled, booted_without, removed, exchanged, restored, snapshots)
}

if __name__ == "__main__":
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    print(json.dumps(SCENARIOS[sys.argv[1]](Path(sys.argv[2]))))
