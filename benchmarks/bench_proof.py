# SPDX-License-Identifier: Apache-2.0
"""What proof costs: appends to a log, proofs checked, the station's work for a segment, and a bundle of one hour made and checked from end to end.

The bundle is 900 segments of 400 kB of random bytes in the boxes of film, with their leaves, proofs and a working copy. It is checked by the program as a
whole process, every check but those of pixels, in a namespace without a network and with the clock twenty years ahead where that is allowed; against
`sha256sum` of the same file, taking turns. All files lie in the page cache: this measures programs, not disks. Appends do measure the disk.
"""

import itertools
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from struct import pack
from typing import Final

from benchmarks import NotHere, Row, judged
from benchmarks.processes import KUA, seconds
from kua.adapters.tilelog import DiskLog
from kua.core.instant import Instant, rfc3339
from kua.proof.keys import SigningKey
from kua.proof.merkle import Frontier, check_inclusion, inclusion_proof, leaf_hash
from kua.station.keep import Keep
from tests.unit.test_station_keep import Station
from tools.make_bundles import FOLDER as VECTORS
from tools.make_published import BEGIN, COMMISSION, RUN, SLOT, STATION, Tree, calibration, leaves, published

ROUNDS: Final = 3
SEGMENTS: Final = 900
SAMPLES: Final = 40
SAMPLE: Final = 10_000
TARGET: Final = 1.3
"""Times `sha256sum`, and a tenth of a second for starting the program."""
START: Final = 0.1
STATION_MS: Final = 10.0
LEAVES: Final = 18_000
"""Leaves of a day of twenty hours."""


def run() -> list[Row]:
    """Measure."""
    if shutil.which("sha256sum") is None:
        raise NotHere("sha256sum is not on this computer")
    with tempfile.TemporaryDirectory(prefix="kua-bench-") as name:
        folder = Path(name)
        return [*_appends(folder / "log"), _proofs(), _station(folder / "box"), *_bundle(folder / "bundle")]


def _appends(folder: Path) -> Iterator[Row]:
    day = leaves(b"election", calibration(), {"init": b"", **{f"{number}": bytes(100) for number in range(20)}})
    for row, batch, rounds in (("log_appends_durable_single", 1, 600), ("log_appends_durable_in_batches_of_256", 256, 40)):
        log = DiskLog.open(folder / row, "bench.example/log", SigningKey.from_seed("bench.example/log", bytes(32)))
        entries = list(itertools.islice(itertools.cycle(day), batch))
        start = time.perf_counter()
        for _ in range(rounds):
            log.append(entries)
        taken = time.perf_counter() - start
        log.close()
        yield Row(row, rounds * batch / taken, "1/s")
    log = DiskLog.open(folder / "shown", "bench.example/log", SigningKey.from_seed("bench.example/log", bytes(32)))
    start = time.perf_counter()
    for number in range(300):
        log.append([day[number % len(day)]])
        log.publish()
    taken = time.perf_counter() - start
    log.close()
    yield Row("log_appends_each_with_its_checkpoint_shown", 300 / taken, "1/s")


def _proofs() -> Row:
    hashes = [leaf_hash(number.to_bytes(4, "big")) for number in range(LEAVES)]
    root, chance = Frontier.of(hashes).root(), random.Random(1)
    picked = [(index, inclusion_proof(index, hashes)) for index in chance.sample(range(LEAVES), 200)]
    start = time.perf_counter()
    for index, proof in itertools.islice(itertools.cycle(picked), 20_000):
        check_inclusion(index, LEAVES, hashes[index], proof, root)
    return Row("inclusion_proofs_verified", 20_000 / (time.perf_counter() - start), "1/s")


