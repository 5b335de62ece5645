# SPDX-License-Identifier: Apache-2.0
"""Was the station's key revoked, and what of its log is older than that? A thief who holds the box can sign on; he cannot go back behind what was seen."""

from kua.core.instant import Instant, rfc3339
from kua.proof.keys import VerifierKey
from kua.verify.entries import Entries
from kua.verify.report import Report


def tell_revoked(check: str, station: str, key: VerifierKey, nation: Entries | None, log: Entries, report: Report) -> None:
    """Write a line if the national log revokes `key`: how many statements it had not seen by the moment since which the key is not to be believed.

    A checkpoint of the station that the centre took in after the revocation is a fault of the centre (FAIL).
    """
    if nation is None:
        return
    orders = [(index, leaf) for index, leaf in nation.of_type("revoked") if (leaf["station"], leaf["vkey"]) == (station, str(key))]
    if not orders:
        return
    first, since = orders[0][0], min(leaf["since"] for _, leaf in orders)
    seen = [(index, leaf) for index, leaf in nation.of_type("station_checkpoint") if leaf["origin"] == log.head.origin]
    taken = [index for index, _ in seen if index > first]
    if taken:
        report.failed(check, "film.revoked_taken", index=taken[0], first=first)
    sure = max((leaf["size"] for _, leaf in seen if leaf["received_at"] < since), default=0)
    count = max(0, log.head.size - sure)
    facts = {"at": rfc3339(Instant(orders[0][1]["at"])), "since": rfc3339(Instant(since)), "article": orders[0][1]["article"]}
    if count:
        report.not_checked(check, "film.key_revoked", count=count, of=log.head.size, **facts)
    else:
        report.passed(check, "film.key_revoked_later", **facts)
