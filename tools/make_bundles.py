# SPDX-License-Identifier: Apache-2.0
"""Makes `tests/vectors/bundle`: a few small court bundles, and a list of what may be done to them with what a verifier must say.

`make vectors` calls it. The film was painted once (`film/`) and is not made again, so that no encoder decides what these vectors are. Keys are made
from names that everybody can read and protect nothing. How to build a case is in `tests/vectors/bundle/README.md`.
"""

import base64
import hashlib
import json

import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from struct import pack
from typing import Any, Final

from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.instant import Instant
from kua.core.nouns import nation_origin
from kua.media.playlist import items_of, render
from kua.media.timeline import Day
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.cosign import cosign
from kua.proof.keys import SigningKey
from kua.proof.leaf import Leaf, make_leaf, read_leaf
from kua.proof.merkle import inclusion_proof, leaf_hash
from kua.proof.note import Note, add_signatures, parse_note, sign_text
from kua.proof.persons import sign_election
from kua.proof.tiles import Edge
from kua.proof.tlogproof import TlogProof
from kua.verify.bundle import verify_bundle
from kua.verify.gather import Wanted
from kua.verify.pack import Order, make_bundle
from kua.verify.reading import open_reader
from tools import bundle_hours
from tools.bundle_edits import apart, built
from tools.make_published import (
    AGENT,
    BEGIN,
    CENTRE,
    COMMISSION,
    DOMAIN,
    ELECTION,
    HIDING,
    ISSUERS,
    ORIGIN,
    SLOT,
    STATION,
    calibration,
    key,
    named,
)

FOLDER: Final = Path(__file__).parent.parent / "tests" / "vectors" / "bundle"
RUNS: Final = ("0badcafe", "5eed1e55")
OPENED: Final = BEGIN - 2 * SLOT
CLOSED: Final = BEGIN + 7 * SLOT
SINCE, UNTIL = Instant(BEGIN + 2_000), Instant(BEGIN + 22_000)
NATION: Final = nation_origin(DOMAIN, "vectors-2026")
WITNESSES: Final = {name: key(f"{name}.example/witness") for name in ("one", "two", "three")}
POLICY: Final = "".join([
    f"log {CENTRE.verifier}\n",
    *(f"witness {name} {signer.cosigner}\n" for name, signer in WITNESSES.items()),
    "group two-of-three 2 one two three\n",
    "quorum two-of-three\n",
])  # fmt: skip
SIGNED_AT: Final = CLOSED // 1000 + 60
"""When the witnesses co-signed, in seconds since 1970."""

Tree = dict[str, bytes]
Edits = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class World:
    """One small election as it is published: its files, the station's leaves and the nation's."""

    files: Tree
    station: tuple[bytes, ...]
    nation: tuple[bytes, ...]


@cache
def film() -> Tree:
    """The painted film by its names below `film/a/`: three segments, a hole of one slot, three segments of which the first is filled."""
    return {path.name: path.read_bytes() for path in sorted((FOLDER / "film").iterdir())}


def election(profile: bytes, policy: str) -> bytes:
    """The election file."""
    station = {
        "id": STATION, "region": "10", "titles": named("10-245"), "address": named("-"), "voters": 600, "exempt": None,
        "cameras": [{"id": "a", "purpose": "room"}, {"id": "b", "purpose": "count"}],
        "windows": [{"phase": "rehearsal", "from": BEGIN - 60_000, "to": BEGIN + 3_600_000}],
    }  # fmt: skip
    return canonical({
        "v": 1, "id": ELECTION, "version": 1, "domain": DOMAIN, "titles": named("Vectors"), "kind": "rehearsal", "contests": [],
        "profile": {"id": json.loads(profile)["id"], "sha256": sha256(profile).hex()}, "regions": [{"id": "10", "titles": named("10")}],
        "stations": [station], "hiding": {}, "publication": {"delay_ms": 30_000}, "cosigning": policy,
        "centres": [{"url": "", "vkey": str(CENTRE.verifier)}],
        "keys": {
            "commission": [str(COMMISSION.verifier)],
            "issuers": [{"role": role, "vkey": str(issuer.verifier)} for role, issuer in ISSUERS.items()],
        },
    })  # fmt: skip


