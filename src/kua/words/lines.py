# SPDX-License-Identifier: Apache-2.0
"""The sentences of verifiers' reports, one for each code of a line. Each room has its own table `lines_<room>`; this module joins them."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from kua.core.errors import Fact
from kua.words.problems import problem_of
from kua.words.speak import catalogue


@cache
def all_lines() -> dict[str, str]:
    """Return every known code with its sentence. Raises `ValueError` if two rooms wrote a sentence for one code."""
    joined: dict[str, str] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("lines_"):
            table: dict[str, str] = import_module(f"kua.words.{module.name}").LINES
            if twice := joined.keys() & table.keys():
                raise ValueError(twice)
            joined |= table
    return joined


def sentence_of(code: str) -> str | None:
    """Return the English sentence of `code`: its own, or what the error of that code says happened. None for a code without words."""
    if code in all_lines():
        return all_lines()[code]
    problem = problem_of(code)
    return problem.what if problem else None


def say_line(code: str, facts: Mapping[str, Fact], language: str) -> str:
    """Return the sentence of `code` in `language`, with its facts."""
    sentence = sentence_of(code)
    if sentence is None:
        return code
    said = catalogue(language).gettext(sentence)
    for name, value in facts.items():
        said = said.replace("{" + name + "}", str(value))
    return said
