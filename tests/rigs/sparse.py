# SPDX-License-Identifier: Apache-2.0
"""A bundle of a log that claims half a million million entries and holds a handful: whoever has the station's key can sign such a tree."""

import json
from hashlib import sha256
from typing import Final

from kua.core.digest import Digest
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.merkle import inclusion_proof, leaf_hash, node_hash, root_of
from kua.proof.tlogproof import TlogProof
from tools import make_bundles as made
from tools.bundle_edits import apart, together

HEIGHT: Final = 39
BELOW: Final = 5
"""Levels of the part of the tree whose leaves are known."""


def sparse() -> bytes:
    """Return the bundle. Its last segment stands alone, at the far end of the log."""
    folder, files = apart((made.FOLDER / "uncosigned.zip").read_bytes())
    day = list(made.world(policy="", by=()).station)
    last = max(
        number
        for number, entry in enumerate(day)
        if (leaf := json.loads(entry)).get("t0", made.UNTIL) < made.UNTIL and leaf.get("cam") == "a"
    )
    near = [leaf_hash(entry) for entry in day[:last]]
    known = near + [Digest(sha256(b"%d" % number).digest()) for number in range(2**BELOW - len(near))]
    beside = [Digest(sha256(b"level %d" % level).digest()) for level in range(BELOW, HEIGHT)]
    left = root_of(known)
    for each in beside:
        left = node_hash(left, each)
    far = 2**HEIGHT
    note = sign_checkpoint(Checkpoint(made.ORIGIN, far + 1, node_hash(left, leaf_hash(day[last]))), made.AGENT)
    place = f"data/s/{made.STATION}"
    files = {name: data for name, data in files.items() if not name.startswith(f"{place}/leaves/")} | {f"{place}/checkpoint": note}
    top = leaf_hash(day[last])
    for first, entries in ((0, day[:last]), (far, [day[last]])):
        end = first + len(entries) - 1
        files[f"{place}/leaves/{first:012d}-{end:012d}.jsonl"] = b"".join(entry + b"\n" for entry in entries)
        for index in (first, end):
            steps = (left,) if index == far else (*inclusion_proof(index, known), *beside, top)
            files[f"{place}/leaves/{index:012d}.tlog-proof"] = TlogProof(index, steps, note).to_bytes()
    return together(folder, files)
