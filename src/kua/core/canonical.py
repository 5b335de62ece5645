# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON (RFC 8785, JCS): the one spelling of a value that is hashed and signed."""

import json
from typing import Any

import rfc8785

from kua.core.errors import Rejected

Json = dict[str, Any]
"""A JSON object. Inside kua numbers in signed objects are integers within +-(2^53 - 1)."""


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of `value`. Raises `Rejected("json.not_canonical")` for what JCS cannot say."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise Rejected("json.not_canonical", why=str(error)) from error
    except UnicodeError as error:  # half a surrogate pair in the name of a field, which the library lets through
        raise Rejected("json.not_canonical", why="input contains non-UTF-8 codepoints") from error
    except RecursionError as error:
        raise Rejected("json.not_canonical", why="too deep") from error


def read_canonical(data: bytes) -> Json:
    """Parse `data` and insist that it *is* its own canonical form and an object.

    Raises `Rejected("json.not_canonical")`: bytes that say the same in another spelling are not the bytes that were signed.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Rejected("json.not_json") from error
    if not isinstance(value, dict) or canonical(value) != data:
        raise Rejected("json.not_canonical", why="spelling")
    return value
