# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of court bundles: the archive, the bag, what is in it, and making one."""

from kua.words.problem import N_, Problem

_COPY_AGAIN = N_("Copy the bundle again from where it came from; if it is the same there, treat it as tampered with and keep it.")
_MAKE_AGAIN = N_("Ask for a bundle made by kua, or make one from the published film.")

PROBLEMS: dict[str, Problem] = {
    "zip.form": Problem(N_("This is not a whole zip archive."), N_("It was cut, or it is something else ({why})."), _COPY_AGAIN),
    "zip.trailing": Problem(
        N_("Something stands behind the end of the archive."), N_("Readers would see different archives in one file."), _COPY_AGAIN
    ),
    "zip.too_large": Problem(
        N_("The archive is too large."), N_("A bundle has at most {limit} bytes."), N_("Make several bundles of shorter time.")
    ),
    "zip.too_many": Problem(
        N_("There are too many files in the archive."),
        N_("A bundle has at most {limit} files."),
        N_("Make several bundles of shorter time."),
    ),
    "zip.zip64": Problem(N_("The archive uses the zip64 form."), N_("A bundle never needs it, and it can hide files."), _MAKE_AGAIN),
    "zip.disks": Problem(N_("The archive says that it is in several parts."), N_("A bundle is one file."), _MAKE_AGAIN),
    "zip.encrypted": Problem(N_("{name} is encrypted."), N_("Nothing in a bundle is secret."), _MAKE_AGAIN),
    "zip.method": Problem(
        N_("{name} is packed (method {method})."),
        N_("Files of a bundle are stored as they are, so that nothing can blow up when it is read."),
        _MAKE_AGAIN,
    ),
    "zip.extra": Problem(
        N_("{name} carries an extra field or a comment."), N_("Such fields can give a file a second name or size."), _MAKE_AGAIN
    ),
    "zip.link": Problem(N_("{name} is not a plain file."), N_("A link can lead out of the bundle."), _COPY_AGAIN),
    "zip.name": Problem(
        N_("The archive holds a file with the name {name}."), N_("Names lead downwards, in plain letters, and no further."), _COPY_AGAIN
    ),
    "zip.twice": Problem(N_("The archive holds {name} twice."), N_("Readers would take one or the other."), _COPY_AGAIN),
    "zip.case": Problem(
        N_("The archive holds {name} beside a file or folder that differs only in capitals."),
        N_("On some computers one would replace the other."),
        _COPY_AGAIN,
    ),
    "zip.order": Problem(N_("{name} is not in the order of names."), N_("Files of a bundle stand in one order only."), _MAKE_AGAIN),
    "zip.overlap": Problem(
        N_("The files in the archive do not follow one another ({name})."),
        N_("Something is hidden between them, or they overlap."),
        _COPY_AGAIN,
    ),
    "zip.header": Problem(N_("The archive says two different things of {name}."), N_("Readers would see different files."), _COPY_AGAIN),
    "bag.base": Problem(
        N_("The archive does not hold one single folder ({count})."), N_("A bundle is one bag in one folder."), _MAKE_AGAIN
    ),
    "bag.fetch": Problem(N_("The bag asks for files to be fetched from elsewhere."), N_("A bundle is whole in itself."), _MAKE_AGAIN),
    "bag.algorithm": Problem(
        N_("The bag has a manifest of another kind: {name}."), N_("A bundle has SHA-512 manifests and no other."), _MAKE_AGAIN
    ),
    "bag.manifest": Problem(
        N_("The manifest {name} is not written as it must be ({why})."), N_("It was edited, or another program made it."), _COPY_AGAIN
    ),
    "bundle.version": Problem(
        N_("This bundle has a version that this program does not know ({given})."),
        N_("It was made by a newer program."),
        N_("Use a newer kua."),
    ),
    "bundle.contents": Problem(
        N_("bundle.json is not what it must be ({field})."), N_("It was edited, or another program made it."), _COPY_AGAIN
    ),
    "bundle.custody": Problem(
        N_("Event {number} of the custody list is not what it must be."),
        N_("Each event names the one before it; one was altered, put in or taken out, or it holds something that a list may not hold."),
        N_("Ask whoever passed the bundle on for their copy."),
    ),
    "bundle.leaves_form": Problem(
        N_("{name} does not hold the statements that its name says."), N_("It was cut, or something was added."), _COPY_AGAIN
    ),
    "bundle.proof_elsewhere": Problem(
        N_("{name} proves the place of another statement, or in another state of the log."),
        N_("It was exchanged, or taken from elsewhere."),
        _COPY_AGAIN,
    ),
    "bundle.source": Problem(
        N_("What is published does not hold: {check} ({why})."),
        N_("A bundle is made only of film whose logs hold."),
        N_("Run kua film verify on the same place and keep a copy of it: it is evidence by itself."),
    ),
    "bundle.unread": Problem(
        N_("The log of {subject} could not be read."), N_("The network or the disk did not let us."), N_("Try again later.")
    ),
    "bundle.unfit": Problem(
        N_("The bundle that was made does not pass its own check: {check} ({why})."),
        N_("The published film contradicts its statements."),
        N_("Run kua film verify on the same place and keep a copy of it: it is evidence by itself."),
    ),
    "bundle.range": Problem(
        N_("The end is not after the beginning."),
        N_("A bundle is of some time."),
        N_("Give --from and --to, such as 2026-03-15T09:00:00+05:00."),
    ),
    "clip.boxes": Problem(
        N_("The clip holds something beside film and a label, or is cut off (byte {at})."),
        N_("In a box that no hash covers a forger can carry anything."),
        N_("Keep it as it is; it is not what the program wrote."),
    ),
    "clip.no_copy": Problem(
        N_("The bundle holds no working copy."),
        N_("It was made with --no-copy, or its film cannot be copied into one file."),
        N_("Make the bundle anew with a working copy."),
    ),
    "clip.which": Problem(
        N_("Several working copies are there, or none of that name."),
        N_("There is one for each camera, and a new one where the picture's size changes: {known}."),
        N_("Choose one with --copy."),
    ),
    "label.half": Problem(
        N_("A label needs a key and its certificates."),
        N_("Only one of --key and --chain was given."),
        N_("Give both, or neither: then the clip has no label."),
    ),
    "label.key": Problem(
        N_("The label could not be signed."),
        N_("The library says: {why}."),
        N_("Use a P-256 key whose certificate allows signing (digitalSignature, emailProtection or documentSigning) and was issued by another one."),
    ),
    "label.no_library": Problem(
        N_("The library for C2PA labels is not installed here."),
        N_("It is optional: kua's own proof does not need it."),
        N_("Install it: pip install 'kua[label]'."),
    ),
    "label.form": Problem(
        N_("The label of the clip cannot be read."),
        N_("The library says: {why}."),
        N_("Believe the bundle, not the label."),
    ),
    "bundle.no_station": Problem(
        N_("The election file names no station {station}."),
        N_("It was mistyped, or the folder is of another election."),
        N_("Look into election.json."),
    ),
    "bundle.no_camera": Problem(
        N_("Station {station} has opened no camera {camera}."), N_("It was mistyped."), N_("Leave out --camera for all of them.")
    ),
    "bundle.nothing": Problem(
        N_("Station {station} gives no account of that time."),
        N_("Recording was not open then, or its statements have not arrived."),
        N_("Choose another time."),
    ),
    "bundle.exists": Problem(N_("{name} is there already."), N_("A bundle is never overwritten."), N_("Choose another name.")),
    "bundle.too_long": Problem(
        N_("So much film does not fit one bundle."),
        N_("A bundle has less than 4 GiB."),
        N_("Make several bundles of shorter time, or leave out the working copy."),
    ),
    "bundle.no_room": Problem(
        N_("{name} could not be written."), N_("The disk refused ({why})."), N_("Free some space, or write to another disk.")
    ),
    "bundle.role": Problem(
        N_("{given} is not a role."),
        N_("The custody list holds roles in plain small letters, and never a name."),
        N_("Write it like auditor or court."),
    ),
    "report.no_library": Problem(
        N_("Reports on paper cannot be made here."), N_("The library that sets them is not installed."), N_("Install it: pip install 'kua[report]'; or give --no-report.")
    ),
    "report.failed": Problem(N_("The report could not be set."), N_("Typst refuses ({why})."), N_("Give --no-report, and please report this.")),
}
