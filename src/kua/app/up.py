# SPDX-License-Identifier: Apache-2.0
"""`kua station up`: composes the box's own pages and serves them on loopback until Ctrl-C. The agent that it starts goes on without it."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, final

import uvicorn

from kua.adapters.clock import SystemClock
from kua.adapters.device import device_mark
from kua.adapters.durable import DurableFiles
from kua.app import up_box, up_sign, up_visitors
from kua.app.plugins import is_painted
from kua.app.settings import FILE, load_station
from kua.app.up_day import Agent
from kua.app.up_door import Door, addresses
from kua.app.up_eyes import Eyes
from kua.app.up_paper import paper_of
from kua.core.digest import sha256
from kua.core.errors import Incomplete, KuaError, Misused, Refused, Rejected, Unavailable
from kua.core.instant import Millis
from kua.proof.persons import CHAIR, SECOND_ROLES
from kua.web.panel.up import Guard, Paper, Second, Stand, build_up
from kua.words.speak import explain

STILL: Final = Millis(8_000)
"""So long nothing may have moved in the picture before the empty room is learned."""
PATIENCE: Final = Millis(600_000)
PORTS: Final = "up.json"
"""The ports of the last time: a key in a browser belongs to one address, port included."""


@final
class Learning:
    """Waits until the room of one camera is empty, then learns it in a process of its own."""

    def __init__(self, box: Path, cam: str, still_ms: Callable[[], int], secrets: Mapping[str, str], *, waits: bool) -> None:
        self._box, self._cam, self._still, self._secrets, self._waits = box, cam, still_ms, secrets, waits
        self._clock = SystemClock()
        self.step = "wait"
        self.error: KuaError | None = None
        self._left = threading.Event()
        threading.Thread(target=self._run, name=f"learn-{cam}", daemon=True).start()

    def stop(self) -> None:
        """Give up waiting."""
        self._left.set()

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or badly."""
        return self.step in {"done", "failed", "left"}

    def _run(self) -> None:
        until = self._clock.monotonic() + PATIENCE
        while self._waits and self._still() < STILL:
            if self._left.wait(0.3) or self._clock.monotonic() > until:
                self.step = "left"
                return
        self.step = "learn"
        try:
            learn(self._box, self._cam, self._secrets)
            self.step = "done"
        except KuaError as error:
            self.error, self.step = error, "failed"


def learn(box: Path, cam: str, secrets: Mapping[str, str]) -> None:
    """Learn the empty room by `kua station calibrate` in another process: it opens the camera with its password. Raises `Unavailable("up.learn")` and what it says."""
    import os

    command = [sys.executable, "-m", "kua.app.up_learn", str(box), cam]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **secrets}, timeout=300)
    if done.returncode == 0:
        return
    try:
        told = json.loads(done.stdout.strip().splitlines()[-1])
        raise Rejected(str(told["code"]), **told["facts"])
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise Unavailable("up.learn") from error


