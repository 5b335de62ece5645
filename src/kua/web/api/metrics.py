# SPDX-License-Identifier: Apache-2.0
"""`/metrics`: how the centre and its stations stand, in the text format of Prometheus, for whoever keeps them running. Decides nothing.

Off unless the operator sets a token: where stations are weak is nobody's business on the day. Names and units are in docs/guide/centre.md.
"""

import asyncio
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from kua import __version__
from kua.core.errors import KuaError, Rejected
from kua.ports.index import InsideIndex, StationState
from kua.web.kit.asgi import App, Receive, Scope, Send, answer, answer_problem, header

STATES: Final = ("recording", "storing", "silent", "closed", "none")


@dataclass(frozen=True, slots=True)
class _Read(Collector):
    """What was read at one moment."""

    families: tuple[Metric, ...]

    def collect(self) -> Iterable[Metric]:
        return self.families


@final
class Standing:
    """Reads the index anew each time it is asked; keeps nothing."""

    def __init__(self, index: InsideIndex) -> None:
        self._index = index

    def collect(self) -> Iterable[Metric]:
        """Give every family once."""
        states = self._index.station_states()
        yield InfoMetricFamily("kua", "Version of this centre.", value={"version": __version__})
        yield from self._stations(states)
        yield from self._witnessed(states)
        yield from self._log()

    def _stations(self, states: Iterable[StationState]) -> Iterator[Metric]:
        now, each = self._index.now(), list(states)
        words = dict.fromkeys(STATES, 0)
        for state in each:
            words[state.state] += 1
        counted = GaugeMetricFamily("kua_stations", "Stations by what they do.", labels=["state"])
        for word, count in words.items():
            counted.add_metric([word], count)
        yield counted
        heard = GaugeMetricFamily("kua_station_leaf_age_seconds", "Time since the newest statement of a station came.", labels=["station"])
        late = GaugeMetricFamily("kua_station_late_seconds", "How far the film that came stays behind its time.", labels=["station"])
        owed = GaugeMetricFamily("kua_station_owed_segments", "Segments that a station says it still has to send.", labels=["station"])
        hidden = GaugeMetricFamily("kua_station_hidden", "1 while a camera's whole picture is filled.", labels=["station"])
        for state in each:
            if state.last_leaf_at is not None:
                heard.add_metric([state.station], max(0, now - state.last_leaf_at) / 1000)
            late.add_metric([state.station], state.late_ms / 1000)
            owed.add_metric([state.station], state.owed)
            hidden.add_metric([state.station], int(state.hidden_now))
        yield from (heard, late, owed, hidden)

    def _witnessed(self, states: Iterable[StationState]) -> Iterator[Metric]:
        longest = GaugeMetricFamily(
            "kua_station_unwitnessed_seconds", "Longest time from the end of a segment to the first outsider who had seen it.", labels=["station"]
        )
        waiting = GaugeMetricFamily("kua_station_unwitnessed_segments", "Segments that no outsider has seen yet.", labels=["station"])
        seen = CounterMetricFamily("kua_station_witnessed_segments", "Segments that an outsider has seen.", labels=["station"])
        phones = GaugeMetricFamily("kua_station_room_cosigners", "Telephones in the room that co-signed the log, as the station says.", labels=["station"])
        for state in states:
            known = self._index.witnessed(state.station)
            phones.add_metric([state.station], known.phones)
            if known.longest is not None:
                longest.add_metric([state.station], known.longest / 1000)
            waiting.add_metric([state.station], known.unseen)
            seen.add_metric([state.station], known.count)
        yield from (longest, waiting, seen, phones)

    def _log(self) -> Iterator[Metric]:
        head = self._index.nation_head()
        yield GaugeMetricFamily("kua_nation_entries", "Entries of the national log.", value=0 if head is None else head[0])
        size = GaugeMetricFamily("kua_cosigner_entries", "Entries of the national log that a co-signer signed last.", labels=["cosigner"])
        trouble = GaugeMetricFamily("kua_cosigner_trouble", "1 with the code of what keeps a co-signer from signing.", labels=["cosigner", "code"])
        for name, done, code in self._index.cosigner_states():
            size.add_metric([name], max(done, 0))
            if code:
                trouble.add_metric([name, code], 1)
        yield from (size, trouble)


def build_metrics(index: InsideIndex, token: str) -> App:
    """Return the application behind `/metrics`; it answers who gives `token` (not empty) as `Authorization: Bearer`."""
    standing = Standing(index)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - an ASGI application takes three
        try:
            if scope["path"] != "/metrics" or scope["method"] != "GET":
                raise Rejected("web.not_found")
            if not hmac.compare_digest(header(scope, b"authorization").removeprefix("Bearer ").encode(), token.encode()):
                raise Rejected("metrics.token")
        except KuaError as error:
            await answer_problem(scope, send, error)
            return
        read = _Read(tuple(standing.collect()))  # here, where nothing else changes the books; ten thousand stations are written out elsewhere
        text = await asyncio.to_thread(generate_latest, read)
        await answer(send, 200, [(b"content-type", CONTENT_TYPE_LATEST.encode()), (b"cache-control", b"no-store")], text)

    return app