def leaves(file: bytes, signed: Tree, nation: Sequence[bytes]) -> list[bytes]:
    """The station's day: two cameras, of which `b` gives no picture; a beacon, a hole, a filled segment, a step of the clock."""
    digest_of = {name.partition(".")[2]: sha256(data).hex() for name, data in signed.items()}
    size = {"width": 160, "height": 96, "fps_milli": 2000}
    day = [
        make_leaf("open", at=OPENED, election=ELECTION, election_sha256=sha256(file).hex(), station=STATION, trust="ntp",
                  cams=[{"cam": "a", **size}, {"cam": "b", **size}]),
        make_leaf("session", at=OPENED, boot="00000001", build=HIDING, settings=HIDING, mono=1000, trust="ntp"),
        make_leaf("calibration", at=OPENED, cam="a", sha256=digest_of["json"], note=digest_of["note"], signers=digest_of["signers.json"]),
        make_leaf("gap", at=BEGIN, cam="a", seq=0, t0=OPENED, t1=BEGIN, reason="starting"),
        make_leaf("beacon", at=BEGIN, note=head(NATION, nation, CENTRE).decode()),
    ]  # fmt: skip
    seq = 1
    for number in range(7):
        t0 = BEGIN + number * SLOT
        run = RUNS[number > 3]
        if number == 3:
            day.append(make_leaf("gap", at=t0 + SLOT, cam="a", seq=seq, t0=t0, t1=t0 + SLOT, reason="camera_lost"))
            day.append(make_leaf("gap", at=t0 + SLOT, cam="b", seq=0, t0=OPENED, t1=t0 + SLOT, reason="starting"))
            seq += 1
            continue
        if number == 4:
            day.append(make_leaf("hidden", at=t0 + SLOT, cam="a", t0=t0, t1=t0 + SLOT, reason="scene_changed"))
        data = film()[f"{run}-{t0 // SLOT}.m4s"]
        day.append(
            make_leaf("segment", at=t0 + SLOT + 300, cam="a", seq=seq, run=run, slot=t0 // SLOT, t0=t0, t1=t0 + SLOT, frames=8,
                      sha256=sha256(data).hex(), size=len(data), init=sha256(film()[f"{run}-init.mp4"]).hex(), calibration=digest_of["json"],
                      hiding=HIDING, phase="rehearsal", trust="ntp")
        )  # fmt: skip
        seq += 1
        if number == 1:
            day.append(
                make_leaf("heartbeat", at=t0 + SLOT, boot="00000001", mono=9000, trust="ntp", owed=0, owed_bytes=0, free_bytes=10**9)
            )
    day += [
        make_leaf("gap", at=CLOSED, cam="b", seq=1, t0=BEGIN + 4 * SLOT, t1=CLOSED, reason="camera_lost"),
        make_leaf("clock", at=CLOSED, trust="ntp", step_ms=1500, forward=True, mono=40_000),
        make_leaf("close", at=CLOSED, reason="end_of_day"),
    ]
    return day


def head(origin: str, entries: Sequence[bytes], signer: SigningKey) -> bytes:
    """The signed checkpoint over `entries`."""
    edge = Edge()
    edge.append(entries)
    return sign_checkpoint(Checkpoint(origin, edge.size, edge.root()), signer)


def cosigned(note: bytes, names: Iterable[str], later: int = 0) -> bytes:
    """The note with co-signatures of these witnesses, a second apart, the first `later` seconds after `SIGNED_AT`."""
    text = parse_note(note).text
    return add_signatures(note, [cosign(text, WITNESSES[name], SIGNED_AT + later + number) for number, name in enumerate(names)])


def world(
    *,
    policy: str = POLICY,
    by: Iterable[str] = ("one", "two", "three"),
    withdrawn: bool = False,
    revoked: bool = False,
    profile: bytes | None = None,
    shown: bool = True,
    hours: bool = False,
) -> World:
    """A published election. `by` co-signed the national log; `withdrawn`: film of the second slot was taken back; `revoked`: the box was stolen in between; not `shown`: no film is public at all;
    `hours`: the log has keys of the hours, and telephones co-signed in the room."""
    profile = profile or canonical({"v": 1, "id": "vectors", "titles": named("Vectors"), "clauses": []})
    file, signed = election(profile, policy), calibration()
    nation = [
        make_leaf("policy", at=OPENED, what="election", version=1, sha256=sha256(file).hex()),
        make_leaf("certificate", at=OPENED + 1000, station=STATION, origin=ORIGIN, vkey=str(AGENT.verifier)),
    ]
    day = leaves(file, signed, nation)
    sizes: tuple[int, ...] = (6, len(day))
    if hours:
        listed = bundle_hours.parts(day)
        day, sizes = bundle_hours.grown(listed), bundle_hours.sizes(listed)
    for size in sizes:
        note = head(ORIGIN, day[:size], AGENT)
        edge = Edge()
        edge.append(day[:size])
        nation.append(
            make_leaf("station_checkpoint", received_at=CLOSED + size, origin=ORIGIN, size=size, root=edge.root().hex(), note=note.decode())
        )
    lost = ""
    if withdrawn:
        nation.append(make_leaf("withdrawn", at=CLOSED, station=STATION, cam="a", t0=BEGIN + SLOT, t1=BEGIN + 2 * SLOT,
                                article="Art. 8", by="commission", reason="order"))  # fmt: skip
        lost = f"{RUNS[0]}-{BEGIN // SLOT + 1}.m4s"
    if revoked:
        nation.append(make_leaf("revoked", at=CLOSED + 90, station=STATION, vkey=str(AGENT.verifier), since=CLOSED + 7, article="Art. 20",
                                by="territorial", reason="stolen"))  # fmt: skip
    kept = tuple(nation)
    nation.append(make_leaf("policy", at=CLOSED + 100, what="profile", version=1, sha256=sha256(profile).hex()))
    tree = {"election.json": file, "election.note": sign_election([COMMISSION], ELECTION, 1, sha256(file)), "profile.json": profile}
    for place, entries, signer, note in (
        ("nation", nation, CENTRE, head(NATION, nation, CENTRE)),
        (f"s/{STATION}", day, AGENT, head(ORIGIN, day, AGENT)),
    ):
        edge = Edge()
        tree |= {f"{place}/{name}": data for name, data in edge.append(entries).items()}
        tree |= {f"{place}/vkey": f"{signer.verifier}\n".encode(), f"{place}/checkpoint": note}
    tree |= {
        "nation/time/list.json": canonical({"v": 1, "notes": [{"size": len(kept), "tokens": ["one"]}]}),
        f"nation/time/{len(kept)}.note": head(NATION, kept, CENTRE),
        f"nation/time/{len(kept)}-one.tsr": b"a stand-in: no authority of these vectors exists\n",
    }
    if policy:
        early = cosigned(head(NATION, kept, CENTRE), by)
        tree |= {
            f"nation/cosigned/{len(kept)}": early,
            f"nation/cosigned/{len(nation)}": cosigned(head(NATION, nation, CENTRE), by, 600),
            "nation/cosigned/checkpoint": cosigned(head(NATION, nation, CENTRE), by, 600),
            "nation/cosigned/sizes": f"{len(kept)} {SIGNED_AT + 1} quorum\n{len(nation)} {SIGNED_AT + 601} quorum\n".encode(),
        }
    there = {name: data for name, data in film().items() if shown and name != lost}
    shown = signed | {f"film/a/{name}": data for name, data in there.items()} | playlists(day, nation, there)
    return World(tree | {f"s/{STATION}/{name}": data for name, data in shown.items()}, tuple(day), tuple(nation))


