# SPDX-License-Identifier: Apache-2.0
"""A log when its disk fails or it is killed: each of its file-system calls is made to fail once, by strace.

Afterwards it opens without a human, holds every entry that it acknowledged, and continues every checkpoint that anybody can have seen.
"""

import shutil
from pathlib import Path

import pytest

from kua.adapters.tilelog import frames
from kua.proof.base64 import from_base64
from kua.proof.checkpoint import open_checkpoint
from kua.proof.merkle import leaf_hash, root_of
from kua.proof.tiles import decode_bundle, tiles_of
from tests.faults.log_child import BEFORE, KEY, ORIGIN, STEPS, grow, leaf, main, opened
from tests.rigs.strace import Sweep, require_strace

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]


def assert_readable(public: Path) -> bytes:
    """Whoever reads the shown checkpoint finds every entry below it. Returns the checkpoint."""
    shown = (public / "checkpoint").read_bytes()
    head = open_checkpoint(shown, KEY.verifier, ORIGIN)
    entries = [
        entry
        for tile in tiles_of(head.size)
        if tile.level == "entries"
        for entry in decode_bundle((public / tile.path).read_bytes(), tile.width)
    ]
    assert root_of(map(leaf_hash, entries)) == head.root
    return shown


def examine(folder: Path, kind: str, told: list[str]) -> str:
    """Hold everything that was acknowledged or can have been seen against the log that opens again."""
    seen = [assert_readable(folder / "public")]
    seen += [body for _, body in frames((folder / "log/heads").read_bytes())]
    assert len(seen) > len(BEFORE)
    seen += [from_base64(line.split()[2]) for line in told if line.startswith(("published", "signed"))]
    acknowledged = max([int(line.split()[2]) for line in told if line.startswith("appended")], default=BEFORE[-1])
    published = max([int(line.split()[1]) for line in told if line.startswith("published")], default=BEFORE[-1])
    log = opened(folder, kind)
    found = log.size
    assert found >= max(acknowledged, published), "what was acknowledged is lost"
    assert log.check() == []
    grow(log, kind, 270)
    assert log.entries(0, 270) == [leaf(number) for number in range(270)]
    assert log.check() == []
    log.close()
    seen.append(assert_readable(folder / "public"))
    for note in seen:
        head = open_checkpoint(note, KEY.verifier, ORIGIN)
        assert root_of(leaf_hash(leaf(number)) for number in range(head.size)) == head.root, "two histories"
    return f"acknowledged {max(acknowledged, published)}, held {found}"


def made(folder: Path, kind: str) -> None:
    log = opened(folder, kind)
    for size in BEFORE:
        grow(log, kind, size)
    log.close()


def swept(top: Path, kind: str, *, share: int = 0) -> int:
    template, folder, alone = top / "template", top / "box", top / "alone"
    made(template, kind)

    def fresh() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template, folder)

    wanted: list[str] = []
    shutil.copytree(template, alone)
    main(alone, kind, wanted.append)
    assert sum(line.startswith("published") for line in wanted) == len(STEPS)
    sweep = Sweep(["tests.faults.log_child", str(folder), kind], [folder], fresh, lambda told: examine(folder, kind, told), top / "trace")
    runs = sweep.run(wanted, share=share)
    print(f"  {kind}: {runs} injections, 0 forks, 0 lost acknowledged entries")
    return runs


@pytest.fixture(autouse=True)
def strace_is_there() -> None:
    require_strace()


@pytest.mark.parametrize("kind", ["own", "copy"])
def test_a_log_whose_disk_fails_neither_forks_nor_forgets(tmp_path: Path, kind: str) -> None:
    """One occurrence of each call and fault, spread over the run; all of them in `make soak`."""
    assert swept(tmp_path, kind, share=1) >= 40


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["own", "copy"])
def test_a_log_neither_forks_nor_forgets_whichever_call_fails(tmp_path: Path, kind: str) -> None:
    assert swept(tmp_path, kind) >= 400
