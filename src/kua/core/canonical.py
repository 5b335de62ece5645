# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON (RFC 8785, JCS): the one spelling of a value that is hashed and signed.

What is signed is written by the `rfc8785` package. What is read is compared with `kua.core.jcs`, which needs no package: the verifier that travels
as one file gives the same verdict as the installed one because it runs the same lines.
"""

import json
from collections.abc import Callable
from typing import Any

from kua.core import jcs
from kua.core.errors import Rejected

Json = dict[str, Any]
"""A JSON object. Inside kua numbers in signed objects are integers within +-(2^53 - 1)."""

_dumps: Callable[[Any], bytes]
try:
    from rfc8785 import dumps as _dumps
except ModuleNotFoundError:  # the one file
    _dumps = jcs.dumps


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of `value`. Raises `Rejected("json.not_canonical")` for what JCS cannot say."""
    return _canonical(_dumps, value)


def read_canonical(data: bytes) -> Json:
    """Parse `data` and insist that it *is* its own canonical form and an object.

    Raises `Rejected("json.not_canonical")`: bytes that say the same in another spelling are not the bytes that were signed.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Rejected("json.not_json") from error
    if not isinstance(value, dict) or _canonical(jcs.dumps, value) != data:
        raise Rejected("json.not_canonical", why="spelling")
    return value


def _canonical(dumps: Any, value: Any) -> bytes:
    try:
        return bytes(dumps(value))
    except UnicodeError as error:  # half a surrogate pair
        raise Rejected("json.not_canonical", why="input contains non-UTF-8 codepoints") from error
    except ValueError as error:  # the package's errors are of this kind too
        raise Rejected("json.not_canonical", why=str(error)) from error
    except RecursionError as error:
        raise Rejected("json.not_canonical", why="too deep") from error
