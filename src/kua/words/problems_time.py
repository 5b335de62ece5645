# SPDX-License-Identifier: Apache-2.0
"""Words of the errors about times, time tokens (RFC 3161) and coverage."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "time.typed": Problem(
        what=N_("“{given}” is not a time."),
        why=N_("A time is needed with its offset from UTC."),
        do=N_("Write it like 2026-03-15T14:03:20+05:00."),
    ),
    "token.certificate": Problem(
        what=N_("The file holds no certificate of a time authority."),
        why=N_("A certificate in PEM begins with BEGIN CERTIFICATE."),
        do=N_("Fetch the certificate from the authority itself, and give that file."),
    ),
    "token.form": Problem(
        what=N_("These bytes are no time token."),
        why=N_("They are cut, altered, or the authority refused to give one."),
        do=N_("Fetch the file again; compare it with a copy that somebody else made."),
    ),
    "token.other": Problem(
        what=N_("The time token is over other bytes."),
        why=N_("The token or what it was given for was altered or exchanged."),
        do=N_("Keep both; compare them with a copy that somebody else made."),
    ),
    "token.untrusted": Problem(
        what=N_("No trusted time authority vouches for the token ({why})."),
        why=N_("It is by an authority whose certificate you did not give, or it was altered."),
        do=N_("Give the certificate of that authority, fetched from the authority itself."),
    ),
    "token.away": Problem(
        what=N_("The time authority {authority} does not answer ({why})."),
        why=N_("It cannot be reached, or it is too busy."),
        do=N_("Nothing need be done: it is asked again with the next checkpoint. If it stays away, name another in the settings."),
    ),
    "film.coverage_differs": Problem(
        what=N_("coverage.json does not say what the log says."),
        why=N_("It was altered after the centre wrote it."),
        do=N_("Believe the figures of this report; keep the file, and compare it with a copy that somebody else made."),
    ),
    "film.time_list": Problem(
        what=N_("The list of kept checkpoints does not fit the files beside it."),
        why=N_("nation/time/list.json or a checkpoint below nation/time was altered."),
        do=N_("Keep the folder as it is; compare it with a copy that somebody else made."),
    ),
}
