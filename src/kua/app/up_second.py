# SPDX-License-Identifier: Apache-2.0
"""The door for the second device, in a process of its own: TLS with a certificate made a moment ago, one address, a listed set of routes. Opens no file of the box.

Standard input: a first line of JSON with all that it may know (`host`, `port`, `token`, `what`, `still`), then lines that the box's page says. Standard output:
a first line `{"port", "fingerprint"}`, then what the device says. It ends with its input.
"""

import asyncio
import base64
import json
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import uvicorn

from kua.adapters.clock import SystemClock
from kua.app.local_certificate import fingerprint, make_certificate
from kua.web.panel.second import Pairing, build_second

DAYS: Final = 2


def main() -> int:
    """Serve until standard input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    asked = json.loads(sys.stdin.readline())
    door = _door(str(asked["host"]), int(asked["port"]))
    host, port = door.getsockname()[:2]
    key, certificate = make_certificate([str(host)], SystemClock().now() / 1000, DAYS)
    shown = fingerprint(certificate)

    def tell(said: Mapping[str, Any]) -> None:
        print(json.dumps(said), file=out, flush=True)

    pairing = Pairing(str(asked["token"]), shown, asked["what"], base64.b64decode(asked["still"]), tell)
    names = (f"{host}:{port}",)
    config = uvicorn.Config(
        build_second(pairing, lambda: names), log_level="critical", access_log=False, lifespan="off", server_header=False, ws="none"
    )
    _load(config, key, certificate)
    server = uvicorn.Server(config)
    threading.Thread(target=_hear, args=(pairing, server), daemon=True).start()
    tell({"port": port, "fingerprint": shown})
    asyncio.run(_serve(server, door, pairing))
    return 0


_LOOP: list[asyncio.AbstractEventLoop] = []


async def _serve(server: uvicorn.Server, door: socket.socket, _pairing: Pairing) -> None:
    _LOOP.append(asyncio.get_running_loop())
    await server.serve(sockets=[door])


def _hear(pairing: Pairing, server: uvicorn.Server) -> None:
    for line in sys.stdin:
        said = json.loads(line)
        if _LOOP:
            _LOOP[0].call_soon_threadsafe(pairing.hear, said)
        else:
            pairing.hear(said)
    server.should_exit = True


def _load(config: uvicorn.Config, key: bytes, certificate: bytes) -> None:
    """OpenSSL wants a file: it lies in a folder that only we can read, for as long as loading takes."""
    with tempfile.TemporaryDirectory(prefix="kua-door-") as folder:
        path = Path(folder) / "door.pem"
        path.touch(0o600)
        path.write_bytes(key + certificate)
        config.ssl_certfile = config.ssl_keyfile = str(path)
        config.load()


def _door(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError:
        return socket.create_server((host, 0), family=family)


if __name__ == "__main__":
    raise SystemExit(main())
