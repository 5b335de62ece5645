# SPDX-License-Identifier: Apache-2.0
"""The answer of a rule: yes or no, by which article, and why."""

from dataclasses import dataclass

from kua.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule of the letter answers. `article` cites the law or the clause of the legal profile; `reason` is a stable dotted code."""

    allowed: bool
    article: str
    reason: str

    def require(self) -> None:
        """Do nothing if allowed. Raises `Refused` with the reason as its code otherwise."""
        if not self.allowed:
            raise Refused(self.reason, article=self.article)
