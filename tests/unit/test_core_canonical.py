# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: one spelling of each value (RFC 8785), and no other is accepted. The vectors are our own."""

import json
import math
import struct
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from kua.core import jcs
from kua.core.canonical import canonical, read_canonical
from kua.core.errors import Rejected

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(st.text(max_size=4), values, max_size=5)


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        ({}, "{}"),
        ({"b": 1, "a": [True, False, None]}, '{"a":[true,false,null],"b":1}'),
        (
            {"\u043a\u04af\u04d9": "\u049a\u04b1\u0440\u044b\u043b\u0442\u0430\u0439"},
            '{"\u043a\u04af\u04d9":"\u049a\u04b1\u0440\u044b\u043b\u0442\u0430\u0439"}',
        ),
        ({"a": '"\\/\b\f\n\r\t\x00\x1f\x7f\u2028'}, '{"a":"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\u2028"}'),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'),  # by UTF-16 units, not by code points
        ({"10": 1, "9": 2, "a": 3, "A": 4, "": 5}, '{"":5,"10":1,"9":2,"A":4,"a":3}'),
        ({"n": [0, -1, 9007199254740991, -9007199254740991]}, '{"n":[0,-1,9007199254740991,-9007199254740991]}'),
        ({"f": [1.5, 1e21, 1e-7, 0.000001, -0.0, 100.0, 5e-324]}, '{"f":[1.5,1e+21,1e-7,0.000001,0,100,5e-324]}'),
        ({"deep": {"b": {"d": 1, "c": 2}, "a": {}}}, '{"deep":{"a":{},"b":{"c":2,"d":1}}}'),
    ],
)
def test_a_value_has_this_spelling(value: Any, spelling: str) -> None:
    assert canonical(value) == spelling.encode()


@given(objects)
def test_what_is_spelt_is_read_back(value: dict[str, Any]) -> None:
    assert read_canonical(canonical(value)) == value


@given(objects)
def test_the_order_in_which_fields_were_given_makes_no_difference(value: dict[str, Any]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@given(objects, st.sampled_from([{"indent": 1}, {"separators": (", ", ": ")}, {"ensure_ascii": True, "separators": (",", ":")}]))
def test_another_spelling_of_the_same_is_refused(value: dict[str, Any], options: dict[str, Any]) -> None:
    other = json.dumps(value, **options).encode()
    if other != canonical(value):
        with pytest.raises(Rejected, match=r"json\.not_canonical"):
            read_canonical(other)


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}', b'{"a":1,"a":1}', b'{"a":1.0}', b'{"a":-0}', b'{"a":1e2}', b'{"a":"\\u0041"}', b'{"a":"\\/"}', b'{"a":1}\n', b" {}", b"\xef\xbb\xbf{}",
        b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":1e999}', b'{"a":9007199254740992}', b'{"a":"\\ud800"}', b'{"\\ud800":1}',
        b"[]", b"1", b'"a"', b"null", b'{"a":"\\uD83D\\uDE00"}', '{"a":1}'.encode("utf-16"), '{"a":1}'.encode("utf-32"),
    ],
)  # fmt: skip
def test_bytes_that_are_not_the_one_spelling_of_an_object_are_refused(data: bytes) -> None:
    with pytest.raises(Rejected, match=r"json\.not_(canonical|json)"):
        read_canonical(data)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"{}{}", b'{"a":}', b"{'a':1}", b'{"a":01}', b'{"a":"\xff"}', b'{"a":' + b"9" * 5000 + b"}", b"\x00"]
)
def test_bytes_that_are_no_json_are_refused(data: bytes) -> None:
    with pytest.raises(Rejected, match=r"json\.not_json"):
        read_canonical(data)


def read_or_refused(data: bytes) -> bool:
    """Whether `data` is spelt as it is read, or refused with a code of ours. Anything else that is raised is a bug."""
    try:
        return canonical(read_canonical(data)) == data
    except Rejected as error:
        return error.code.startswith("json.")


@pytest.mark.parametrize("depth", [900, 5_000, 200_000])
def test_a_tower_of_brackets_is_read_or_refused_but_breaks_nothing(depth: int) -> None:
    data = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    assert read_or_refused(data)


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, 2**53, -(2**53), b"bytes", object(), {1: 2}, {"a": {3}}, {"\ud800": 1}, {"a": "\udfff"}],
    ids=lambda value: type(value).__name__,  # an address in a name would differ between the workers
)
def test_what_canonical_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(Rejected, match=r"json\.not_canonical"):
        canonical(value)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert read_or_refused(data)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.text(st.characters(categories=["Cc", "Cs", "So"]), max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def spelt_by(dumps: Any, value: Any) -> bytes | None:
    """What `dumps` makes of `value`; None where it refuses."""
    try:
        return bytes(dumps(value))
    except (ValueError, RecursionError):
        return None


@given(anything)
def test_the_one_file_verifier_spells_everything_as_the_library_does(value: Any) -> None:
    assert spelt_by(jcs.dumps, value) == spelt_by(rfc8785.dumps, value)


@given(st.integers(0, 2**64 - 1))
def test_every_float_has_the_digits_that_the_library_gives_it(bits: int) -> None:
    (value,) = struct.unpack(">d", bits.to_bytes(8, "big"))
    assert spelt_by(jcs.dumps, [value]) == spelt_by(rfc8785.dumps, [value])
