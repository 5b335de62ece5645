# SPDX-License-Identifier: Apache-2.0
"""The page's side of the second device's door: starts the process, says what is signed, hears what the device says. Open only from press to close."""

import base64
import json
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import segno

from kua.core.errors import Misused, Unavailable
from kua.web.panel.second import code_of
from kua.web.panel.up import Second

LOOPBACK: Final = "127.0.0.1"


def addresses() -> tuple[str, ...]:
    """Return the addresses of this computer that a second device could reach: that of the default route first, then loopback. Sends nothing."""
    found = []
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737): chooses a route, sends no packet
        found.append(str(probe.getsockname()[0]))
    return tuple(dict.fromkeys([*found, LOOPBACK]))


class Door:
    """One open door for one camera's calibration."""

    def __init__(
        self,
        cam: str,
        host: str,
        port: int,
        what: Mapping[str, Any],
        still: bytes,
        signed: Callable[[Mapping[str, str]], Mapping[str, Any]],
    ) -> None:
        """`signed` takes what the device has signed and returns nothing, or an error in words. Raises `Misused("up.second_address")`, `Unavailable("up.second")`."""
        if host not in addresses():
            raise Misused("up.second_address", given=host[:60], known=", ".join(addresses()))
        self.cam, self._signed, self._what = cam, signed, what
        self._token = secrets.token_urlsafe(18)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kua.app.up_second"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, start_new_session=True,
        )  # fmt: skip
        self.vkey, self.code, self.is_confirmed, self.is_signed = "", "", False, False
        self._say({"host": host, "port": port, "token": self._token, "what": what, "still": base64.b64encode(still).decode()})
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self.close()
            raise Unavailable("up.second", address=host)
        told = json.loads(line)
        self.host, self.port, self.fingerprint = host, int(told["port"]), str(told["fingerprint"])
        threading.Thread(target=self._hear, name="second", daemon=True).start()

    def page(self, language: str) -> Second:
        """Return what the box's page shows of the door."""
        url = f"https://{self.host}:{self.port}/{language}/#{self._token}"
        code = segno.make(url, error="m", micro=False)
        svg = code.svg_inline(scale=5, border=2, omitsize=True, svgclass="qr", lineclass=None)
        groups = [self.fingerprint[at : at + 4].upper() for at in range(0, 64, 4)]
        return Second(url, svg, " ".join(groups), addresses())

    def confirm(self, code: str) -> None:
        """The person says that the same number stands on both screens. Raises `Misused("up.not_compared")` if the device has changed meanwhile."""
        if not self.vkey or code != self.code:
            raise Misused("up.not_compared")
        self.is_confirmed = True
        self._say({"confirmed": self.vkey})

    def give(self, certificate: str) -> None:
        """Hand the device its certificate, so that nobody need type it there."""
        self._say({"certificate": certificate})

    def close(self) -> None:
        """Close the door and end its process."""
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _hear(self) -> None:
        for line in self._process.stdout or ():
            said = json.loads(line)
            if "vkey" in said and not self.is_confirmed:
                # The number is reckoned here anew: what the other process says of it is not taken over.
                self.vkey, self.code = str(said["vkey"]), code_of(self.fingerprint, str(self._what["text"]), str(said["vkey"]))
            if "sign" in said and self.is_confirmed and said["sign"].get("vkey") == self.vkey:
                answer = self._signed({**said["sign"], "language": str(said.get("language", "kk"))})
                self.is_signed = not answer
                self._say({"answer": answer})

    def _say(self, said: Mapping[str, Any]) -> None:
        with suppress(OSError, ValueError):
            if self._process.stdin:
                print(json.dumps(said), file=self._process.stdin, flush=True)
