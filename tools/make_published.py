# SPDX-License-Identifier: Apache-2.0
"""Makes `tests/vectors/published`: a small published election, intact and altered, and the list of what the bare wheel must say of it.

`make vectors` calls it. The segments hold text, not pictures: a verifier of the base install looks at bytes, and so these vectors can be
checked by any program in any language. Keys are made from names that everybody can read and protect nothing.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.instant import Instant
from kua.core.nouns import nation_origin, station_origin
from kua.media.playlist import items_of, render
from kua.media.timeline import Day
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.cosign import cosign
from kua.proof.keys import SigningKey
from kua.proof.leaf import make_leaf, read_leaf
from kua.proof.note import add_signatures, parse_note
from kua.proof.persons import Person, issue_person, sign_calibration, sign_election
from kua.proof.tiles import Edge

VECTORS: Final = Path(__file__).parent.parent / "tests" / "vectors"
DOMAIN, ELECTION, STATION = "vectors.example", "vectors-2026", "10-245"
ORIGIN: Final = station_origin(DOMAIN, ELECTION, STATION)
BEGIN: Final = 1_773_565_200_000
"""2026-03-15T09:00:00Z, a multiple of the slot."""
SLOT: Final = 4_000
RUN: Final = "0badcafe"
SEGMENTS: Final = 5
HIDING: Final = sha256(canonical({})).hex()
"""The hiding table of these vectors is empty: nothing is hidden in text."""

Tree = dict[str, bytes]
"""Files by their path below the election's folder."""


def key(name: str) -> SigningKey:
    """A key that everybody can make again from its name."""
    return SigningKey.from_seed(name, sha256(f"kua test vectors, not a secret: {name}".encode()))


CENTRE: Final = key(f"{DOMAIN}/centre")
COMMISSION: Final = key(f"{DOMAIN}/commission")
AGENT: Final = key(ORIGIN)
ISSUERS: Final = {role: key(f"{DOMAIN}/issuer/{role}") for role in ("chair", "observer")}
PEOPLE: Final = {role: key(f"person/{role}/{STATION}") for role in ISSUERS}


def named(text: str) -> dict[str, str]:
    """A title that is the same in three languages."""
    return {"kk": text, "ru": text, "en": text}


COSIGNERS: Final = tuple(key(f"{DOMAIN}/{name}") for name in ("party-1", "party-2", "ngo"))
POLICY: Final = "".join(f"witness {each.name} {each.cosigner}\n" for each in COSIGNERS) + (
    f"group two-of-three 2 {' '.join(each.name for each in COSIGNERS)}\nquorum two-of-three\n"
)


def election(profile: bytes, cosigning: str = "") -> bytes:
    """The election file."""
    end = BEGIN + 3_600_000
    station = {
        "id": STATION, "region": "10", "titles": named("10-245"), "address": named("-"), "voters": 600, "exempt": None,
        "cameras": [{"id": "a", "purpose": "room"}], "windows": [{"phase": "rehearsal", "from": BEGIN, "to": end}],
    }  # fmt: skip
    return canonical({
        "v": 1, "id": ELECTION, "version": 1, "domain": DOMAIN, "titles": named("Vectors"), "kind": "rehearsal", "contests": [],
        "profile": {"id": "vectors", "sha256": sha256(profile).hex()}, "regions": [{"id": "10", "titles": named("10")}],
        "stations": [station], "hiding": {}, "publication": {"delay_ms": 30_000}, "cosigning": cosigning,
        "centres": [{"url": "", "vkey": str(CENTRE.verifier)}],
        "keys": {
            "commission": [str(COMMISSION.verifier)],
            "issuers": [{"role": role, "vkey": str(issuer.verifier)} for role, issuer in ISSUERS.items()],
        },
    })  # fmt: skip


def log_files(prefix: str, entries: list[bytes], signer: SigningKey) -> Iterator[tuple[str, bytes]]:
    """The files of a log: key, tiles, checkpoint."""
    edge = Edge()
    for name, data in edge.append(entries).items():
        yield f"{prefix}/{name}", data
    yield f"{prefix}/vkey", f"{signer.verifier}\n".encode()
    yield f"{prefix}/checkpoint", checkpoint(entries, signer)


