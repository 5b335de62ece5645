# SPDX-License-Identifier: Apache-2.0
"""Follows the letter: each objection must have a page in Kazakh, Russian and English, and a test or an honest word that it is still to come.

Prints the table; exit 1 when something is missing. It looks for files by their number, so that a test or a page added later is found by itself.
"""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
OBJECTIONS: Final = {
    1: "secrecy of the vote", 2: "biometrics", 3: "consent", 4: "thin links", 5: "tampering", 6: "periodic elections", 7: "cost",
    8: "accounting", 9: "school cameras", 10: "observers", 11: "without broadcast",
}  # fmt: skip
LANGUAGES: Final = ("kk", "ru", "en")
TO_COME: Final = {"kk": "Әлі болады", "ru": "Ещё предстоит", "en": "Still to come"}
"""The heading under which a page says what has no test yet."""


def page(number: int, language: str) -> Path | None:
    """The page of an objection: docs/letter/LANGUAGE/NN-*.md or docs/letter/NN-*.LANGUAGE.md."""
    folder = ROOT / "docs" / "letter"
    found = [*folder.glob(f"{language}/{number:02d}*.md"), *folder.glob(f"{number:02d}*.{language}.md")]
    return found[0] if found else None


def test(number: int) -> Path | None:
    """The test of an objection."""
    found = sorted((ROOT / "tests" / "letter").glob(f"test_{number:02d}_*.py"))
    return found[0] if found else None


def faults(number: int) -> list[str]:
    """What is missing for one objection."""
    pages = {language: page(number, language) for language in LANGUAGES}
    missing = [f"no page in {language}" for language, path in pages.items() if path is None]
    proof = test(number)
    if proof is None:
        silent = [language for language, path in pages.items() if path and f"## {TO_COME[language]}" not in path.read_text(encoding="utf-8")]
        missing += [f"neither a test nor '{TO_COME[language]}' on the page in {language}" for language in silent]
    else:
        missing += [f"the page in {language} does not name {proof.name}" for language, path in pages.items()
                    if path and proof.name not in path.read_text(encoding="utf-8")]  # fmt: skip
    return missing


def main() -> int:
    """Print the table and return the exit code."""
    total = 0
    for number, title in OBJECTIONS.items():
        proof, missing = test(number), faults(number)
        total += len(missing)
        pages = " ".join(language if page(number, language) else "--" for language in LANGUAGES)
        print(f"{number:>3}  {title:<20} {pages}  {proof.name if proof else 'still to come':<32} {'; '.join(missing) or 'ok'}")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
