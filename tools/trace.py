# SPDX-License-Identifier: Apache-2.0
"""Follows the letter: objection -> rule in the code -> test -> page. Prints the matrix; exit 1 when a link is broken.

Each objection has a page in Kazakh, Russian and English with the same headings, and modules that exist. Its test is found by its number, so
that one written later is found by itself; until then the objection must stand in `TO_COME`, and its pages must say that there is no test.
It judges links, not answers: whether a page tells the truth is for people to read.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
LANGUAGES: Final = ("kk", "ru", "en")


@dataclass(frozen=True, slots=True)
class Objection:
    """One objection: its page's name, and the modules of `kua` that answer it today."""

    page: str
    rules: tuple[str, ...]


OBJECTIONS: Final = {
    1: Objection("01-secrecy", ("law.hiding", "sight.plan", "station.hide")),
    2: Objection("02-biometrics", ("ports.detector", "tally.publish")),
    3: Objection("03-consent", ("law.consent", "law.publication", "centre.broadcast.withdraw")),
    4: Objection("04-thin-links", ("flow.spool", "flow.thin", "station.lowered", "station.spool", "station.uplink")),
    5: Objection("05-tampering", ("proof.upload", "proof.merkle", "centre.ingest.service", "verify.film")),
    6: Objection("06-periodic", ("core.election", "app.agent")),
    7: Objection("07-cost", ("adapters.sources.rtsp",)),
    8: Objection("08-accounting", ("adapters.sources.rtsp",)),
    9: Objection("09-school-cameras", ("law.census", "station.census", "adapters.sources.rtsp", "flow.watchdog")),
    10: Objection("10-observers", ("proof.persons", "verify.film", "verify.log")),
    11: Objection("11-without-broadcast", ("law.publication", "law.profile", "verify.film", "verify.bundle")),
}
TO_COME: Final = frozenset({7, 8, 10})
"""Objections that have no test of their own number yet. One that gets a test leaves this list, or `make trace` fails."""

HEADINGS: Final = {
    "kk": ("Хатта не айтылған", "Бұл қалай ескерілген", "Шектері", "Әлі жасалатыны", "Қай тест көрсетеді"),
    "ru": ("Что говорит письмо", "Как это учтено", "Пределы", "Ещё предстоит", "Какой тест это показывает"),
    "en": ("What the letter says", "How it is met", "Limits", "Still to come", "Which test shows it"),
}
NO_TEST: Final = {"kk": "тест әзірге жоқ|Әзірге бұл қарсылықтың тесті жоқ", "ru": "[Тт]еста .*пока нет", "en": "no test .*yet"}
"""How a page says that its objection has no test yet."""
_NAMED: Final = re.compile(r"`(tests/[a-z0-9_/.]+)`")


def page_of(number: int, language: str) -> Path:
    """The page of an objection."""
    return ROOT / "docs" / "letter" / language / f"{OBJECTIONS[number].page}.md"


def test_of(number: int) -> Path | None:
    """The test of an objection, or None."""
    found = sorted((ROOT / "tests" / "letter").glob(f"test_{number:02d}_*.py"))
    return found[0] if found else None


def faults_of_page(number: int, language: str) -> list[str]:
    """What is wrong with one page."""
    path = page_of(number, language)
    if not path.exists():
        return [f"{language}: no page"]
    text = path.read_text(encoding="utf-8")
    headings = tuple(line[3:] for line in text.splitlines() if line.startswith("## "))
    faults = [] if headings == HEADINGS[language] else [f"{language}: headings are not {HEADINGS[language]}"]
    faults += [f"{language}: names {name}, which is not there" for name in _NAMED.findall(text) if not (ROOT / name).exists()]
    proof, denied = test_of(number), re.search(NO_TEST[language], text) is not None
    if proof is None and not denied:
        faults.append(f"{language}: does not say that there is no test")
    if proof is not None and (denied or proof.name not in text):
        faults.append(f"{language}: does not name {proof.name}")
    return faults


def faults_of(number: int) -> list[str]:
    """What is wrong with one objection."""
    missing = [rule for rule in OBJECTIONS[number].rules if not (ROOT / "src/kua" / f"{rule.replace('.', '/')}.py").exists()]
    faults = [f"no module kua.{rule}" for rule in missing]
    if test_of(number) is None and number not in TO_COME:
        faults.append("no test, and not listed as to come")
    if test_of(number) is not None and number in TO_COME:
        faults.append("has a test, and is still listed as to come")
    return faults + [fault for language in LANGUAGES for fault in faults_of_page(number, language)]


def main() -> int:
    """Print the matrix and return the exit code."""
    total = 0
    print(f"{'objection':<22}{'test':<26}{'rules (kua.*)'}")
    for number, objection in OBJECTIONS.items():
        proof, faults = test_of(number), faults_of(number)
        total += len(faults)
        print(f"{objection.page:<22}{proof.name if proof else 'to come':<26}{', '.join(objection.rules)}")
        for fault in faults:
            print(f"  ! {fault}")
    holes = [str(number) for number in OBJECTIONS if test_of(number) is None]
    print(f"pages: {len(OBJECTIONS)} x {', '.join(LANGUAGES)}; tests to come: {', '.join(holes) or 'none'}; faults: {total}")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
