# SPDX-License-Identifier: Apache-2.0
"""RFC 8785 (JCS) by the standard library alone, for the verifier that travels as one file. Held equal to the `rfc8785` package by a property test.

Writes what JSON can say; anything else is a `ValueError`, whose text says why.
"""

import math
from json.encoder import encode_basestring as _string
from typing import Any, Final

SAFE: Final = 2**53 - 1
"""The largest integer that every reader of JSON keeps exactly (RFC 8785 section 3.2.2.3, by way of RFC 7493)."""


# The library's own escapes are those of section 3.2.2.2 to the letter: the two-letter ones, else \\u00xx in lower case; nothing else is escaped.


def dumps(value: Any) -> bytes:
    """Return the canonical bytes of `value`. Raises `ValueError` for what JCS cannot say, `RecursionError` for what lies too deep."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode("utf-8")


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(_string(value))
    elif value is None:
        parts.append("null")
    elif isinstance(value, bool):
        parts.append("true" if value else "false")
    elif isinstance(value, int):
        if not -SAFE <= value <= SAFE:
            raise ValueError("integer beyond 2^53 - 1")
        parts.append(str(int(value)))
    elif isinstance(value, float):
        parts.append(_number(value))
    elif isinstance(value, (list, tuple)):
        _write_list(value, parts)
    elif isinstance(value, dict):
        _write_object(value, parts)
    else:
        raise ValueError(type(value).__name__)


def _write_list(value: list[Any] | tuple[Any, ...], parts: list[str]) -> None:
    parts.append("[")
    for number, entry in enumerate(value):
        if number:
            parts.append(",")
        _write(entry, parts)
    parts.append("]")


def _write_object(value: dict[Any, Any], parts: list[str]) -> None:
    if not all(isinstance(name, str) for name in value):
        raise ValueError("name of a field")
    names = list(value)
    # Section 3.2.3: by UTF-16 code units. For ASCII that is the order of the letters themselves.
    names.sort(key=None if all(map(str.isascii, names)) else lambda name: name.encode("utf-16-be"))
    parts.append("{")
    for number, name in enumerate(names):
        if number:
            parts.append(",")
        parts.append(_string(name) + ":")
        _write(value[name], parts)
    parts.append("}")


def _number(value: float) -> str:
    """Write a float as ECMAScript does (section 3.2.2.3): the digits are the shortest that read back, as Python's, but the point stands elsewhere."""
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, power = repr(abs(value)).partition("e")
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    point = len(whole) + int(power or 0) - (len(whole + part) - len(digits))  # where the decimal point stands, counted from the first digit
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    shown = digits[0] + (f".{digits[1:]}" if count > 1 else "")
    return f"{sign}{shown}e{'+' if point > 0 else '-'}{abs(point - 1)}"