def checkpoint(entries: list[bytes], signer: SigningKey) -> bytes:
    """The signed head of a log of `entries`."""
    edge = Edge()
    edge.append(entries)
    return sign_checkpoint(Checkpoint(signer.name, edge.size, edge.root()), signer)


def calibration() -> Tree:
    """The calibration file, its two signatures, and the certificates of the two people."""
    file = canonical({"v": 1, "camera": "a", "note": "a vector, not a calibration of any camera"})
    certificates = [
        issue_person(issuer, Person(role, ELECTION, STATION, PEOPLE[role].verifier)).decode() for role, issuer in ISSUERS.items()
    ]
    stem = f"calibration/a-{sha256(file).hex()[:16]}"
    return {
        f"{stem}.json": file,
        f"{stem}.note": sign_calibration(list(PEOPLE.values()), ELECTION, STATION, "a", sha256(file)),
        f"{stem}.signers.json": canonical({"v": 1, "certificates": certificates}),
    }


def film() -> Tree:
    """An init segment and five segments."""
    files = {f"film/a/{RUN}-init.mp4": b"kua vector: init\n"}
    for number in range(SEGMENTS):
        files[f"film/a/{RUN}-{BEGIN // SLOT + number}.m4s"] = f"kua vector: segment {number}\n".encode() * 40
    return files


LIVE_RUN: Final = "1ee71e55"
THIN: Final = {1: "small", 2: "none", 3: "slow", 4: "still"}
"""What the line bore of the segments of the thin one, by their numbers; the first had the full film."""


def small() -> Tree:
    """What a thin line got at once: of all segments but the first, and of the third nothing but the statement."""
    files = {f"film/a/live/{LIVE_RUN}-init.mp4": b"kua vector: lowered init\n"}
    for number, rung in THIN.items():
        if rung != "none":
            files[f"film/a/live/{LIVE_RUN}-{BEGIN // SLOT + number}.m4s"] = f"kua vector: lowered segment {number}\n".encode() * 4
    return files


def stated(number: int, lives: Tree) -> dict[str, Any]:
    """The member `live` of a leaf of version 2, where there is one."""
    name = f"film/a/live/{LIVE_RUN}-{BEGIN // SLOT + number}.m4s"
    if not lives or number not in THIN:
        return {}
    if name not in lives:
        return {"live": {"rung": THIN[number]}}
    head, data = next(iter(lives.values())), lives[name]
    return {
        "live": {
            "rung": THIN[number], "run": LIVE_RUN, "sha256": sha256(data).hex(), "size": len(data), "init": sha256(head).hex(), "width": 640, "height": 360,
            "fps_milli": {"small": 10_000, "slow": 1_000, "still": 100}[THIN[number]], "frames": {"small": 40, "slow": 4, "still": 1}[THIN[number]],
        }
    }  # fmt: skip


def leaves(file: bytes, signed: Tree, shown: Tree, lives: Tree | None = None) -> list[bytes]:
    """The station's day: open, calibration, a gap, the segments, close. With `lives` the line was thin, and the day is not over."""
    digest_of = {name.partition(".")[2]: sha256(data).hex() for name, data in signed.items()}
    init, *segments = shown.values()
    first, last = BEGIN - 2 * SLOT, BEGIN + len(segments) * SLOT

    def segment(number: int, data: bytes) -> dict[str, Any]:
        t0 = BEGIN + number * SLOT
        return {
            "at": t0 + SLOT + 500, "cam": "a", "seq": number + 1, "run": RUN, "slot": t0 // SLOT, "t0": t0, "t1": t0 + SLOT, "frames": 40,
            "sha256": sha256(data).hex(), "size": len(data), "init": sha256(init).hex(), "calibration": digest_of["json"],
            "hiding": HIDING, "phase": "rehearsal", "trust": "ntp", **stated(number, lives or {}),
        }  # fmt: skip

    return [
        make_leaf("open", at=first, election=ELECTION, election_sha256=sha256(file).hex(), station=STATION, trust="ntp",
                  cams=[{"cam": "a", "width": 1280, "height": 720, "fps_milli": 10_000}]),
        make_leaf("calibration", at=first, cam="a", sha256=digest_of["json"], note=digest_of["note"], signers=digest_of["signers.json"]),
        make_leaf("gap", at=BEGIN, cam="a", seq=0, t0=first, t1=BEGIN, reason="starting"),
        *(make_leaf("segment", 2 if lives and number in THIN else 1, **segment(number, data)) for number, data in enumerate(segments)),
        *([] if lives else [make_leaf("close", at=last, reason="end_of_day")]),
    ]  # fmt: skip