@final
class Box:
    """The desk of one box (`kua.web.panel.up.Desk`)."""

    def __init__(self, box: Path) -> None:
        self._box = box.resolve()
        self._eyes, self._agent = Eyes(self._box), Agent(self._box)
        self._typed: dict[str, dict[str, str]] = {}
        self._learning: dict[str, Learning] = {}
        self._door: Door | None = None
        self._language = "kk"
        self._lock = threading.RLock()

    def stand(self) -> Stand:
        """Keep the port's promise."""
        return up_box.stand(self._box, {cam: list(typed) for cam, typed in self._typed.items()})

    def picture(self, cam: str, pick: int, *, raw_only: bool) -> bytes | None:
        """Keep the port's promise. Raises `Refused("up.closed")` while people vote or a recording runs."""
        stand = self.stand()
        if not stand.may_look or stand.is_running or self._agent.is_ours:
            self._eyes.close()
            raise Refused("up.closed")
        sources = self._sources(cam)
        if not 0 <= pick < len(sources):
            raise Rejected("up.no_picture")
        source = sources[pick]
        eye = self._eyes.look(cam, source, self._secrets(cam, source), raw_only=raw_only)
        if eye.is_closed:
            raise Refused("up.closed")
        return eye.newest

    def still(self, cam: str) -> bytes:
        """Keep the port's promise. Raises `Rejected("up.no_picture")`."""
        load_station(self._box).camera(cam)
        try:
            return (self._box / "calibration" / f"{cam}.still.png").read_bytes()
        except FileNotFoundError as error:
            raise Rejected("up.no_picture") from error

    def state(self, cam: str) -> Mapping[str, Any]:
        """Keep the port's promise."""
        station = load_station(self._box)
        station.camera(cam)
        learning, door = self._learning.get(cam), self._door
        told: dict[str, Any] = {"learning": learning.step if learning else "", "needs_ms": STILL}
        if learning is not None and learning.error is not None:
            what, why, do = explain(learning.error, self._language)
            told["error"] = {"code": learning.error.code, "what": what, "why": why, "do": do}
        if door is not None and door.cam == cam:
            told["second"] = {"vkey": door.vkey, "code": door.code, "confirmed": door.is_confirmed, "signed": door.is_signed}
        told |= self._agent.state(cam)
        if told["running"]:
            self._eyes.close()
        else:
            self._eyes.rest()
        return told

    def second(self, cam: str) -> Second:
        """Keep the port's promise."""
        door = self._door
        return door.page(self._language) if door is not None and door.cam == cam else Second(addresses=addresses())

    def paper(self) -> Paper:
        """Keep the port's promise."""
        return paper_of(self._box)

    def act(self, name: str, body: Mapping[str, Any], language: str) -> Mapping[str, Any]:
        """Keep the port's promise. Raises `Rejected("web.not_found")` for what it does not know."""
        doers = {
            "where": self._where, "type": self._type, "camera": self._choose, "draw": self._draw, "learn": self._learn, "leave": self._leave, "sign": self._sign,
            "second": self._second, "compared": self._compared, "give": self._give, "shut": self._shut, "start": self._start, "stop": self._stop,
            "listen": self._listen, "unlisten": self._unlisten, "invite": self._invite,
        }  # fmt: skip
        if name not in doers:
            raise Rejected("web.not_found")
        self._language = language
        with self._lock:
            return doers[name](body) or {}

    def close(self) -> None:
        """Let go of cameras and of the second device; the agent goes on."""
        self._eyes.end()
        for learning in self._learning.values():
            learning.stop()
        if self._door is not None:
            self._door.close()

    def _where(self, body: Mapping[str, Any]) -> None:
        words = [_text(body, name) for name in ("station", "centre", "code", "election", "commission")]
        up_box.make(self._box, *words)

    def _type(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take an address that somebody has typed, with its password, for a look."""
        cam, source = self._cam(body), _text(body, "source").strip()
        up_box.require_source(source)
        self._typed.setdefault(cam, {})[source] = _text(body, "password")
        return {"pick": self._sources(cam).index(source)}

    def _choose(self, body: Mapping[str, Any]) -> None:
        cam = self._cam(body)
        self._require_rest()
        sources, pick = self._sources(cam), body.get("pick")
        if not isinstance(pick, int) or not 0 <= pick < len(sources):
            raise Misused("up.pick")
        source = sources[pick]
        self._eyes.close()
        up_box.choose(self._box, cam, source, self._typed.get(cam, {}).get(source, ""))
        self._typed.pop(cam, None)

    def _draw(self, body: Mapping[str, Any]) -> None:
        self._require_rest()
        zones, heads = body.get("zones"), body.get("heads")
        if not isinstance(zones, dict) or not isinstance(heads, list):
            raise Misused("up.body")
        up_box.draw(self._box, self._cam(body), zones, heads)

    def _learn(self, body: Mapping[str, Any]) -> None:
        cam = self._cam(body)
        self._require_rest()
        running = self._learning.get(cam)
        if running is not None and not running.is_over:
            return
        stand = self.stand()
        camera = next(each for each in stand.cameras if each.id == cam)
        source = load_station(self._box).camera(cam).source
        if not camera.is_drawn:
            up_box.draw(self._box, cam, camera.zones, camera.heads)
        if not camera.zones.get("booth") and body.get("no_booth") is not True:
            raise Incomplete("up.no_booth")
        waits = not is_painted(source) and not (stand.is_rehearsal and body.get("anyway") is True)
        self._learning[cam] = Learning(self._box, cam, lambda: self._still_ms(cam), up_box.secrets_of(self._box), waits=waits)

    def _leave(self, body: Mapping[str, Any]) -> None:
        learning = self._learning.get(self._cam(body))
        if learning is not None:
            learning.stop()

    def _sign(self, body: Mapping[str, Any]) -> None:
        """The box's own browser signs for the chair only: the second person signs on another device."""
        up_sign.accept(
            self._box, self._cam(body), _text(body, "vkey"), _text(body, "signature"), _text(body, "certificate"), {CHAIR}, device_mark()
        )

    def _second(self, body: Mapping[str, Any]) -> None:
        cam = self._cam(body)
        camera = next(each for each in self.stand().cameras if each.id == cam)
        if not camera.is_learned:
            raise Incomplete("up.not_learned", camera=cam)
        if self._door is not None:
            self._door.close()
            self._door = None
        stand = self.stand()
        what = {
            "station": stand.station, "camera": cam, "text": camera.text, "zones": camera.zones, "width": camera.width, "height": camera.height,
            "election": stand.election_title, "title": stand.title, "roles": [role for role in sorted(SECOND_ROLES) if role in camera.roles],
            "region": stand.station.partition("-")[0],
        }  # fmt: skip
        ports = _ports(self._box)
        self._door = Door(cam, _text(body, "address"), ports.get("second", 0), what, self.still(cam), lambda said: self._signed(cam, said))
        _remember(self._box, {**ports, "second": self._door.port})

    def _signed(self, cam: str, said: Mapping[str, str]) -> Mapping[str, Any]:
        """Take the second person's signature; return nothing, or what is wrong with it in words."""
        try:
            with self._lock:
                device = device_mark() if said["near"] else sha256(said["vkey"].encode()).hex()
                up_sign.accept(self._box, cam, said["vkey"], said["signature"], said["certificate"], SECOND_ROLES, device)
        except KuaError as error:
            what, why, do = explain(error, said["language"])
            return {"code": error.code, "what": what, "why": why, "do": do}
        return {}

    def _compared(self, body: Mapping[str, Any]) -> None:
        self._open_door().confirm(_text(body, "code"))

    def _give(self, body: Mapping[str, Any]) -> None:
        door = self._open_door()
        up_sign.check(self._box, door.vkey, _text(body, "certificate"), SECOND_ROLES)
        door.give(_text(body, "certificate"))

    def _shut(self, _body: Mapping[str, Any]) -> None:
        if self._door is not None:
            self._door.close()
            self._door = None

    def _start(self, _body: Mapping[str, Any]) -> None:
        self._shut({})
        self._eyes.close()
        self._agent.start(up_box.secrets_of(self._box))

    def _stop(self, _body: Mapping[str, Any]) -> None:
        self._agent.stop()

    def _listen(self, body: Mapping[str, Any]) -> None:
        up_visitors.open_listener(self._box, _text(body, "address"))

    def _unlisten(self, _body: Mapping[str, Any]) -> None:
        up_visitors.close_listener(self._box)

    def _invite(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return up_visitors.invite(self._box, self._language, _text(body, "camera") if "camera" in body else "")

    def _open_door(self) -> Door:
        if self._door is None:
            raise Misused("up.no_door")
        return self._door

    def _require_rest(self) -> None:
        """Nothing of a camera is changed under a running agent."""
        if self._agent.is_ours or self.stand().is_running:
            raise Refused("up.closed")

    def _cam(self, body: Mapping[str, Any]) -> str:
        return load_station(self._box).camera(_text(body, "cam")).id

    def _sources(self, cam: str) -> tuple[str, ...]:
        source = load_station(self._box).camera(cam).source
        return up_box.picks_of(source, list(self._typed.get(cam, {})), rehearsal=self.stand().is_rehearsal)

    def _secrets(self, cam: str, source: str) -> Mapping[str, str]:
        typed = self._typed.get(cam, {}).get(source)
        return up_box.secrets_of(self._box) if typed is None else {f"KUA_CAMERA_{cam.upper()}_PASSWORD": typed}

    def _still_ms(self, cam: str) -> int:
        with suppress(KuaError):
            data = self.picture(cam, 0, raw_only=True)
            if data is not None:
                return int(json.loads(data[4 : 4 + int.from_bytes(data[:4], "big")])["still_ms"])
        return 0


def serve(box: Path, port: int, tell: Callable[[str], None], renewals: Callable[[Callable[[], None]], None]) -> None:
    """Serve until interrupted. `tell` is given each address with its one-time token; `renewals` is given what makes another.

    Raises `Unavailable("up.port")`, `Misused("up.not_empty")`, and `Misused("settings.*")` for a box whose settings are wrong.
    """
    up_box.require_folder(box)
    if (box / FILE).exists():
        load_station(box)
    desk, guard = Box(box), Guard()
    with _door(box, port) as door:
        number = door.getsockname()[1]
        if box.is_dir():
            _remember(box, {**_ports(box), "port": number})
        app = build_up(desk, guard, lambda: (f"127.0.0.1:{number}",))
        address = f"http://127.0.0.1:{number}/#"
        tell(address + guard.renew())
        renewals(lambda: tell(address + guard.renew()))
        server = uvicorn.Server(
            uvicorn.Config(
                app, log_level="warning", access_log=False, lifespan="off", server_header=False, ws="none", timeout_graceful_shutdown=2
            )
        )
        try:
            server.run(sockets=[door])
        finally:
            desk.close()


def _door(box: Path, port: int) -> socket.socket:
    wanted = [port] if port else [_ports(box).get("port", 0), 0]
    for number in wanted:
        try:
            return socket.create_server(("127.0.0.1", number))
        except OSError as error:
            if number == wanted[-1]:
                raise Unavailable("up.port", port=number) from error
    raise Unavailable("up.port", port=port)


def _ports(box: Path) -> dict[str, int]:
    try:
        held = json.loads((box / PORTS).read_bytes())
        return {name: int(held[name]) for name in ("port", "second") if name in held}
    except (OSError, ValueError, TypeError):
        return {}


def _remember(box: Path, ports: Mapping[str, int]) -> None:
    if _ports(box) != ports and (box / FILE).exists():
        DurableFiles().replace(box / PORTS, json.dumps(ports).encode())


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > 8_000:
        raise Misused("up.body")
    return value
