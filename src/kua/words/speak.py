# SPDX-License-Identifier: Apache-2.0
"""Finding the words: gettext catalogues of the package, one for each language. Kazakh is first in every list."""

import gettext
import os
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

from kua.core.errors import KuaError
from kua.words.problems import problem_of

LANGUAGES: Final = ("kk", "ru", "en")
"""The languages of the readers, Kazakh first."""


def language(environment: Mapping[str, str] = os.environ) -> str:
    """Return the language to talk in: `kk`, `ru` or `en`."""
    for name in ("KUA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        wanted = environment.get(name, "")[:2].lower()
        if wanted in LANGUAGES:
            return wanted
        if environment.get(name):
            return "en"
    return "en"


@lru_cache(maxsize=8)
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the catalogue of `language`; English needs none, since the msgids are English."""
    if language == "en":
        return gettext.NullTranslations()
    held = files("kua").joinpath("locale", language, "LC_MESSAGES", "kua.mo")  # may be inside an archive
    if not held.is_file():
        return gettext.NullTranslations()
    with held.open("rb") as file:
        return gettext.GNUTranslations(file)


def explain(error: KuaError, language: str) -> tuple[str, str, str]:
    """Return what happened, why, and what to do about `error`, in `language`."""
    problem = problem_of(error.code)
    if problem is None:
        return (error.code, "", "")
    say = catalogue(language).gettext
    what, why, do = (_filled(say(text), error.facts) for text in (problem.what, problem.why, problem.do))
    return what, why, do


def _filled(text: str, facts: dict[str, str | int | float]) -> str:
    for name, value in facts.items():
        text = text.replace("{" + name + "}", str(value))
    return text
