# SPDX-License-Identifier: Apache-2.0
"""Which device is this? A salted digest that stays the same on one computer, so that two keys made on one are told apart from two made on two.

It stops a mistake and a convenience, not somebody who lies: who copies a file or edits a line has another device (docs/adr/0019-two-devices.md).
"""

import os
import secrets
from pathlib import Path
from typing import Final

from kua.adapters.durable import DurableFiles
from kua.core.digest import sha256

_SALT: Final = b"kua/device/v1\x00"
_MACHINE: Final = Path("/etc/machine-id")
LABEL: Final = b"kua-device: "


def device_mark(machine: Path = _MACHINE, own: Path | None = None) -> str:
    """Return 64 hex digits. Without `machine`, or if it is empty, a random number kept at `own` (by default in the person's settings) stands in."""
    try:
        known = machine.read_bytes().strip()
    except OSError:
        known = b""
    return sha256(_SALT + (known or _own(own or _settings() / "kua" / "device"))).hex()


def marked(pem: bytes, mark: str) -> bytes:
    """Return a key's PEM with the mark of the device on which it was made above it (text before a PEM is allowed: RFC 7468, section 2)."""
    return LABEL + mark.encode() + b"\n" + pem


def mark_of(pem: bytes) -> str:
    """Return the mark in a key's file, empty if it has none."""
    first = pem.partition(b"\n")[0]
    mark = first.removeprefix(LABEL).decode("ascii", "replace") if first.startswith(LABEL) else ""
    return mark if len(mark) == 64 and set(mark) <= set("0123456789abcdef") else ""


def _settings() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _own(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        drawn = secrets.token_bytes(32)
        DurableFiles().replace(path, drawn, mode=0o600)
        return drawn
