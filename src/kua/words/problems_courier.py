# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of film that is carried by hand."""

from kua.words.problem import N_, Problem

_COPY = N_("Bring the medium again, or a copy made at the station; what was taken in stays.")

PROBLEMS: dict[str, Problem] = {
    "courier.no_medium": Problem(
        what=N_("There is no folder “{folder}”."),
        why=N_("The disk or telephone is not plugged in or not mounted; a folder of that name on the box's own disk would help nobody."),
        do=N_("Plug it in, look where it is mounted, and name that folder."),
    ),
    "courier.no_file": Problem(
        what=N_("The file {file} cannot be read."),
        why=N_("It is not there, or the medium gives it back no more."),
        do=N_("Name the file receipts.jsonl in the station's folder on the medium."),
    ),
    "courier.no_log": Problem(
        what=N_("Station {station} has no signed log yet."),
        why=N_("It has not been started inside one of its windows."),
        do=N_("Nothing is owed: there is nothing to pack."),
    ),
    "courier.seal": Problem(
        what=N_("“{given}” cannot be the number of a seal."),
        why=N_("Numbers of seals have capital Latin letters, digits and dashes; at most sixteen stand on a sheet."),
        do=N_("Write it as it is on the seal, for example AB-1047."),
    ),
    "courier.role": Problem(
        what=N_("“{given}” is no function that may stand on a custody sheet."),
        why=N_("The sheet names functions and no people. Functions are: {known}."),
        do=N_("Use one of these, or leave it away and write it by hand."),
    ),
    "courier.manifest": Problem(
        what=N_("The manifest of a pack cannot be read."),
        why=N_("It is not what `kua courier pack` writes, or was damaged on the way."),
        do=_COPY,
    ),
    "courier.other": Problem(
        what=N_("The pack is of {given}, not of {wanted}."),
        why=N_("It lies in the folder of another station, or its signature is over another manifest."),
        do=_COPY,
    ),
    "courier.other_election": Problem(
        what=N_("The pack is of the election {given}; this is the centre of {wanted}."),
        why=N_("A centre takes in its own election only."),
        do=N_("Bring it to the centre of that election."),
    ),
    "courier.altered": Problem(
        what=N_("{name} is not what the station has packed."),
        why=N_("It was damaged or altered on the way. That says nothing against the station."),
        do=_COPY,
    ),
    "courier.missing": Problem(
        what=N_("{name} is not on the medium."),
        why=N_("It was removed, or the medium was pulled out while it was packed."),
        do=_COPY,
    ),
    "courier.unreadable": Problem(
        what=N_("The medium does not give back {name} ({why})."),
        why=N_("It is damaged."),
        do=_COPY,
    ),
    "courier.too_large": Problem(
        what=N_("{name} is larger than {most} bytes."),
        why=N_("Nothing that a station packs is so large."),
        do=_COPY,
    ),
    "courier.no_receipts": Problem(
        what=N_("The receipts could not be written to the medium."),
        why=N_("It is full, read-only or damaged. What was carried is safe at the centre."),
        do=N_("Load it again with a medium that can be written to; loading twice changes nothing."),
    ),
    "courier.receipts": Problem(
        what=N_("This is no file of receipts."),
        why=N_("Each line must hold a digest and the centre's signed receipt."),
        do=N_("Name the file receipts.jsonl in the station's folder on the medium."),
    ),
}
