# SPDX-License-Identifier: Apache-2.0
"""Check of a court bundle: one file, no network, no clock (docs/spec/bundle.md). What it says today it says in twenty years.

The steps are those of the specification, in its order, none skipped because another failed, except that nothing is measured against a log that does
not hold. Needs the base install only; pictures are looked at where the caller brings a codec. The gaps come first in the report.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from kua.core.digest import Digest, sha256
from kua.core.election import Election
from kua.core.errors import Incomplete, KuaError, Rejected
from kua.core.instant import Instant, rfc3339
from kua.core.nouns import nation_origin, station_id, station_origin
from kua.media.copy import Shape, copy_head, read_master, read_shape
from kua.media.timeline import Film
from kua.ports.pixels import Pixels
from kua.ports.tokens import ReadToken
from kua.proof import bag
from kua.proof.bundle import CONTENTS, CUSTODY, POLICY, Contents, read_contents, read_custody
from kua.proof.checkpoint import PATH, open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf
from kua.proof.note import MAX_NOTE
from kua.proof.policy import judge, parse_policy
from kua.verify.bag import BagReader, check_bag
from kua.verify.below import Below
from kua.verify.bundle_hours import check_bundle_hours
from kua.verify.bundle_times import Known, check_times
from kua.verify.cosigned import check_second_key
from kua.verify.entries import Entries
from kua.verify.excerpt import read_excerpt
from kua.verify.film import SMALL, Trust, check_election_file, check_logged, nation_key, rules_of
from kua.verify.footage import MAX_MEDIA
from kua.verify.judged import judged_facts
from kua.verify.report import Line, Report
from kua.verify.room import check_room
from kua.verify.station import Excerpt, check_excerpt
from kua.words.readme import READMES

FIRST: Final = ("film.gap", "film.unaccounted", "film.segment_missing", "film.removed", "film.not_public", "film.withdrawn", "film.withdrawn_whole",
                "bundle.hidden", "bundle.leaves_missing", "bundle.no_gaps", "film.accounted", "film.coverage")  # fmt: skip
"""Codes of the lines that come first: what is not there is told before what is."""
TOOLS: Final = ("verify.pyz", "verify.html")
PAPER: Final = "report.pdf"
NOTHING: Final = Trust()
"""A reader who brought nothing along."""


def verify_bundle(path: Path, trust: Trust = NOTHING, *, pixels: Pixels | None = None, tokens: ReadToken | None = None, tools: Mapping[str, bytes] | None = None) -> Report:
    """Check the bundle at `path`. `pixels` looks into segments, `tokens` reads time tokens, both where the caller has the libraries. `tools` are the verifiers that this program would put into a bundle, by name: those inside are compared with them.

    Raises `Misused("verify.no_file")` for a file that cannot be opened; everything else becomes a line.
    """
    report = Report()
    report.summary["bundle"] = path.name
    try:
        held = BagReader(path)
    except (Rejected, Incomplete) as error:
        report.trouble("bag", error)
        return report
    with held:
        _Check(held, trust, report, pixels, tokens, tools or {}).run()
    return _gaps_first(report)


class _Check:
    """One walk through a bundle."""

    def __init__(
        self, held: BagReader, trust: Trust, report: Report, pixels: Pixels | None, tokens: ReadToken | None, tools: Mapping[str, bytes]
    ) -> None:
        self.held, self.trust, self.report, self.pixels, self.tokens, self.tools = held, trust, report, pixels, tokens, tools
        self.known: Known | None = None
        self.unknown: tuple[str, ...] = ()
        """Beginnings of names of which nothing can be said, since the statements that would name them do not hold."""
        self.used = {CONTENTS, CUSTODY, "election.json", "election.note", "profile.json"}

    def run(self) -> None:
        check_bag(self.held, self.report)
        contents = self.report.attempt("contents", lambda: read_contents(self.held.read(CONTENTS, SMALL)))
        if contents is not None:
            self._check_name(contents)
        election = check_election_file(self.held, self.trust, self.report)
        file = sha256(self.held.read("election.json", SMALL)) if election is not None else None
        nation = self._nation(election, file)
        if contents is not None:
            self._station(contents, election, file, nation)
        self._check_election_of(contents, election)
        self.report.not_checked("c2pa", "bundle.no_c2pa")
        self._check_custody()
        self._check_beside()
        self._check_strays()

    def _check_name(self, contents: Contents) -> None:
        self.report.summary |= {
            "name": contents.name, "election": contents.election, "station": contents.station, "cameras": list(contents.cameras),
            "from": rfc3339(contents.since), "to": rfc3339(contents.until),
        }  # fmt: skip
        if self.held.base != f"{contents.name}/":
            self.report.failed("contents", "bundle.other_name", given=self.held.base[:-1], wanted=contents.name)
        else:
            self.report.passed("contents", "bundle.contents_read", name=contents.name)

    def _check_election_of(self, contents: Contents | None, election: Election | None) -> None:
        if contents is not None and election is not None:
            self.report.summary["titles"] = {
                "election": asdict(election.titles),
                "station": next((asdict(each.titles) for each in election.stations if each.id == contents.station), {}),
            }
        if contents is not None and election is not None and contents.election != election.id:
            self.report.failed("contents", "bundle.other_election", given=contents.election, wanted=election.id)

    # ------------------------------------------------------------------------------------------------- logs

    def _nation(self, election: Election | None, file: Digest | None) -> Entries | None:
        below = Below(self.held, "nation")
        key = nation_key(below, election, self.trust, self.report)
        if key is None or election is None:
            self.unknown += ("nation/", "time/")
            return None
        origin = nation_origin(election.domain, election.id)
        nation, used = read_excerpt(below, key, origin, "nation", "nation", self.report)
        self.used |= {f"nation/{name}" for name in used}
        if nation is None:
            self.unknown += ("nation/", "time/")
        if nation is not None and file is not None:
            if nation.of_type("policy"):
                check_logged(nation, election, file, self.report)
            else:
                self.report.missing("election.logged", "bundle.leaf_missing", type="policy")
            self.known = Known(key, origin)
        self._quorum(below, key, origin, election)
        return nation

    def _quorum(self, below: Below, key: VerifierKey, origin: str, election: Election) -> None:
        if not election.cosigning:
            self.report.not_checked("co-signers", "film.no_cosigners")
            return
        self.used.add(POLICY)
        text = self.report.attempt("co-signers", lambda: self.held.read(POLICY, SMALL))
        if text is not None and text != election.cosigning.encode():
            self.report.failed("co-signers", "film.file_differs", name=POLICY)
        policy = self.report.attempt("co-signers", lambda: parse_policy(election.cosigning.encode()))
        if policy is None:
            return
        judged = self.report.attempt("co-signers", lambda: judge(policy, below.read(PATH, MAX_NOTE), [key], origin))
        if judged is None:
            return
        tell = self.report.passed if judged.quorum else self.report.missing
        tell("co-signers", "bundle.quorum" if judged.quorum else "bundle.no_quorum", **judged_facts(judged, policy))
        check_second_key(below, policy, origin, self.report)
        self.known = replace(self.known, policy=policy, judged=judged) if self.known is not None else None

    def _station(self, contents: Contents, election: Election | None, file: Digest | None, nation: Entries | None) -> None:
        place = f"s/{contents.station}"
        below = Below(self.held, place)
        self.unknown += (f"{place}/", "working/", "time/")
        try:
            line = below.read("vkey", 4096).decode("utf-8", "replace")
            key = VerifierKey.parse(line.removesuffix("\n"))
            if line != f"{key}\n":
                raise Rejected("key.form")
        except KuaError as error:
            self.report.trouble(f"{place} key", error)
            return
        origin = station_origin(election.domain, election.id, station_id(contents.station)) if election else None
        log, used = read_excerpt(below, key, origin, "station", place, self.report)
        self.used |= {f"{place}/{name}" for name in used}
        if log is None:
            return
        self.unknown = self.unknown[:-3]
        self._check_in_nation(contents.station, log, key, nation)
        part = Excerpt(log, key, contents.cameras, contents.since, contents.until)
        figures, expected, films = check_excerpt(
            below, contents.station, part, election, file, nation, rules_of(self.held, election), self.report, self.pixels
        )
        self.used |= {f"{place}/{name}" for name in expected}
        self.report.summary["stations"] = [figures]
        items = _items(log, contents)
        stated = [] if self.known is None else [(leaf["size"], leaf["received_at"]) for leaf in self.known.stated.values()]
        check_bundle_hours(f"{place} hours", log, items, stated, self.report)
        policy = self.known.policy if self.known is not None else None
        named = [witness.key for witness in policy.witnesses] if policy is not None else []
        room = check_room(f"{place} room", log, max(items, default=-1), named, self.trust.cosigners, self.report)
        if self.known is not None:
            shown = [film for cam in contents.cameras for film in films[cam]]
            self.used |= check_times(self.held, self.known, log, min(items, default=0), shown, room, self.tokens, self.report)
        self._tell_no_gaps(place)
        for cam in contents.cameras:
            self._check_copies(contents, cam, films[cam])

    def _check_in_nation(self, station: str, log: Entries, key: VerifierKey, nation: Entries | None) -> None:
        """The very note that is here stands in the national log, which co-signers have seen."""
        check = f"s/{station} nation"
        if nation is None:
            self.report.not_checked(check, "film.no_nation")
            return
        if not any(leaf["station"] == station for _, leaf in nation.of_type("certificate")):
            self.report.missing(check, "bundle.leaf_missing", type="certificate")
        note = self.held.read(f"s/{station}/{PATH}", MAX_NOTE)
        seen = False
        stated = [(index, leaf) for index, leaf in nation.of_type("station_checkpoint") if leaf["origin"] == log.head.origin]
        roots = log.roots_before(leaf["size"] for _, leaf in stated)
        holds: dict[int, Leaf] = {}
        for index, leaf in stated:
            try:
                signed = open_checkpoint(leaf["note"].encode(), key, log.head.origin)
            except KuaError:
                signed = None
            if signed is None or (signed.size, signed.root.hex()) != (leaf["size"], leaf["root"]):
                self.report.failed(check, "film.checkpoint_not_signed", index=index)
            elif leaf["note"].encode() == note:
                seen = True
                holds[index] = leaf
                self.report.passed(check, "bundle.in_nation", index=index, size=leaf["size"], at=rfc3339(Instant(leaf["received_at"])))
            elif roots.get(signed.size) == signed.root:
                holds[index] = leaf
            elif signed.size in roots:
                self.report.failed(check, "film.other_history", size=signed.size, index=index)
        self.known = replace(self.known, stated=holds) if self.known is not None else None
        if not seen:
            self.report.missing(check, "bundle.leaf_missing", type="station_checkpoint")

    # ------------------------------------------------------------------------------------------------- film

    def _tell_no_gaps(self, place: str) -> None:
        codes = {line.code for line in self.report.lines if line.check.startswith(place)}
        if not codes & {"film.gap", "film.unaccounted", "film.segment_missing", "film.removed", "film.not_public", "bundle.leaves_missing"}:
            self.report.passed(f"{place} gaps", "bundle.no_gaps")

    def _check_copies(self, contents: Contents, cam: str, films: list[Film]) -> None:
        check = f"s/{contents.station} camera {cam} copy"
        if not contents.copies:
            self.report.not_checked(check, "bundle.no_copy")
            return
        film = f"s/{contents.station} camera {cam} film"
        if self.report.has("FAIL", film) or self.report.has("MISSING", film):
            self.unknown += (f"working/{cam}-",)
            self.report.not_checked(check, "bundle.copy_not_compared")
            return
        folder = f"s/{contents.station}/film/{cam}"
        there = [film for film in films if f"{bag.PAYLOAD}{folder}/{film.name}" in self.held.entries]
        below = Below(self.held, folder)
        try:
            for name, head, parts in copy_plans(below, cam, there):
                self.used.add(name)
                self._compare_copy(check, below, name, head, parts)
        except KuaError as error:
            self.unknown += (f"working/{cam}-",)
            self.report.trouble(check, error)

    def _compare_copy(self, check: str, below: Below, name: str, head: bytes, parts: list[tuple[Film, int]]) -> None:
        """Hold a working copy against the segments, piece by piece: faster than to hash both."""
        entry = self.held.entries.get(bag.PAYLOAD + name)
        if entry is None:
            self.report.missing(check, "verify.missing", name=name)
            return
        same = entry.size == len(head) + sum(length for _, length in parts) and self.held.read_at(entry.start, len(head)) == head
        at = entry.start + len(head)
        for film, length in parts if same else []:
            same = same and self.held.read_at(at, length) == samples_of(below.read(film.name, MAX_MEDIA), length)
            at += length
        if same:
            self.report.passed(check, "bundle.copy_holds", name=name)
        else:
            self.report.failed(check, "bundle.copy_differs", name=name)

    # ------------------------------------------------------------------------------------------------- the rest

    def _check_custody(self) -> None:
        events = self.report.attempt("custody", lambda: read_custody(self.held.read(CUSTODY, SMALL)))
        if events is not None:
            self.report.not_checked("custody", "bundle.custody_unsigned", count=len(events))
            self.report.summary["custody"] = [{"act": event["act"], "role": event["role"], "at": event["at"]} for event in events]

    def _check_beside(self) -> None:
        """Compare what stands beside the payload with what this program would put there. It proves nothing, and may mislead or do harm."""
        for language, text in READMES.items():
            name = f"readme-{language}.txt"
            if name not in self.held.entries:
                self.report.not_checked("beside", "bundle.beside_absent", name=name)
            elif self.held.sha512[name] == hashlib.sha512(text.encode()).hexdigest():
                self.report.passed("beside", "bundle.beside_same", name=name)
            else:
                self.report.not_checked("beside", "bundle.beside_other", name=name)
        for name in TOOLS:
            if name in self.held.entries:
                ours = self.tools.get(name)
                if ours is not None and self.held.sha512[name] == hashlib.sha512(ours).hexdigest():
                    self.report.passed("beside", "bundle.beside_same", name=name)
                else:
                    self.report.not_checked("beside", "bundle.tool_other", name=name)
        if PAPER in self.held.entries:
            self.report.not_checked("beside", "bundle.paper", name=PAPER)

    def _check_strays(self) -> None:
        known = {bag.PAYLOAD + name for name in self.used}
        known |= {"bagit.txt", bag.INFO, bag.MANIFEST, bag.TAG_MANIFEST, PAPER, *TOOLS, *(f"readme-{language}.txt" for language in READMES)}
        others = set(self.held.entries) - known
        strays = sorted(name for name in others if not name.removeprefix(bag.PAYLOAD).startswith(self.unknown or ("/",)))
        if len(others) > len(strays):
            self.report.not_checked("files", "bundle.files_unknown", count=len(others) - len(strays))
        for name in strays:
            self.report.failed("files", "film.file_unsigned", name=name)
        if not strays:
            self.report.passed("files", "film.no_strays")


def _items(log: Entries, contents: Contents) -> list[int]:
    """Return the indices of the leaves that account for the time of the bundle: segments and gaps of its cameras."""
    return [
        index for index, leaf in log.of_type("segment", "gap")
        if leaf["cam"] in contents.cameras and leaf["t0"] < contents.until and contents.since < leaf["t1"]
    ]  # fmt: skip


def copy_plans(below: Below, cam: str, films: list[Film]) -> Iterator[tuple[str, bytes, list[tuple[Film, int]]]]:
    """Give each working copy's name, the bytes before its samples, and its segments, each with the number of bytes of its samples.

    A new copy begins where the sample description changes. Raises `Rejected("film.boxes")` where the segments are no film.
    """
    shapes: dict[str, Shape] = {}
    for film in films:
        if film.init_name not in shapes:
            shapes[film.init_name] = read_shape(below.read(film.init_name, MAX_MEDIA))
    for number, (shape, group) in enumerate(groupby(films, key=lambda film: shapes[film.init_name]), 1):
        parts = list(group)
        masters = [read_master(film.t0, below.read(film.name, MAX_MEDIA)) for film in parts]
        yield f"working/{cam}-{number}.mp4", copy_head(shape, masters), [(film, master.length) for film, master in zip(parts, masters, strict=True)]


def samples_of(segment: bytes, length: int) -> bytes:
    """Return the samples of a segment that `read_master` has read: the last `length` bytes."""
    return segment[len(segment) - length :]


def _gaps_first(report: Report) -> Report:
    def place(line: Line) -> int:
        return FIRST.index(line.code) if line.code in FIRST else len(FIRST)

    told: dict[str, Any] = {
        "gaps": [dict(line.facts) | {"code": line.code, "check": line.check} for line in report.lines if line.code in FIRST[:8]]
    }
    return Report(sorted(report.lines, key=place), told | report.summary)
