# SPDX-License-Identifier: Apache-2.0
"""Words of the errors about updates."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "update.no_root": Problem(
        what=N_("This box does not know whose releases it may take."),
        why=N_("No root is pinned in its folder."),
        do=N_("Pin it once with kua update trust, by the digest on the printed sheet."),
    ),
    "update.no_library": Problem(
        what=N_("The library for updates is not installed here."),
        why=N_("It comes with the programs of a station or a centre."),
        do=N_("Install it: pip install 'kua[update]'."),
    ),
    "update.root": Problem(
        what=N_("The pinned root cannot be read."),
        why=N_("It was altered, or is no root of releases."),
        do=N_("Compare it with the printed digest, and pin it anew."),
    ),
    "update.root_differs": Problem(
        what=N_("This is not the root whose digest you gave."),
        why=N_("Its digest is {found}."),
        do=N_("Compare both with the printed sheet. If it differs from the sheet, the file is not to be trusted."),
    ),
    "update.root_there": Problem(
        what=N_("Another root is pinned here already."),
        why=N_("A root is followed by the next one that its own holders sign; exchanging it by hand would be a way in."),
        do=N_("If it is really to be another one, remove the folder update of the box yourself."),
    ),
    "update.expired": Problem(
        what=N_("Nobody has vouched lately that this is the newest release."),
        why=N_("Whoever holds a new release back can do no more than this ({why}). A wrong clock looks the same."),
        do=N_("Check the date of this computer, then take the releases from another place."),
    ),
    "update.refused": Problem(
        what=N_("These releases are refused."),
        why=N_("Too few holders have signed, something was altered, or it is older than what was seen here before ({why})."),
        do=N_("Install nothing of it. Take the releases from another place, and keep this one as evidence."),
    ),
    "update.older": Problem(
        what=N_("The release is older ({version}) than what runs here ({here})."),
        why=N_("Going back to old faults is what an attacker would want."),
        do=N_("Stay with what runs here, and ask who released it."),
    ),
    "update.away": Problem(
        what=N_("The releases at {place} cannot be reached."),
        why=N_("The system says: {why}."),
        do=N_("Check the address and the line, or carry the releases here in a folder."),
    ),
    "update.out_there": Problem(
        what=N_("{name} is there already."),
        why=N_("Files of two releases must not be mixed."),
        do=N_("Name a folder that is not there."),
    ),
}
