# SPDX-License-Identifier: Apache-2.0
"""Whatever is done to a bundle, and however well its manifests and its archive are mended afterwards: it never passes with another meaning.

The attacker of the first part holds no key; the one of the second holds the station's and the centre's. `make soak` does the same at full length.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kua.core.canonical import canonical
from kua.proof.merkle import inclusion_proof, leaf_hash
from kua.proof.tiles import Edge
from kua.proof.tlogproof import TlogProof
from kua.verify.bundle import verify_bundle
from kua.verify.report import Report
from tools import make_bundles as made
from tools.bundle_edits import TAGS, Files, apart, together

FOLDER = Path(__file__).parents[1] / "vectors" / "bundle"
BASES = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.zip"))}
PARTS = {name: apart(data) for name, data in BASES.items()}
SAYS_LESS = {"bag.holds", "bundle.included", "film.leaves_read", "bundle.beside_same", "film.statements_agree"}
"""Lines whose numbers say how much is in the bundle, not what the film is."""


def meaning(report: Report) -> set[tuple[str, str, str]]:
    """What a report claims to hold, and what it says is not there."""
    return {
        (line.check, line.code, json.dumps(dict(line.facts)))
        for line in report.lines
        if line.state == "PASS" and line.code not in SAYS_LESS
    }


def interval(report: Report) -> tuple[str, str]:
    """Between which moments the film was made, as the report claims."""
    bounds = {
        line.code: str(line.facts["at"]) for line in report.lines if line.check == "time" and line.state == "PASS" and "at" in line.facts
    }
    return bounds.get("bundle.not_before", ""), bounds.get("bundle.not_after", "~")


def told(path: Path, data: bytes) -> Report:
    path.write_bytes(data)
    return verify_bundle(path)


# ------------------------------------------------------------------------------------------------- without any key


def mutated(chance: random.Random, base: str) -> bytes:
    """One random change of one random part, and everything that needs no key made to fit again."""
    folder, held = PARTS[base]
    files = dict(held)
    name = chance.choice(sorted(set(files) - set(TAGS)))
    kind = chance.randrange(12)
    if kind == 0:
        out = bytearray(together(folder, files))
        for _ in range(chance.randint(1, 3)):
            out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
        return bytes(out)
    if kind == 1:
        whole = together(folder, files)
        at, end = sorted((chance.randrange(len(whole)), chance.randrange(len(whole))))
        return whole[:at] + (whole[end:] if chance.random() < 0.5 else chance.randbytes(8) + whole[at:])
    folder = _change(chance, kind, files, name, folder, base)
    return together(folder, files)


def _change(chance: random.Random, kind: int, files: Files, name: str, folder: str, base: str) -> str:
    data = files[name]
    match kind:
        case 2 | 3 | 4 if data:
            at = chance.randrange(len(data))
            files[name] = data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
        case 5:
            at = chance.randrange(len(data) + 1)
            files[name] = data[:at] + chance.randbytes(chance.randint(1, 9)) + data[at:]
        case 6:
            at = chance.randrange(len(data) + 1)
            files[name] = data[:at] + data[at + chance.randint(1, 40) :]
        case 7:
            files[name] = data[: chance.randrange(len(data) + 1)]
        case 8:
            del files[name]
            if chance.random() < 0.5:
                files[f"data/{chance.choice('abcxyz')}.json"] = data
        case 9:
            other = chance.choice(sorted(set(files) - set(TAGS)))
            files[name], files[other] = files[other], data
        case 10:  # a part of another bundle that is good by itself
            stranger = PARTS[chance.choice(sorted(set(PARTS) - {base}))][1]
            place = chance.choice(["data/nation/", "data/s/", "data/working/", "data/s/10-245/leaves/", name])
            for old in [old for old in files if old.startswith(place)]:
                del files[old]
            files |= {new: stranger[new] for new in stranger if new.startswith(place)}
        case _:
            _restate(chance, files)
    return folder


def _restate(chance: random.Random, files: Files) -> None:
    """Change one value in one document, and write it as it must be written."""
    name = chance.choice([name for name in files if name.endswith((".json", ".jsonl"))])
    lines = files[name].splitlines()
    number = chance.randrange(len(lines))
    body = json.loads(lines[number])
    if name.endswith(".jsonl") and chance.random() < 0.3:
        lines[number : number + 1] = [] if chance.random() < 0.5 else [lines[number]] * 2
    else:
        field = chance.choice(sorted(body))
        body[field] = _other(chance, body[field])
        lines[number] = canonical(body)
    files[name] = b"\n".join(lines) + (b"\n" if name.endswith(".jsonl") else b"")


def _other(chance: random.Random, value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return max(0, value + chance.choice([-4000, -1000, -1, 1, 1000, 4000]))
        case str():
            return value[::-1] if chance.random() < 0.5 else value + "a"
        case list() if value:
            return value[1:] if chance.random() < 0.5 else [*value, value[0]]
        case dict() if value:
            field = chance.choice(sorted(value))
            return value | {field: _other(chance, value[field])}
    return 0


def attack(path: Path, seed: int, count: int) -> Iterator[str]:
    """Try `count` mutations; give those that pass with another meaning."""
    chance = random.Random(seed)
    reports = {name: told(path, data) for name, data in BASES.items()}
    honest = {name: meaning(report) for name, report in reports.items()}
    everything = set().union(*honest.values())
    narrow = (max(interval(report)[0] for report in reports.values()), min(interval(report)[1] for report in reports.values()))
    for number in range(count):
        base = chance.choice(sorted(BASES))
        report = told(path, mutated(chance, base))  # an error that is not ours is raised here, and is a failure
        # A splice may make one honest bundle out of another, or put it under a later state of the same national log, which is as true: it must then
        # say what those say, and nothing of its own.
        said_here = meaning(report)
        nation = {
            said for said in said_here if said[0].startswith("nation") or said[0] in {"co-signers", "time"} or said[1] == "film.coverage"
        }
        times = {said for said in said_here if said[0] == "time"}  # whoever takes a proof away widens the interval, and that is all
        fits = interval(report)[0] <= narrow[0] and interval(report)[1] >= narrow[1]
        if report.exit_code == 0 and not (
            fits and nation - times <= everything and any(said_here - nation - times <= said for said in honest.values())
        ):
            yield f"{seed}/{number} of {base}: {sorted(meaning(report) - everything) or 'a mixture'}"


def test_two_thousand_changes_and_none_passes_with_another_meaning(tmp_path: Path) -> None:
    assert list(attack(tmp_path / "bundle.zip", 11, 2_000)) == []


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_hundred_thousand_changes_and_none_passes_with_another_meaning(tmp_path: Path) -> None:
    assert list(attack(tmp_path / "bundle.zip", 12, 100_000)) == []


# ------------------------------------------------------------------------------------------------- with the station's key and the centre's


def resigned(day: list[bytes], films: set[str]) -> bytes:
    """The bundle of a log that its station signs anew, and that its centre logs anew; no co-signer is asked for. Only `films` are in it."""
    folder, held = PARTS["uncosigned"]
    world = _world()
    files = {
        name: data
        for name, data in held.items()
        if "/leaves/" not in name
        and not name.startswith(("data/working/", "data/time/"))
        and (not name.endswith(".m4s") or name.rpartition("/")[2] in films)
    }
    files["data/bundle.json"] = canonical(json.loads(files["data/bundle.json"]) | {"copies": False})
    nation = made.aided(world.nation, day)
    for place, entries, note in (
        ("s/10-245", day, made.head(made.ORIGIN, day, made.AGENT)),
        ("nation", nation, made.head(made.NATION, nation, made.CENTRE)),
    ):
        hashes = [leaf_hash(entry) for entry in entries]
        files[f"data/{place}/checkpoint"] = note
        files[f"data/{place}/leaves/{0:012d}-{len(entries) - 1:012d}.jsonl"] = b"".join(entry + b"\n" for entry in entries)
        for index in (0, len(entries) - 1):
            proof = TlogProof(index, inclusion_proof(index, hashes), note)
            files[f"data/{place}/leaves/{index:012d}.tlog-proof"] = proof.to_bytes()
    return together(folder, files)


_WORLDS: list[Any] = []


def _world() -> Any:
    if not _WORLDS:
        world = made.world(policy="", by=())
        # The centre's earlier look at the log would give any rewriting away: this centre pretends that it never looked.
        nation = [entry for entry in world.nation if json.loads(entry).get("size") != 6]
        edge = Edge()
        edge.append(world.station)
        _WORLDS.append(made.World(world.files, world.station, tuple(nation)))
    return _WORLDS[0]


def names_in(day: list[bytes]) -> set[str]:
    bodies = [json.loads(entry) for entry in day]
    return {f"{body['run']}-{body['slot']}.m4s" for body in bodies if body["type"] == "segment"}


def seconds_in_range(day: list[bytes]) -> int:
    """Milliseconds of the range that the items of camera a cover, each counted as often as it is told."""
    total = 0
    for body in map(json.loads, day):
        if body["type"] in {"segment", "gap"} and body["cam"] == "a":
            total += max(0, min(body["t1"], made.UNTIL) - max(body["t0"], made.SINCE))
    return total


def rewritten(chance: random.Random) -> tuple[str, list[bytes]]:
    """One of four ways in which a station may rewrite its day."""
    day = list(_world().station)
    items = [
        number for number, entry in enumerate(day) if json.loads(entry)["type"] in {"segment", "gap"} and json.loads(entry)["cam"] == "a"
    ]
    inside = [number for number in items if json.loads(day[number])["t1"] > made.SINCE and json.loads(day[number])["t0"] < made.UNTIL]
    way = chance.choice(["delete", "insert", "reorder", "replay"])
    if way == "delete":
        gone = set(chance.sample(inside, chance.randint(1, len(inside))))
        return way, [entry for number, entry in enumerate(day) if number not in gone]
    if way == "insert":
        number = chance.choice(inside)
        return way, [*day[: number + 1], day[number], *day[number + 1 :]]
    if way == "reorder":
        one, two = chance.sample(inside, 2)
        day[one], day[two] = day[two], day[one]
        return way, day
    segments = [number for number in inside if json.loads(day[number])["type"] == "segment"]
    old, new = chance.sample(segments, 2)
    source = json.loads(day[old])
    kept = {field: source[field] for field in ("sha256", "size", "frames")}
    day[new] = canonical(json.loads(day[new]) | kept)
    return way, day


def forge(path: Path, seed: int, count: int) -> dict[str, int]:
    """Try `count` rewritings; each must be found, and the seconds must be exact. Return how many of each kind there were."""
    chance, tried = random.Random(seed), dict.fromkeys(("delete", "insert", "reorder", "replay"), 0)
    for _ in range(count):
        way, day = rewritten(chance)
        report = told(path, resigned(day, names_in(day)))
        tried[way] += 1
        assert report.exit_code == 1, (way, [line for line in report.lines if line.state != "PASS"])
        figures = report.summary["stations"][0]["cameras"]["a"]
        twice = next((line.facts["overlapping"] for line in report.lines if line.code == "film.unaccounted"), 0)
        told_of = seconds_in_range(day)
        if way != "insert":  # a gap that is told twice is one gap
            assert figures["seconds_recorded"] + figures["seconds_in_gaps"] == told_of / 1000
        length = (made.UNTIL - made.SINCE) / 1000
        assert round(told_of / 1000 + figures["unaccounted_seconds"] - float(twice), 3) == length
        if way == "delete":
            assert (figures["unaccounted_seconds"], twice) == (round(length - told_of / 1000, 3), 0)
        if way == "insert":
            assert (figures["unaccounted_seconds"], twice) == (0, round(told_of / 1000 - length, 3))
    return tried


def test_an_honest_day_signed_anew_passes(tmp_path: Path) -> None:
    day = list(_world().station)
    shown = names_in(day) - {f"5eed1e55-{made.BEGIN // made.SLOT + 6}.m4s"}
    assert told(tmp_path / "bundle.zip", resigned(day, shown)).exit_code == 0


def test_three_hundred_deletions_insertions_reorderings_and_replays_are_all_found_and_the_seconds_exact(tmp_path: Path) -> None:
    assert min(forge(tmp_path / "bundle.zip", 5, 300).values()) > 30


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_ten_thousand_deletions_insertions_reorderings_and_replays_are_all_found_and_the_seconds_exact(tmp_path: Path) -> None:
    assert sum(forge(tmp_path / "bundle.zip", 6, 10_000).values()) == 10_000
