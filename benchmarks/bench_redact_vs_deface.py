# SPDX-License-Identifier: Apache-2.0
"""kua and deface over the same film, one after the other, each a whole process on one and the same core, in one run of this program.

deface is installed into an environment of its own (`.cache/deface-venv`), since its libraries collide with ours. It paints its masks solid
(`--replacewith solid`), its quickest way and the one whose masks can be read off the film. A head (top 15 % of a person's box) is covered
where nine tenths of its pixels are hidden: for kua by the cells that it reports, for deface where its film is black (pixels that were
black before count for it too). The films: vtest frames 0-399 for speed and heads, and the same enlarged to 1280x720 for kua's own speed.
"""

import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from benchmarks import ROOT, NotHere, Row, data, judged
from benchmarks.bench_hide import covered, vtest_people

DEFACE: Final = "deface==1.5.0"
FRAMES: Final = 400
_BLACK: Final = 24


def run() -> list[Row]:
    """Measure."""
    program = _deface()
    core = min(os.sched_getaffinity(0))
    people = {frame: boxes for frame, boxes in vtest_people().items() if frame < FRAMES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = _clip(folder / "clip.mp4", 768, 576)
        large = _clip(folder / "large.mp4", 1280, 720)
        models = data("models")
        peer_s = _timed([str(program), str(clip), "-o", str(folder / "deface.mp4"), "--replacewith", "solid"], core)
        with_s = _timed([*_kua(), str(clip), str(folder / "with.mp4"), "--models", str(models), "--hidden", str(folder / "with.npz")], core)
        bare_s = _timed([*_kua(), str(clip), str(folder / "bare.mp4"), "--models", name, "--hidden", str(folder / "bare.npz")], core)
        large_s = _timed([*_kua(), str(large), str(folder / "large-out.mp4"), "--models", str(models), "--room", str(large)], core)
        peer_large_s = _timed([str(program), str(large), "-o", str(folder / "deface-large.mp4"), "--replacewith", "solid"], core)
        peer = FRAMES / peer_s
        rows = [Row("deface 1.5.0", peer, "frames/s")]
        for told, seconds in (("kua with models", with_s), ("kua without models", bare_s)):
            rows.append(
                judged(
                    f"{told}, times as fast as deface", FRAMES / seconds / peer, "x", 10, "more", peer=DEFACE, ratio=FRAMES / seconds / peer
                )
            )
            rows.append(Row(told, FRAMES / seconds, "frames/s"))
        rows.append(judged("kua with models at 1280x720, learning included", FRAMES / large_s, "frames/s", 30, "more"))
        times = peer_large_s / large_s
        rows.append(Row("deface 1.5.0 at 1280x720", FRAMES / peer_large_s, "frames/s"))
        rows.append(judged("kua with models at 1280x720, times as fast as deface", times, "x", 10, "more", peer=DEFACE, ratio=times))
        theirs = _nine_tenths(covered(_black(folder / "deface.mp4"), people, 768, 576))
        rows.append(Row("heads covered by deface", theirs, "share"))
        for told, cells in (("with models", "with.npz"), ("without models", "bare.npz")):
            ours = _nine_tenths(covered(np.asarray(np.load(folder / cells)["hidden"]), people, 768, 576))
            rows.append(
                judged(
                    f"heads covered by kua {told}",
                    ours,
                    "share",
                    0.99 if told == "with models" else 0.98,
                    "more",
                    peer=DEFACE,
                    ratio=ours / max(theirs, 1e-3),
                )
            )
    return rows


def _kua() -> list[str]:
    return [sys.executable, "-c", "from kua.cli.main import main; main()", "film", "redact"]


def _deface() -> Path:
    """Return the program, installed on the first run. Raises `NotHere` where it cannot be."""
    place = ROOT / ".cache" / "deface-venv"
    program = place / "bin" / "deface"
    if not program.exists():
        venv.create(place, with_pip=True, clear=True)
        done = subprocess.run([place / "bin" / "pip", "install", "-q", DEFACE, "onnxruntime"], capture_output=True, text=True, check=False)
        if done.returncode or not program.exists():
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise NotHere(f"{DEFACE} cannot be installed here ({last[:200]})")
    return program


def _clip(out: Path, width: int, height: int) -> Path:
    """Write the first frames of vtest as H.264."""
    with av.open(str(data("clips", "vtest.avi"))) as film, av.open(str(out), "w") as part:
        stream: Any = part.add_stream("libx264", rate=10, options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number, frame in enumerate(film.decode(video=0)):
            if number == FRAMES:
                break
            frame.pts = None
            part.mux(stream.encode(frame.reformat(width, height, "yuv420p")))
        part.mux(stream.encode(None))
    return out


def _timed(command: Sequence[str], core: int) -> float:
    """Run a process on one core and return its seconds from start to end. Raises `NotHere` where it fails."""
    begun = time.perf_counter()
    done = subprocess.run(["taskset", "-c", str(core), *command], capture_output=True, text=True, check=False)
    taken = time.perf_counter() - begun
    if done.returncode:
        raise NotHere(f"{Path(command[0]).name} failed: {(done.stderr.strip().splitlines() or ['no message'])[-1][:300]}")
    return taken


def _black(path: Path) -> np.ndarray:
    """Return the cells of 8 pixels that are black in a film, frame by frame."""
    cells = []
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            grey = frame.to_ndarray(format="gray")
            cells.append(grey.reshape(grey.shape[0] // 8, 8, -1, 8).mean(axis=(1, 3)) < _BLACK)
    return np.stack(cells)


def _nine_tenths(shares: Sequence[float]) -> float:
    return float(np.mean([share >= 0.9 for share in shares]))
