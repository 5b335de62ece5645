# SPDX-License-Identifier: Apache-2.0
"""`fetch` on a clock set by hand: what it does when a camera answers, falls silent, refuses or ends."""

import threading
from collections import deque
from collections.abc import Callable

import pytest

from kua.core.errors import KuaError, Misused, Refused, Rejected, Unavailable
from kua.core.instant import Instant, Millis
from kua.ports.source import Compressed, Described, Source
from kua.station.fetch import Fetch, News, Noticed, QueueInbox, Threads, read_on
from kua.station.pipe import Beat, Ended, Fault, Lost, Message, Packet, Start
from kua.testing.clock import ManualClock

H264 = Described("h264", 1280, 720, 1, 90_000, b"\x01")
PACKET = Compressed(900, True, Instant(1), b"x")
OTHER = Compressed(901, True, Instant(1), b"y")
What = Described | Compressed | KuaError | int | None


class Script:
    """An inbox that plays a script for each connection: what comes, or how many milliseconds nothing comes."""

    def __init__(self, clock: ManualClock, *connections: list[What]) -> None:
        self.clock = clock
        self.scripts = [deque(connection) for connection in connections]
        self.turn = 0
        self.opened_at: list[int] = []
        self.over: Callable[[], None] = lambda: None

    def start(self, turn: int) -> None:
        self.turn = turn
        self.opened_at.append(self.clock.monotonic())

    def put(self, news: News) -> None:
        raise AssertionError

    def get(self, wait: Millis) -> News | None:
        script = self.scripts[self.turn - 1] if self.turn <= len(self.scripts) else deque[What]()
        if not script:
            if self.turn >= len(self.scripts):
                self.over()
            self.clock.advance(wait)
            return None
        what = script.popleft()
        if isinstance(what, int):
            self.clock.advance(min(wait, what))
            if what > wait:
                script.appendleft(what - wait)
            return None
        return News(self.turn, what)


def play(*connections: list[What], live: bool = True, share: float = 0.5, stop: bool = True) -> tuple[list[Message], Script]:
    clock = ManualClock()
    script = Script(clock, *connections)
    sent: list[Message] = []
    fetch = Fetch(script.start, script, clock, lambda: share, sent.append, live=live)
    if stop:
        script.over = fetch.stop
    fetch.run()
    return [message for message in sent if not isinstance(message, Beat)], script


def test_packets_are_handed_over_as_they_come() -> None:
    sent, _ = play([H264, PACKET, 40, PACKET])
    assert sent == [Start("h264", 1280, 720, 1, 90_000, b"\x01"), Packet(900, True, 1, b"x"), Packet(900, True, 1, b"x"), Ended()]


def test_a_silent_camera_is_given_up_after_five_seconds_and_opened_anew() -> None:
    sent, script = play([H264, PACKET, 60_000], [H264, PACKET])
    lost = [message for message in sent if isinstance(message, Lost)]
    assert [each.reason for each in lost] == ["camera_silent"]
    assert script.opened_at[1] - script.opened_at[0] == 5_000 + 500
    assert [type(each) for each in sent] == [Start, Packet, Lost, Start, Packet, Ended]


def test_a_camera_that_hangs_after_the_greeting_is_given_up() -> None:
    sent, script = play([40_000], [H264])
    assert [type(each) for each in sent] == [Lost, Start, Ended]
    assert script.opened_at[1] - script.opened_at[0] == 15_000 + 500


def test_a_refused_password_is_said_and_tried_again_slowly() -> None:
    refused = Refused("source.refused", address="rtsp://camera/")
    sent, script = play([refused], [refused], [H264])
    assert [each.reason for each in sent if isinstance(each, Lost)] == ["camera_refused"] * 2
    assert script.opened_at == [script.opened_at[0] + wait for wait in (0, 45_000, 90_000)]


def test_a_dead_server_is_tried_at_growing_intervals() -> None:
    dead = Unavailable("source.unreachable", address="rtsp://camera/", how="x")
    _, script = play(*[[dead]] * 9, [H264], share=0.999)
    waits = [two - one for one, two in zip(script.opened_at, script.opened_at[1:], strict=False)]
    assert waits == [999, 1998, 3996, 7992, 15984, 31968, 59940, 59940, 59940]


def test_a_minute_of_health_makes_the_next_wait_short() -> None:
    dead = Unavailable("source.unreachable", address="rtsp://camera/", how="x")
    healthy: list[What] = [H264, *[what for _ in range(20) for what in (PACKET, 4_000)], PACKET, dead]
    _, script = play(*[[dead]] * 5, healthy, [H264])
    assert script.opened_at[6] - script.opened_at[5] == 80_000 + 500


def test_what_an_abandoned_reader_still_says_is_thrown_away() -> None:
    class Haunted(Script):
        def get(self, wait: Millis) -> News | None:
            news = super().get(wait)
            return News(1, PACKET) if news is None and self.turn == 2 else news

    clock = ManualClock()
    script = Haunted(clock, [H264, 60_000], [H264])
    sent: list[Message] = []
    fetch = Fetch(script.start, script, clock, lambda: 0.5, sent.append, live=True)
    script.over = fetch.stop
    fetch.run()
    assert not [message for message in sent if isinstance(message, Packet)]


def test_a_film_ends_and_a_camera_does_not() -> None:
    sent, _ = play([H264, PACKET, None], live=False, stop=False)
    assert [type(each) for each in sent] == [Start, Packet, Ended]
    sent, _ = play([H264, PACKET, None], [H264], live=True)
    assert [each.reason for each in sent if isinstance(each, Lost)] == ["camera_lost"]


