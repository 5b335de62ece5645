# SPDX-License-Identifier: Apache-2.0
"""How a telephone is let in to film: what the listener asks before it carries an offer to the process that films, and the QR code that the box shows.

The picture never passes here. One telephone for each camera: the one-time token of the QR code lets it in, and a secret of its own lets it come again
until another one was let in.
"""

import hmac
import threading
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.adapters.sources import whip_line
from kua.app import listen_files
from kua.app.listen_files import FOLDER, Told
from kua.app.plugins import is_telephone, socket_of
from kua.app.settings import CameraSettings, StationSettings
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.election import Window
from kua.core.errors import KuaError, Misused, Refused
from kua.core.instant import Instant
from kua.ports.clock import Clock

CALIBRATION: Final = "calibration"
"""What the process at the other end says that it films for, when a person learns the empty room; it is the only one that may outside the windows."""


def telephones(station: StationSettings) -> tuple[CameraSettings, ...]:
    """Return the cameras of the station that are telephones."""
    return tuple(camera for camera in station.cameras if is_telephone(camera.source))


def invite(box: Path, camera: str, now: Instant) -> str:
    """Make the one-time token for a telephone that shall film as `camera`, in the place of an older one. Only its digest is kept. Raises `Unavailable("disk.*")`."""
    return listen_files.invite(box, now, _token(camera))


def is_invited(box: Path, camera: str, now: Instant) -> bool:
    """Whether a token waits for a telephone."""
    return listen_files.is_invited(box, now, _token(camera))


def camera_invitation(box: Path, told: Told, camera: str, language: str = "") -> str:
    """Make an invitation and return its address: behind the `#`, which browsers send to nobody, stand token, certificate and camera."""
    token = invite(box, camera, SystemClock().now())
    shown = f"[{told.host}]" if ":" in told.host else told.host
    mark = urlsafe_b64encode(bytes.fromhex(told.fingerprint)).decode().rstrip("=")
    return f"https://{shown}:{told.port}/{language or 'kk'}/camera#{token}.{mark}.{camera}"


@final
class Studio:
    """The port `kua.web.panel.filming.Studio` over the files of a box."""

    def __init__(self, box: Path, host: str, station: StationSettings, windows: tuple[Window, ...], clock: Clock) -> None:
        self._box, self._host, self._windows, self._clock = box, host, windows, clock
        self._cameras = {camera.id: camera for camera in telephones(station)}
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether any camera of this station is a telephone."""
        return bool(self._cameras)

    def film(self, camera: str, bearer: str, secret: str, offer: str, peer: str) -> tuple[str, str]:
        """Let a telephone film and return its session and the answer to its offer; the token is spent when it does.

        Raises `Rejected("listen.token")`, `Misused("whip.no_camera")`, `Refused("whip.outside" | "whip.busy")`, `Unavailable("whip.not_filming")`, and what the
        offer is refused for.
        """
        place = self._place(camera)
        with self._lock:
            who = self._may(camera, bearer)
            self._require_time(place)
            wanted = who or sha256((secret or bearer).encode()).hex()
            said = whip_line.ask(place, {"do": "offer", "sdp": offer, "peer": peer, "host": self._host, "who": wanted})
            if not who:
                listen_files.use(self._box, bearer, self._clock.now(), _token(camera))
                DurableFiles().replace(self._box / FOLDER / f"films-{camera}.json", canonical({"v": 1, "sha256": wanted}), mode=0o600)
        return str(said["session"]), str(said["answer"])

    def leave(self, camera: str, bearer: str, session: str) -> None:
        """End a session. Raises `Rejected("listen.token" | "whip.no_session")`, `Unavailable("whip.not_filming")`."""
        place = self._place(camera)
        who = self._may(camera, bearer)
        whip_line.ask(place, {"do": "end", "session": session, "who": who})

    def state(self, camera: str, bearer: str) -> Mapping[str, Any]:
        """Return what a telephone that was let in, or is about to be, may know: what is wanted, and what has come. Raises as `film`."""
        place = self._place(camera)
        self._may(camera, bearer)
        wanted = self._cameras[camera]
        told: dict[str, Any] = {
            "v": 1,
            "camera": camera,
            "width": wanted.width,
            "height": wanted.height,
            "fps": wanted.fps,
            "ready": False,
            "pictures": 0,
        }
        try:
            said = whip_line.ask(place, {"do": "state"})
            self._require_time(place)
        except KuaError:
            return told
        return {
            **told,
            "ready": True,
            "pictures": int(said.get("pictures", 0)),
            "reads": bool(said.get("reads")),
            "session": str(said.get("session", "")),
        }

    def _place(self, camera: str) -> Path:
        if camera not in self._cameras:
            raise Misused("whip.no_camera", camera=camera[:20])
        return socket_of(self._box, camera)

    def _may(self, camera: str, bearer: str) -> str:
        """Return the digest of a secret that was let in; empty for a token that still may. Raises `Rejected("listen.token")`."""
        digest = sha256(bearer.encode()).hex()
        kept = str(listen_files.read_json(self._box / FOLDER / f"films-{camera}.json").get("sha256", ""))
        if kept and hmac.compare_digest(kept, digest):
            return digest
        listen_files.require_token(self._box, bearer, self._clock.now(), _token(camera))
        return ""

    def _require_time(self, place: Path) -> None:
        now = self._clock.now()
        if any(window.start <= now < window.end for window in self._windows):
            return
        if whip_line.ask(place, {"do": "state"}).get("for") != CALIBRATION:
            raise Refused("whip.outside")


def _token(camera: str) -> str:
    return f"camera-{camera}.json"
