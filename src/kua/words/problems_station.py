# SPDX-License-Identifier: Apache-2.0
"""Words of the errors raised by the station's agent, its files, its outbox and its way to the centre."""

from kua.words.problem import N_, Problem

_KEEP_BOX = N_("Leave the box as it is, start no other agent on it, and call the technician: the log is evidence.")
_CALIBRATE = N_("Calibrate the camera again:  kua station calibrate SOURCE --box DIR --camera {camera}  Then two people sign.")

PROBLEMS: dict[str, Problem] = {
    "durable.differs": Problem(
        what=N_("{path} is there already with other content."),
        why=N_("Finished files are never changed; two different ones want the same name."),
        do=N_("Keep both and report it; do not delete the one that is there."),
    ),
    "log.locked": Problem(
        what=N_("Another process works on the log in “{folder}”."),
        why=N_("A log has one writer, or it could fork. The agent is running already."),
        do=N_("Use the running one, or stop it first (SIGTERM)."),
    ),
    "log.forked": Problem(
        what=N_("The log does not hold what was signed at size {size}: {why}."),
        why=N_("Its files were changed, restored from an old copy, or lost."),
        do=_KEEP_BOX,
    ),
    "log.damaged": Problem(
        what=N_("The log's file “{file}” is damaged in the middle."),
        why=N_("The disk has lost or changed bytes that were safe before."),
        do=_KEEP_BOX,
    ),
    "log.checkpoint": Problem(
        what=N_("The checkpoint for size {size} does not fit the log, which has {have} entries."),
        why=N_("Its size or root is not that of the entries that are here."),
        do=N_("Send the entries again from where this log ends, with a checkpoint over exactly those."),
    ),
    "account.opened": Problem(
        what=N_("The day was opened before."), why=N_("A station's log has one opening."), do=N_("Nothing: the agent goes on with the day.")
    ),
    "account.not_open": Problem(
        what=N_("The day is not open."), why=N_("Nothing can be stated before the opening."), do=N_("Start the agent inside a window.")
    ),
    "account.closed": Problem(
        what=N_("The day is closed."),
        why=N_("After its close nothing can be added to a station's log."),
        do=N_("For another day use a fresh box folder and enrol it."),
    ),
    "account.camera": Problem(
        what=N_("Camera {camera} was not named when the day was opened."),
        why=N_("The log accounts for the cameras of its opening only."),
        do=N_("Take the camera out of kua.toml for this day."),
    ),
    "account.overlap": Problem(
        what=N_("Camera {camera} sent film of a time that is accounted for already."),
        why=N_("The clock went back by {back_ms} ms."),
        do=N_("Set the clock right and leave it; recording goes on when the time has caught up."),
    ),
    "spool.busy": Problem(
        what=N_("The outbox is in use."), why=N_("Another program holds it."), do=N_("Close the program that has opened spool.sqlite.")
    ),
    "centre.url": Problem(
        what=N_("“{given}” is not the address of a centre."),
        why=N_("It must be http or https with a host, and hold no user, password or query."),
        do=N_("Write it like https://centre.example."),
    ),
    "centre.away": Problem(
        what=N_("The centre {centre} cannot be reached ({why})."),
        why=N_("The line is down, the address is wrong, or the centre is off."),
        do=N_("Nothing is lost: the station goes on and sends later. Check the line and the address."),
    ),
    "centre.later": Problem(
        what=N_("The centre {centre} asks to come again later (status {status})."),
        why=N_("It is overloaded, full, or something stands before it."),
        do=N_("Nothing is lost: the station tries again by itself."),
    ),
    "centre.answer": Problem(
        what=N_("What answers at {centre} is not a centre of this version."),
        why=N_("The answer has not the form of docs/spec/centre-api.md."),
        do=N_("Check the address; a hotel or office network may answer in its place."),
    ),
    "uplink.centre_ahead": Problem(
        what=N_("The centre has {centre} entries of this log, the box only {here}."),
        why=N_("The box was restored from an old copy, or another box uses its key."),
        do=_KEEP_BOX,
    ),
    "uplink.no_head": Problem(
        what=N_("The log cannot be sent on from entry {size}."),
        why=N_("No checkpoint covers a part that fits into one request."),
        do=N_("Report it; recording goes on, and the box holds everything."),
    ),
    "station.no_key": Problem(
        what=N_("The box “{box}” has no station key."),
        why=N_("It has not been enrolled, or keys/station.pem is gone."),
        do=N_("Enrol it with the one-time code:  kua station enrol --box DIR --centre URL --code CODE ."),
    ),
    "station.not_enrolled": Problem(
        what=N_("The box “{box}” is not enrolled."),
        why=N_("A station may record only with a key that is certified in the national log."),
        do=N_("Enrol it with the one-time code:  kua station enrol --box DIR --centre URL --code CODE ."),
    ),
    "station.no_election": Problem(
        what=N_("There is no election file in “{folder}”."),
        why=N_("election.json, election.note and profile.json belong there."),
        do=N_("Copy them from the commission, or enrol with --election and --commission to fetch them."),
    ),
    "calibration.no_certificate": Problem(
        what=N_("The file {file} is not a person's certificate."),
        why=N_("A certificate is the text that `kua centre issue-person` prints, whole and unchanged."),
        do=N_("Give the certificate after --certificate and the key after --sign."),
    ),
    "person.name": Problem(
        what=N_("“{given}” may not name a person's key."),
        why=N_("The name says role and place and no person's name. Roles are: {known}."),
        do=N_("Write it like person/chair/10-245."),
    ),
    "enrol.code_form": Problem(
        what=N_("This cannot be an enrolment code."),
        why=N_("A code has 4 to 128 plain characters."),
        do=N_("Type it again as it is printed on the station's card."),
    ),
    "enrol.answer": Problem(
        what=N_("The centre's answer to the enrolment cannot be read."),
        why=N_("It has not the form of docs/spec/centre-api.md."),
        do=N_("Check the centre's address and version."),
    ),
    "enrol.other_station": Problem(
        what=N_("The code is for another station: {given}."),
        why=N_("It does not belong to the number in kua.toml."),
        do=N_("Use the code of this station, or correct the number."),
    ),
    "enrol.other_centre": Problem(
        what=N_("This centre is not named in the election file: {given}."),
        why=N_("Receipts of a centre that the commission has not named count for nothing."),
        do=N_("Use the address of a centre of this election."),
    ),
    "enrol.same_centre": Problem(
        what=N_("The second centre is the first one: {given}."),
        why=N_("Two receipts of one centre are worth one."),
        do=N_("Give the address of another centre of the election file."),
    ),
    "enrol.other_box": Problem(
        what=N_("The box is enrolled already, as {given}, not {wanted}."),
        why=N_("A box belongs to one station and one election."),
        do=N_("Use a fresh folder for the other one."),
    ),
    "enrol.other_election": Problem(
        what=N_("The box holds the file of {wanted}, not of {given}."),
        why=N_("Somebody prepared it for another election."),
        do=N_("Use a fresh folder, or leave --election away."),
    ),
    "enrol.no_election": Problem(
        what=N_("The box has no election file and none was named."),
        why=N_("Without it the station does not know its windows and keys."),
        do=N_("Add --election ID and --commission VKEY, or copy the files into the box."),
    ),
    "enrol.no_commission": Problem(
        what=N_("An election file is fetched only against a key of the commission."),
        why=N_("A file that vouches for itself proves nothing."),
        do=N_("Add --commission with the verifier key from a printed copy."),
    ),
    "enrol.profile": Problem(
        what=N_("The legal profile is not the one that the election file names."),
        why=N_("Its hash differs."),
        do=N_("Ask the centre's operator; do not use the box with it."),
    ),
    "enrol.file": Problem(
        what=N_("enrolment.json cannot be read."), why=N_("It was changed or damaged."), do=N_("Enrol again with the same code.")
    ),
    "agent.outside_window": Problem(
        what=N_("Station {station} has no window that is still to come."),
        why=N_("The agent records inside the windows of the election file only: {windows}."),
        do=N_("Wait for a new version of the election file, or check the clock."),
    ),
    "agent.before_window": Problem(
        what=N_("No window of station {station} is open now."),
        why=N_("The agent records inside the windows of the election file only: {windows}."),
        do=N_("Start it in a window; the service, and `kua station run --wait`, wait for it and record nothing until then."),
    ),
    "agent.camera_not_planned": Problem(
        what=N_("The election file plans no camera {camera} in station {station}."),
        why=N_("A camera that nobody planned may not record."),
        do=N_("Correct kua.toml, or ask the commission."),
    ),
    "agent.other_station": Problem(
        what=N_("The box is enrolled as {given}, but set up as {wanted}."),
        why=N_("kua.toml or the election file was changed after the enrolment."),
        do=N_("Correct kua.toml, or enrol a fresh box."),
    ),
    "agent.no_boot_id": Problem(
        what=N_("The system does not say when it was started."), why=N_("/proc is not there."), do=N_("Run the agent on Linux with /proc mounted.")
    ),
    "agent.no_answer": Problem(
        what=N_("The running agent has not closed the day within {seconds} seconds."),
        why=N_("Its cameras still hand over what they hold."),
        do=N_("Look again in a minute with kua station check; the request stands."),
    ),
    "calibration.missing": Problem(
        what=N_("Camera {camera} is not calibrated: {file} is not there."),
        why=N_("Without an empty room to compare with, everything would have to be hidden."),
        do=_CALIBRATE,
    ),
    "calibration.reference": Problem(
        what=N_("The picture of the empty room of camera {camera} is not the one that was signed ({why})."),
        why=N_("The file was changed or damaged after calibrating."),
        do=_CALIBRATE,
    ),
    "calibration.size_differs": Problem(
        what=N_("Camera {camera} was calibrated at {width}x{height}, and kua.toml wants another size."),
        why=N_("Width or height was changed after calibrating."),
        do=N_("Set the old size, or calibrate again and have it signed."),
    ),
    "calibration.signers": Problem(
        what=N_("The file with the signers' certificates cannot be read."),
        why=N_("It was changed or damaged."),
        do=N_("Have the calibration signed again."),
    ),
    "calibration.zones_missing": Problem(
        what=N_("The zones of camera {camera} are still to be drawn."),
        why=N_("Booths must be known before anything is recorded. A still and the file {file} to edit were written."),
        do=N_("Edit calibration/{file}, then give the same command again; --zones none for a room without booths and boxes."),
    ),
    "calibration.zones_file": Problem(
        what=N_("The zones file cannot be used: {why}."),
        why=N_("It must hold [[zone]] tables with kind and points, and may hold [[head]] tables with y and px."),
        do=N_("Correct it after the examples in the template."),
    ),
    "calibration.zones_auto": Problem(
        what=N_("Only a painted room knows its own zones."),
        why=N_("“auto” was given for a real camera or film."),
        do=N_("Draw the zones in the template and give that file."),
    ),
    "calibration.no_source": Problem(
        what=N_("There is no source to look at."),
        why=N_("The address or file with the empty room is missing."),
        do=N_("Give it first:  kua station calibrate rtsp://USER@HOST/PATH --box DIR --camera a ."),
    ),
    "calibration.no_file": Problem(
        what=N_("The file {file} cannot be read."), why=N_("It is not there, or may not be read."), do=N_("Check its name and path.")
    ),
    "calibration.sign_how": Problem(
        what=N_("To sign, key and certificate are needed and no source."),
        why=N_("People sign what has been written and looked at before."),
        do=N_("Give only these:  kua station calibrate --box DIR --camera a --sign KEY --certificate CERT ."),
    ),
    "calibration.key_differs": Problem(
        what=N_("The key is not the one in the certificate of {name}."),
        why=N_("Key and certificate of two people were mixed up."),
        do=N_("Give the key that belongs to the certificate."),
    ),
    "calibration.signed_already": Problem(
        what=N_("{name} has signed this calibration already."),
        why=N_("Two different people must sign; the same key counts once."),
        do=N_("Let the second person sign with their own key."),
    ),
    "person.exists": Problem(
        what=N_("{file} is there already."), why=N_("A key is never overwritten."), do=N_("Choose another name for the new key.")
    ),
    "isolation.impossible": Problem(
        what=N_("The process that sees raw pictures cannot be walled in on this computer ({machine}, {step})."),
        why=N_("Its kernel does not take the filter that forbids network, files and other programs; without it no raw picture is looked at."),
        do=N_("Use Linux 4.14 or newer on x86_64 or aarch64; in a container, allow the system call seccomp."),
    ),
    "fsck.level": Problem(
        what=N_("“{given}” is no level of checking."), why=N_("Known are: {known}."), do=N_("Choose one of them.")
    ),
    "fsck.no_log": Problem(
        what=N_("The box “{box}” has no log."), why=N_("It has not recorded anything."), do=N_("Check the path of the box.")
    ),
    "film.missing": Problem(
        what=N_("Film that is owed to the centre is not on the disk."),
        why=N_("Somebody removed it, or the disk lost it."),
        do=N_("Do not touch the box; run kua station fsck and report what it says."),
    ),
    "film.damaged": Problem(
        what=N_("Film on the disk is not what its leaf states."),
        why=N_("It was changed, or the disk is failing."),
        do=N_("Do not touch the box; run kua station fsck --level hash and report what it says."),
    ),
}