def playlists(entries: list[bytes], shown: Tree, lives: Tree | None = None) -> Tree:
    """Both playlists, as the verifier renders them from the leaves."""
    day = Day("a")
    for index, entry in enumerate(entries):
        leaf = read_leaf(entry, "station")
        if leaf.type in {"open", "close", "segment", "gap"}:
            day.add(index, leaf.type, leaf.body)  # type: ignore[union-attr]  # every leaf here is of a known type
    there, less = ({sha256(data).hex() for data in files.values()} for files in (shown, lives or {}))
    text = render(items_of(day, there, Instant(2**53), less), 0, ended=not lives).encode()
    return {"film/a/day.m3u8": text, "film/a/live.m3u8": text}


def published(
    lost: str | tuple[str, ...] = "",
    shown: Tree | None = None,
    cosigners: tuple[SigningKey, ...] | None = None,
    later: int = 0,
    lives: Tree | None = None,
) -> Tree:
    """The whole tree, as a centre publishes it that never received the segment `lost`, or several. `shown` is other film than the text of `film`.

    `lives` is what a thin line got at once.
    `cosigners`, where given, have co-signed the national log under `POLICY`; `later` moves the time of its last entry, so that another
    history comes out.
    """
    shown = shown or film()
    profile = canonical({"v": 1, "id": "vectors", "titles": named("Vectors"), "clauses": []})
    policy = "" if cosigners is None else POLICY
    file = election(profile, policy)
    signed = calibration()
    entries = leaves(file, signed, shown, *([lives] if lives else []))
    at = BEGIN + (len(shown) - 1) * SLOT + 1_000
    note = checkpoint(entries, AGENT)
    edge = Edge()
    edge.append(entries)
    nation = [
        make_leaf("policy", at=BEGIN, what="election", version=1, sha256=sha256(file).hex()),
        *([make_leaf("policy", at=BEGIN, what="cosigning", version=1, sha256=sha256(policy.encode()).hex())] if policy else []),
        make_leaf("certificate", at=BEGIN, station=STATION, origin=ORIGIN, vkey=str(AGENT.verifier)),
        make_leaf("station_checkpoint", received_at=at + later, origin=ORIGIN, size=edge.size, root=edge.root().hex(), note=note.decode()),
    ]
    tree = {
        "election.json": file,
        "election.note": sign_election([COMMISSION], ELECTION, 1, sha256(file)),
        "profile.json": profile,
    }
    tree |= log_files(f"s/{STATION}", entries, AGENT)
    tree |= nation_files(nation)
    if cosigners is not None:
        tree |= cosigned_files(tree["nation/checkpoint"], cosigners)
    there = {name: data for name, data in shown.items() if name not in ((lost,) if isinstance(lost, str) else lost)}
    film_files = there | (lives or {})
    return tree | {f"s/{STATION}/{name}": data for name, data in (signed | film_files | playlists(entries, there, lives)).items()}


