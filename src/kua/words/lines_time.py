# SPDX-License-Identifier: Apache-2.0
"""Sentences of the lines about time and who saw what when (`kua.verify.times`)."""

from kua.words.problem import N_

LINES: dict[str, str] = {
    "film.time_seen": N_("Outsiders have said when they saw the national log (times: {count}): {names}."),
    "film.time_list": N_("nation/time does not hold together: its list and its files say different things."),
    "film.time_other_history": N_(
        "{name} is a checkpoint over {size} entries that are not those of the national log: somebody was shown another history."
    ),
    "film.token_not_checked": N_("{name} is the token of a time authority; give its certificate with --authority to check it."),
    "film.token_no_library": N_("Reading tokens of time authorities needs a library that is not installed here: pip install 'kua[centre]'."),
    "film.token_untrusted": N_("{name} is a token that no time authority vouches for whose certificate you gave."),
    "film.token_other": N_("{name} is not a time token for {note}: one of the two was altered."),
    "film.observer_forged": N_("Entry {index} claims a co-signature of this log that does not hold."),
    "film.observer_unknown": N_(
        "Co-signers in the room whom nobody vouches for: {count}. If you know their keys, give them with --cosigner; until then they count for nothing."
    ),
    "film.beacon_not_checked": N_(
        "The station states which national checkpoints it had seen ({count}); without the national log that cannot be checked."
    ),
    "film.beacon_false": N_("Entry {index} claims to have seen a national checkpoint that the national log never had."),
    "film.beacon_ahead": N_("Entry {index} had seen a newer national log than the one that is here."),
    "film.liveness_false": N_("Entry {index} claims to have read a code in the picture that is not that of the checkpoint that it names."),
    "film.liveness_read": N_(
        "The picture itself showed a code of a national checkpoint for {seconds} s; the code was never older than {oldest} s."
    ),
    "film.liveness_none": N_(
        "Freshness of the picture is not proven: no code of a national checkpoint was read in it. It could have been filmed earlier than it was logged."
    ),
    "film.window": N_(
        "From the end of a segment to the first outsider who had seen it: {longest} s at most, {median} s in the middle (segments: {count}). In that time whoever holds the station's key could have rewritten it."
    ),
    "film.unwitnessed": N_(
        "Segments that nobody outside is known to have seen: {count} of {of}. Whoever holds the station's key could still rewrite them."
    ),
    "film.interval": N_(
        "Times are intervals, not moments (segments: {count}). The widest, {widest} s, is that of the film of {since}: stated not before {after} ({after_by}) and not after {before} ({before_by})."
    ),
    "film.interval_open": N_("Segments whose time is not bounded on both sides by somebody outside the station: {count} of {of}."),
    "film.time_excluded": N_(
        "The station's clock was wrong for {count} segments, the first of {since} - {until}: they were stated not before {after} ({after_by}) and not after {before} ({before_by})."
    ),
    "film.clocks_differ": N_("Those who vouch for the time contradict each other by {seconds} s."),
}
