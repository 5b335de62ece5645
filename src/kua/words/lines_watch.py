# SPDX-License-Identifier: Apache-2.0
"""Sentences of the lines that `kua mirror`, `kua log monitor` and `kua log fork` write into a report."""

from kua.words.problem import N_

LINES: dict[str, str] = {
    "monitor.grew": N_("The log is one history with all that was seen before (entries: {size}, new: {new})."),
    "monitor.claims_hold": N_(
        "What the national log says of the station is what the station's own log says (checkpoints held against it: {count})."
    ),
    "monitor.stalled": N_("The log has had {size} entries for {seconds} s, though the station should be recording: a cut line, or worse."),
    "monitor.key_twice": N_(
        "ALARM: a second key was certified for station {station} (entries {first} and {index}): whoever holds it can write another history."
    ),
    "monitor.key_shared": N_("ALARM: entry {index} certifies for station {station} a key that is station {other}'s."),
    "monitor.ghost": N_("ALARM: entry {index} certifies a key for {station}, a station that the election file does not name there."),
    "monitor.claim_unsigned": N_(
        "Entry {index} claims a state of the log of station {station} that the station did not sign: it was made up."
    ),
    "monitor.claim_unknown": N_("Entry {index} claims a state of the log of station {station}, for which no key was certified before."),
    "monitor.leaf_unreadable": N_("Entry {index} of the national log is not a statement that the registry allows ({why})."),
    "monitor.other_key": N_("The national log's key was exchanged: it was {wanted}, now {given} is shown."),
    "monitor.same_election": N_("The election file there is the same (version {version})."),
    "monitor.election_differs": N_(
        "{where} has another election file under the same version ({version}): two readers are shown two elections."
    ),
    "monitor.other_version": N_("{where} has version {version} of the election file, the publisher has {ours}."),
    "mirror.election_changed": N_(
        "The election file differs from the copy's, but is not a newer version (there: {version}, here: {ours}); the copy keeps its own."
    ),
    "mirror.log": N_("The log is copied (entries: {size}, new: {new})."),
    "mirror.film": N_("Files of film copied and checked: {count} (bytes: {bytes}); all that were there before have been kept."),
    "mirror.purged": N_("Withdrawn files taken away: {count}; the statements about them stay in the log."),
    "mirror.more": N_("There are more than are named here; altered: {altered}, missing: {missing}."),
    "mirror.unreached": N_("Files that could not be fetched: {count}."),
    "fork.signed": N_("Both checkpoints of {origin} (entries: {size} and {later}) are signed by {name}."),
    "fork.key_given": N_("The key is the one that you gave."),
    "fork.key_from_file": N_("The key was taken from the file itself: compare it with the log's key from elsewhere ({vkey})."),
    "fork.same_size": N_("One tree of {size} entries cannot have two roots: the holder of the key has signed two histories."),
    "fork.rewritten": N_(
        "The tree of {later} entries has over its first {size} another root than was signed before: the holder of the key has signed two histories."
    ),
}
