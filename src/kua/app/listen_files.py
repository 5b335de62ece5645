# SPDX-License-Identifier: Apache-2.0
"""What the listener for observers' telephones, the agent and the box's page tell each other: a few small files in `listen/` of the box.

The listener faces the room, so the agent believes nothing here: what it takes is bounded in number and size, and is judged by the journal.
"""

import fcntl
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any, Final

from kua.adapters.durable import DurableFiles, make_folder
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.errors import Refused, Rejected
from kua.core.instant import Instant, Millis
from kua.flow.guests import KEYS
from kua.proof.keys import COSIGNATURE, VerifierKey

FOLDER: Final = "listen"
MAX_NOTE: Final = 2_000
"""Bytes of a co-signed checkpoint that are still taken: two lines under a text that fits a QR."""
MAX_KEY: Final = 300
MAX_LETTER: Final = 4_096
MAX_LETTERS: Final = 64
"""Files of the inbox that the agent looks at in one go."""
OPEN_FOR: Final = Millis(600_000)
"""How long an invitation holds."""
_INVITATION: Final = "invitation.json"
_TRIES: Final = 10
_NAME: Final = re.compile(r"observer/([0-9]{2}-[0-9]{1,5})/[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Letter:
    """One co-signature that waits for the agent. `path` is where it lies."""

    vkey: str
    note: bytes
    path: Path


@dataclass(frozen=True, slots=True)
class Told:
    """What the listener says of itself when it has begun."""

    host: str
    port: int
    fingerprint: str
    """SHA-256 of its certificate (DER), in hex."""
    pid: int = field(default_factory=os.getpid)


def require_key(vkey: str, station: str) -> VerifierKey:
    """Return the key of a telephone of this station: kind 0x04, named `observer/STATION/` and eight hex digits, so that no name gets into the log.

    Raises `Rejected("key.*" | "listen.key_name")`.
    """
    key = VerifierKey.parse(vkey[:MAX_KEY])
    found = _NAME.fullmatch(key.name)
    if key.kind != COSIGNATURE or found is None or found[1] != station:
        raise Rejected("listen.key_name", given=key.name[:80], station=station)
    return key


def post(box: Path, vkey: str, note: bytes) -> None:
    """Lay a co-signature down for the agent, in the place of an older one by the same key. Raises `Unavailable("disk.*")`."""
    name = sha256(vkey.encode()).hex()[:16]
    DurableFiles().replace(box / FOLDER / "inbox" / f"{name}.json", canonical({"v": 1, "vkey": vkey, "note": note.decode()}))


def letters(box: Path) -> Iterator[Letter]:
    """Give what waits, at most `MAX_LETTERS` of it; what is no letter is taken away. Raises nothing for what a broken listener may put there."""
    try:
        with os.scandir(box / FOLDER / "inbox") as found:
            paths = [Path(each.path) for each in islice(found, MAX_LETTERS)]
    except OSError:
        return
    for path in sorted(paths):
        letter = _letter(path)
        if letter is None:
            discard(path)
        else:
            yield letter


def discard(path: Path) -> None:
    """Take a letter away; a folder in its place stays."""
    with suppress(OSError):
        path.unlink()


def invite(box: Path, now: Instant, name: str = _INVITATION) -> str:
    """Make an invitation for one telephone, in the place of an older one, and return its token. Only its digest is kept. `name` is the file it lies in."""
    token = secrets.token_urlsafe(12)
    data = canonical({"v": 1, "sha256": sha256(token.encode()).hex(), "until": now + OPEN_FOR})
    DurableFiles().replace(box / FOLDER / name, data, mode=0o600)
    return token


def use(box: Path, token: str, now: Instant, name: str = _INVITATION) -> None:
    """Take the invitation, once. Raises `Rejected("listen.token")`."""
    require_token(box, token, now, name)
    (box / FOLDER / name).unlink(missing_ok=True)


def require_token(box: Path, token: str, now: Instant, name: str = _INVITATION) -> None:
    """Raise `Rejected("listen.token")` unless the invitation waits for this token."""
    said = read_json(box / FOLDER / name)
    digest = sha256(token.encode()).hex()
    if not hmac.compare_digest(str(said.get("sha256", "")), digest) or not isinstance(said.get("until"), int) or now > said["until"]:
        raise Rejected("listen.token")


def is_invited(box: Path, now: Instant, name: str = _INVITATION) -> bool:
    """Whether an invitation waits for a telephone."""
    until = read_json(box / FOLDER / name).get("until")
    return isinstance(until, int) and now <= until


def admitted(box: Path) -> tuple[str, ...]:
    """Return the keys that were let in."""
    keys = read_json(box / FOLDER / "admitted.json").get("keys", [])
    return tuple(each for each in keys if isinstance(each, str))[:KEYS] if isinstance(keys, list) else ()


def admit(box: Path, vkey: str) -> None:
    """Let a key in; one that was let in before is no other. Raises `Refused("guests.full")`."""
    keys = admitted(box)
    if vkey in keys:
        return
    if len(keys) >= KEYS:
        raise Refused("guests.full", keys=KEYS)
    DurableFiles().replace(box / FOLDER / "admitted.json", canonical({"v": 1, "keys": [*keys, vkey]}))


def tell(box: Path, told: Told) -> None:
    """Say where the listener is."""
    data = canonical({"v": 1, "host": told.host, "port": told.port, "fingerprint": told.fingerprint, "pid": told.pid})
    DurableFiles().replace(box / FOLDER / "status.json", data)


def told(box: Path) -> Told | None:
    """Return where the listener is, None if none runs: only one that runs holds the lock. Changes nothing."""
    said = read_json(box / FOLDER / "status.json")
    if not said or not _is_held(box):
        return None
    try:
        found = Told(str(said["host"]), int(said["port"]), str(said["fingerprint"]), int(said["pid"]))
    except (KeyError, ValueError, TypeError):
        return None
    return found if Path(f"/proc/{found.pid}").exists() else None  # what an earlier one has left says nothing of the next


@contextmanager
def alone(box: Path) -> Iterator[None]:
    """Hold the listener's lock. Raises `Refused("listen.runs")` while another process has it."""
    make_folder(box / FOLDER)
    lock = os.open(box / FOLDER / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for left in reversed(range(_TRIES)):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if not left:
                    raise Refused("listen.runs", box=box.name) from error
                Event().wait(0.05)  # somebody may only have looked whether it is held
        DurableFiles().remove(box / FOLDER / "status.json")
        yield
    finally:
        os.close(lock)


def _is_held(box: Path) -> bool:
    try:
        lock = os.open(box / FOLDER / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _letter(path: Path) -> Letter | None:
    try:
        # Neither a link that leads elsewhere nor a pipe that never ends: whatever else lies there is no letter.
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(opened, "rb") as file:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                return None
            data = file.read(MAX_LETTER + 1)
        said: Any = json.loads(data) if len(data) <= MAX_LETTER else {}
        return Letter(str(said["vkey"])[:MAX_KEY], str(said["note"]).encode()[:MAX_NOTE], path)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a small file; empty where it is not there or no such thing."""
    try:
        data = path.read_bytes()
        said = json.loads(data) if len(data) <= 16 * MAX_LETTER else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
