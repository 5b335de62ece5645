# SPDX-License-Identifier: Apache-2.0
"""Words of the errors raised by the centre: founding, enrolment, ingest, publication and its pages."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "check_page.no_centre": Problem(
        what=N_("The election file names no centre with an address on the web."),
        why=N_("A copy of the page would not know where logs and films lie, nor by whose key."),
        do=N_("Take the election file that the centre publishes; an address after --tree begins with https://."),
    ),
    "check_page.not_built": Problem(
        what=N_("The file {name} of the web bundle is not there."),
        why=N_("The pages' scripts and styles are built once, and come with the installed program."),
        do=N_("In a checkout run `make web`; else install kua anew."),
    ),
    "check_page.not_empty": Problem(
        what=N_("In {folder} lies {name}, which is no part of the page."),
        why=N_("Whatever lies in the folder would be served with it."),
        do=N_("Name an empty folder, or take away what does not belong there."),
    ),
    "centre.no_file": Problem(
        what=N_("The centre's folder has no {name}."),
        why=N_("It is not the folder of a centre, or the file was moved away."),
        do=N_("Found a centre with `kua centre init`, or name the right folder."),
    ),
    "centre.exists": Problem(
        what=N_("There is a centre in {folder} already."),
        why=N_("An election file stands there, and a second one would make the logs contradict it."),
        do=N_("Choose an empty folder."),
    ),
    "centre.no_profile": Problem(
        what=N_("There is no legal profile called {name}."),
        why=N_("Only kz and count-only come with kua."),
        do=N_("Write one of these, or the path of a profile file that ends in .json."),
    ),
    "centre.draft": Problem(
        what=N_("{name} cannot be read as an election file or profile."),
        why=N_("It is not there, or it is not a JSON object."),
        do=N_("Check the path and the file."),
    ),
    "centre.draft_or_example": Problem(
        what=N_("The centre needs either a draft or the example."),
        why=N_("Neither or both were given."),
        do=N_("Write --election FILE, with --note FILE if it is signed already, or --example."),
    ),
    "centre.key_unknown": Problem(
        what=N_("The election file does not name this centre."),
        why=N_("Its key {vkey} is not among the centres of the file."),
        do=N_("Give the commission the line that `kua centre key` prints, or use the folder that holds the right key."),
    ),
    "centre.no_issuer": Problem(
        what=N_("Persons in the role {role} cannot be certified here."),
        why=N_("The election file names no issuer for it, or the issuer's key is not in this folder."),
        do=N_("Ask the issuer of that role."),
    ),
    "centre.port": Problem(
        what=N_("The centre cannot listen on {host}, port {port}."),
        why=N_("The system says: {why}."),
        do=N_("Stop what listens there, or choose another port; 0 takes a free one."),
    ),
    "centre.deaf": Problem(
        what=N_("The running centre does not answer."),
        why=N_("Its process is there, but it said: {why}."),
        do=N_("Look at its output; if it hangs, end it and start it again: nothing is lost."),
    ),
    "profile.schema": Problem(
        what=N_("The legal profile cannot be used: {field}."),
        why=N_("A field is missing, unknown or has a value that is not allowed."),
        do=N_("Correct the profile; its form is in docs/spec/legal-profile.md."),
    ),
    "profile.other": Problem(
        what=N_("The legal profile is not the one of the election file."),
        why=N_("The election file names the profile {profile} by another hash."),
        do=N_("Put the profile beside the election file with which it was signed."),
    ),
    "profile.no_clause": Problem(
        what=N_("The legal profile {profile} has no clause {clause}."),
        why=N_("A rule asks for it, and what the law does not say is not guessed."),
        do=N_("Add the clause with its article, source and date, and have the election file signed anew."),
    ),
    "profile.value": Problem(
        what=N_("The value of the clause {clause} cannot be used."),
        why=N_("It does not have the form that the rule asks for."),
        do=N_("Correct it; the forms are in docs/spec/legal-profile.md."),
    ),
    "profile.unconfirmed": Problem(
        what=N_("A clause of the legal profile is not confirmed ({article})."),
        why=N_("No lawyer has signed it off, and this is not a rehearsal."),
        do=N_("Have it confirmed, or accept it by name under `accept` in the centre's settings."),
    ),
    "enrol.election": Problem(
        what=N_("This centre does not serve the election {given}."),
        why=N_("It serves {wanted}."),
        do=N_("Use the election file of this centre, or ask the right centre."),
    ),
    "enrol.code_unknown": Problem(
        what=N_("The enrolment code is not known for this station."),
        why=N_("It was mistyped, or made for another station."),
        do=N_("Type it again; or ask the centre for a new one with `kua centre code`."),
    ),
    "enrol.code_used": Problem(
        what=N_("The enrolment code has been used already."),
        why=N_("Another key was enrolled with it for station {station}."),
        do=N_("If this was not you, tell the commission; ask the centre for a new code."),
    ),
    "enrol.has_key": Problem(
        what=N_("Station {station} has a key already."),
        why=N_("A second key would make a second log under one name."),
        do=N_("Bring the station's own key back from its box; the commission decides about anything else."),
    ),
    "enrol.proof": Problem(
        what=N_("The station did not show that it holds the key."),
        why=N_("The signature over code and key does not hold."),
        do=N_("Enrol again from the station's box itself."),
    ),
    "enrol.key_name": Problem(
        what=N_("The key is called {given}."),
        why=N_("A station's key bears the name of its log: {wanted}."),
        do=N_("Enrol with the election file of this centre."),
    ),
    "upload.not_enrolled": Problem(
        what=N_("Station {station} is not enrolled."),
        why=N_("The centre knows no key of it."),
        do=N_("Enrol it with a one-time code."),
    ),
    "ingest.no_leaf": Problem(
        what=N_("Nothing in the log of station {station} names these bytes."),
        why=N_("Bytes {digest} came before their leaf, or do not belong to the station."),
        do=N_("Send the log first, then the bytes."),
    ),
    "ingest.digest": Problem(
        what=N_("The bytes are not those that were announced."),
        why=N_("Their SHA-256 is {given}, and {wanted} was signed."),
        do=N_("Send them again; the rejected bytes are kept as evidence."),
    ),
    "ingest.size": Problem(
        what=N_("The bytes have another length than their leaf says."),
        why=N_("There are {given}; the leaf of {digest} names another number."),
        do=N_("The station's log states something that is not so: keep the box as it is and tell the commission."),
    ),
    "ingest.too_large": Problem(
        what=N_("The request is too large."),
        why=N_("At most {most} bytes are taken at once."),
        do=N_("Send less at once; a segment is never that large."),
    ),
    "ingest.quota": Problem(
        what=N_("Station {station} sends more than one station may."),
        why=N_("So that no station, and nobody who has stolen its key, keeps the others waiting."),
        do=N_("Keep everything and come back in {seconds} s."),
    ),
    "ingest.beat": Problem(
        what=N_("The heartbeat is not one."),
        why=N_("It is too long or has a member of another form."),
        do=N_("Bring the station to a version that fits the centre's."),
    ),
    "ingest.busy": Problem(
        what=N_("The centre has as many requests as it answers at once."),
        why=N_("Many stations came at the same time; each is told a time of its own."),
        do=N_("Keep everything and come back in {seconds} s."),
    ),
    "upload.offset": Problem(
        what=N_("The part does not begin where the bytes that are here end."),
        why=N_("It begins at byte {given}, and {have} are here."),
        do=N_("Go on from byte {have}."),
    ),
    "ingest.slow": Problem(
        what=N_("The rest of the request has not come."),
        why=N_("Who sends less than a kilobyte a second holds a line that others need."),
        do=N_("Send it again."),
    ),
    "ingest.disk_full": Problem(
        what=N_("The centre's disk is full."),
        why=N_("What is left is kept for the logs."),
        do=N_("Keep the local copy and try again later; the operator must make room."),
    ),
    "log.request": Problem(
        what=N_("The request with log entries cannot be read."),
        why=N_("It does not have the form of docs/spec/centre-api.md, or too many entries."),
        do=N_("Send it as the specification says."),
    ),
    "log.not_next": Problem(
        what=N_("These are not the next entries."),
        why=N_("The centre has {have} entries of this log."),
        do=N_("Send the entries from there on."),
    ),
    "log.fork": Problem(
        what=N_("The station's log contradicts what it has signed before."),
        why=N_("Its checkpoint over {size} entries does not fit the copy that the centre has of station {station}."),
        do=N_("Stop the box, keep it as it is, and tell the commission: both versions are kept as evidence."),
    ),
    "log.account": Problem(
        what=N_("The account of camera {cam} is not whole at entry {leaf}."),
        why=N_("Segments and gaps must follow one another without hole, overlap or missing number ({why})."),
        do=N_("Keep the box as it is and tell the commission; the entries are kept as evidence."),
    ),
    "log.ahead": Problem(
        what=N_("The centre is mending its copy of the log of station {station}."),
        why=N_("Its disk failed between the entries and the checkpoint."),
        do=N_("Send all entries again, up to the newest checkpoint."),
    ),
    "store.unknown": Problem(
        what=N_("The bytes {digest} are not in the store."),
        why=N_("They have not arrived, or were taken away."),
        do=N_("Wait until the station has sent them, or restore the store from its copy."),
    ),
    "index.failed": Problem(
        what=N_("The centre's index cannot be written."),
        why=N_("The database says: {why}."),
        do=N_("Look at the disk; nothing is lost, the index can be made anew from the logs and the store."),
    ),
    "publication.withdrawn": Problem(
        what=N_("This film has been withdrawn from publication."),
        why=N_("By {article}."),
        do=N_("Its hash stays in the log; ask the commission for the reasons."),
    ),
    "publication.phase": Problem(
        what=N_("This part of the day is not public."),
        why=N_("By {article}."),
        do=N_("It is recorded all the same, and its hash stands in the log."),
    ),
    "publication.purpose": Problem(
        what=N_("This camera is not public."),
        why=N_("By {article}."),
        do=N_("It is recorded all the same, and its hash stands in the log."),
    ),
    "publication.not_yet": Problem(
        what=N_("This film is not public yet."),
        why=N_("It is shown after the public delay, by {article}."),
        do=N_("Come back a little later."),
    ),
    "election.no_camera": Problem(
        what=N_("Station {station} has no camera {camera}."),
        why=N_("The election file does not name it."),
        do=N_("Check the letter of the camera."),
    ),
    "web.not_found": Problem(
        what=N_("There is nothing at this address."),
        why=N_("The name is wrong, or the file is not published (any more)."),
        do=N_("Check the address."),
    ),
    "web.method": Problem(
        what=N_("This address does not understand {method}."),
        why=N_("The published files can only be read."),
        do=N_("Use GET or HEAD."),
    ),
    "web.range": Problem(
        what=N_("The file has no such part."),
        why=N_("The range that was asked for lies beyond its end."),
        do=N_("Ask for the whole file, or for a part of it."),
    ),
    "web.body": Problem(
        what=N_("The request cannot be read: {field}."),
        why=N_("A field is missing, unknown or has a value that is not allowed."),
        do=N_("Send it as docs/spec/centre-api.md says."),
    ),
    "office.token": Problem(
        what=N_("The token is not right."),
        why=N_("Only those who hold the office's token may enter."),
        do=N_("Ask the operator of the centre for it."),
    ),
    "office.form": Problem(
        what=N_("The form was not taken."),
        why=N_("It did not come from this page, or the page was too old."),
        do=N_("Load the page again, enter the token, and press the button once more."),
    ),
    "stop.word": Problem(
        what=N_("“{given}” may not stand in the order to stop a publication."),
        why=N_("Known are: {known}. A withdrawal stands in the national log for ever."),
        do=N_("Write one of these words."),
    ),
    "upload.revoked": Problem(
        what=N_("The key of station {station} was revoked; nothing of it is taken any more."),
        why=N_("The commission was told that its box was stolen, lost or copied. The national log says since when."),
        do=N_("Keep the box as it is and call the commission."),
    ),
    "enrol.revoked": Problem(
        what=N_("The key of station {station} was revoked, and a station has one log."),
        why=N_("A second log under its name could be shown in place of the first."),
        do=N_("Call the commission: until a new election file names the room anew, no box can enrol for it."),
    ),
    "revoke.word": Problem(
        what=N_("“{given}” may not stand in a revocation."),
        why=N_("Known are: {known}. A revocation stands in the national log for ever."),
        do=N_("Write one of these words."),
    ),
    "revoke.since": Problem(
        what=N_("A key cannot be revoked from a time on that is still to come."),
        why=N_("Until then somebody would believe what its thief signs."),
        do=N_("Give the time at which the box was last seen to be safe."),
    ),
    "revoke.no_key": Problem(
        what=N_("Station {station} has no key that could be revoked."),
        why=N_("It never enrolled here."),
        do=N_("Check the number of the station. Do not hand out a code that was made for it."),
    ),
    "revoke.again": Problem(
        what=N_("The key of station {station} is revoked already."),
        why=N_("Once is for ever."),
        do=N_("Nothing needs to be done."),
    ),
    "stop.article": Problem(
        what=N_("The article cannot be taken."),
        why=N_("It stands in the national log for ever, so it is one line of Latin letters, digits and signs, at most 256."),
        do=N_("Cite the law like this: art. 20-2 (3)."),
    ),
    "stop.times": Problem(
        what=N_("The withdrawal would end before it begins."),
        why=N_("Such an order would withdraw nothing."),
        do=N_("Give an end that is later than the begin."),
    ),
    "centre.voting_station": Problem(
        what=N_("The election file has no station {given}."),
        why=N_("The public may see the voting only at stations that are there."),
        do=N_("Check the numbers after --public-voting: stations with commas between them, all or none."),
    ),
    "person.key_name": Problem(
        what=N_("The key is called {given}, but this certificate is for {wanted}."),
        why=N_("A person's key carries its role and place in its name."),
        do=N_("Correct --role and --station, or let the person make a key with the right name:  kua station person --new FILE --name {wanted} ."),
    ),
    "metrics.token": Problem(
        what=N_("The token is not right."),
        why=N_("Only those who run the centre may read its metrics."),
        do=N_("Send the token of KUA_METRICS_TOKEN as Authorization: Bearer."),
    ),
    "metrics.short_token": Problem(
        what=N_("The token of the metrics is too short."),
        why=N_("A short one can be guessed."),
        do=N_("Set KUA_METRICS_TOKEN to at least {least} characters, or leave it out: then there are no metrics."),
    ),
    "office.short_token": Problem(
        what=N_("The office's token is too short."),
        why=N_("A short one can be guessed."),
        do=N_("Set KUA_OFFICE_TOKEN to at least {least} characters, or leave it out: then there is no office."),
    ),
}
