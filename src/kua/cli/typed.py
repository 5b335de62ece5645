# SPDX-License-Identifier: Apache-2.0
"""What a person typed is wrong: the same code and words, but the exit code of a wrong command, not of a forgery. Judges nothing itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from kua.core.errors import Misused, Rejected


@contextmanager
def typed() -> Iterator[None]:
    """Turn `Rejected` into `Misused`: here no bytes from outside are wrong, but what was typed."""
    try:
        yield
    except Rejected as error:
        raise Misused(error.code, **error.facts) from error
