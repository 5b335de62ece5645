# SPDX-License-Identifier: Apache-2.0
"""Ten thousand stations come back together after an outage: the rules of the spool and of the gate, played on a clock that is moved by hand.

No network and no real time. Each station has what it owes, its lanes and its back-off; the centre has its gate. A request costs what it does on a line
of 10 Mbit/s.
"""

import heapq
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from kua.core.digest import Digest
from kua.core.instant import SLOT, Instant, Millis
from kua.flow.gate import Gate
from kua.flow.spool import LANES, Lane, Owed, SendFile, SendLog, Spool, Wait

BACK = 1_800_000_000_000
"""When the centre is there again."""
TAKES: dict[Lane, int] = {"log": 60, "live": 220, "backlog": 220, "beat": 60}
"""Milliseconds of a request that is answered; a refusal takes `REFUSAL`."""
REFUSAL = 60


@dataclass
class Country:
    """`stations` with what they made while the centre was away for `outage` milliseconds; the centre declares `limit` requests a second."""

    stations: int
    outage: int
    limit: int
    seed: int = 1
    requests: Counter[int] = field(default_factory=Counter)
    """Requests in each hundredth of a second since `BACK`, the refused among them."""
    refused: int = 0
    logs_at: list[int] = field(default_factory=list)
    """When each station's log was complete for the first time."""

    def play(self, seconds: int) -> int:
        """Play so many seconds, or until nothing is owed but what was made just now; return the files that are owed at the end."""
        chance, gate = random.Random(self.seed), Gate(self.limit)
        spools = [self._spool(number, chance) for number in range(self.stations)]
        has_log = [False] * self.stations
        # Each lane of each station looks for something to do at its own time; a station makes film every four seconds, each at its own moment.
        events = [(BACK + chance.randrange(60_000), number, lane) for number in range(self.stations) for lane in LANES]
        events += [(BACK + chance.randrange(SLOT), number, "film") for number in range(self.stations)]
        heapq.heapify(events)
        end = BACK + seconds * 1000
        while events:
            now, number, lane = heapq.heappop(events)
            if now >= end:
                break
            spool = spools[number]
            if lane == "film":
                self._film(spool, number, now)
                heapq.heappush(events, (now + SLOT, number, "film"))
                continue
            spool.ended(lane)
            step = spool.step(Instant(now), lane)
            if isinstance(step, SendLog | SendFile):
                again = self._ask(gate, spool, number, lane, step, now, chance)
                if not has_log[number] and spool.sent == spool.signed:
                    has_log[number] = True
                    self.logs_at.append(now - BACK)
            else:
                again = step.until if isinstance(step, Wait) else now + 1_000
            heapq.heappush(events, (max(now + 1, again), number, lane))
        return sum(spool.owed for spool in spools)

    def busiest(self) -> int:
        """Return the most requests in any second."""
        most = total = 0
        for place in range(max(self.requests) + 1):
            total += self.requests[place] - self.requests[place - 100]
            most = max(most, total)
        return most

    def _ask(self, gate: Gate, spool: Spool, number: int, lane: Lane, step: SendLog | SendFile, now: int, chance: random.Random) -> int:
        self.requests[(now - BACK) // 10] += 1
        wait = gate.wait(Millis(now - BACK), str(number), film=isinstance(step, SendFile))
        if wait:
            self.refused += 1
            asked = Millis(-(-wait // 1000) * 1000)  # the header has whole seconds
            return spool.failed(Instant(now + REFUSAL), chance.random(), asked, lane)
        if isinstance(step, SendLog):
            spool.log_sent(spool.signed)
        else:
            spool.delivered(step.owed.digest, lane)
            told = gate.after(Millis(now + TAKES[lane] - BACK), str(number))
            if told:
                spool.asked(lane, Instant(now + TAKES[lane]), Millis(-(-told // 1000) * 1000), chance.random())
        return now + TAKES[lane]

    def _spool(self, number: int, chance: random.Random) -> Spool:
        spool = Spool()
        for t0 in range(BACK - self.outage, BACK, SLOT):
            self._film(spool, number, t0 + SLOT)
        for _ in range(8):
            spool.failed(Instant(BACK), 0.0)
        spool.failed(Instant(BACK), chance.random())
        return spool

    @staticmethod
    def _film(spool: Spool, number: int, now: int) -> None:
        spool.grew(spool.signed + 1)
        spool.owe([Owed(Digest(number.to_bytes(16, "big") + now.to_bytes(16, "big")), 250_000, Instant(now - SLOT), after=spool.signed)])


@pytest.mark.parametrize(
    ("stations", "limit"), [(1_000, 800), pytest.param(10_000, 8_000, marks=[pytest.mark.soak, pytest.mark.timeout(900)])]
)
def test_stations_that_come_back_together_stay_under_the_limit(stations: int, limit: int) -> None:
    """A minute away. What ten thousand make meanwhile is 5,000 requests a second for ever; the centre declares 8,000."""
    country = Country(stations, 60_000, limit)
    owed = country.play(100)
    print(
        f"busiest second {country.busiest()}, refused {country.refused} of {country.requests.total()}, last log {max(country.logs_at)} ms, owed {owed}"
    )
    assert country.busiest() <= country.limit
    assert country.refused <= 3 * stations  # each lane once
    assert len(country.logs_at) == stations
    assert max(country.logs_at) <= 62_000  # the back-off that they had when the centre came back


def test_without_times_of_their_own_they_come_back_in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the promises are for: the same stations, each told the same two seconds."""
    monkeypatch.setattr(Gate, "wait", lambda gate, now, who, *, film, real=Gate.wait: min(real(gate, now, who, film=film), Millis(2_000)))
    monkeypatch.setattr(Gate, "after", lambda *_: Millis(0))
    country = Country(1_000, 60_000, 800)
    country.play(90)
    assert country.busiest() > country.limit
    assert country.refused > 3 * country.stations
