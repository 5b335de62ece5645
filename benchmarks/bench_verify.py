# SPDX-License-Identifier: Apache-2.0
"""`kua film verify` of a one-hour film, every check but those of pixels; against `sha256sum` of the same files. Whole processes, medians of three.

900 segments of 400 kB of random bytes with their leaves, tree, checkpoints and playlists, as docs/spec/published-tree.md says. All files lie in
the page cache: this measures the verifier, not the disk. The two take turns.
"""

import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks import ROOT, NotHere, Row, judged
from tools.make_published import BEGIN, COMMISSION, RUN, SLOT, Tree, published

ROUNDS: Final = 3
SEGMENTS: Final = 900
SIZE: Final = 400_000
PROGRAM: Final = "import sys; from kua.cli.main import main; sys.exit(main())"
"""What the script `kua` runs."""
TARGET: Final = 3.0
"""Times `sha256sum`: beyond that somebody would trust the shorter tool."""


def run() -> list[Row]:
    """Measure."""
    if shutil.which("sha256sum") is None:
        raise NotHere("sha256sum is not on this computer")
    with tempfile.TemporaryDirectory(prefix="kua-bench-") as name:
        folder = Path(name)
        files = _write(folder, published(shown=_film()))
        verify = [sys.executable, "-c", PROGRAM, "film", "verify", str(folder), "--commission", str(COMMISSION.verifier)]
        ours, theirs = [], []
        for number in range(ROUNDS + 1):
            times = _seconds(verify), _seconds(["sha256sum", "--", *files])
            if number:  # the first pass fills the cache
                ours.append(times[0])
                theirs.append(times[1])
    kua, peer = statistics.median(ours), statistics.median(theirs)
    return [
        judged("film_verify_one_hour", kua, "s", TARGET * peer, "less", peer="sha256sum", ratio=peer / kua),
        judged("film_verify_times_sha256sum", kua / peer, "times", TARGET, "less"),
        Row("sha256sum_same_files", peer, "s"),
        Row("film_verify_bytes", SEGMENTS * SIZE / kua / 1e6, "MB/s"),
    ]


def _film() -> Tree:
    noise = random.Random(2)
    files = {f"film/a/{RUN}-init.mp4": noise.randbytes(700)}
    return files | {f"film/a/{RUN}-{BEGIN // SLOT + number}.m4s": noise.randbytes(SIZE) for number in range(SEGMENTS)}


def _write(folder: Path, tree: Tree) -> list[str]:
    for name, data in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [str(folder / name) for name in tree]


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - start
    if done.returncode:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {done.stdout[-400:]}{done.stderr[-400:]}")
    return taken
