# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, sorted by what the caller can do about it.

An error carries a stable dotted `code` and `facts`; the words (what, why, what to do) live in `kua.words.problems` in three languages.
Anything that is not one of these three is a bug and is not caught.
"""

from typing import ClassVar

Fact = str | int | float


class KuaError(Exception):
    """Root of all expected errors. `code` is stable for ever; `facts` fill the words of the catalogue. Never put a secret in a fact."""

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, /, **facts: Fact) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in sorted(self.facts.items()))
        return f"{self.code} ({told})" if told else self.code


class Refused(KuaError):
    """A rule says no. Final: asking again changes nothing. Exit code 1."""


class Rejected(KuaError):
    """Bytes from outside are wrong or forged. Keep them as evidence. Exit code 1."""


class Incomplete(KuaError):
    """Something that should be there is missing. Exit code 2."""

    exit_code = 2


class Unavailable(KuaError):
    """Try again later, or mend the world first. Exit code 3."""

    exit_code = 3


class Misused(KuaError):
    """The command, setting or file that a person wrote is wrong. Exit code 64."""

    exit_code = 64
