#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make and sign a repository of releases (TUF 1.0) that `kua update` reads: who may release, how many of them must agree, and what they released.

    release.py key KEY.pem                              a new Ed25519 key; each holder makes one on a machine of their own
    release.py init DIR --root PUB... --targets PUB... --online PUB [--threshold 2]
    release.py put DIR VERSION FILE...                  take files in as the newest release; the targets must then be signed anew
    release.py sign DIR KEY.pem                         add the signature of one holder wherever the key may sign
    release.py stamp DIR ONLINE.pem                     sign snapshot and timestamp: daily, so that nobody can hold a release back unnoticed

Nothing is valid until a threshold of holders has signed: no single key, and no server, releases anything.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from kua.adapters.clock import SystemClock

ROOT_DAYS: Final = 400
TARGETS_DAYS: Final = 400
STAMP_DAYS: Final = 3
"""Days after which a timestamp that was not renewed is refused: how long somebody may hold a release back."""
POINTER: Final = "release.json"


def main(arguments: Sequence[str]) -> int:
    """Do what is asked. Returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("key").add_argument("path", type=Path)
    init = verbs.add_parser("init")
    init.add_argument("folder", type=Path)
    for role in ("root", "targets"):
        init.add_argument(f"--{role}", type=Path, nargs="+", required=True)
    init.add_argument("--online", type=Path, required=True)
    init.add_argument("--threshold", type=int, default=2)
    put = verbs.add_parser("put")
    put.add_argument("folder", type=Path)
    put.add_argument("version")
    put.add_argument("files", type=Path, nargs="+")
    for verb in ("sign", "stamp"):
        sub = verbs.add_parser(verb)
        sub.add_argument("folder", type=Path)
        sub.add_argument("key", type=Path)
    given = parser.parse_args(arguments)
    match given.verb:
        case "key":
            make_key(given.path)
        case "init":
            begin(given.folder, _public(given.root), _public(given.targets), _public([given.online])[0], given.threshold)
        case "put":
            put_release(given.folder, given.version, given.files)
        case "sign":
            sign(given.folder, signer_of(given.key))
        case _:
            stamp(given.folder, signer_of(given.key))
    return 0


def make_key(path: Path) -> SSlibKey:
    """Write a new private key (PKCS#8 PEM, mode 0600) and, beside it, its public half as JSON (`.pub`)."""
    signer = CryptoSigner.generate_ed25519()
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(signer.private_bytes)
    key = signer.public_key
    assert isinstance(key, SSlibKey)
    path.with_suffix(".pub").write_text(json.dumps({"keyid": key.keyid, **key.to_dict()}) + "\n", "utf-8")
    return key


def signer_of(path: Path) -> CryptoSigner:
    """Read a private key."""
    key: Any = load_pem_private_key(path.read_bytes(), None)
    return CryptoSigner(key)


def begin(folder: Path, root: Sequence[SSlibKey], targets: Sequence[SSlibKey], online: SSlibKey, threshold: int = 2) -> None:
    """Lay out an empty repository: the root names who may sign what. Fails over one that is there."""
    (folder / "metadata").mkdir(parents=True)
    (folder / "targets").mkdir()
    held = Root(version=1, expires=_in(ROOT_DAYS), consistent_snapshot=True)
    for role, keys, least in (("root", root, threshold), ("targets", targets, threshold), ("snapshot", [online], 1), ("timestamp", [online], 1)):
        for key in keys:
            held.add_key(key, role)
        held.roles[role].threshold = least
    _write(folder, "1.root.json", Metadata(held))
    _write(folder, "1.targets.json", Metadata(Targets(version=1, expires=_in(TARGETS_DAYS))))


def put_release(folder: Path, version: str, files: Sequence[Path]) -> None:
    """Take `files` in, and a pointer that calls them `version`, as the next version of the targets. Nobody has signed it yet."""
    before = newest(folder, "targets")
    held = Targets(version=before.signed.version + 1, expires=_in(TARGETS_DAYS), targets=dict(before.signed.targets))
    pointer = folder / POINTER
    pointer.write_text(json.dumps({"v": 1, "version": version, "files": sorted(path.name for path in files)}) + "\n", "utf-8")
    for path in [*files, pointer]:
        target = TargetFile.from_file(path.name, str(path), ["sha256"])
        held.targets[path.name] = target
        shutil.copyfile(path, folder / "targets" / f"{target.hashes['sha256']}.{path.name}")
    pointer.unlink()
    _write(folder, f"{held.version}.targets.json", Metadata(held))


def sign(folder: Path, signer: CryptoSigner) -> list[str]:
    """Add `signer`'s signature to the newest root and targets, wherever the root lets it; return the roles."""
    root = newest(folder, "root")
    done = []
    for role in ("root", "targets"):
        if signer.public_key.keyid in root.signed.roles[role].keyids:
            metadata = newest(folder, role)
            metadata.sign(signer, append=True)
            _write(folder, f"{metadata.signed.version}.{role}.json", metadata)
            done.append(role)
    return done


def stamp(folder: Path, signer: CryptoSigner, days: int = STAMP_DAYS) -> None:
    """Sign that the newest targets are the newest there are, for `days` days."""
    targets = newest(folder, "targets").signed.version
    snapshot = Snapshot(version=_next(folder, "snapshot"), expires=_in(days), meta={"targets.json": MetaFile(targets)})
    signed = Metadata(snapshot)
    signed.sign(signer)
    _write(folder, f"{snapshot.version}.snapshot.json", signed)
    path = folder / "metadata" / "timestamp.json"
    version = Metadata[Timestamp].from_file(str(path)).signed.version + 1 if path.exists() else 1
    last = Metadata(Timestamp(version=version, expires=_in(days), snapshot_meta=MetaFile(snapshot.version)))
    last.sign(signer)
    _write(folder, "timestamp.json", last)


def newest(folder: Path, role: str) -> Metadata[Any]:
    """Return the newest metadata of `role`."""
    return Metadata.from_file(str(folder / "metadata" / f"{_next(folder, role) - 1}.{role}.json"))


def _next(folder: Path, role: str) -> int:
    return 1 + max((int(path.name.partition(".")[0]) for path in (folder / "metadata").glob(f"*.{role}.json")), default=0)


def _write(folder: Path, name: str, metadata: Metadata[Any]) -> None:
    metadata.to_file(str(folder / "metadata" / name), JSONSerializer(compact=False))


def _in(days: int) -> datetime:
    return datetime.fromtimestamp(SystemClock().now() // 1000, UTC) + timedelta(days=days)


def _public(paths: Sequence[Path]) -> list[SSlibKey]:
    found = []
    for path in paths:
        held = json.loads(path.read_text("utf-8"))
        found.append(SSlibKey.from_dict(held.pop("keyid"), held))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
