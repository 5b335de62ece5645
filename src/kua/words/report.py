# SPDX-License-Identifier: Apache-2.0
"""The few words that every report of a verifier has in common: how a check can end, and what the whole comes to."""

from typing import Final

from kua.words.problem import N_

STATES: Final = {"PASS": N_("PASS"), "FAIL": N_("FAIL"), "MISSING": N_("MISSING"), "NOT_CHECKED": N_("NOT CHECKED")}
ENDINGS: Final[dict[int, str]] = {
    0: N_("Everything that was checked is intact."),
    1: N_("Something was altered or forged: see the lines that say FAIL."),
    2: N_("Something is missing: see the lines that say MISSING."),
    3: N_("Not enough could be checked to say anything."),
}
