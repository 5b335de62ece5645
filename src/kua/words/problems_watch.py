# SPDX-License-Identifier: Apache-2.0
"""Words of the errors raised by mirrors and monitors."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "verify.redirected": Problem(
        what=N_("The server sends us to another host ({host})."),
        why=N_("Whoever copies or watches for hours must not be led into his own network, so such an answer is not followed."),
        do=N_("Give the address to which the server points, if you trust it."),
    ),
    "scope.region": Problem(
        what=N_("The election file has no region {region}."),
        why=N_("A region is named by its two digits."),
        do=N_("Look into election.json for the regions there are."),
    ),
    "scope.station": Problem(
        what=N_("The election file has no station {station}."),
        why=N_("A station is named like 10-245: region and number."),
        do=N_("Look into election.json for the stations there are."),
    ),
    "scope.both": Problem(
        what=N_("The national log alone and stations were asked for at once."),
        why=N_("--nation-only leaves out every station."),
        do=N_("Leave out --nation-only, or --region and --station."),
    ),
    "watch.locked": Problem(
        what=N_("Another process works in “{folder}”."),
        why=N_("Two mirrors or two monitors of one folder would undo each other's work."),
        do=N_("Use the running one, stop it, or give another folder with --state."),
    ),
    "watch.folder": Problem(
        what=N_("The folder {folder} cannot be used."),
        why=N_("It could not be made or written to ({why})."),
        do=N_("Give a folder that you may write to, with --state."),
    ),
    "watch.amount": Problem(
        what=N_("“{given}” is not an amount."),
        why=N_("A length of time is like 60s, 5m or 1h; a rate is in bytes in a second, like 500k or 2M."),
        do=N_("Correct the option and try again."),
    ),
    "monitor.memory": Problem(
        what=N_("What the monitor remembered cannot be read."),
        why=N_("The file memory.json in the folder of --state was not written by a monitor, or was damaged."),
        do=N_("Keep that folder, and begin again with an empty one: what was seen before will be looked at anew."),
    ),
    "monitor.other_place": Problem(
        what=N_("This folder remembers {known}, not {given}."),
        why=N_("What was seen at one place is the measure for all that it serves later."),
        do=N_("Give the same address, or another folder with --state. A second address to compare with is given with --also."),
    ),
    "fork.unproved": Problem(
        what=N_("Whether these two checkpoints contradict each other cannot be told by them alone."),
        why=N_("They are of two sizes ({size} and {later} entries), and a log may have grown from one to the other."),
        do=N_("Give the log that the larger one was served with: kua computes from it what its first {size} entries are."),
    ),
    "fork.arguments": Problem(
        what=N_("That is not what a contradiction is made of."),
        why=N_("There are either two checkpoints and the key (--vkey), or one fork file."),
        do=N_("Give “kua log fork A B --vkey KEY” or “kua log fork FILE”."),
    ),
}
