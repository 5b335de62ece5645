# SPDX-License-Identifier: Apache-2.0
"""Words of the errors of `kua film verify`."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "film.nothing_here": Problem(
        what=N_("There is no published film at {place}."),
        why=N_(
            "A published election has election.json, a station has checkpoint and vkey below s/NUMBER, the national log stands in nation."
        ),
        do=N_("Give the folder or address of the election, of one station (…/s/10-245), or of the national log (…/nation)."),
    ),
    "masks.unreadable": Problem(
        what=N_("A segment cannot be decoded."),
        why=N_("Its bytes are not film, or are damaged."),
        do=N_("Fetch it again from the centre or from a mirror; if it differs there too, keep both and report it."),
    ),
    "film.file_differs": Problem(
        what=N_("{name} is not the file whose hash stands in the log: it was altered."),
        why=N_("Its SHA-256 is another than the one that the station signed."),
        do=N_("Fetch the file again from the centre or from a mirror; if it differs there too, keep both and report it."),
    ),
}
