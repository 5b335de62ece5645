# SPDX-License-Identifier: Apache-2.0
"""Words of the errors raised by the readers of `kua.verify` and by the command line itself."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "verify.missing": Problem(
        what=N_("The file {name} is not there."),
        why=N_("It was not copied, or it was taken away."),
        do=N_("Copy the folder again, whole; if the publisher does not have it either, say so in public."),
    ),
    "verify.unreachable": Problem(
        what=N_("The file {name} could not be read."),
        why=N_("The disk or the network did not let us ({why}); whether the file is there is not known."),
        do=N_("Try again later, or check a copy on your own disk."),
    ),
    "verify.nowhere": Problem(
        what=N_("There is no folder {place}."),
        why=N_("The path is wrong, or the disk is not connected."),
        do=N_("Give the folder that holds the published files."),
    ),
    "verify.scheme": Problem(
        what=N_("Addresses that begin with {given}:// cannot be read."),
        why=N_("Only folders and http or https addresses can."),
        do=N_("Give a folder, or an address that begins with https://."),
    ),
    "verify.url": Problem(
        what=N_("This is not the address of a published folder."),
        why=N_("It has no host, or it has a user name, a question mark or a fragment."),
        do=N_("Give it like https://host/election/s/10-245."),
    ),
    "verify.name": Problem(
        what=N_("The name {name} leads out of the folder."),
        why=N_("Names may only lead downwards, and links may not leave the folder."),
        do=N_("Treat the folder as tampered with; copy it again from its publisher."),
    ),
    "verify.too_large": Problem(
        what=N_("The file {name} is too large."),
        why=N_("No honest file of this kind has more than {limit} bytes."),
        do=N_("Treat the file as tampered with; copy it again from its publisher."),
    ),
    "verify.no_file": Problem(
        what=N_("The file {name} cannot be read."),
        why=N_("It does not exist, or you may not read it."),
        do=N_("Check the path that you gave."),
    ),
    "log.tile_differs": Problem(
        what=N_("The tile {name} is not what the entries below it make."),
        why=N_("The tile or the entries were altered after the log was signed."),
        do=N_("Keep the folder as it is; compare it with a copy that somebody else made."),
    ),
    "log.answers_differ": Problem(
        what=N_("{name} gave other entries when it was read a second time."),
        why=N_("The entries that were checked and those that came afterwards are not the same: whoever serves them answers as it suits."),
        do=N_("Copy the folder first and check the copy; keep it, and compare it with a copy that somebody else made."),
    ),
    "log.width": Problem(
        what=N_("The file {name} holds {held} entries or hashes, not as many as its name says."),
        why=N_("It was cut, or something was added."),
        do=N_("Fetch it again from where it was published."),
    ),
    "cli.needs_extra": Problem(
        what=N_("“kua {command}” is not installed completely."),
        why=N_("The library {library} is missing; the base install carries only what a verifier needs."),
        do=N_("Install the part for your role, for example: pip install 'kua[station]' or 'kua[centre]'."),
    ),
}