def nation_files(entries: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """The national log: its origin is not the name of its key."""
    edge = Edge()
    for name, data in edge.append(entries).items():
        yield f"nation/{name}", data
    yield "nation/vkey", f"{CENTRE.verifier}\n".encode()
    yield "nation/checkpoint", sign_checkpoint(Checkpoint(nation_origin(DOMAIN, ELECTION), edge.size, edge.root()), CENTRE)


def cosigned_files(note: bytes, cosigners: tuple[SigningKey, ...]) -> Tree:
    """The policy beside the national log, and its newest checkpoint as it was co-signed, ten seconds apart."""
    text, size = parse_note(note).text, parse_note(note).text.split("\n")[1]
    seconds = BEGIN // 1000 + 60
    signed = add_signatures(note, [cosign(text, each, seconds + 10 * number) for number, each in enumerate(cosigners)])
    word = "quorum" if len(cosigners) > 1 else "some"
    return {
        "nation/policy": POLICY.encode(),
        "nation/checkpoint": signed,
        "nation/cosigned/checkpoint": signed,
        f"nation/cosigned/{size}": signed,
        "nation/cosigned/sizes": f"{size} {seconds + 10 * (len(cosigners) > 1)} {word}\n".encode(),
    }


def forked() -> Tree:
    """A centre that shows another history than its co-signers saw."""
    seen, shown = published(cosigners=COSIGNERS[:2]), published(cosigners=COSIGNERS[:2], later=1)
    return shown | {name: data for name, data in seen.items() if name.startswith("nation/cosigned/")}


def flipped(tree: Tree, name: str) -> Tree:
    """The tree with the lowest bit of one byte in the middle of `name` turned."""
    data = bytearray(tree[name])
    data[len(data) // 2] ^= 1
    return tree | {name: bytes(data)}


def files() -> Tree:
    """Every file of these vectors, by its path below tests/vectors."""
    tree = published()
    segment = f"film/a/{RUN}-{BEGIN // SLOT + 2}.m4s"
    entries = next(name for name in tree if name.startswith(f"s/{STATION}/tile/entries/"))
    away = tuple(f"film/a/{RUN}-{BEGIN // SLOT + number}.m4s" for number in (1, 2, 4))
    thin = published(lost=away, lives=small())
    kinds = {
        "thin-line": thin,
        "thin-line-altered": flipped(thin, f"s/{STATION}/film/a/live/{LIVE_RUN}-{BEGIN // SLOT + 4}.m4s"),
        "intact": tree,
        "altered-film": flipped(tree, f"s/{STATION}/{segment}"),
        "missing-film": published(lost=segment),
        "altered-log": flipped(tree, entries),
        "cosigned": published(cosigners=COSIGNERS[:2]),
        "cosigned-too-few": published(cosigners=COSIGNERS[:1]),
        "cosigned-fork": forked(),
    }
    trust = f"--commission {COMMISSION.verifier}"
    vkey, other = f"--vkey {AGENT.verifier}", f"--vkey {CENTRE.verifier}"
    lines = [
        "# EXIT-CODE and the arguments of kua, run in this folder by `make smoke` on the bare wheel. Made by `make vectors`.",
        f"0 film verify published/intact {trust}",
        f"0 film verify published/intact/s/{STATION} {trust}",
        f"1 film verify published/altered-film {trust}",
        f"2 film verify published/missing-film {trust}",
        f"1 film verify published/altered-log {trust}",
        f"0 film verify published/thin-line {trust}",
        f"1 film verify published/thin-line-altered {trust}",
        f"0 log verify published/intact/s/{STATION} {vkey}",
        f"0 log verify published/intact/nation {other}",
        f"1 log verify published/intact/s/{STATION} {other}",
        f"1 log verify published/altered-log/s/{STATION} {vkey}",
        f"0 film verify published/cosigned {trust}",
        f"2 film verify published/cosigned-too-few {trust}",
        f"1 film verify published/cosigned-fork {trust}",
        f"0 log verify published/cosigned/nation {other} --policy published/cosigned/nation/policy",
        f"2 log verify published/cosigned-too-few/nation {other} --policy published/cosigned/nation/policy",
        "64 film verify published",
        f"0 bundle verify bundle/film.zip {trust}",
        f"1 bundle verify bundle/film.zip --commission {CENTRE.verifier}",
        "0 bundle show bundle/withdrawn.zip",
        "64 bundle verify bundle/nowhere.zip",
    ]
    written = {f"published/{kind}/{name}": data for kind, part in kinds.items() for name, data in part.items()}
    return written | {"smoke.txt": ("\n".join(lines) + "\n").encode()}


def main(folder: Path = VECTORS) -> None:
    """Write every file anew."""
    shutil.rmtree(folder / "published", ignore_errors=True)
    for name, data in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    print(folder / "published", file=sys.stderr)


if __name__ == "__main__":
    main()