def playlists(day: Sequence[bytes], nation: Sequence[bytes], there: Tree) -> Tree:
    """Both playlists of both cameras."""
    out = {}
    for cam in ("a", "b"):
        told = Day(cam)
        for log, entries in (("station", day), ("nation", nation)):
            for index, entry in enumerate(entries):
                leaf = read_leaf(entry, log)  # type: ignore[arg-type]  # one of the two words
                if isinstance(leaf, Leaf) and leaf.type in {"open", "close", "segment", "gap", "withdrawn"}:
                    told.add(index, leaf.type, leaf.body)
        text = render(items_of(told, {sha256(data).hex() for data in there.values()}, Instant(2**53)), 0, ended=True).encode()
        out |= {f"film/{cam}/day.m3u8": text, f"film/{cam}/live.m3u8": text}
    return out


def bundle(made: World, *, cameras: tuple[str, ...] = ("a",), since: Instant = SINCE, until: Instant = UNTIL, copies: bool = True) -> bytes:
    """The bundle of a published election."""
    with tempfile.TemporaryDirectory(prefix="kua-vectors-") as name:
        folder = Path(name)
        for path, data in made.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        make_bundle(open_reader(name), Order(Wanted(STATION, cameras, since, until), copies=copies), folder / "bundle.zip")
        return (folder / "bundle.zip").read_bytes()


# --------------------------------------------------------------------------------------------------------------- cases


def put(file: str, data: bytes) -> dict[str, Any]:
    """Put a file there, whether there is one or not."""
    return {"do": "put", "file": file, "base64": base64.b64encode(data).decode()}


