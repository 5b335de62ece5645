# SPDX-License-Identifier: Apache-2.0
"""Leaves: the closed registry of statements that may stand in a log, and their exact schemas (docs/spec/leaf.md).

A leaf is an RFC 8785 JSON object. Every type has a version, an owner and a schema; there is no free text and no personal data.
A reader that meets an unknown type or version counts it and goes on (`Unknown`): it never guesses and never fails for it. A leaf of a
known type that does not fit its schema is `Rejected`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from kua.core.canonical import Json, canonical, read_canonical
from kua.core.errors import Rejected
from kua.core.instant import SLOT

LIMIT: Final = 65_535
"""Longest leaf in bytes: the entry bundle of tlog-tiles has a 16-bit length."""

Log = Literal["station", "nation"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What the value of a field must be: the test, and the words for it in the table of docs/spec/leaf.md."""

    says: str
    holds: Callable[[Any], bool]

    def __call__(self, value: Any) -> bool:
        return self.holds(value)


_HEX64 = re.compile(r"[0-9a-f]{64}")
_HEX8 = re.compile(r"[0-9a-f]{8}")
_CAM = re.compile(r"[a-z]")
_STATION = re.compile(r"[0-9]{2}-[0-9]{1,5}")
_WORD = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_LINE = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,255}")
_ORIGIN_SHAPE: Final = r"[A-Za-z0-9.:-]{1,253}(?:/[A-Za-z0-9_.-]{1,64}){1,4}"
_KEY_NAME: Final = r"[\x21-\x2a\x2c-\x7e]{1,300}"
_ORIGIN = re.compile(_ORIGIN_SHAPE)
_VKEY = re.compile(rf"{_KEY_NAME}\+[0-9a-f]{{8}}\+[A-Za-z0-9+/]{{44}}")
_NOTE = re.compile(
    rf"{_ORIGIN_SHAPE}\n(?:0|[1-9][0-9]{{0,18}})\n[A-Za-z0-9+/]{{43}}=\n\n(?:\u2014 {_KEY_NAME} [A-Za-z0-9+/]{{4,200}}={{0,2}}\n){{1,16}}"
)
_SIGNED: Final = rf"(?:\u2014 {_KEY_NAME} [A-Za-z0-9+/]{{4,200}}={{0,2}}\n)"
_COUNT_NOTE = re.compile(rf"kua/count/v1\n[a-z0-9-]{{1,64}}/[0-9]{{2}}-[0-9]{{1,5}}\n(?:0|[1-9][0-9]{{0,15}})\n\n{_SIGNED}{{2,8}}")
_PUBLIC = re.compile(r"[A-Za-z0-9+/]{43}=")
_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{6}")
_CERTIFICATE = re.compile(
    rf"kua/person/v1\n[a-z_]{{1,32}}\n[a-z0-9-]{{1,64}}\n[0-9]{{2}}(?:-[0-9]{{1,5}})?\n{_KEY_NAME}\+[0-9a-f]{{8}}\+[A-Za-z0-9+/]{{44}}\n\n{_SIGNED}{{1,4}}"
)
_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")
_SAFE: Final = 2**53 - 1
LONGEST: Final = 5_000
"""Milliseconds of the longest segment: a slot and the wait of at most 1 s for the picture that ends it (docs/spec/segment.md)."""


