# SPDX-License-Identifier: Apache-2.0
"""What those who run a centre read of it: the library that reads metrics understands them, and nobody else gets them."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kua.app.centre import build
from kua.core.errors import Misused
from kua.proof.cosign import cosign
from kua.proof.keys import SigningKey
from kua.proof.note import add_signatures, parse_note
from tests.rigs.centre import STATION, Box, HandClock, found, running

TOKEN = "a-token-of-the-metrics"


def figures(text: str) -> dict[tuple[str, str], float]:
    """Every sample by its name and the value of its first label."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value for family in text_string_to_metric_families(text) for sample in family.samples
    }


async def test_the_metrics_say_what_waits_for_its_first_outsider(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    clock = HandClock()
    async with running(tmp_path / "centre", clock, KUA_METRICS_TOKEN=TOKEN) as (centre, web):
        box = Box(centre, web)
        await box.enrol()
        box.open()
        box.film(b"film", b"init")
        note, phone = box.checkpoint(), SigningKey.from_seed("observer/10-245/00000001", bytes(32))
        signed = add_signatures(note, [cosign(parse_note(note).text, phone, 1_800_000_000)])
        box.add("observer", at=box.end, vkey=str(phone.cosigner), note=signed.decode())
        await box.send_log()
        clock.at += 5_000
        answer = await web.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        told = figures(answer.text)
        assert told["kua_station_unwitnessed_segments", STATION] == 1
        assert told["kua_station_witnessed_segments_total", STATION] == 0
        assert told["kua_station_room_cosigners", STATION] == 1
        assert told["kua_station_owed_segments", STATION] == 0, "no heartbeat has said otherwise"
        assert told["kua_station_leaf_age_seconds", STATION] == 5
        assert told["kua_nation_entries", ""] == centre.nation.head.size
        assert sum(value for (name, _), value in told.items() if name == "kua_stations") == len(centre.desk.station_states())
        assert ("kua_station_unwitnessed_seconds", STATION) not in told


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer guessed"}, {"Authorization": TOKEN[:-1]}])
async def test_whoever_lacks_the_token_reads_nothing(tmp_path: Path, given: dict[str, str]) -> None:
    found(tmp_path / "centre")
    async with running(tmp_path / "centre", HandClock(), KUA_METRICS_TOKEN=TOKEN) as (_, web):
        refused = await web.get("/metrics", headers=given)
        assert refused.status_code == 401
        assert refused.json()["code"] == "metrics.token"


async def test_without_a_token_there_are_no_metrics_and_a_short_one_is_refused(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    async with running(tmp_path / "centre", HandClock()) as (_, web):
        assert (await web.get("/metrics")).status_code == 404
    with pytest.raises(Misused, match=r"metrics\.short_token"):
        build(tmp_path / "centre", environment={"KUA_METRICS_TOKEN": "short"})
