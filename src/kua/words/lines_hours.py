# SPDX-License-Identifier: Apache-2.0
"""Sentences of the lines about the keys of the hours (`kua.verify.hours`)."""

from kua.words.problem import N_

LINES: dict[str, str] = {
    "film.hours_none": N_("This log has no keys of the hours: whoever holds the box later could sign its whole day anew."),
    "film.hours_sealed": N_(
        "Each hour is sealed by a key of its own, in order (seals: {count}): the first {of} entries cannot have been written anew after their hour."
    ),
    "film.hours_exchanged": N_("Entry {index} brings keys of the hours when none of the earlier ones could vouch for them: they were exchanged."),
    "film.hour_skipped": N_("Entry {index} is the seal of hour {number}, but the next must be that of hour {wanted}: an hour was left out."),
    "film.hour_forged": N_("Entry {index} is not a seal by the key of hour {number} over what stands before it: that hour was written anew."),
    "film.hour_unsealed": N_(
        "The newest {count} entries (since {since}) have no seal of their hour: they could have been written later by whoever holds the box."
    ),
    "film.hour_runs": N_("The newest {count} entries (since {since}) will be sealed when their hour is over."),
    "film.hour_long": N_("A key of an hour was kept for {minutes} minutes: so long its hour could have been written anew."),
    "film.hours_unseen": N_(
        "Nobody outside the box is known to have seen the keys of the hours, which it made at {at}: the whole log could have been made anew with other keys."
    ),
    "film.hours_seen": N_(
        "The keys of the hours stood in the national log at {at}, {seconds} s after they were made: from then on nobody could exchange them."
    ),
}