def _is_int(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _SAFE


def _is_range(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"lo", "hi"} and all(map(_is_int, value.values())) and value["lo"] <= value["hi"]


def _matching(says: str, pattern: re.Pattern[str]) -> Rule:
    return Rule(says, lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None)


def one_of(*words: str) -> Rule:
    """Test for membership of a closed list of words."""
    return Rule("one of " + " ".join(f"`{word}`" for word in words), lambda value: isinstance(value, str) and value in words)


def list_of(test: Rule) -> Rule:
    """Test for a list of at most 64 things that each pass `test`."""
    return Rule(f"list of at most 64: {test.says}", lambda value: isinstance(value, list) and len(value) <= 64 and all(map(test, value)))


def object_of(**tests: Rule) -> Rule:
    """Test for an object with exactly these fields."""
    return Rule(
        "object of " + ", ".join(f"`{name}` ({test.says})" for name, test in tests.items()),
        lambda value: isinstance(value, dict) and set(value) == set(tests) and all(test(value[name]) for name, test in tests.items()),
    )


def either(*tests: Rule) -> Rule:
    """Test for one of several forms."""
    return Rule(", or ".join(test.says for test in tests), lambda value: any(test(value) for test in tests))


def _maybe(test: Rule) -> Rule:
    return Rule(f"{test.says}, or null", lambda value: value is None or test(value))


MS: Final = Rule("ms", _is_int)
INT: Final = Rule("int", _is_int)
BOOL: Final = Rule("true or false", lambda value: type(value) is bool)
RANGE: Final = Rule("object of `lo` (int), `hi` (int), lo <= hi", _is_range)
DIGEST: Final = _matching("digest", _HEX64)
RUN: Final = _matching("hex8", _HEX8)
CAM: Final = _matching("camera", _CAM)
STATION: Final = _matching("station", _STATION)
WORD: Final = _matching("word", _WORD)
CITATION: Final = _matching("citation", _LINE)
ORIGIN: Final = _matching("origin", _ORIGIN)
VKEY: Final = _matching("verifier key", _VKEY)
NOTE: Final = _matching("checkpoint note", _NOTE)
COUNT_NOTE: Final = _matching("note over `kua/count/v1`", _COUNT_NOTE)
CERTIFICATES: Final = Rule(
    "list of 2 to 8: certificate of a person",
    lambda value: (
        isinstance(value, list) and 2 <= len(value) <= 8 and all(isinstance(each, str) and _CERTIFICATE.fullmatch(each) for each in value)
    ),
)
RECIPIENT: Final = _matching("age recipient", _RECIPIENT)
PUBLIC_KEYS: Final = Rule(
    "list of 1 to 48: 32 bytes of a public key in base64",
    lambda value: isinstance(value, list) and 1 <= len(value) <= 48 and all(isinstance(each, str) and _PUBLIC.fullmatch(each) for each in value),
)
CODE: Final = _matching("liveness code", _CODE)
TRUST: Final = one_of("none", "rtc", "ntp", "centre")
PHASE: Final = one_of("rehearsal", "opening", "voting", "count", "protocol", "storage")
GAP_REASONS: Final = (
    "starting",
    "camera_lost",
    "camera_silent",
    "camera_refused",
    "restart",
    "clock_step",
    "encoder",
    "disk_full",
    "disk_failed",
    "size_change",
    "stopped",
)
LOWERED: Final = ("small", "slow", "still", "none")
"""What may be sent at once in place of the full film (`kua.flow.thin`)."""
LIVE: Final = either(
    object_of(rung=one_of(*LOWERED)),
    object_of(rung=one_of(*LOWERED[:-1]), run=RUN, sha256=DIGEST, size=INT, init=DIGEST, width=INT, height=INT, fps_milli=INT, frames=INT),
)
HIDDEN_REASONS: Final = ("no_room", "warming", "scene_changed", "looped", "detector", "late", "size_change", "error")


@dataclass(frozen=True, slots=True)
class Kind:
    """One registered type of leaf: who owns it, in which logs it may stand, and the test of each field (all are required)."""

    name: str
    version: int
    owner: str
    logs: tuple[Log, ...]
    fields: Mapping[str, Rule]


def _kind(name: str, owner: str, logs: tuple[Log, ...], /, **fields: Rule) -> tuple[tuple[str, int], Kind]:
    return (name, 1), Kind(name, 1, owner, logs, fields)


def _newer(version: int, kind: Kind, /, **more: Rule) -> tuple[tuple[str, int], Kind]:
    """A later version of a type, with fields that the first one has not."""
    return (kind.name, version), Kind(kind.name, version, kind.owner, kind.logs, {**kind.fields, **more})


_SEGMENT: Final = _kind(
    "segment",
    "station",
    ("station",),
    at=MS,
    cam=CAM,
    seq=INT,
    run=RUN,
    slot=INT,
    t0=MS,
    t1=MS,
    frames=INT,
    sha256=DIGEST,
    size=INT,
    init=DIGEST,
    calibration=DIGEST,
    hiding=DIGEST,
    phase=PHASE,
    trust=TRUST,
)

REGISTRY: Final[Mapping[tuple[str, int], Kind]] = dict(
    [
        _kind(
            "open",
            "station",
            ("station",),
            at=MS,
            election=WORD,
            election_sha256=DIGEST,
            station=STATION,
            trust=TRUST,
            cams=list_of(object_of(cam=CAM, width=INT, height=INT, fps_milli=INT)),
        ),
        _kind("session", "station", ("station",), at=MS, boot=RUN, build=DIGEST, settings=DIGEST, mono=MS, trust=TRUST),
        _kind("policy", "station", ("station", "nation"), at=MS, what=one_of("election", "hiding", "profile", "cosigning"), version=INT, sha256=DIGEST),
        _kind("calibration", "station", ("station",), at=MS, cam=CAM, sha256=DIGEST, note=DIGEST, signers=DIGEST),
        _SEGMENT,
        _newer(2, _SEGMENT[1], live=LIVE),
        _kind("gap", "station", ("station",), at=MS, cam=CAM, seq=INT, t0=MS, t1=MS, reason=one_of(*GAP_REASONS)),
        _kind("hidden", "station", ("station",), at=MS, cam=CAM, t0=MS, t1=MS, reason=one_of(*HIDDEN_REASONS)),
        _kind("heartbeat", "station", ("station",), at=MS, boot=RUN, mono=MS, trust=TRUST, owed=INT, owed_bytes=INT, free_bytes=INT),
        _kind("clock", "station", ("station",), at=MS, trust=TRUST, step_ms=INT, forward=BOOL, mono=MS),
        _kind(
            "anchor",
            "station",
            ("station",),
            at=MS,
            cam=CAM,
            run=RUN,
            begins=MS,
            mono=MS,
            trust=TRUST,
            drift_ppm=INT,
            fast=BOOL,
            camera=_maybe(object_of(off_ms=INT, ahead=BOOL)),
        ),
        _kind("fault", "station", ("station",), at=MS, cam=_maybe(CAM), kind=WORD, state=one_of("begin", "end")),
        _kind("ladder", "station", ("station",), at=MS, cam=CAM, fps_milli=INT, width=INT, height=INT, reason=one_of("busy", "calm", "disk")),
        _kind("count", "station", ("station",), at=MS, cam=CAM, t0=MS, t1=MS, queue=RANGE, people=RANGE),
        _kind(
            "census",
            "station",
            ("station",),
            at=MS,
            sha256=DIGEST,
            note=DIGEST,
            signers=DIGEST,
            states=object_of(used=INT, off=INT, covered=INT, masked=INT, unknown=INT),
            owners=object_of(ours=INT, host=INT, unknown=INT),
            recorder=one_of("none", "off", "not_shown"),
        ),
        _kind(
            "chapter",
            "station",
            ("station",),
            at=MS,
            what=one_of("count_begins"),
            since=MS,
            note=COUNT_NOTE,
            signers=CERTIFICATES,
        ),
        _kind(
            "slice",
            "station",
            ("station",),
            at=MS,
            cam=CAM,
            slice=RUN,
            t0=MS,
            t1=MS,
            phase=PHASE,
            pieces=INT,
            size=INT,
            root=DIGEST,
            calibration=DIGEST,
            quorum=DIGEST,
            recipient=RECIPIENT,
            shares=list_of(object_of(trustee=WORD, sha256=DIGEST, commit=DIGEST)),
        ),
        _kind("hour_keys", "station", ("station",), at=MS, first=INT, keys=PUBLIC_KEYS),
        _kind("hour_seal", "station", ("station",), at=MS, number=INT, note=NOTE),
        _kind("beacon", "station", ("station",), at=MS, note=NOTE),
        _kind("liveness", "station", ("station",), at=MS, cam=CAM, t0=MS, t1=MS, code=CODE, beacon=DIGEST),
        _kind("observer", "station", ("station",), at=MS, vkey=VKEY, note=NOTE),
        _kind("custody", "station", ("station",), at=MS, pack=RUN, sheet=DIGEST, entries=INT, files=INT, size=INT),
        _kind("close", "station", ("station",), at=MS, reason=one_of("end_of_day", "ordered")),
        _kind(
            "withdrawn",
            "centre",
            ("station", "nation"),
            at=MS,
            station=STATION,
            cam=CAM,
            t0=MS,
            t1=_maybe(MS),
            article=CITATION,
            by=WORD,
            reason=WORD,
        ),
        _kind("certificate", "centre", ("nation",), at=MS, station=STATION, origin=ORIGIN, vkey=VKEY),
        _kind(
            "revoked", "centre", ("nation",), at=MS, station=STATION, vkey=VKEY, since=MS, article=CITATION, by=WORD, reason=WORD
        ),
        _kind("station_checkpoint", "centre", ("nation",), received_at=MS, origin=ORIGIN, size=INT, root=DIGEST, note=NOTE),
    ]
)

RESERVED: Final = frozenset(
    "tamper event protocol consent snapshot erasure evidence request deletion hold audit_trail release fork".split()
)
"""Types that the registry names without a schema so far: a reader counts them as unknown."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of a known type that fits its schema."""

    type: str
    body: Json

    def __getitem__(self, field: str) -> Any:
        return self.body[field]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A leaf of a type or version that this reader does not know: counted, never guessed."""

    type: str
    version: int


def make_leaf(type_: str, v: int = 1, /, **fields: Any) -> bytes:
    """Return the bytes of a new leaf of version `v` of its type. Raises `Rejected("leaf.schema")` when the fields do not fit the schema."""
    body: Json = {"v": v, "type": type_, **fields}
    _fit(body)
    return canonical(body)


def read_leaf(data: bytes, log: Log | None = None) -> Leaf | Unknown:
    """Read one log entry.

    Raises `Rejected("json.not_json" | "json.not_canonical" | "leaf.schema" | "leaf.wrong_log")`.
    """
    if len(data) > LIMIT:
        raise Rejected("leaf.schema", type="?", field="size")
    body = read_canonical(data)
    if not isinstance(body.get("type"), str) or not _is_int(body.get("v")):
        raise Rejected("leaf.schema", type="?", field="type")
    if (body["type"], body["v"]) not in REGISTRY:
        return Unknown(body["type"][:64], body["v"])
    kind = _fit(body)
    if log is not None and log not in kind.logs:
        raise Rejected("leaf.wrong_log", type=kind.name, log=log)
    return Leaf(kind.name, body)


def _fit(body: Json) -> Kind:
    kind = REGISTRY.get((body["type"], body["v"]))
    if kind is None:
        raise Rejected("leaf.schema", type=str(body["type"])[:64], field="type")
    for name in sorted(set(kind.fields) | set(body) - {"v", "type"}):
        test = kind.fields.get(name)
        if test is None or name not in body or not test(body[name]):
            raise Rejected("leaf.schema", type=kind.name, field=name[:64])
    if "t0" in body and body["t1"] is not None and not body["t0"] < body["t1"]:
        raise Rejected("leaf.schema", type=kind.name, field="t1")
    if kind.name == "segment":
        # The names of files and the target duration of every playlist rest on these two.
        if body["slot"] != body["t0"] // SLOT:
            raise Rejected("leaf.schema", type=kind.name, field="slot")
        if body["t1"] - body["t0"] > LONGEST:
            raise Rejected("leaf.schema", type=kind.name, field="t1")
    return kind
