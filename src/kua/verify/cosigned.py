# SPDX-License-Identifier: Apache-2.0
"""Who outside vouches for the national log: the policy of the election file, the co-signed checkpoints, the log's own second key."""

from typing import Final

from kua.core.digest import sha256
from kua.core.election import Election
from kua.core.errors import Incomplete, KuaError
from kua.core.nouns import nation_origin
from kua.proof.checkpoint import PATH, open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.merkle import EMPTY_ROOT, Frontier
from kua.proof.note import MAX_NOTE, parse_note, verified_signers
from kua.proof.policy import MAX_POLICY, Judgement, Policy, judge, parse_policy
from kua.verify.entries import Entries
from kua.verify.judged import judged_facts
from kua.verify.reading import Reader
from kua.verify.report import Report

FOLDER: Final = "cosigned"
POLICY: Final = "policy"
FILES: Final = frozenset({POLICY, f"{FOLDER}/sizes"})
"""Files of the national log that are checked here or say nothing that is believed (an index)."""
CHECK: Final = "co-signers"
KEPT: Final = "co-signed checkpoints"


def newest_cosigned(reader: Reader) -> bytes | KuaError:
    """Return the newest co-signed checkpoint below `reader`, or why it cannot be had.

    To be read *before* the log itself: a log that goes on is then never behind what was co-signed.
    """
    try:
        return reader.read(f"{FOLDER}/{PATH}", MAX_NOTE)
    except Incomplete:  # nobody has co-signed yet, or they signed the newest checkpoint where it stands
        try:
            return reader.read(PATH, MAX_NOTE)
        except KuaError as error:
            return error
    except KuaError as error:
        return error


def check_cosigned(
    reader: Reader, newest: bytes | KuaError, election: Election, key: VerifierKey | None, nation: Entries | None, report: Report
) -> None:
    """Judge the `newest` co-signed checkpoint by the policy of the election file; `reader` is over the national log's folder."""
    if not election.cosigning:
        report.not_checked(CHECK, "film.no_cosigners")
        return
    policy = report.attempt(CHECK, lambda: parse_policy(election.cosigning.encode()))
    if policy is None:
        return
    if nation is None or key is None:
        report.not_checked(CHECK, "film.cosigned_no_nation")
        return
    _check_policy(reader, election, nation, report)
    origin = nation_origin(election.domain, election.id)
    if isinstance(newest, KuaError):
        report.trouble(CHECK, newest)
    else:
        judgement = report.attempt(CHECK, lambda: judge(policy, newest, [key], origin))
        if judgement is not None:
            report_judgement(judgement, policy, nation, report)
    check_second_key(reader, policy, origin, report)
    _check_kept(reader, key, origin, nation, report)


def report_judgement(judgement: Judgement, policy: Policy, nation: Entries, report: Report) -> None:
    """Write the line about the newest co-signed checkpoint."""
    head = judgement.checkpoint
    if head.size > nation.head.size:
        report.missing(CHECK, "film.cosigned_ahead", size=head.size, entries=nation.head.size)
        return
    if nation.root_at(head.size) != head.root:
        report.failed(CHECK, "film.cosigned_other", size=head.size)
        return
    facts = judged_facts(judgement, policy)
    report.summary[CHECK] = {
        "names": list(judgement.parties),
        "total": len(policy.parties),
        "quorum": judgement.quorum,
        "size": head.size,
        "by": judgement.by,
        "times": [[one.witness.key.name, one.seconds] for one in judgement.seen],
    }
    if judgement.quorum:
        report.passed(CHECK, "film.cosigned", entries=nation.head.size, **facts)
    else:
        report.missing(CHECK, "film.cosigned_few", entries=nation.head.size, **facts)


def _check_policy(reader: Reader, election: Election, nation: Entries, report: Report) -> None:
    """The policy stands in the signed election file; the copy beside the log is for programs that know policies and no election files."""
    check = "co-signing policy"
    wanted = election.cosigning.encode()
    copy = report.attempt(check, lambda: reader.read(POLICY, MAX_POLICY))
    if copy is None:
        return
    if copy != wanted:
        report.failed(check, "film.policy_differs")
    elif sha256(wanted).hex() not in {leaf["sha256"] for _, leaf in nation.of_type("policy") if leaf["what"] == "cosigning"}:
        report.failed(check, "film.policy_not_logged")
    else:
        report.passed(check, "film.policy_holds")


def check_second_key(reader: Reader, policy: Policy, origin: str, report: Report) -> None:
    """Say whether the log's newest checkpoint is signed by its second key too, where the policy names one."""
    keys = [log.key for log in policy.logs if log.key.name == origin]
    if not keys:
        return
    check = "nation log.second_key"
    try:
        signers = verified_signers(parse_note(reader.read(PATH, MAX_NOTE)), keys)
    except KuaError as error:
        report.trouble(check, error)
        return
    if set(signers) == set(keys):
        report.passed(check, "film.second_key", name=origin)
    else:
        report.missing(check, "film.no_second_key", name=origin)


def _check_kept(reader: Reader, key: VerifierKey, origin: str, nation: Entries, report: Report) -> None:
    """Every kept checkpoint must be the log's own: one that is not is a contradiction that the log has signed."""
    if not reader.listable:
        return
    heads = []
    wrong = False
    for name in reader.names(FOLDER):
        size = name.removeprefix(f"{FOLDER}/")
        if name in FILES or size == PATH:
            continue
        try:
            head = open_checkpoint(reader.read(name, MAX_NOTE), key, origin)
        except KuaError as error:
            report.trouble(f"nation {name}", error)
            wrong = True
            continue
        if size != str(head.size):
            report.failed(f"nation {name}", "film.file_unsigned", name=f"nation/{name}")
            wrong = True
        heads.append(head)
    grown, at = Frontier(), 0
    for head in sorted(heads, key=lambda head: head.size):
        if head.size > nation.head.size:
            break  # has come since the log was read, or the log was cut off: the newest one says so
        for leaf in nation.hashes[at : head.size]:
            grown.append(leaf)
        at = head.size
        if (grown.root() if at else EMPTY_ROOT) != head.root:
            report.failed(KEPT, "film.cosigned_other", size=head.size)
            wrong = True
    if heads and not wrong:
        report.passed(KEPT, "film.cosigned_kept", count=len(heads))
