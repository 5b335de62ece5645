# SPDX-License-Identifier: Apache-2.0
"""Sentences of the lines that `kua film verify` writes into a report."""

from kua.words.problem import N_

LINES: dict[str, str] = {
    "film.election_read": N_("The election file of {election} (version {version}) can be read (stations: {stations})."),
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
    "film.tiles_ahead": N_(
        "The log is in use: {name} (files: {count}) reaches beyond the checkpoint that was read. Its beginning agrees with it."
    ),
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
    "film.sealed": N_("{count} slices of a sealed film are stated, to the quorum of the election file. Only that quorum can look inside."),
    "film.sealed_unordered": N_(
        "Leaf {index} states a sealed film of camera {camera} in the phase {phase}, which the election file does not order, or for another quorum."
    ),
    "film.sealed_none": N_("The election file orders a sealed film; the station's log states none so far."),
    "film.no_census": N_("The station's log states no census of the cameras in its room."),
    "film.census_none": N_(
        "The station states its cameras: read by it {used}; off, covered or masked {blind}; not known {unknown}. The building has no recorder. The signed list stays in the station."
    ),
    "film.census_off": N_(
        "The station states its cameras: read by it {used}; off, covered or masked {blind}; not known {unknown}. The building's recorder was off while people voted. The signed list stays in the station."
    ),
    "film.census_not_shown": N_(
        "The station states its cameras: read by it {used}; off, covered or masked {blind}; not known {unknown}. That the building's recorder was off is not shown. The signed list stays in the station."
    ),
    "film.calibration_signed": N_("The calibration of camera {camera} is signed by two people ({roles})."),
    "film.accounted": N_("Every second is accounted for: recorded {recorded} s, gaps {gaps} s, of the recorded hidden {hidden} s."),
    "film.unaccounted": N_("Seconds that nobody accounts for: {seconds}; seconds told twice: {overlapping}."),
    "film.numbers_skip": N_("The numbers of segments and gaps are not dense: something was taken out of the account."),
    "film.gap": N_("Not recorded from {since} to {until}, as the station says: {reason}."),
    "film.withdrawn": N_(
        "Withdrawn from publication from {since} to {until} under {article}; the statements stay, the film is not checked."
    ),
    "film.withdrawn_whole": N_(
        "The whole day of this camera was withdrawn from publication under {article}; the statements stay, the film is not checked."
    ),
    "film.segments_intact": N_("Segments and their beginnings have exactly the bytes that were signed: {count} of {of}."),
    "film.masks_not_looked": N_(
        "Whether the booths are filled in the pictures themselves was not looked at: give --pixels (or use kua film masks)."
    ),
    "film.masks_no_codec": N_(
        "Looking into pictures needs the libraries of a station, which are not installed here: pip install 'kua[station]'."
    ),
    "film.masks_none": N_("The signed calibration of camera {camera} has no booth and no screen: there is no mask to look at."),
    "film.masks_hold": N_(
        "In every picture each signed mask is filled (masks: {masks}, pictures: {pictures}, worst difference: {worst} of {allowed} levels allowed)."
    ),
    "film.mask_open": N_(
        "{name} ({span}): picture {number} shows something inside a signed mask (difference: {worst} levels, allowed: {allowed})."
    ),
    "film.masks_unread": N_("Segments whose pictures cannot be decoded: {count}. Their masks were not looked at."),
    "film.masks_unsigned": N_("Segments whose calibration is not here or not signed: {count}. Nobody says where their masks should be."),
    "film.segment_altered": N_("{name} ({span}) does not have the bytes that were signed: it was altered."),
    "film.inside_agrees": N_("Time and number of pictures inside the segments are what their statements say (segments: {count})."),
    "film.inside_differs": N_(
        "{name} ({span}) has the bytes that were signed, but its pictures are of another time, number or length than its statement says."
    ),
    "film.inside_unread": N_("Segments whose inside cannot be read as film: {count}. Only their bytes were compared."),
    "film.segment_missing": N_("{name} ({span}) is signed for in the log, but is not here."),
    "film.arriving": N_("Files still arriving: {count}."),
    "film.behind": N_(
        "Segments whose full film is still arriving, since the line is slow: {count}. The lowered film that can be seen in its place was checked."
    ),
    "film.lowered_holds": N_(
        "Segments of lowered film that are exactly what the log names: {count}. For {alone} of them the full film is not here yet."
    ),
    "film.not_public": N_("Files that the legal profile keeps from the public: {count}. Their statements stand in the log."),
    "film.removed": N_("Files withdrawn and removed: {count}."),
    "film.playlist_holds": N_("{name} says exactly what the log says (items: {count})."),
    "film.playlist_differs": N_("{name} does not say what the log says: it was altered."),
    "film.playlist_short": N_(
        "{name} leaves out the newest items that ought to be public by now ({count}): an old list was put in its place."
    ),
    "film.file_unsigned": N_("{name} is a file that nobody signed."),
    "film.being_written": N_(
        "Files that were being written at that moment, or that a crash left half written: {count}, among them {name}. They were not checked; check again."
    ),
    "film.no_strays": N_("There is no file that nobody signed."),
    "film.not_listable": N_("A web address cannot be listed, so files that nobody signed would not be seen."),
    "film.opened_elsewhere": N_("Recording was opened for {given}, but this is {wanted}: the log belongs to somewhere else."),
    "film.open_order": N_(
        "Entry {index} stands before the opening, after the close, or opens or closes a second time: a day has one of each."
    ),
    "film.never_closed": N_("The day is not closed: nobody says yet what comes after the newest entry."),
    "film.station_unplanned": N_("The election file does not name this station."),
    "film.camera_unplanned": N_("The election file gives this station no camera {camera}."),
    "film.camera_absent": N_("The election file gives this station a camera {camera}, but its log does not open it."),
    "film.camera_not_opened": N_(
        "There are statements of camera {camera}, but the log does not open it: nobody says since when it should record."
    ),
    "film.cameras_planned": N_("The cameras are those of the election file: {cameras}."),
    "film.statements_agree": N_(
        "Phase, hiding table and calibration of each segment are the ones that were signed, and no file is named twice (segments: {count})."
    ),
    "film.outside_windows": N_("Segments recorded when the election file allows no recording: {count}, the first in entry {index}."),
    "film.other_phase": N_("Segments under another phase than the election file gives to their time: {count}, the first in entry {index}."),
    "film.other_hiding": N_("Segments hidden under another hiding table than the election file's: {count}, the first in entry {index}."),
    "film.count_unsigned": N_("The beginning of the count is not signed by two people who may: {count}, the first in entry {index}."),
    "film.other_calibration": N_(
        "Segments hidden with another calibration than the one that stood in the log: {count}, the first in entry {index}."
    ),
    "film.one_signature": N_("{count} segments of camera {camera} were recorded when one person alone had signed its calibration. The station says that they show people as silhouettes only."),
    "film.not_calibrated": N_("There is film of camera {camera}, but the log names no calibration of it: nobody signed what is hidden."),
    "film.name_twice": N_("{name} is named by two statements (entries {first} and {index}): one of the two films cannot be here."),
    "film.init_twice": N_("{name} is given two different contents; the second stands in entry {index}."),
    "film.repeated": N_("Entries {first} and {index} state the very same bytes for two moments of one run: old film stands in for new."),
    "film.time_untrusted": N_(
        "The time of {seconds} recorded seconds is the word of the station's own clock; nothing outside it vouched for it."
    ),
    "film.clock_stepped": N_("The station's clock was set while it recorded (times: {count}, by up to {seconds} s). The log says when."),
    "film.outside_account": N_(
        "The account runs from {since} to {until}. Of the time in which the election file allows recording, {seconds} s lie outside it."
    ),
    "film.coverage": N_(
        "Three figures, not to be mixed up: recorded {recorded} s, of that not hidden as a whole {visible} s, published {published} s."
    ),
    "film.gaps_by": N_("Not recorded {seconds} s, because: {reason} (spans: {count})."),
    "film.hidden_by": N_("Recorded with the whole picture hidden {seconds} s, because: {reason} (spans: {count})."),
    "film.hidden_astray": N_("For {seconds} s the station says that it hid a picture, but it recorded nothing then."),
    "film.coverage_holds": N_("coverage.json says exactly what the first {size} statements of the log make it."),
    "film.coverage_differs": N_("coverage.json does not say what the log says: it was altered."),
    "film.withdrawn_length": N_("Seconds withdrawn from publication: {seconds}. Only the statements can be checked for them."),
    "film.key_revoked": N_(
        "The station's key was revoked at {at} ({article}) and is not to be believed from {since} on: {count} of {of} statements had not been seen by then. What stands before them holds."
    ),
    "film.key_revoked_later": N_("The station's key was revoked at {at} ({article}); the national log had seen all of this before {since}, since when the key is not to be believed."),
    "film.revoked_taken": N_("The national log took in a state of this station (entry {index}) after it had revoked its key (entry {first})."),
    "film.key_twice": N_("The national log names {count} different keys for this station: there may be as many histories of it."),
    "film.key_of_nobody": N_("The key that you gave ({name}) is not the key of any log here."),
    "film.checkpoint_not_signed": N_(
        "Entry {index} of the national log claims a state of this station's log that the station did not sign: it was made up."
    ),
    "film.election_superseded": N_(
        "This is version {version} of the election file, but the national log knows version {newest}: an old one was put in its place."
    ),
}
