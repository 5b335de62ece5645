# SPDX-License-Identifier: Apache-2.0
"""Sentences of the lines that `kua film verify` writes into a report."""

from kua.words.problem import N_

LINES: dict[str, str] = {
    "film.election_read": N_("The election file of {election} (version {version}) can be read; it names {stations} stations."),
    "film.election_signed": N_("The election file is the one that was signed by {names}."),
    "film.commission_not_given": N_("Whether that signer really is the commission: give its key with --commission to check."),
    "film.commission_trusted": N_("The election file is signed by a key that you trust: {names}."),
    "film.profile_holds": N_("The legal profile {profile} is the one that the election file names."),
    "film.profile_differs": N_("profile.json is not the legal profile {profile} that the election file names: it was altered."),
    "film.no_election": N_("There is no election file that can be used, so this was not compared with it."),
    "film.election_logged": N_("The election file stands in the national log."),
    "film.election_not_logged": N_("This election file does not stand in the national log: it is another file, or another version."),
    "film.nation_key_named": N_("The national log is kept with the key that the election file names ({name})."),
    "film.nation_key_foreign": N_("The national log's key {name} is not one that the election file names."),
    "film.no_cosigners": N_(
        "No outside co-signers are named in the election file: the logs are consistent with themselves and with the centre's, no more."
    ),
    "film.cosigners_later": N_("Outside co-signers are named in the election file, but this version does not check their signatures."),
    "film.station_silent": N_("Station {station} has published nothing, and the national log does not know it."),
    "film.station_missing": N_("Station {station} stands in the national log, but nothing of it is here."),
    "film.key_certified": N_("The station's key {name} stands in the national log."),
    "film.key_uncertified": N_(
        "The station's key {name} does not stand in the national log: it is not the key that this station enrolled."
    ),
    "film.key_given": N_("The station's key {name} is the one that you gave."),
    "film.key_not_given_one": N_("The station's key {name} is not the one that you gave."),
    "film.key_from_folder": N_("The key {name} was taken from the folder itself; give it with --vkey to check whose it is."),
    "film.leaf_unreadable": N_("Entry {index} of the log is not a statement that the registry allows ({why})."),
    "film.leaves_read": N_("Every statement in the log fits its schema (statements: {count})."),
    "film.leaves_unknown": N_("Statements of types or versions that this verifier does not know: {count}."),
    "film.tile_stray": N_("{name} is not a tile that the log's entries make: it was altered or put there."),
    "film.tiles_earlier": N_("Tiles of earlier sizes agree with the log too."),
    "film.no_nation": N_("The national log is not here or does not hold, so the station's log was not compared with it."),
    "film.nation_agrees": N_("The national log has the same history of this station, to its newest entry ({size})."),
    "film.nation_behind": N_("The newest {count} entries of the station are not yet in the national log."),
    "film.rolled_back": N_(
        "The station's log has {size} entries, but the national log (entry {index}) has seen {logged}: the end was cut off."
    ),
    "film.other_history": N_(
        "The first {size} entries of the station are not those that the national log has seen (entry {index}): history was rewritten."
    ),
    "film.never_opened": N_("The station's log does not say when recording was opened."),
    "film.opened_under": N_("Recording was opened at {at} under this election file."),
    "film.other_election": N_("Recording was opened under another election file, or more than once."),
    "film.no_calibration": N_("The station's log names no calibration: nobody signed what is hidden."),
    "film.calibration_signed": N_("The calibration of camera {camera} is signed by two people ({roles})."),
    "film.accounted": N_("Every second is accounted for: recorded {recorded} s, gaps {gaps} s, of the recorded hidden {hidden} s."),
    "film.unaccounted": N_("Seconds that nobody accounts for: {seconds}; seconds told twice: {overlapping}."),
    "film.numbers_skip": N_("The numbers of segments and gaps are not dense: something was taken out of the account."),
    "film.gap": N_("Not recorded from {since} to {until}, as the station says: {reason}."),
    "film.withdrawn": N_(
        "Withdrawn from publication from {since} to {until} under {article}; the statements stay, the film is not checked."
    ),
    "film.segments_intact": N_("Segments and their beginnings have exactly the bytes that were signed: {count} of {of}."),
    "film.segment_altered": N_("{name} ({span}) does not have the bytes that were signed: it was altered."),
    "film.segment_missing": N_("{name} ({span}) is signed for in the log, but is not here."),
    "film.arriving": N_("Files still arriving: {count}."),
    "film.not_public": N_("Files that the legal profile keeps from the public: {count}. Their statements stand in the log."),
    "film.removed": N_("Files withdrawn and removed: {count}."),
    "film.playlist_holds": N_("{name} says exactly what the log says (items: {count})."),
    "film.playlist_differs": N_("{name} does not say what the log says: it was altered."),
    "film.file_unsigned": N_("{name} is a file that nobody signed."),
    "film.no_strays": N_("There is no file that nobody signed."),
    "film.not_listable": N_("A web address cannot be listed, so files that nobody signed would not be seen."),
}
