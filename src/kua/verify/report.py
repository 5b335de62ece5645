# SPDX-License-Identifier: Apache-2.0
"""What a verifier answers: one line for each check, never stopping at the first that fails. Holds no words; `kua.words.lines` does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

from kua.core.errors import Fact, Incomplete, KuaError, Unavailable

State = Literal["PASS", "FAIL", "MISSING", "NOT_CHECKED"]

BLOCKING: Final = frozenset({"verify.unreachable", "verify.redirected", "verify.nowhere", "film.masks_no_codec", "film.masks_unread"})
"""Codes of lines that say "the world kept me from checking": such a report never ends in "fine"."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Line:
    """One check: its stable name, how it ended, the code of the sentence that says so, and the facts of that sentence."""

    check: str
    state: State
    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """Lines in the order in which the checks were made, and `summary`: figures that are facts, not judgements."""

    lines: list[Line] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)

    def passed(self, check: str, code: str, /, **facts: Fact) -> None:
        """Say that `check` was made and holds."""
        self.lines.append(Line(check, "PASS", code, facts))

    def failed(self, check: str, code: str, /, **facts: Fact) -> None:
        """Say that `check` was made and does not hold: altered or forged."""
        self.lines.append(Line(check, "FAIL", code, facts))

    def missing(self, check: str, code: str, /, **facts: Fact) -> None:
        """Say that something that `check` needs ought to be there and is not."""
        self.lines.append(Line(check, "MISSING", code, facts))

    def not_checked(self, check: str, code: str, /, **facts: Fact) -> None:
        """Say that `check` was not made, and why."""
        self.lines.append(Line(check, "NOT_CHECKED", code, facts))

    def trouble(self, check: str, error: KuaError) -> None:
        """Write down why `check` ended in `error`: missing, not to be had, or wrong."""
        match error:
            case Incomplete():
                self.missing(check, error.code, **error.facts)
            case Unavailable():
                self.not_checked(check, error.code, **error.facts)
            case _:
                self.failed(check, error.code, **error.facts)

    def attempt(self, check: str, step: Callable[[], _T]) -> _T | None:
        """Return what `step` returns; an expected error becomes a line of `check`, and None."""
        try:
            return step()
        except KuaError as error:
            self.trouble(check, error)
            return None

    def has(self, state: State, check: str | None = None) -> bool:
        """Say whether any line (of `check`, where given) ended in `state`."""
        return any(line.state == state and check in {None, line.check} for line in self.lines)

    @property
    def exit_code(self) -> int:
        """1 altered, 2 incomplete, 3 could not check, 0 intact; the first that applies."""
        if self.has("FAIL"):
            return 1
        if self.has("MISSING"):
            return 2
        return 3 if not self.has("PASS") or any(line.code in BLOCKING for line in self.lines) else 0

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values, stable for programs (docs/spec/checkpoint-and-tiles.md)."""
        lines = [{"check": line.check, "state": line.state, "code": line.code, "facts": dict(line.facts)} for line in self.lines]
        return {**self.summary, "exit_code": self.exit_code, "lines": lines}
