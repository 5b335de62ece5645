# SPDX-License-Identifier: Apache-2.0
"""Sentences of the lines about co-signers that verifiers write into a report."""

from kua.words.problem import N_

LINES: dict[str, str] = {
    "film.cosigned": N_(
        "Co-signed by {count} of {total}: {names}. They are the quorum that the election file asks for, since {at}; they vouch for the first "
        "{size} of {entries} entries of the national log (co-signatures from {first} to {last})."
    ),
    "film.cosigned_few": N_(
        "Co-signed by {count} of {total}: {names}. That is not the quorum that the election file asks for; they vouch for the first {size} of "
        "{entries} entries of the national log (co-signatures from {first} to {last})."
    ),
    "film.cosigned_other": N_(
        "A co-signed checkpoint of {size} entries is not of this log: the centre has signed two histories. Keep both and tell the observers."
    ),
    "film.cosigned_no_nation": N_("The national log is not here or does not hold, so nobody's co-signature under it was looked at."),
    "film.cosigned_kept": N_("Every co-signed checkpoint that is kept belongs to this log (checkpoints: {count})."),
    "film.policy_holds": N_("The co-signing policy beside the log is the one of the election file, and stands in the national log."),
    "film.policy_differs": N_("nation/policy is not the co-signing policy of the election file: it was altered."),
    "film.policy_not_logged": N_("The co-signing policy does not stand in the national log: it may have been changed after the day began."),
    "film.second_key": N_("The newest checkpoint bears the log's second signature, which holds against quantum computers too ({name})."),
    "film.no_second_key": N_("The newest checkpoint lacks the log's second signature ({name}), which the co-signing policy names."),
    "log.cosigned": N_(
        "Co-signed by {count} of {total}: {names}. They are the quorum that the policy asks for, since {at} (co-signatures from {first} to "
        "{last})."
    ),
    "log.cosigned_few": N_(
        "Co-signed by {count} of {total}: {names}. That is not the quorum that the policy asks for (co-signatures from {first} to {last})."
    ),
}
