# SPDX-License-Identifier: Apache-2.0
"""Sentences of the lines that `kua.verify.log` writes into a report."""

from kua.words.problem import N_

LINES: dict[str, str] = {
    "log.signed": N_("The checkpoint of {origin} (entries: {size}) is signed by {name}."),
    "log.entries_read": N_("All bundles of entries are there and whole (entries: {entries}, bytes: {bytes})."),
    "log.tiles_match": N_("Every tile is what the entries make it (tiles: {tiles}, levels: {levels})."),
    "log.root_holds": N_("The entries make exactly the root that the checkpoint signs ({root})."),
    "log.only_grew": N_("The log has only grown since the earlier checkpoint (entries then: {earlier}, now: {size})."),
    "log.paper_holds": N_("The code on paper, {code}, is that of this log at {paper} entries; it now has {size}."),
    "log.paper_differs": N_("The code on paper, {code}, is not that of this log at {paper} entries: the log is another one than when it was written down, or the number of entries was misread."),
    "log.paper_ahead": N_("The paper speaks of {paper} entries, but the log here has {size}: it is an older copy, or its end was cut off."),
    "log.list_holds": N_("All {count} checkpoints that {name} has co-signed are of this log, up to {size} entries."),
    "log.list_differs": N_("The checkpoint of {size} entries that {name} has co-signed is not of this log: the station has signed two histories. Keep both and tell the observers."),
    "log.list_ahead": N_("The telephone has co-signed {ahead} entries, but the log here has {size}: it is an older copy, or its end was cut off."),
    "film.paper_which": N_("The code on paper is of one station: give the place of that station, …/s/10-245."),
    "log.no_head": N_("There is no readable checkpoint, so there is nothing to compare with."),
    "log.root_unknown": N_("The root cannot be computed, because hashes that it needs are missing or damaged."),
    "log.too_much_trouble": N_("So many files are missing or damaged ({limit}) that the rest was not looked at."),
    "log.tile_differs": N_("{name} is not what the entries below it make: the tile or the entries were altered."),
    "log.width": N_("{name} holds another number of entries or hashes than its name says ({held})."),
    "log.root_differs": N_("The entries make the root {computed}, but the checkpoint signs {signed}: the log was altered."),
    "log.rolled_back": N_("The log has shrunk: it had {earlier} entries at the earlier checkpoint, and now says {size}."),
    "log.forked": N_("Two signed checkpoints of the same size {size} have different roots: the log tells two stories."),
    "log.rewritten": N_("The first {earlier} entries are not those of the earlier checkpoint: the log was rewritten."),
    "tile.bundle": N_("{name} is damaged: the lengths inside it do not fit the file."),
    "tile.hashes": N_("{name} is damaged: it does not hold whole hashes."),
    "verify.missing": N_("{name} ought to be there and is not."),
    "verify.unreachable": N_("{name} could not be read ({why})."),
}
