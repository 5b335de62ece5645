# SPDX-License-Identifier: Apache-2.0
"""Objection 4: in villages the internet is weak. What a thin line lowers is stated, shown as that, and made good by the full film afterwards.

A real `hide` makes film and lowered film of a drawn room; a box that is written from the specification sends them to a real centre; the verifier reads.
"""

from pathlib import Path
from typing import Any

from kua.adapters.codecs.segmenter import Segmenter
from kua.core.digest import sha256
from kua.flow.thin import Rung
from kua.station.lowered import LowerMeans
from kua.station.pipe import Covered, Init, Live, LiveInit, Piece
from kua.verify.film import verify_film
from tests.integration.test_centre_day import add_calibration, started
from tests.rigs.centre import DELAY, STATION, Box, HandClock, found, running
from tests.rigs.recording import Recording

LINE: tuple[tuple[Rung, int], ...] = (("full", 1), ("small", 1), ("slow", 2), ("still", 5), ("none", 2), ("slow", 1), ("full", 1))
"""A line that gets worse and better again: rungs, and for how many slots."""


def filmed() -> Recording:
    """What `hide` sends on over that line."""
    now: list[Rung] = ["full"]

    def open_film(takes: Any, makes: Any, fps: int, bits: int, start: Any, emit: Any) -> Segmenter:
        return Segmenter(*takes, fps, bits, "ultrafast", emit, made=makes, start=start)

    recording = Recording(phase=lambda _at: "rehearsal", lower=LowerMeans(lambda: now[0], 10, open_film, 90))
    recording.connect()
    for rung, slots in LINE:
        now[0] = rung
        recording.show(recording.people(40 * slots))
    recording.hide.finish(ended=True)
    return recording


def state(box: Box, recording: Recording) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Add the leaves of the recording to the box's log; return the files of the film and of the lowered film by their digests."""
    heads = {init.run: init.payload for init in recording.of(Init)} | {init.run: init.payload for init in recording.of(LiveInit)}
    lives = {live.t0: live for live in recording.of(Live)}
    full, small = {}, {}
    for message in recording.sent:
        if isinstance(message, Covered):
            box.add("hidden", at=message.t1, cam="a", t0=message.t0, t1=message.t1, reason=message.reason)
        if not isinstance(message, Piece):
            continue
        if message.t0 > box.end:
            box.add("gap", at=message.t0, cam="a", seq=box.seq, t0=box.end, t1=message.t0, reason="starting")
            box.seq += 1
        more: dict[str, Any] = {}
        live = lives.get(message.t0)
        if live is not None:
            more["live"] = {"rung": live.rung}
        if live is not None and live.payload:
            more["live"] |= {
                "run": live.run, "sha256": sha256(live.payload).hex(), "size": len(live.payload), "init": sha256(heads[live.run]).hex(),
                "width": live.width, "height": live.height, "fps_milli": live.fps_milli, "frames": live.frames,
            }  # fmt: skip
            small |= {sha256(data).hex(): data for data in (heads[live.run], live.payload)}
        head = heads[message.run]
        box.film(
            message.payload,
            head,
            run=message.run,
            t0=message.t0,
            t1=message.t1,
            slot=message.slot,
            frames=message.frames,
            at=message.t1,
            **more,
        )
        full |= {sha256(data).hex(): data for data in (head, message.payload)}
    return full, small


async def test_what_a_thin_line_lowers_is_stated_shown_and_later_made_good(tmp_path: Path) -> None:
    folder, clock = tmp_path / "centre", HandClock()
    found(folder)
    async with running(folder, clock) as (centre, web):
        box = await started(centre, web)
        papers = add_calibration(box, folder)
        full, small = state(box, filmed())
        assert (await box.send_log()).status_code == 200, "the statements go first, and are whole"
        for data in (*papers, *small.values()):
            assert (await box.put(data)).status_code == 201
        clock.at = box.end + DELAY
        await centre.broadcast.publish(STATION)
        film = centre.tree / "s" / STATION / "film/a"
        day = (film / "day.m3u8").read_text()
        # Stated: the log says of each segment what was sent at once.
        told = [line.removeprefix("#EXT-X-KUA-LOWERED:") for line in day.splitlines() if line.startswith("#EXT-X-KUA")]
        assert list(dict.fromkeys(told)) == ["small", "slow", "still", "none"]
        # Shown: what came over the line can be seen, is the one that was signed for, and is called what it is.
        pictures = [line for line in day.splitlines() if line.startswith("live/")]
        assert len(pictures) == 1 + 2 + 2 + 1
        thin = verify_film(str(centre.tree))
        assert thin.exit_code == 0, thin.to_json()
        assert {line.code: dict(line.facts) for line in thin.lines}["film.lowered_holds"] == {"count": 6, "alone": 6}
        assert thin.summary["segments_lowered"] == 6
        bytes_at_once = sum(map(len, small.values()))
        assert bytes_at_once < sum(map(len, full.values())) / 4
        # Made good: the full film follows, takes the place of the lowered one, and every segment of it holds.
        for data in full.values():
            assert (await box.put(data)).status_code == 201
        box.add("close", at=box.end, reason="end_of_day")
        await box.send_log()
        clock.at = box.end + DELAY + 60_000
        await centre.broadcast.publish(STATION)
        day = (film / "day.m3u8").read_text()
        assert "LOWERED" not in day
        assert "live/" not in day
        assert day.endswith("#EXT-X-ENDLIST\n")
        made_good = verify_film(str(centre.tree))
        assert made_good.exit_code == 0, made_good.to_json()
        assert made_good.summary["segments_verified"] == made_good.summary["segments_logged"] == sum(slots for _, slots in LINE) + 1
        figures = [report.summary["stations"][0]["cameras"]["a"]["seconds_recorded"] for report in (thin, made_good)]
        assert figures[0] == figures[1], "what is recorded is what the full film is, whatever the line bore"
