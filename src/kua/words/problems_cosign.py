# SPDX-License-Identifier: Apache-2.0
"""Words of the errors about co-signing: policies, proof files, contradictory checkpoints, and the co-signer's own program."""

from kua.words.problem import N_, Problem

PROBLEMS: dict[str, Problem] = {
    "policy.form": Problem(
        what=N_("The co-signing policy cannot be read (line {line}: {why})."),
        why=N_("A policy that is not understood to the last line cannot be applied: one unknown line may be the one that matters."),
        do=N_("Mend the file after docs/spec/cosigning.md, or fetch it again from where it was published."),
    ),
    "tlogproof.form": Problem(
        what=N_("This is not a proof file of a log."),
        why=N_("The file breaks the format c2sp.org/tlog-proof@v1 ({why})."),
        do=N_("Use the file exactly as it was published, byte for byte; an editor may have changed it."),
    ),
    "fork.form": Problem(
        what=N_("This is not a file of two contradictory checkpoints."),
        why=N_("The file breaks the format of docs/spec/fork.md ({why})."),
        do=N_("Use the file exactly as it was handed on, byte for byte; an editor may have changed it."),
    ),
    "fork.none": Problem(
        what=N_("The two checkpoints of {origin} (sizes {earlier} and {later}) do not contradict each other, as far as this file shows."),
        why=N_("Equal sizes must have different roots; different sizes need the hashes that lead from one to the other."),
        do=N_("Do not accuse anybody with it. Compare both checkpoints with the log's own tiles: `kua log verify`."),
    ),
}
