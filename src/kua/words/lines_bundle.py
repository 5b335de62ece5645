# SPDX-License-Identifier: Apache-2.0
"""Sentences of the lines that `kua bundle verify` writes into a report, beside those of `kua film verify`."""

from kua.words.problem import N_

LINES: dict[str, str] = {
    "bag.holds": N_("The archive is whole, and every file has the digest that its manifest lists (files: {count}, bytes: {bytes})."),
    "bag.tag_file": N_("{name} does not say what the file of such a bundle says."),
    "bag.unlisted": N_("{name} is in the archive, but no manifest lists it: it was put there afterwards."),
    "bag.differs": N_("{name} does not have the digest that its manifest lists: it was altered."),
    "zip.crc": N_("{name} does not have the checksum that the archive states: it is damaged."),
    "bundle.contents_read": N_("This is the bundle {name}."),
    "bundle.other_name": N_("The folder is called {given}, but what is in it is {wanted}."),
    "bundle.other_election": N_("The bundle is of the election {given}, but the election file in it is that of {wanted}."),
    "bundle.included": N_(
        "Every statement stands at its place in the log, and none between them was left out (statements: {count}, ranges: {parts}, size of the log: {size})."
    ),
    "bundle.no_leaves": N_("There is no statement of the log in this bundle."),
    "bundle.leaf_missing": N_("The statement {type} of the national log, which this film needs, is not in the bundle."),
    "bundle.leaves_missing": N_("Statements of the log that belong to this time are not in the bundle: {count}."),
    "bundle.in_nation": N_(
        "This very state of the station's log ({size} statements) stands in the national log (entry {index}); the centre says that it received it at {at}."
    ),
    "bundle.quorum": N_("Those who co-signed the national log are enough by the policy of the election file: {count} of {total}, {names} (from {first} to {last})."),
    "bundle.no_quorum": N_("Those who co-signed the national log are not enough by the policy of the election file: {count} of {total}, {names}."),
    "bundle.no_beacon": N_(
        "Not before: nothing in the film shows that it could not have been made earlier; its time is the station's own word."
    ),
    "bundle.not_after": N_("Not after {at}: by then it had been seen by {names}."),
    "bundle.not_before": N_("Not before {at}: the station's log held a state of the national log that is no older, says {names}."),
    "bundle.window": N_("Until somebody outside had seen it, whoever holds the station's key could have written it anew: longest {longest} s after a segment, shortest {shortest} s."),
    "bundle.not_after_centre": N_("Not after {at}: this is only the centre's word; nobody else dated what the log held."),
    "bundle.hours_none": N_(
        "There are no keys of the hours in this bundle: nothing in it shows that whoever had the box later could not have signed this hour anew."
    ),
    "bundle.hours_sealed": N_(
        "Sealed by the key of their hour, which was then destroyed: {count} of {of} statements about this time (seals: {seals}). They cannot have been written anew after their hour."
    ),
    "bundle.hour_open": N_(
        "Statements about this time whose hour has no seal in this bundle yet: {count}. A bundle that is made when the hour is over can hold it."
    ),
    "bundle.hour_absent": N_(
        "The seal of hour {number}, or its key, is not in this bundle, so that nothing can be said of {count} statements about this time: the later seals vouch for nothing without it."
    ),
    "bundle.room_saw": N_("In the room, {name} co-signed the first {size} entries of the station's log, all of this film among them (at {at})."),
    "bundle.room_stranger": N_(
        "In the room, {name} co-signed the first {size} entries of the station's log, all of this film among them (at {at}). The signature holds, but nobody vouches for that key, so it counts for nothing: whoever knows the key can give it to kua bundle verify with --cosigner."
    ),
    "bundle.room_before": N_(
        "In the room, {name} co-signed the first {size} entries of the station's log (at {at}). That is not all of this film, so it says nothing of the rest."
    ),
    "bundle.room_elsewhere": N_(
        "Co-signatures in the room over states of the log that cannot be told from this part of it: {count}. They count for nothing here."
    ),
    "bundle.hidden": N_("The whole picture was filled from {since} to {until}: {reason}."),
    "bundle.no_gaps": N_("There is no gap: every segment of this time was recorded and is here."),
    "bundle.no_copy": N_("There is no working copy in this bundle."),
    "clip.matches": N_("{name} is, but for its label, {copy} of the bundle, byte for byte."),
    "clip.differs": N_("{name} is no working copy of this bundle: it was cut, altered, or is another film."),
    "clip.no_label": N_("The clip has no C2PA label."),
    "clip.label_no_library": N_("Labels (C2PA) cannot be read here: pip install 'kua[label]'."),
    "clip.label_broken": N_("The C2PA label ({name}) does not hold over this clip."),
    "clip.label_holds": N_("The C2PA label holds, by {name}, whom the library knows."),
    "clip.label_unknown": N_("The C2PA label holds over this clip, by {name}, whom this program does not know: anybody can make such a label."),
    "bundle.copy_holds": N_("The working copy {name} is made of the segments and of nothing else."),
    "bundle.copy_not_compared": N_(
        "The working copy was not compared, since segments are altered or missing: look at the segments, not at it."
    ),
    "bundle.copy_differs": N_("The working copy {name} is not what the segments make: look at the segments, not at it."),
    "bundle.custody_unsigned": N_("The custody list is what those wrote who passed the bundle on; nobody signed it (events: {count})."),
    "bundle.files_unknown": N_("Files of which nothing can be said, because the statements that would name them do not hold: {count}."),
    "bundle.beside_same": N_("{name} is, to the byte, the one that this program would put there."),
    "bundle.beside_other": N_("{name} is not the one that this program would put there; it may mislead."),
    "bundle.beside_absent": N_("{name} is not there."),
    "bundle.tool_other": N_("{name} is not a verifier that this program knows: do not run it unless you trust whoever gave it to you."),
    "bundle.paper": N_("{name} was not compared with anything: believe these lines, not the paper."),
    "bundle.no_c2pa": N_("Signatures inside the stream (C2PA) are not checked by this version."),
}
