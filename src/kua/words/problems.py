# SPDX-License-Identifier: Apache-2.0
"""The words of every error code: what happened, why, and what to do. Each room has its own table `problems_ROOM`; this module joins them.

The texts are English msgids; the catalogues hold kk and ru. `docs/ref/errors.md` is generated from here.
"""

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path

from kua.words.problem import Problem


@cache
def all_problems() -> dict[str, Problem]:
    """Return every known code with its words. Raises `ValueError` if two rooms wrote words for one code."""
    joined: dict[str, Problem] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("problems_"):
            table: dict[str, Problem] = import_module(f"kua.words.{module.name}").PROBLEMS
            if twice := joined.keys() & table.keys():
                raise ValueError(sorted(twice))
            joined |= table
    return joined


def problem_of(code: str) -> Problem | None:
    """Return the words of `code`, or None for a code that nobody wrote words for (a bug that a house test finds)."""
    return all_problems().get(code)