def flip(file: str, data: bytes, at: int | None = None, bit: int = 0) -> dict[str, Any]:
    """Turn one bit, in the middle unless told otherwise."""
    return {"do": "flip", "file": file, "at": len(data) // 2 if at is None else at % len(data), "bit": bit}


def over(at: int, data: bytes, instead_of: int | None = None) -> dict[str, Any]:
    """Write bytes of the archive over others."""
    return {
        "do": "bytes",
        "at": at,
        "base64": base64.b64encode(data).decode(),
        "instead_of": len(data) if instead_of is None else instead_of,
    }


def excerpt(place: str, entries: Sequence[bytes], spans: Sequence[tuple[int, int]], note: bytes) -> Edits:
    """The files of an excerpt that somebody makes anew with a key of theirs."""
    hashes = [leaf_hash(entry) for entry in entries]
    out = [put(f"data/{place}/checkpoint", note)]
    for first, last in spans:
        out.append(
            put(f"data/{place}/leaves/{first:012d}-{last:012d}.jsonl", b"".join(entry + b"\n" for entry in entries[first : last + 1]))
        )
        for index in (first, last):
            proof = TlogProof(index, inclusion_proof(index, hashes), note)
            out.append(put(f"data/{place}/leaves/{index:012d}.tlog-proof", proof.to_bytes()))
    return out


def spans_of(files: Iterable[str], place: str) -> list[tuple[int, int]]:
    """First and last of each range of leaves in a bundle."""
    start = f"data/{place}/leaves/"
    names = [name.removeprefix(start).removesuffix(".jsonl") for name in files if name.startswith(start) and name.endswith(".jsonl")]
    return [(int(name[:12]), int(name[13:])) for name in names]


def restated(entries: Sequence[bytes], index: int, **changes: Any) -> list[bytes]:
    """The entries with other fields in one leaf."""
    body = json.loads(entries[index]) | changes
    return [*entries[:index], canonical(body), *entries[index + 1 :]]


def cases(bases: dict[str, bytes], made: dict[str, World]) -> list[dict[str, Any]]:
    """Every case: its name, its base and its edits."""
    base, files = apart(bases["film"])
    place, day, nation = f"data/s/{STATION}", made["film"].station, made["film"].nation
    names = sorted(files)
    segments = [name for name in names if name.endswith(".m4s")]
    ranges = [name for name in names if name.startswith(f"{place}/leaves/") and name.endswith(".jsonl")]
    proofs = [name for name in names if name.startswith(f"{place}/leaves/") and name.endswith(".tlog-proof")]
    nation_proofs = [name for name in names if name.startswith("data/nation/leaves/") and name.endswith(".tlog-proof")]
    signed = {
        ending: next(name for name in names if "/calibration/" in name and name.endswith(ending))
        for ending in (".json", ".note", ".signers.json")
    }
    spans, wide = spans_of(files, f"s/{STATION}"), spans_of(files, "nation")
    kinds = [json.loads(entry)["type"] for entry in day]
    told = dict(files)
    listed: list[tuple[str, str, Edits]] = []

    def case(name: str, *edits: dict[str, Any] | Edits, on: str = "film") -> None:
        listed.append((name, on, [edit for each in edits for edit in (each if isinstance(each, list) else [each])]))

    def with_range(name: str, old: bytes, new: bytes) -> dict[str, Any]:
        return put(name, told[name].replace(old, new))

    # Intact ones.
    for each in bases:
        case(f"intact-{each}", on=each)
    case("intact-custody-goes-on", put("data/custody.json", canonical({"v": 1, "events": [
        *json.loads(files["data/custody.json"])["events"],
        {"act": "received", "role": "court", "at": CLOSED, "before": sha256(canonical(json.loads(files["data/custody.json"])["events"][0])).hex()},
    ]})))  # fmt: skip
    case("intact-readme-of-another-program", put("readme-en.txt", b"Read the other one.\n"))
    case("intact-strangers-signature-on-the-election", put("data/election.note", add_signatures(
        files["data/election.note"], [sign_text(parse_note(files["data/election.note"]).text, key("stranger.example"))])))  # fmt: skip
    # Film.
    for number, name in enumerate(segments):
        case(f"segment-{number}-one-bit", flip(name, files[name]))
    case("segment-cut", {"do": "cut", "file": segments[1], "size": 4000})
    case("segment-longer", {"do": "add", "file": segments[1], "base64": base64.b64encode(b"free").decode()})
    case("segment-left-out", {"do": "take", "file": segments[1]})
    case("two-segments-left-out", {"do": "take", "file": segments[1]}, {"do": "take", "file": segments[3]})
    aside = segments[0] + ".aside"
    case(
        "segments-exchanged", copied(aside, segments[0]), copied(segments[0], segments[1]), {"do": "move", "file": aside, "to": segments[1]}
    )
    case("segment-again-in-another-place", copied(segments[1], segments[0]))
    case("segment-of-another-day-added", copied(segments[0].replace("443391300", "443391200"), segments[0]))
    case("init-one-bit", flip(next(name for name in names if name.endswith("init.mp4")), films_init(files, names)))
    case("init-left-out", {"do": "take", "file": next(name for name in names if name.endswith("init.mp4"))})
    case("copy-one-bit-in-a-picture", flip("data/working/a-1.mp4", files["data/working/a-1.mp4"], -2000))
    case("copy-faster", faster("data/working/a-1.mp4", files["data/working/a-1.mp4"]))
    case("copy-left-out", {"do": "take", "file": "data/working/a-1.mp4"})
    case("copy-added", copied("data/working/a-2.mp4", "data/working/a-1.mp4"))
    # Statements.
    reason = ranges[0]
    case("gap-with-a-kinder-reason", with_range(reason, b'"reason":"camera_lost"', b'"reason":"restart"'))
    case(
        "hidden-taken-out-of-the-range",
        put(reason, b"".join(line + b"\n" for line in told[reason].splitlines() if b'"hidden"' not in line)),
    )
    case("statement-said-twice", put(reason, told[reason] + told[reason].splitlines()[-1] + b"\n"))
    case("statements-exchanged", put(reason, swapped(told[reason], 5, 6)))
    case("statement-in-another-spelling", with_range(reason, b'"cam":"a",', b'"cam": "a",'))
    case("statement-with-one-more-field", with_range(reason, b'"trust":"ntp","type":"segment"', b'"trust":"ntp","type":"segment","vote":1'))
    case("range-cut", {"do": "cut", "file": reason, "size": len(told[reason]) // 2})
    case("range-left-out", {"do": "take", "file": ranges[-1]})
    case("range-with-one-statement-less-at-its-end", *shorter(files, day, spans[0], f"s/{STATION}"))
    case("range-split-in-two", *split(files, day, spans[0], f"s/{STATION}"))
    case("window-begins-late", *later(files, day, spans[0], f"s/{STATION}"))
    case("proof-of-another-place", put(proofs[0], told[proofs[0]].replace(b"index 0\n", b"index 1\n")))
    case("proof-one-bit", flip(proofs[1], files[proofs[1]], 40))
    case("proof-left-out", {"do": "take", "file": proofs[0]})
    case("proof-with-a-hash-more", put(proofs[0], told[proofs[0]].replace(b"index 0\n", b"index 0\n" + b"A" * 43 + b"=\n")))
    case("proof-under-another-checkpoint", put(proofs[0], told[proofs[0]].split(b"\n\n")[0] + b"\n\n" + head(ORIGIN, day[:6], AGENT)))
    case("national-proof-one-bit", flip(nation_proofs[0], files[nation_proofs[0]], 50))
    case("station-checkpoint-one-bit", flip(f"{place}/checkpoint", files[f"{place}/checkpoint"]))
    case("station-key-of-another", put(f"{place}/vkey", f"{key(ORIGIN + '/other').verifier}\n".encode()))
    # A station that writes its history anew, with its own key.
    kinder = restated(day, kinds.index("gap", 5), reason="restart")
    case("station-signs-a-kinder-gap", *excerpt(f"s/{STATION}", kinder, spans, head(ORIGIN, kinder, AGENT)))
    lost = restated(restated(day, kinds.index("gap", 5), t0=BEGIN + 3 * SLOT + 1000), 0)
    case("station-signs-a-second-away", *excerpt(f"s/{STATION}", lost, spans, head(ORIGIN, lost, AGENT)))
    other = film()[f"{RUNS[1]}-{BEGIN // SLOT + 6}.m4s"]
    index = next(number for number, entry in enumerate(day) if json.loads(entry).get("slot") == BEGIN // SLOT + 1)
    forged = restated(day, index, sha256=sha256(other).hex(), size=len(other))
    case("station-signs-other-film", *excerpt(f"s/{STATION}", forged, spans, head(ORIGIN, forged, AGENT)), put(segments[1], other))
    stranger = key(ORIGIN + "/stranger")
    fake = SigningKey.from_seed(ORIGIN, sha256(b"kua test vectors, not a secret: another key of the same name"))
    case(
        "station-with-another-key",
        put(f"{place}/vkey", f"{fake.verifier}\n".encode()),
        *excerpt(f"s/{STATION}", day, spans, head(ORIGIN, day, fake)),
    )
    case(
        "station-log-of-a-stranger",
        put(f"{place}/vkey", f"{stranger.verifier}\n".encode()),
        *excerpt(f"s/{STATION}", day, spans, head(ORIGIN, day, stranger)),
    )
    # The same with a centre that helps, but no co-signer.
    case("centre-logs-what-the-station-signs-anew", *excerpt(f"s/{STATION}", kinder, spans, head(ORIGIN, kinder, AGENT)),
         *excerpt("nation", aided(nation, kinder), wide, head(NATION, aided(nation, kinder), CENTRE)),
         *({"do": "take", "file": f"data/time/{name}"} for name in ("first.tlog-proof", "stamped.tlog-proof", "one.tsr")))  # fmt: skip
    case(
        "centre-keeps-old-cosignatures",
        *excerpt("nation", aided(nation, kinder), wide, moved(files["data/nation/checkpoint"], aided(nation, kinder))),
    )
    # Hours and the room.
    whole_day, hour_files = made["hours"].station, apart(bases["hours"])[1]
    for name, instead in bundle_hours.ALTERED.items():
        case(name, *anew(hour_files, bundle_hours.grown(bundle_hours.parts(made["film"].station), **instead), made["hours"].nation), on="hours")
    kinds_there = [json.loads(entry)["type"] for entry in whole_day]
    second = [index for index, each in enumerate(kinds_there) if each == "hour_seal"][1]
    case("seal-not-in-the-bundle", *without((second, second), f"s/{STATION}"), on="hours")
    case("keys-not-in-the-bundle", *parted(hour_files, whole_day, kinds_there.index("hour_keys")), on="hours")
    case("seals-not-in-the-bundle", *(
        edit for first, last in spans_of(hour_files, f"s/{STATION}") if "hour_seal" in kinds_there[first : last + 1] and first > 20
        for edit in without((first, last), f"s/{STATION}")), on="hours")  # fmt: skip
    case("seal-one-bit", flip(f"{place}/leaves/{second:012d}-{second:012d}.jsonl", hour_files[f"{place}/leaves/{second:012d}-{second:012d}.jsonl"]), on="hours")
    kept, note = made["hours"].nation[:-1], hour_files["data/time/stamped.tlog-proof"].split(b"\n\n", 1)[1]
    case("stamped-checkpoint-of-a-state-without-the-film", put("data/time/stamped.tlog-proof", TlogProof(
        2, inclusion_proof(2, [leaf_hash(entry) for entry in kept]), note).to_bytes()), on="hours")  # fmt: skip
    case("earlier-state-of-another-history", *excerpt("nation", (elsewhere := forked(made["hours"].nation, whole_day)), spans_of(hour_files, "nation"),
         cosigned(head(NATION, elsewhere, CENTRE), WITNESSES, 600)), *no_proofs(), on="hours")  # fmt: skip
    # The nation.
    case("too-few-cosigners", *excerpt("nation", nation, wide, cosigned(head(NATION, nation, CENTRE), ["two"])))
    case("no-cosigner", *excerpt("nation", nation, wide, head(NATION, nation, CENTRE)))
    case("one-cosigner-under-two-names", *excerpt("nation", nation, wide, doubled(nation)))
    case("cosignature-with-another-time", *excerpt("nation", nation, wide, retimed(nation)))
    case("national-checkpoint-one-bit", flip("data/nation/checkpoint", files["data/nation/checkpoint"], 60))
    case("policy-that-asks-for-less", put("data/cosigning.policy", POLICY.replace("quorum two-of-three", "quorum none").encode()))
    case("policy-left-out", {"do": "take", "file": "data/cosigning.policy"})
    weak = election(files["data/profile.json"], "")
    case("election-without-a-policy", put("data/election.json", weak), {"do": "take", "file": "data/cosigning.policy"})
    mine = sign_election([key("mine.example/commission")], ELECTION, 1, sha256(weak))
    own = weak.replace(str(COMMISSION.verifier).encode(), str(key("mine.example/commission").verifier).encode())
    mine = sign_election([key("mine.example/commission")], ELECTION, 1, sha256(own))
    case(
        "election-of-another-commission",
        put("data/election.json", own),
        put("data/election.note", mine),
        {"do": "take", "file": "data/cosigning.policy"},
    )
    case("election-one-bit", flip("data/election.json", files["data/election.json"], 500))
    case("profile-one-bit", flip("data/profile.json", files["data/profile.json"], 20))
    case("election-note-left-out", {"do": "take", "file": "data/election.note"})
    first = "data/time/first.tlog-proof"
    case("first-sight-one-bit", flip(first, files[first], 70))
    case("first-sight-left-out", {"do": "take", "file": first})
    case("first-sight-of-another-statement", put(first, files[first].replace(b"index 3\n", b"index 2\n")))
    stamped, beacon = "data/time/stamped.tlog-proof", "data/time/beacon.tlog-proof"
    case("stamped-checkpoint-one-bit", flip(stamped, files[stamped], 70))
    case("stamped-checkpoint-of-another", put(stamped, files[stamped].replace(b"index 3\n", b"index 1\n")))
    case("beacon-with-a-later-time", put("data/time/beacon.json", restated([files["data/time/beacon.json"]], 0, at=BEGIN)[0]))
    case("beacon-under-a-later-checkpoint", put(beacon, TlogProof(
        1, inclusion_proof(1, [leaf_hash(entry) for entry in nation]), files["data/nation/checkpoint"]).to_bytes()))  # fmt: skip
    case("beacon-left-out", {"do": "take", "file": beacon})
    # Without the statements that bind it to the nation.
    bare = [make_leaf("policy", at=OPENED, what="election", version=1, sha256=json.loads(nation[0])["sha256"])]
    case("not-in-the-nation", *[{"do": "take", "file": name} for name in names if name.startswith("data/nation/leaves/")],
         *excerpt("nation", bare, [(0, 0)], cosigned(head(NATION, bare, CENTRE), WITNESSES)))  # fmt: skip
    # People.
    case("calibration-one-bit", flip(signed[".json"], files[signed[".json"]]))
    case("calibration-of-one-person", put(signed[".note"], first_signature(files[signed[".note"]])))
    case("calibration-signers-left-out", {"do": "take", "file": signed[".signers.json"]})
    # What nobody signs.
    contents = json.loads(files["data/bundle.json"])
    case("contents-of-another-time", put("data/bundle.json", canonical(contents | {"from": contents["from"] - 2000})))
    longer = canonical(contents | {"to": contents["to"] + 4000})
    case("contents-and-name-of-more-time", put("data/bundle.json", longer), {"do": "rebase", "to": base.replace("090022Z", "090026Z")},
         put("bag-info.txt", files["bag-info.txt"].replace(b"090022Z", b"090026Z")))  # fmt: skip
    case("contents-of-another-station", put("data/bundle.json", canonical(contents | {"station": "10-246"})))
    case("contents-of-a-newer-version", put("data/bundle.json", canonical(contents | {"v": 2})))
    case("contents-with-one-more-field", put("data/bundle.json", canonical(contents | {"sealed": True})))
    case("contents-not-canonical", put("data/bundle.json", json.dumps(contents).encode()))
    case(
        "custody-with-a-name",
        put("data/custody.json", canonical({"v": 1, "events": [{"act": "made", "role": "A. Person", "at": None, "before": None}]})),
    )
    case("custody-chain-broken", put("data/custody.json", canonical({"v": 1, "events": [
        *json.loads(files["data/custody.json"])["events"], {"act": "sealed", "role": "court", "at": None, "before": "0" * 64}]})))  # fmt: skip
    case("a-file-that-nobody-signed", put("data/note.txt", b"trust me\n"))
    case("a-file-beside", put("setup.exe", b"MZ"))
    # The bag.
    case("manifest-not-touched", {"do": "keep-manifests"}, flip(segments[0], files[segments[0]]))
    case(
        "manifest-with-a-line-more",
        {"do": "keep-manifests"},
        put("manifest-sha512.txt", files["manifest-sha512.txt"] + b"0" * 128 + b"  data/zzz\n"),
    )
    case(
        "manifest-with-a-line-less",
        {"do": "keep-manifests"},
        put("manifest-sha512.txt", b"".join(files["manifest-sha512.txt"].splitlines(keepends=True)[1:])),
    )
    case(
        "manifest-that-leads-out",
        {"do": "keep-manifests"},
        put("manifest-sha512.txt", files["manifest-sha512.txt"] + b"0" * 128 + b"  ../zzz\n"),
    )
    case("manifest-of-another-kind", put("manifest-md5.txt", b""))
    case("fetch", put("fetch.txt", b"http://example.org/x 3 data/x\n"))
    case("bagit-of-another-version", put("bagit.txt", b"BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n"))
    # The archive.
    whole = bases["film"]
    end = len(whole) - 22
    start = int.from_bytes(whole[-6:-2], "little")
    case("zip-with-bytes-before", over(0, b"#!/bin/sh\n", 0))
    case("zip-with-bytes-behind", over(len(whole), b"\n", 0))
    case("zip-with-a-comment", over(-2, pack("<H", 3) + b"abc", 2))
    case("zip-cut", over(-30, b"", 30))
    case("zip-with-a-hole", over(start, b"hole", 0), over(-6, pack("<I", start + 4)))
    case("zip-encrypted-flag", over(start + 8, pack("<H", 1)))
    case("zip-packed-method", over(start + 10, pack("<H", 8)))
    case("zip-of-64-bits", over(start + 20, b"\xff" * 8))
    case("zip-with-a-link", over(start + 38, pack("<I", 0o120777 << 16)))
    case("zip-with-another-date", over(start + 14, pack("<H", 0x5C7A)))
    case("zip-local-header-differs", over(14, b"\0\0\0\0"))
    case("zip-checksum-differs", over(14, b"\0\0\0\0"), over(start + 16, b"\0\0\0\0"))
    case("zip-two-disks", over(end + 4, pack("<H", 1)))
    case("zip-that-leads-out", {"do": "loose", "name": "../evil.txt", "base64": "AA=="})
    case("zip-absolute", {"do": "loose", "name": "/etc/passwd", "base64": "AA=="})
    case("zip-backslash", {"do": "loose", "name": base[:-1] + "\\evil.txt", "base64": "AA=="})
    case(
        "zip-file-twice",
        {"do": "loose", "name": f"{base}verify.html", "base64": "AA=="},
        {"do": "loose", "name": f"{base}verify.html", "base64": "AQ=="},
    )
    case("zip-differs-in-capitals", {"do": "loose", "name": f"{base}tagmanifest-sha512.TXT", "base64": "AA=="})
    case("zip-out-of-order", {"do": "loose", "name": f"{base}bagit.htm", "base64": "AA=="})
    case("zip-two-folders", {"do": "loose", "name": "other/bagit.txt", "base64": "AA=="})
    case("zip-folder-that-is-a-file", {"do": "loose", "name": f"{base}tagmanifest-sha512.txt/x", "base64": "AA=="})
    case("zip-empty", over(0, b"", len(whole) - 22), over(-14, bytes(14)))
    case("zip-of-nothing", over(0, b"", len(whole)))
    return [{"name": name, "base": on, "edits": edits} for name, on, edits in listed]


def films_init(files: Tree, names: Sequence[str]) -> bytes:
    """The bytes of the first init segment."""
    return files[next(name for name in names if name.endswith("init.mp4"))]


def swapped(data: bytes, one: int, two: int) -> bytes:
    """Lines in another order."""
    lines = data.splitlines(keepends=True)
    lines[one], lines[two] = lines[two], lines[one]
    return b"".join(lines)


def copied(file: str, of: str) -> dict[str, Any]:
    """Put a copy of another file there."""
    return {"do": "copy", "file": file, "of": of}


def faster(name: str, copy: bytes) -> dict[str, Any]:
    """The working copy with pictures that last half as long."""
    at = copy.index(b"stts") + 16
    half = (int.from_bytes(copy[at : at + 4], "big") // 2).to_bytes(4, "big")
    return {"do": "patch", "file": name, "at": at, "base64": base64.b64encode(half).decode()}


def ranged(place: str, entries: Sequence[bytes], first: int, last: int, note: bytes, size: int) -> Edits:
    """A range of leaves with its proofs, under a checkpoint that is there."""
    hashes = [leaf_hash(entry) for entry in entries[:size]]
    out = [put(f"data/{place}/leaves/{first:012d}-{last:012d}.jsonl", b"".join(entry + b"\n" for entry in entries[first : last + 1]))]
    return out + [
        put(f"data/{place}/leaves/{index:012d}.tlog-proof", TlogProof(index, inclusion_proof(index, hashes), note).to_bytes())
        for index in (first, last)
    ]


def without(span: tuple[int, int], place: str) -> Edits:
    """Take a range and its proofs away."""
    first, last = span
    return [
        {"do": "take", "file": f"data/{place}/leaves/{name}"}
        for name in (f"{first:012d}-{last:012d}.jsonl", *dict.fromkeys((f"{first:012d}.tlog-proof", f"{last:012d}.tlog-proof")))
    ]


def shorter(files: Tree, day: Sequence[bytes], span: tuple[int, int], place: str) -> Edits:
    """The range without its last leaf, and a good proof of the one before."""
    note = files[f"data/{place}/checkpoint"]
    return [*without(span, place), *ranged(place, day, span[0], span[1] - 1, note, len(day))]


def split(files: Tree, day: Sequence[bytes], span: tuple[int, int], place: str) -> Edits:
    """The range in two that touch."""
    note = files[f"data/{place}/checkpoint"]
    return [*without(span, place), *ranged(place, day, span[0], 5, note, len(day)), *ranged(place, day, 6, span[1], note, len(day))]


def later(files: Tree, day: Sequence[bytes], span: tuple[int, int], place: str) -> Edits:
    """`open` to `calibration`, and then only from the first segment on: the gap before it is left out."""
    note = files[f"data/{place}/checkpoint"]
    return [*without(span, place), *ranged(place, day, 0, 2, note, len(day)), *ranged(place, day, 4, span[1], note, len(day))]


def anew(files: Tree, day: Sequence[bytes], nation: Sequence[bytes]) -> Edits:
    """Everything signed anew over another day of the station, by everybody: what is then still wrong is in the day itself."""
    other = [
        restated([entry], 0, root=root_over(day[: json.loads(entry)["size"]]), note=head(ORIGIN, day[: json.loads(entry)["size"]], AGENT).decode())[0]
        if json.loads(entry)["type"] == "station_checkpoint" else entry
        for entry in nation
    ]  # fmt: skip
    return [
        *excerpt(f"s/{STATION}", day, spans_of(files, f"s/{STATION}"), head(ORIGIN, day, AGENT)),
        *excerpt("nation", other, spans_of(files, "nation"), cosigned(head(NATION, other, CENTRE), WITNESSES, 600)),
        *no_proofs(),
    ]


def no_proofs() -> Edits:
    """Without the proofs of when the station's log was first seen, which are of another history."""
    return [{"do": "take", "file": f"data/time/{name}"} for name in ("first.tlog-proof", "stamped.tlog-proof", "one.tsr")]


def root_over(entries: Sequence[bytes]) -> str:
    """The root over `entries` in hex."""
    edge = Edge()
    edge.append(entries)
    return edge.root().hex()


def forked(nation: Sequence[bytes], day: Sequence[bytes]) -> list[bytes]:
    """The national log with another history of the station in the first state that has all of the film, signed by the station."""
    index = [number for number, entry in enumerate(nation) if json.loads(entry)["type"] == "station_checkpoint"][1]
    other = [*day[: json.loads(nation[index])["size"] - 1], make_leaf("close", at=BEGIN, reason="ordered")]
    return restated(nation, index, root=root_over(other), note=head(ORIGIN, other, AGENT).decode())


def parted(files: Tree, day: Sequence[bytes], index: int) -> Edits:
    """Take one leaf out of its range, and leave the two parts beside it."""
    first, last = next(span for span in spans_of(files, f"s/{STATION}") if span[0] <= index <= span[1])
    note = files[f"data/s/{STATION}/checkpoint"]
    beside = [span for span in ((first, index - 1), (index + 1, last)) if span[0] <= span[1]]
    return [*without((first, last), f"s/{STATION}"), *(edit for one in beside for edit in ranged(f"s/{STATION}", day, *one, note, len(day)))]


def aided(nation: Sequence[bytes], day: Sequence[bytes]) -> list[bytes]:
    """The national log of a centre that helps: it holds what the station signed anew."""
    edge = Edge()
    edge.append(day)
    index = max(number for number, entry in enumerate(nation) if json.loads(entry)["type"] == "station_checkpoint")
    return restated(nation, index, root=edge.root().hex(), note=head(ORIGIN, day, AGENT).decode())


def moved(note: bytes, entries: Sequence[bytes]) -> bytes:
    """The co-signatures of one checkpoint under another."""
    fresh = parse_note(head(NATION, entries, CENTRE))
    return Note(fresh.text, (*fresh.signatures, *parse_note(note).signatures[1:])).to_bytes()


def doubled(nation: Sequence[bytes]) -> bytes:
    """One co-signer twice, with two times."""
    note = cosigned(head(NATION, nation, CENTRE), ["one"])
    return add_signatures(note, [cosign(parse_note(note).text, WITNESSES["one"], SIGNED_AT + 9)])


def retimed(nation: Sequence[bytes]) -> bytes:
    """A co-signature whose time was set back an hour."""
    note = parse_note(cosigned(head(NATION, nation, CENTRE), WITNESSES))
    first, line, *rest = note.signatures
    other = type(line)(line.name, line.key_id, (SIGNED_AT - 3600).to_bytes(8, "big") + line.made[8:])
    return Note(note.text, (first, other, *rest)).to_bytes()


def first_signature(note: bytes) -> bytes:
    """A note with its first signature only."""
    held = parse_note(note)
    return Note(held.text, held.signatures[:1]).to_bytes()


def said_of(data: bytes) -> dict[str, Any]:
    """The exit code for a bundle, and each line that is not PASS or NOT CHECKED."""
    with tempfile.TemporaryDirectory(prefix="kua-vectors-") as name:
        path = Path(name) / "bundle.zip"
        path.write_bytes(data)
        report = verify_bundle(path)
    bad = sorted({(line.state, line.check, line.code) for line in report.lines if line.state in {"FAIL", "MISSING"}})
    return {"exit": report.exit_code, "bad": [list(line) for line in bad]}


def all_of(data: bytes) -> list[list[str]]:
    """Every line for a bundle."""
    with tempfile.TemporaryDirectory(prefix="kua-vectors-") as name:
        path = Path(name) / "bundle.zip"
        path.write_bytes(data)
        return [[line.state, line.check, line.code] for line in verify_bundle(path).lines]


def files() -> Tree:
    """Every file of these vectors that is made, by its name below tests/vectors/bundle."""
    made = {"film": world(), "withdrawn": world(withdrawn=True), "uncosigned": world(policy="", by=()), "revoked": world(revoked=True),
            "hours": world(hours=True)}  # fmt: skip
    bases = {name: bundle(each) for name, each in made.items()}
    bases["two-cameras"] = bundle(made["film"], cameras=())
    bases["gap-alone"] = bundle(made["film"], since=Instant(BEGIN + 3 * SLOT), until=Instant(BEGIN + 4 * SLOT))
    bases["no-copy"] = bundle(made["film"], copies=False)
    listed = []
    for case in cases(bases, made):
        data = built(bases[case["base"]], case["edits"])
        listed.append(case | {"sha256": hashlib.sha256(data).hexdigest()} | said_of(data))
    told = {"bases": {name: {"file": f"{name}.zip", "lines": all_of(data)} for name, data in bases.items()}, "cases": listed}
    text = json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"
    return {f"{name}.zip": data for name, data in bases.items()} | {"cases.json": text}


def main() -> None:
    """Write every file anew."""
    for name, data in files().items():
        (FOLDER / name).write_bytes(data)
    print(FOLDER, file=sys.stderr)


if __name__ == "__main__":
    main()
