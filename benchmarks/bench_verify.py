# SPDX-License-Identifier: Apache-2.0
"""`kua film verify` of a one-hour film, every check but those of pixels; against `sha256sum` of the same files. Whole processes, medians of three.

900 segments of 400 kB of random bytes with their leaves, tree, checkpoints and playlists, as docs/spec/published-tree.md says. All files lie in
the page cache: this measures the verifier, not the disk. The two take turns.
"""

import random
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Final

from benchmarks import NotHere, Row, judged
from benchmarks.processes import KUA, seconds
from tools.make_published import BEGIN, COMMISSION, RUN, SLOT, Tree, published

ROUNDS: Final = 3
SEGMENTS: Final = 900
SIZE: Final = 400_000
TARGET: Final = 3.0
"""Times `sha256sum`: beyond that somebody would trust the shorter tool."""


def run() -> list[Row]:
    """Measure."""
    if shutil.which("sha256sum") is None:
        raise NotHere("sha256sum is not on this computer")
    with tempfile.TemporaryDirectory(prefix="kua-bench-") as name:
        folder = Path(name)
        files = _write(folder, published(shown=_film()))
        verify = [*KUA, "film", "verify", str(folder), "--commission", str(COMMISSION.verifier)]
        ours, theirs = [], []
        for number in range(ROUNDS + 1):
            times = seconds(verify), seconds(["sha256sum", "--", *files])
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
