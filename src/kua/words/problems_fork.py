# SPDX-License-Identifier: Apache-2.0
"""Words of the errors raised by `kua.proof.fork`: files that say that a log tells two stories."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "fork.form": Problem(
        what=N_("This is not a fork file."),
        why=N_("It breaks the format ({why})."),
        do=N_("Use the file exactly as it was handed to you, byte for byte; see docs/spec/fork.md."),
    ),
    "fork.none": Problem(
        what=N_("These two checkpoints do not contradict each other."),
        why=N_("A log may have signed both (entries: {size} and {later}): that proves nothing against it."),
        do=N_("Compare with checkpoints that others hold; accuse nobody by these two."),
    ),
    "fork.other_log": Problem(
        what=N_("The two checkpoints are of two logs."),
        why=N_("One is of {first}, the other of {second}; two logs cannot contradict each other."),
        do=N_("Give two checkpoints of the same log."),
    ),
    "fork.other_key": Problem(
        what=N_("The file is about another key."),
        why=N_("It speaks of {given}; the key that was given is {wanted}."),
        do=N_("Give the key of the log that the file accuses, from a source that you trust."),
    ),
    "fork.unproved": Problem(
        what=N_("Whether these two checkpoints contradict each other cannot be told by them alone."),
        why=N_("They are of two sizes ({size} and {later} entries), and a log may have grown from one to the other."),
        do=N_("Give the log that the larger one was served with: kua computes from it what its first {size} entries are."),
    ),
}
