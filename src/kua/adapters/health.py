# SPDX-License-Identifier: Apache-2.0
"""Sensors of the computer, where it has any: power supplies and thermal zones of the kernel, a UPS by Network UPS Tools or by UPower, what a disk says
of itself.

Nothing here needs root, and nothing that is missing or slow is an error: it is not known. `smartctl` is asked where it is installed and may look, UPower
by `busctl` of systemd.
"""

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Final

from kua.flow.health import Reading

SYS: Final = Path("/sys")
NUT: Final = ("127.0.0.1", 3493)
"""Where `upsd` of Network UPS Tools listens (RFC 9271)."""
BUSCTL: Final = "busctl"
PATIENCE: Final = 2.0
SMART_PATIENCE: Final = 10.0
_LIKELY: Final = range(1, 130)
"""Degrees Celsius that a sensor may say and be believed."""


def look(box: Path, sys: Path = SYS, nut: tuple[str, int] = NUT, *, ask_disk: bool) -> Reading:
    """Read what there is; may take seconds. `ask_disk`: also ask the disk under `box`, which costs most."""
    mains, charge = _ups(nut)
    if mains is None:
        mains, charge = _supplies(sys / "class" / "power_supply")
    if mains is None:
        mains, charge = _upower()
    return Reading(mains, charge, _heat(sys / "class" / "thermal"), _disk(box, sys) if ask_disk else None)


def _supplies(folder: Path) -> tuple[bool | None, int | None]:
    """Whether the mains are there, and the least charge of a battery of the computer (not of a mouse)."""
    mains: list[bool] = []
    charges: list[int] = []
    draining = False
    for supply in sorted(folder.glob("*")):
        if _text(supply / "scope") == "Device":
            continue
        match _text(supply / "type"):
            case "Mains" | "USB":
                mains += [online == "1"] if (online := _text(supply / "online")) else []
            case "Battery" | "UPS":
                draining = draining or _text(supply / "status") == "Discharging"
                charges += [int(charge)] if (charge := _text(supply / "capacity")).isdigit() else []
    known = any(mains) if mains else (not draining if charges else None)
    return known, min(charges, default=None)


def _ups(where: tuple[str, int]) -> tuple[bool | None, int | None]:
    """Ask `upsd` for its first UPS: on line or on battery, and the charge."""
    try:
        with socket.create_connection(where, timeout=PATIENCE) as line, line.makefile("rw", encoding="ascii", newline="\n") as talk:
            names = _list(talk, "UPS")
            if not names:
                return None, None
            first = names[0].split(" ", 1)[0]
            said = dict(each.split(" ", 1) for each in _list(talk, f"VAR {first}"))
    except (OSError, ValueError):
        return None, None
    status, charge = said.get("ups.status", "").strip('"').split(), said.get("battery.charge", "").strip('"').split(".")[0]
    return (True if "OL" in status else False if "OB" in status else None), (int(charge) if charge.isdigit() else None)


def _list(talk: object, what: str) -> list[str]:
    """Return the lines of `LIST what`, without the words that repeat the question. Raises `ValueError` for an answer of another form."""
    write, read = talk.write, talk.readline  # type: ignore[attr-defined]
    write(f"LIST {what}\n")
    talk.flush()  # type: ignore[attr-defined]
    if read().strip() != f"BEGIN LIST {what}":
        raise ValueError(what)
    found: list[str] = []
    while (line := read().strip()) != f"END LIST {what}":
        if not line.startswith(f"{what} ") or len(found) > 500:
            raise ValueError(what)
        found.append(line.removeprefix(f"{what} "))
    return found


def _upower() -> tuple[bool | None, int | None]:
    """Ask UPower, which knows the UPS at a USB socket that the kernel does not: whether it feeds the computer now, and its charge."""
    on_battery = _property("", "org.freedesktop.UPower", "OnBattery")
    present, charge = (_property("/devices/DisplayDevice", "org.freedesktop.UPower.Device", each) for each in ("IsPresent", "Percentage"))
    if present is not True or not isinstance(on_battery, bool):  # a computer without any battery is not "on the mains": nobody would notice its end
        return None, None
    return not on_battery, int(charge) if isinstance(charge, float | int) and 0 <= charge <= 100 else None


def _property(below: str, interface: str, name: str) -> object:
    """Return a property of UPower on the system bus, None where it cannot be had."""
    asked = [BUSCTL, "--json=short", "--timeout=2", "get-property", "org.freedesktop.UPower", f"/org/freedesktop/UPower{below}", interface, name]
    # systemd's programs tell the service manager how they ended; that is not how the agent fares.
    quiet = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
    try:
        said = subprocess.run(asked, capture_output=True, timeout=2 * PATIENCE, check=True, env=quiet).stdout
        return json.loads(said)["data"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None


def _heat(folder: Path) -> int | None:
    """Return the degrees of the hottest zone."""
    degrees = [int(text) // 1000 for zone in folder.glob("thermal_zone*") if (text := _text(zone / "temp")).isdigit()]
    return max((each for each in degrees if each in _LIKELY), default=None)


def _disk(box: Path, sys: Path) -> bool | None:
    """Return whether the disk under `box` is well: its file system has counted no error, and it says so itself where it may be asked."""
    part, whole = _device(box, sys)
    if part is None or whole is None:
        return None
    errors = _text(sys / "fs" / "ext4" / part / "errors_count")
    if errors.isdigit() and int(errors):
        return False
    passed = _smart(whole)
    return passed if passed is not None else (True if errors.isdigit() else None)


def _device(box: Path, sys: Path) -> tuple[str | None, str | None]:
    """Return the names of the partition and of the disk under `box`: `sda1`, `sda`."""
    try:
        number = box.stat().st_dev
        place = (sys / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}").resolve(strict=True)
    except OSError:
        return None, None
    return place.name, place.parent.name if (place / "partition").exists() else place.name


def _smart(disk: str) -> bool | None:
    program = shutil.which("smartctl") or shutil.which("smartctl", path="/usr/sbin:/sbin")
    if program is None:
        return None
    try:
        asked = subprocess.run([program, "-H", "-j", f"/dev/{disk}"], capture_output=True, timeout=SMART_PATIENCE, check=False)
        passed = json.loads(asked.stdout)["smart_status"]["passed"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return None
    return passed if isinstance(passed, bool) else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