def _station(box: Path) -> Row:
    """Work of the process `keep` for one segment of 400 kB: hash, file, leaf, journal, checkpoint, queue. No sealed film."""
    from kua.station.pipe import Piece

    station = Station(box)
    film = random.Random(3).randbytes(SAMPLES * SAMPLE)
    keep: Keep = station.keep
    used = []
    for _ in range(200):
        t0 = Instant(-(-station.clock.now() // SLOT) * SLOT)
        station.clock.advance(t0 + SLOT - station.clock.now())
        start = time.process_time()
        keep.handle("a", Piece(f"{station.run:08x}", t0 // SLOT, t0, t0 + SLOT, 40, "ntp", "voting", film))
        used.append(time.process_time() - start)
    return judged("station_cpu_for_a_segment", statistics.median(used) * 1000, "ms", STATION_MS, "less")


def _bundle(folder: Path) -> Iterator[Row]:
    tree, out = folder / "tree", folder / "bundle.zip"
    for name, data in published(shown=_film()).items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(data)
    times = ["--from", rfc3339(Instant(BEGIN)), "--to", rfc3339(Instant(BEGIN + SEGMENTS * SLOT))]
    make = [*KUA, "bundle", "make", "--station", STATION, "--tree", str(tree), *times, "--out", str(out), "--no-report"]
    making = []
    for _ in range(ROUNDS):
        out.unlink(missing_ok=True)
        making.append(seconds(make))
    size = out.stat().st_size
    fence = _fence()
    verify = [*KUA, "bundle", "verify", str(out), "--commission", str(COMMISSION.verifier)]
    ours, plain, theirs = [], [], []
    for number in range(ROUNDS + 1):
        taken = seconds([*fence, *verify]), seconds(verify), seconds(["sha256sum", str(out)])
        if number:  # the first pass fills the cache
            ours.append(taken[0])
            plain.append(taken[1])
            theirs.append(taken[2])
    kua, peer = statistics.median(ours), statistics.median(theirs)
    note = None if fence else "no namespace or no faketime here: with the network and the clock as they are"
    limit = TARGET * peer + START
    yield Row("bundle_of_one_hour", size / 1e6, "MB")
    yield Row("bundle_make", statistics.median(making), "s")
    yield Row("bundle_make_bytes", size / statistics.median(making) / 1e6, "MB/s")
    yield Row("bundle_verify_no_network_clock_20_years_ahead", kua, "s", limit, kua <= limit, "sha256sum", peer / kua, note)
    yield Row("bundle_verify_as_it_is", statistics.median(plain), "s")
    yield Row("bundle_verify_bytes", size / kua / 1e6, "MB/s")
    yield Row("sha256sum_same_file", peer, "s")


def _fence() -> list[str]:
    """What a command is run under so that it has no network and lives twenty years from now; empty where that is not allowed."""
    # The wall clock alone: threads that wait for one another by the other clock would wait wrongly, which no computer of that year does.
    fence = ["env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "unshare", "-rn", "faketime", "-f", "+20y"]
    if not all(map(shutil.which, ("unshare", "faketime"))) or subprocess.run([*fence, "true"], check=False, capture_output=True).returncode:
        return []
    return fence


def _film() -> Tree:
    noise = random.Random(2)
    files = {f"film/a/{RUN}-init.mp4": (VECTORS / "film" / "0badcafe-init.mp4").read_bytes()}
    return files | {f"film/a/{RUN}-{BEGIN // SLOT + number}.m4s": _segment(number, noise) for number in range(SEGMENTS)}


def _segment(number: int, noise: random.Random) -> bytes:
    """A segment in the boxes of film (docs/spec/segment.md), with noise for pictures."""
    tfhd = _box(b"tfhd", pack(">II", 0x020000, 1))
    tfdt = _box(b"tfdt", pack(">IQ", 0x01000000, number * SLOT * 90))
    samples = b"".join(pack(">II", SLOT * 90 // SAMPLES, SAMPLE) for _ in range(SAMPLES))
    trun = _box(b"trun", pack(">III", 0x000301, SAMPLES, 0) + samples)
    return _box(b"moof", _box(b"mfhd", pack(">II", 0, number + 1)) + _box(b"traf", tfhd + tfdt + trun)) + _box(b"mdat", noise.randbytes(SAMPLES * SAMPLE))


def _box(kind: bytes, body: bytes) -> bytes:
    return pack(">I", 8 + len(body)) + kind + body