@pytest.mark.parametrize("error", [Misused("source.no_file", address="file:x"), Rejected("source.not_video", address="file:x")])
def test_a_source_that_is_wrong_from_the_start_is_an_error_of_the_settings(error: KuaError) -> None:
    with pytest.raises(type(error)) as caught:
        play([error])
    assert caught.value.code == error.code


def test_a_camera_that_shows_no_video_for_once_is_not_the_end() -> None:
    sent, _ = play([H264, PACKET, Unavailable("source.silent", address="")], [Rejected("source.not_video", address="")], [H264])
    assert [each.reason for each in sent if isinstance(each, Lost)] == ["camera_silent", "camera_lost"]


def test_it_tells_that_it_lives_while_it_waits() -> None:
    clock = ManualClock()
    script = Script(clock, [H264, 4_500])
    sent: list[Message] = []
    fetch = Fetch(script.start, script, clock, lambda: 0.5, sent.append, live=True)
    script.over = fetch.stop
    fetch.run()
    assert len([message for message in sent if isinstance(message, Beat)]) >= 4


class Plugin:
    described = H264

    def __init__(self, error: Exception | None) -> None:
        self.error, self.left, self.closed = error, 2, 0

    def read(self) -> Compressed | None:
        self.left -= 1
        if self.left >= 0:
            return Compressed(self.left, False, None, b"x")
        if self.error:
            raise self.error
        return None

    def close(self) -> None:
        self.closed += 1


class Box:
    def __init__(self) -> None:
        self.news: list[News] = []

    def put(self, news: News) -> None:
        self.news.append(news)

    def get(self, wait: Millis) -> News | None:
        raise AssertionError


def test_a_reader_dates_packets_and_closes_its_source() -> None:
    clock, box, plugin = ManualClock(), Box(), Plugin(None)
    opened: Source = plugin
    read_on(3, lambda: opened, clock, box)
    assert [news.what.arrival for news in box.news if isinstance(news.what, Compressed)] == [clock.now()] * 2
    assert box.news[-1] == News(3, None)
    assert plugin.closed == 1


def test_a_foreign_error_is_told_without_its_words() -> None:
    box, plugin = Box(), Plugin(RuntimeError("rtsp://admin:secret@camera/"))
    opened: Source = plugin
    read_on(1, lambda: opened, ManualClock(), box)
    last = box.news[-1].what
    assert isinstance(last, Unavailable)
    assert "secret" not in f"{last!r}{last.__cause__!r}{last.__context__!r}"


def test_a_camera_without_room_for_us_refuses_and_is_tried_at_growing_intervals() -> None:
    busy = Unavailable("source.busy", address="rtsp://camera/")
    sent, script = play([busy], [busy], [H264])
    assert [each.reason for each in sent if isinstance(each, Lost)] == ["camera_refused"] * 2
    assert [two - one for one, two in zip(script.opened_at, script.opened_at[1:], strict=False)] == [500, 1_000]


def test_what_the_device_itself_tells_goes_on_beside_its_packets_whatever_connection_there_is() -> None:
    class Telling(Script):
        def get(self, wait: Millis) -> News | None:
            news = super().get(wait)
            return (
                News(0, Noticed("tamper", "begin"))
                if news is not None and isinstance(news.what, Compressed) and news.what is OTHER
                else news
            )

    clock = ManualClock()
    script = Telling(clock, [H264, PACKET, OTHER, PACKET])
    sent: list[Message] = []
    fetch = Fetch(script.start, script, clock, lambda: 0.5, sent.append, live=True)
    script.over = fetch.stop
    fetch.run()
    told = [message for message in sent if not isinstance(message, Beat)]
    assert [type(message) for message in told] == [Start, Packet, Fault, Packet, Ended]
    assert told[2] == Fault(told[2].at, "tamper", "begin")  # type: ignore[union-attr]


def test_the_cameras_own_time_and_the_clock_of_its_device_are_handed_on() -> None:
    told = Described("h264", 1280, 720, 1, 90_000, b"", Millis(18_000_000))
    sent, _ = play([told, Compressed(900, True, Instant(7), b"x", Instant(18_000_007))])
    assert sent[0] == Start("h264", 1280, 720, 1, 90_000, b"", True, 18_000_000)
    assert sent[1] == Packet(900, True, 7, b"x", 18_000_007)


def test_a_reader_that_was_given_up_ends_with_its_next_packet_and_lets_its_session_go() -> None:
    held = [threading.Event(), threading.Event()]
    closed: list[int] = []

    class Waking(Plugin):
        """A camera that hangs until it is woken, and then sends on for ever."""

        def __init__(self, number: int) -> None:
            super().__init__(None)
            self.number = number

        def read(self) -> Compressed:
            held[self.number].wait(10)
            return PACKET

        def close(self) -> None:
            closed.append(self.number)

    opened = iter(range(2))
    inbox = QueueInbox()
    readers = Threads(lambda: Waking(next(opened)), ManualClock(), inbox)
    readers(1)
    first = readers._newest
    assert first is not None
    readers(2)
    held[0].set()
    first.join(10)
    assert closed == [0]
    held[1].set()
    readers.end(Millis(10_000))
    assert closed == [0, 1]


def test_a_telephone_that_is_waited_for_is_taken_the_moment_it_comes() -> None:
    waiting = Unavailable("source.waiting")
    sent, script = play([10_000, waiting], [10_000, waiting], [10_000, waiting], [3_000, H264, PACKET])
    began = script.opened_at[0]
    assert [at - began for at in script.opened_at] == [0, 10_000, 20_000, 30_000], "no pause: it has waited already, and nobody was hammered"
    assert [type(message) for message in sent] == [Lost, Lost, Lost, Start, Packet, Ended]
    assert {message.reason for message in sent if isinstance(message, Lost)} == {"camera_lost"}
