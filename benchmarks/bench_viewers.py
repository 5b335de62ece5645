# SPDX-License-Identifier: Apache-2.0
"""Segment and playlist GETs a second from the centre's tree, against nginx with sendfile over the same files. wrk where it is, else our own client.

16 connections, one server process each, medians of three, in turn. The load generator shares the machine's cores with both.
"""

import re
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from benchmarks import NotHere, Row
from benchmarks.centre import CONNECTIONS, SIZE, centre, per_second
from benchmarks.nginx import nginx
from kua.adapters.clock import SystemClock
from kua.app import founding

ROUNDS = 3
SECONDS = 3
GETS = 4_000


def run() -> list[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory(prefix="kua-bench-") as name:
        folder = Path(name)
        founding.found(folder / "centre", founding.example(SystemClock().now()), founding.packaged_profile("kz"), url="http://127.0.0.1")
        film = folder / "centre/published/kz-2026-rehearsal/s/10-245/film/a"
        film.mkdir(parents=True)
        (film / "0a1b2c3d-450000000.m4s").write_bytes(bytes(SIZE))
        (film / "live.m3u8").write_text("#EXTM3U\n" + "#EXTINF:4.000,\n0a1b2c3d-450000000.m4s?leaf=1\n" * 75)
        rows = []
        with centre(folder / "centre") as ours, nginx(folder / "nginx", folder / "centre/published", "") as port:
            for what, file in (("segment", "0a1b2c3d-450000000.m4s"), ("playlist", "live.m3u8")):
                path = f"/kz-2026-rehearsal/s/10-245/film/a/{file}"
                figures = [(_gets(ours, f"/t{path}"), _gets(f"127.0.0.1:{port}", path)) for _ in range(ROUNDS)]
                kua, peer = (statistics.median(column) for column in zip(*figures, strict=True))
                rows.append(Row(f"{what}_get", kua, "requests/s", peer="nginx", ratio=kua / peer))
                rows.append(Row(f"nginx_{what}_get", peer, "requests/s"))
    return rows


def _gets(address: str, path: str) -> float:
    wrk = shutil.which("wrk")
    if wrk is None:
        head = f"GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()
        return per_second(address, [(head, b"")] * GETS, 200)
    done = subprocess.run(
        [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", f"http://{address}{path}"], capture_output=True, text=True, check=True
    )
    found = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    if found is None or "Non-2xx" in done.stdout:
        raise NotHere("wrk had no answers: " + done.stdout[-200:])
    return float(found[1])
