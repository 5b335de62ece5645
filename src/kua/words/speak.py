# SPDX-License-Identifier: Apache-2.0
"""Finding the words: gettext catalogues of the package, one for each language. Kazakh is first in every list."""

import gettext
from functools import lru_cache
from pathlib import Path
from typing import Final

from kua.core.errors import KuaError
from kua.words.problems import problem_of

LANGUAGES: Final = ("kk", "ru", "en")
"""The languages of the readers, Kazakh first."""

_LOCALE: Final = Path(__file__).parent.parent / "locale"


@lru_cache(maxsize=8)
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the catalogue of `language`; English needs none, since the msgids are English."""
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation("kua", localedir=_LOCALE, languages=[language], fallback=True)


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
