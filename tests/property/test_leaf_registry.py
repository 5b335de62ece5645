# SPDX-License-Identifier: Apache-2.0
"""The registry of leaves: what fits is read back as it was written, any forged field is refused, what is unknown is counted and never guessed."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.core.canonical import canonical
from kua.core.errors import Rejected
from kua.proof.leaf import GAP_REASONS, HIDDEN_REASONS, LIMIT, LONGEST, LOWERED, REGISTRY, RESERVED, Leaf, Unknown, make_leaf, read_leaf

_SAFE: Final = 2**53 - 1
few = settings(max_examples=40)
_TRUST, _PHASES = ("none", "rtc", "ntp", "centre"), ("rehearsal", "opening", "voting", "count", "protocol", "storage")
ms = st.integers(0, _SAFE)
ends = st.none() | ms
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
runs = st.binary(min_size=4, max_size=4).map(bytes.hex)
cams = st.sampled_from("abz")
stations = st.sampled_from(["00-0", "10-245", "99-99999"])
words = st.sampled_from(["a", "end_of-day.2", "z" * 64])
citations = st.sampled_from(["x", "Constitutional law, art. 20-1 (3)", "~" * 256])
origins = st.just("film.example/kz-2026-kurultai/s/10-245")
vkeys = st.just("film.example/centre+0a1b2c3d+" + "A" * 44)
notes = st.just("film.example/e-1/s/10-245\n12\n" + "A" * 43 + "=\n\n\u2014 film.example/e-1/s/10-245 " + "A" * 91 + "=\n")
_line = "\u2014 person/chair/10-245 " + "A" * 91 + "=\n"
countings = st.just("kua/count/v1\nkz-2026/10-245\n1773565200000\n\n" + 2 * _line)
_person = "kua/person/v1\nchair\nkz-2026\n10-245\nperson/chair/10-245+0a1b2c3d+" + "A" * 44 + "\n\n" + _line
persons = st.lists(st.just(_person), min_size=2, max_size=8)
_public = "A" * 43 + "="
publics = st.lists(st.just(_public), min_size=1, max_size=48)
codes = st.sampled_from(["000000", "7K3MZV"])
ranges = st.tuples(st.integers(0, 500), st.integers(0, 500)).map(lambda pair: {"lo": min(pair), "hi": max(pair)})
offsets = st.none() | st.fixed_dictionaries({"off_ms": ms, "ahead": st.booleans()})
recipients = st.sampled_from(["age1" + "q" * 58, "age1" + "023456789acdefghjklmnpqrstuvwxyz" + "l" * 26])
shares = st.lists(st.fixed_dictionaries({"trustee": words, "sha256": digests, "commit": digests}), max_size=3)
cameras = st.lists(st.fixed_dictionaries({"cam": cams, "width": ms, "height": ms, "fps_milli": ms}), max_size=3)

_picture = {
    "rung": st.sampled_from(LOWERED[:-1]), "run": runs, "sha256": digests, "size": ms, "init": digests, "width": ms, "height": ms, "fps_milli": ms, "frames": ms,
}  # fmt: skip
lowered = st.fixed_dictionaries({"rung": st.sampled_from(LOWERED)}) | st.fixed_dictionaries(_picture)

FIELDS: Final[dict[str, dict[str, st.SearchStrategy[Any]]]] = {
    "open": {"at": ms, "election": words, "election_sha256": digests, "station": stations, "trust": st.sampled_from(_TRUST), "cams": cameras},
    "session": {"at": ms, "boot": runs, "build": digests, "settings": digests, "mono": ms, "trust": st.sampled_from(_TRUST)},
    "policy": {"at": ms, "what": st.sampled_from(["election", "hiding", "profile"]), "version": ms, "sha256": digests},
    "calibration": {"at": ms, "cam": cams, "sha256": digests, "note": digests, "signers": digests},
    "segment": {
        "at": ms, "cam": cams, "seq": ms, "run": runs, "slot": ms, "t0": ms, "t1": ms, "frames": ms, "sha256": digests, "size": ms, "init": digests,
        "calibration": digests, "hiding": digests, "phase": st.sampled_from(_PHASES), "trust": st.sampled_from(_TRUST),
    },
    "segment@2": {
        "at": ms, "cam": cams, "seq": ms, "run": runs, "slot": ms, "t0": ms, "t1": ms, "frames": ms, "sha256": digests, "size": ms, "init": digests,
        "calibration": digests, "hiding": digests, "phase": st.sampled_from(_PHASES), "trust": st.sampled_from(_TRUST), "live": lowered,
    },
    "gap": {"at": ms, "cam": cams, "seq": ms, "t0": ms, "t1": ms, "reason": st.sampled_from(GAP_REASONS)},
    "hidden": {"at": ms, "cam": cams, "t0": ms, "t1": ms, "reason": st.sampled_from(HIDDEN_REASONS)},
    "heartbeat": {"at": ms, "boot": runs, "mono": ms, "trust": st.sampled_from(_TRUST), "owed": ms, "owed_bytes": ms, "free_bytes": ms},
    "clock": {"at": ms, "trust": st.sampled_from(_TRUST), "step_ms": ms, "forward": st.booleans(), "mono": ms},
    "anchor": {
        "at": ms, "cam": cams, "run": runs, "begins": ms, "mono": ms, "trust": st.sampled_from(_TRUST), "drift_ppm": ms, "fast": st.booleans(),
        "camera": offsets,
    },
    "custody": {"at": ms, "pack": runs, "sheet": digests, "entries": ms, "files": ms, "size": ms},
    "fault": {"at": ms, "cam": st.none() | cams, "kind": words, "state": st.sampled_from(["begin", "end"])},
    "ladder": {"at": ms, "cam": cams, "fps_milli": ms, "width": ms, "height": ms, "reason": st.sampled_from(["busy", "calm", "disk"])},
    "count": {"at": ms, "cam": cams, "t0": ms, "t1": ms, "queue": ranges, "people": ranges},
    "census": {
        "at": ms, "sha256": digests, "note": digests, "signers": digests,
        "states": st.fixed_dictionaries(dict.fromkeys(("used", "off", "covered", "masked", "unknown"), ms)),
        "owners": st.fixed_dictionaries(dict.fromkeys(("ours", "host", "unknown"), ms)), "recorder": st.sampled_from(["none", "off", "not_shown"]),
    },
    "chapter": {"at": ms, "what": st.just("count_begins"), "since": ms, "note": countings, "signers": persons},
    "slice": {
        "at": ms, "cam": cams, "slice": runs, "t0": ms, "t1": ms, "phase": st.sampled_from(_PHASES), "pieces": ms, "size": ms, "root": digests,
        "calibration": digests, "quorum": digests, "recipient": recipients, "shares": shares,
    },
    "hour_keys": {"at": ms, "first": ms, "keys": publics},
    "hour_seal": {"at": ms, "number": ms, "note": notes},
    "beacon": {"at": ms, "note": notes},
    "liveness": {"at": ms, "cam": cams, "t0": ms, "t1": ms, "code": codes, "beacon": digests},
    "observer": {"at": ms, "vkey": vkeys, "note": notes},
    "close": {"at": ms, "reason": st.sampled_from(["end_of_day", "ordered"])},
    "withdrawn": {"at": ms, "station": stations, "cam": cams, "t0": ms, "t1": ends, "article": citations, "by": words, "reason": words},
    "certificate": {"at": ms, "station": stations, "origin": origins, "vkey": vkeys},
    "revoked": {"at": ms, "station": stations, "vkey": vkeys, "since": ms, "article": citations, "by": words, "reason": words},
    "station_checkpoint": {"received_at": ms, "origin": origins, "size": ms, "root": digests, "note": notes},
}  # fmt: skip

# For each strategy of a field: values that no field drawn from it may have.
NEVER: Final = {
    "ms": [-1, 2**53, 1.5, "1", True, None, [1], {}],
    "ends": [-1, 2**53, 1.5, "1", True, [1], {}],
    "words": ["", "Word", "two words", "x" * 65, "\u043a\u04af\u04d9", "a\n", "1a", 7, None, ["a"]],
    "digests": ["", "0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n", 0, None],
    "runs": ["", "0abcdef", "0ABCDEF0", "0abcdef01", 12345678, None],
    "cams": ["", "A", "ab", "1", "../a", "a\n", 1],
    "stations": ["", "1-2", "10-", "10-123456", "10-1/..", "10_1", "\u0661\u0660-1", 10, None],
    "citations": ["", " x", "x" * 257, "two\nlines", "\u0441\u0442. 20", "tab\t", 5, None],
    "origins": ["", "film.example", "a b/c", "a/" + "x" * 65, "a//b", "a/b\n", 5, None],
    "vkeys": ["", "a+b+c", "name+0a1b2c3d+" + "A" * 43, "na me+0a1b2c3d+" + "A" * 44, "n+0a1b2c3d+" + "A" * 44 + "\n", 5, None],
    "notes": ["", "a word of mine", "film.example/e/s\n12\nhello\n\n\u2014 n AAAA\n", "film.example/e/s\n12\n" + "A" * 43 + "=\nmore\n\n\u2014 n AAAA\n", 5, None],
    "publics": [[], [_public] * 49, ["A" * 44], ["A" * 42 + "="], [_public + "\n"], ["a word of mine"], _public, 5, None],
    "codes": ["", "7K3MZ", "7K3MZVX", "7k3mzv", "7K3MZU", "7K3MZI", "O00000", "7K3MZV\n", 123456, None],
    "ranges": [{}, {"lo": 2, "hi": 1}, {"lo": 0}, {"lo": 0, "hi": 1, "who": 2}, {"lo": -1, "hi": 1}, [0, 1], 3, None],
    "cameras": [
        {}, None, "a", ["a"], [{"cam": "a"}], [{"cam": "a", "width": 1, "height": 1, "fps_milli": 1, "name": "x"}],
        [{"cam": "a", "width": 1, "height": 1, "fps_milli": 1}] * 65,
    ],
    "offsets": [{}, {"off_ms": 1}, {"off_ms": 1, "ahead": 1}, {"off_ms": -1, "ahead": True}, {"off_ms": 1, "ahead": True, "name": "x"}, 5, ""],
    "countings": ["", "kua/count/v1\nkz-2026/10-245\n17\n\n" + _line, "kua/count/v1\nkz-2026/10-245\nmy words\n\n" + 2 * _line, 5, None],
    "persons": [[], [_person], [_person] * 9, [_person, "a word of mine"], [_person.replace("chair\nkz", "Chair of all\nkz")] * 2, _person, 5, None],
    "recipients": ["", "age1", "age1" + "q" * 57, "age1" + "b" * 58, "AGE-SECRET-KEY-1" + "Q" * 58, "age1" + "q" * 58 + "\n", 5, None],
    "shares": [
        {}, None, "a", ["a"], [{"trustee": "court", "sha256": "0" * 64}], [{"trustee": "court", "sha256": "0" * 64, "commit": "0" * 64, "name": "x"}],
        [{"trustee": "court", "sha256": "0" * 64, "commit": "0" * 64}] * 65, [{"trustee": "A Person", "sha256": "0" * 64, "commit": "0" * 64}],
    ],
    "lowered": [
        {}, None, "none", {"rung": "full"}, {"rung": "none", "run": "0abcdef0"}, {"rung": "small", "sha256": "0" * 64}, [{"rung": "none"}], {"rung": "a word of mine"},
        {"rung": "none", "run": "0abcdef0", "sha256": "0" * 64, "size": 1, "init": "0" * 64, "width": 1, "height": 1, "fps_milli": 1, "frames": 1},
    ],
    "other": ["", "free text", "Begin", 7, 1.0, [], {}],
}  # fmt: skip
_NAMED: Final = {
    id(strategy): name
    for name, strategy in {
        "ms": ms, "ends": ends, "words": words, "digests": digests, "runs": runs, "cams": cams, "stations": stations, "citations": citations, "origins": origins,
        "vkeys": vkeys, "notes": notes, "ranges": ranges, "cameras": cameras, "offsets": offsets,
        "countings": countings, "persons": persons, "recipients": recipients, "shares": shares, "publics": publics, "codes": codes,
        "lowered": lowered,
    }.items()
}  # fmt: skip


def kind_of(name: str) -> tuple[str, int]:
    """Type and version of a key of `FIELDS`: `segment@2` is version 2."""
    type_, _, version = name.partition("@")
    return type_, int(version or 1)


def made(name: str, /, **fields: Any) -> bytes:
    """The bytes of a leaf of a key of `FIELDS`."""
    return make_leaf(*kind_of(name), **fields)


@st.composite
def leaves(draw: st.DrawFn, *, of: str | None = None) -> tuple[str, dict[str, Any]]:
    """A type and fields that fit its schema."""
    name = of or draw(st.sampled_from(sorted(FIELDS)))
    fields = {field: draw(strategy) for field, strategy in FIELDS[name].items()}
    if "t0" in fields:
        fields["t0"] = draw(st.integers(0, _SAFE - LONGEST))
        if fields["t1"] is not None:
            fields["t1"] = fields["t0"] + draw(st.integers(1, LONGEST))
    if kind_of(name)[0] == "segment":
        fields["slot"] = fields["t0"] // 4000
    return name, fields


def spelt(name: str, fields: dict[str, Any], version: int | None = None) -> bytes:
    """The bytes of a leaf that need not fit, of a key of `FIELDS` or of a type and version."""
    type_, given = kind_of(name) if version is None else (name, version)
    return canonical({"v": given, "type": type_, **fields})


def spoilt(name: str) -> list[tuple[str, Any]]:
    """Each field of a type with each value that it may not have."""
    return [(field, value) for field, strategy in FIELDS[name].items() for value in NEVER[_NAMED.get(id(strategy), "other")]]


def test_these_tests_know_every_type_and_field() -> None:
    assert {known: sorted(kind.fields) for known, kind in REGISTRY.items()} == {kind_of(name): sorted(fields) for name, fields in FIELDS.items()}


@few
@given(leaves())
def test_what_is_made_is_read_back(leaf: tuple[str, dict[str, Any]]) -> None:
    name, fields = leaf
    data = made(name, **fields)
    type_, version = kind_of(name)
    assert read_leaf(data) == Leaf(type_, {"v": version, "type": type_, **fields})
    assert len(data) <= LIMIT


@few
@given(st.data(), leaves())
def test_any_field_that_is_forged_absent_or_added_is_refused(data: st.DataObject, leaf: tuple[str, dict[str, Any]]) -> None:
    name, fields = leaf
    forged = dict(fields)
    match data.draw(st.sampled_from(["change", "remove", "add"])):
        case "change":
            field, value = data.draw(st.sampled_from(spoilt(name)))
            if value == 2**53:  # canonical JSON cannot say it at all
                with pytest.raises(Rejected, match=r"leaf\.schema"):
                    made(name, **(fields | {field: value}))
                return
            forged[field] = value
        case "remove":
            del forged[data.draw(st.sampled_from(sorted(fields)))]
        case _:
            forged[data.draw(st.sampled_from(["note_of_mine", "name", "zz"]))] = data.draw(st.sampled_from(["hello", 1, None]))
    with pytest.raises(Rejected, match=r"leaf\.schema"):
        read_leaf(spelt(name, forged))
    with pytest.raises(Rejected, match=r"leaf\.schema"):
        made(name, **forged)


@pytest.mark.parametrize("name", sorted(FIELDS))
@settings(max_examples=3)
@given(data=st.data())
def test_every_value_that_no_field_may_have_is_refused(name: str, data: st.DataObject) -> None:
    _, fields = data.draw(leaves(of=name))
    for field, value in spoilt(name):
        with pytest.raises(Rejected, match=r"leaf\.schema"):
            made(name, **(fields | {field: value}))


@few
@given(leaves().filter(lambda leaf: leaf[1].get("t1") is not None), st.integers(0, _SAFE))
def test_a_span_that_does_not_go_forward_is_refused(leaf: tuple[str, dict[str, Any]], back: int) -> None:
    name, fields = leaf
    with pytest.raises(Rejected, match=r"leaf\.schema.*t1"):
        made(name, **(fields | {"t1": max(0, fields["t0"] - back)}))


@few
@given(leaves(of="segment") | leaves(of="segment@2"), st.integers(1, 10_000))
def test_a_segment_lies_in_its_slot_and_is_no_longer_than_players_are_told(leaf: tuple[str, dict[str, Any]], much: int) -> None:
    name, fields = leaf
    with pytest.raises(Rejected, match=r"leaf\.schema.*slot"):
        made(name, **(fields | {"slot": fields["slot"] + much}))
    with pytest.raises(Rejected, match=r"leaf\.schema.*t1"):
        made(name, **(fields | {"t0": 0, "slot": 0, "t1": LONGEST + much}))


@few
@given(
    st.text(max_size=80),
    st.integers(0, _SAFE),
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.none() | st.text("xyz"), max_size=4),
)
def test_an_unknown_type_or_version_is_counted_and_never_fails(name: str, version: int, rest: dict[str, Any]) -> None:
    if (name, version) not in REGISTRY:
        for log in ("station", "nation", None):
            assert read_leaf(spelt(name, rest, version), log) == Unknown(name[:64], version)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_reserved_name_is_unknown_until_it_has_a_schema(name: str) -> None:
    assert read_leaf(spelt(name, {"whatever": 1})) == Unknown(name, 1)
    with pytest.raises(Rejected, match=r"leaf\.schema"):
        make_leaf(name, whatever=1)


@few
@given(leaves())
def test_a_leaf_of_the_other_log_is_refused(leaf: tuple[str, dict[str, Any]]) -> None:
    name, fields = leaf
    for log in ("station", "nation"):
        if log in REGISTRY[kind_of(name)].logs:
            assert isinstance(read_leaf(spelt(name, fields), log), Leaf)
        else:
            with pytest.raises(Rejected, match=r"leaf\.wrong_log"):
                read_leaf(spelt(name, fields), log)


@few
@given(leaves())
def test_the_same_in_another_spelling_is_not_that_leaf(leaf: tuple[str, dict[str, Any]]) -> None:
    data = made(leaf[0], **leaf[1])
    for other in (json.dumps(json.loads(data)).encode(), data + b"\n", b" " + data, re.sub(rb'"v":([12])', rb'"v":\1.0', data)):
        with pytest.raises(Rejected, match=r"json\.not_canonical"):
            read_leaf(other)


@pytest.mark.parametrize(
    "value",
    [{}, {"v": 1}, {"type": "gap"}, {"v": "1", "type": "gap"}, {"v": True, "type": "gap"}, {"v": -1, "type": "x"}, {"v": 1, "type": 1}],
)
def test_what_has_no_type_or_version_is_no_leaf(value: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match=r"leaf\.schema"):
        read_leaf(canonical(value))


@few
@given(st.binary(max_size=200))
def test_bytes_that_are_no_leaf_are_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(Rejected):
        read_leaf(data)


def test_a_leaf_that_no_bundle_can_hold_is_refused() -> None:
    with pytest.raises(Rejected, match=r"leaf\.schema.*size"):
        read_leaf(spelt("future", {"x": "y" * LIMIT}))


def _places(value: Any, of: type, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a value of JSON things of a type stand, as ways to go."""
    found = [path] if isinstance(value, of) else []
    match value:
        case dict():
            return found + [way for key, part in value.items() for way in _places(part, of, (*path, key))]
        case list():
            return found + [way for number, part in enumerate(value) for way in _places(part, of, (*path, number))]
    return found


