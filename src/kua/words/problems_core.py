# SPDX-License-Identifier: Apache-2.0
"""Words of the errors raised by `kua.core`."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "json.not_json": Problem(
        what=N_("The file is not JSON."),
        why=N_("It is damaged, cut short, or another kind of file."),
        do=N_("Fetch the file again from where it came from."),
    ),
    "json.not_canonical": Problem(
        what=N_("The file is not in canonical JSON (RFC 8785)."),
        why=N_("Only one spelling of a signed value is accepted, and this is another: {why}."),
        do=N_("Use the file exactly as it was signed; do not edit or re-format it."),
    ),
    "name.election": Problem(
        what=N_("“{given}” is not an election's name."),
        why=N_("Names have 3 to 64 lower-case letters, digits and dashes."),
        do=N_("Write it as in the election file, like kz-2026-kurultai."),
    ),
    "name.station": Problem(
        what=N_("“{given}” is not a station's number."),
        why=N_("A station is named by region and number."),
        do=N_("Write it like 10-245."),
    ),
    "name.camera": Problem(
        what=N_("“{given}” is not a camera's name."),
        why=N_("A camera is named by one lower-case letter."),
        do=N_("Write it like a or b."),
    ),
    "name.run": Problem(
        what=N_("“{given}” is not the name of a run."),
        why=N_("A run is named by eight hex digits."),
        do=N_("Use the file names as they were published."),
    ),
}

PROBLEMS |= {
    "election.schema": Problem(
        what=N_("The election file cannot be used: {field}."),
        why=N_("A field is missing, unknown or has a value that is not allowed."),
        do=N_("Take the election file from the commission again; if it is the commission's own, correct the field and sign it anew."),
    ),
    "election.no_station": Problem(
        what=N_("The election file has no station {station}."),
        why=N_("The number is wrong, or the station belongs to another election."),
        do=N_("Check the number on the station's card against the election file."),
    ),
}

PROBLEMS |= {
    "leaf.schema": Problem(
        what=N_("A statement in the log does not have the form that its type demands ({type}: {field})."),
        why=N_("A field is missing, unknown or has a value that is not allowed; no agent of ours writes such a statement."),
        do=N_("Keep the file as it is and report it: whoever holds the station's key signed something that is not a statement."),
    ),
    "leaf.wrong_log": Problem(
        what=N_("A statement of the type {type} stands in a log where it may not stand ({log})."),
        why=N_("Stations and the centre each write their own kinds of statements; nobody may speak for the other."),
        do=N_("Keep the log as it is and report it as a fault of whoever signed it."),
    ),
}