def _at(value: Any, way: tuple[Any, ...], put: Callable[[Any], Any]) -> Any:
    """The value with what stands at `way` changed."""
    if not way:
        return put(value)
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[way[0]] = _at(copy[way[0]], way[1:], put)
    return copy


@pytest.mark.parametrize("name", sorted(FIELDS))
@settings(max_examples=5)
@given(data=st.data())
def test_no_object_of_any_leaf_takes_one_key_more(name: str, data: st.DataObject) -> None:
    """However deep: a name, a telephone number or a note beside what the schema asks for would stay in the log for ever."""
    _, fields = data.draw(leaves(of=name))
    extra = data.draw(st.sampled_from(["name", "iin", "phone", "note", "x", "v2"]))
    for way in _places(fields, dict):
        for value in ("Aigul", 870101300123, None, {}):
            if extra in REGISTRY[kind_of(name)].fields and not way:
                continue
            with pytest.raises(Rejected, match=r"leaf\.schema"):
                read_leaf(spelt(name, _at(fields, way, lambda held, key=extra, value=value: {**held, key: value})))


PERSONAL: Final = ("Aigul Sarsenova", "870101300123", "+7 701 123 45 67", "aigul@example.kz", "\u0410\u0439\u0433\u04af\u043b \u0421\u04d9\u0440\u0441\u0435\u043d\u043e\u0432\u0430", "43.238949, 76.889709")
"""A name, a number of a person, a telephone, an address, a name in Kazakh, a place."""
CITATION: Final = ("article",)
"""The one field that takes a line of ASCII: the article of the law that a withdrawal or a revocation cites. Only the centre writes it."""


@pytest.mark.parametrize("name", sorted(FIELDS))
@settings(max_examples=5)
@given(data=st.data())
def test_no_text_of_any_leaf_holds_a_name_a_number_of_a_person_or_a_place(name: str, data: st.DataObject) -> None:
    _, fields = data.draw(leaves(of=name))
    for way in _places(fields, str):
        for personal in PERSONAL:
            if way == CITATION and name in {"withdrawn", "revoked"}:
                continue
            with pytest.raises(Rejected, match=r"leaf\.schema"):
                read_leaf(spelt(name, _at(fields, way, lambda _, personal=personal: personal)))
