# SPDX-License-Identifier: Apache-2.0
"""What happens in a scene: who walks where, reaches for the slot when, and with what. Drawn from a seed; nothing is rendered here.

Lengths are metres, times seconds from the scene's beginning. x runs along the back wall, y from the camera's side of the room towards it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from kua.core.errors import Misused

Spot = tuple[float, float]
"""x and y on the floor, in metres."""

STORIES: Final = ("drops", "pack", "wall", "swap", "opening", "count", "day", "all", "visits")
"""What a scene can be about."""
HARDNESS: Final = range(4)

BOX: Final[Spot] = (0.0, 1.0)
"""Where the ballot box stands."""
SHOW: Final[Spot] = (-0.9, 0.2)
"""Where things are shown to the camera."""
COUNT: Final[Spot] = (1.7, 2.2)
"""The middle of the counting table."""
ISSUE: Final[Spot] = (-2.0, 2.6)
"""The middle of the issue table."""
DOOR: Final[Spot] = (3.6, 2.9)
BOOTHS: Final[tuple[Spot, ...]] = ((-3.4, -0.7), (-3.4, -1.7))
"""Where no camera sees one behind or before the slot: a booth's mask is filled, and would take its part of the slot with it."""
PILES: Final = 4
"""Piles on the counting table."""
PLACES: Final[tuple[Spot, ...]] = tuple((-1.55 + 0.62 * number, 1.85 + 0.06 * (number % 2)) for number in range(6))
"""Where people wait for a ballot: the first is served."""
LID_TOP: Final = 0.97
"""Height of a hand that lies on the lid."""
RISE: Final = 0.6
"""A hand is at the slot from its start by at least so long."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A hand goes to a target at `t`, takes `rise` seconds, stays `hold`, and goes back. `paper`: none, ballot, pack; it is let go at `let_go`."""

    t: float
    rise: float
    hold: float
    paper: str
    at: tuple[float, float, float]

    @property
    def let_go(self) -> float:
        """When the paper leaves the hand."""
        return self.t + self.rise + 0.25

    @property
    def end(self) -> float:
        """When the hand is back."""
        return self.t + 2 * self.rise + self.hold


@dataclass(frozen=True, slots=True)
class Act:
    """One person's time in the picture: way points (time, spot), reaches, where they look while they stand."""

    kind: str
    way: tuple[tuple[float, Spot], ...]
    reaches: tuple[Reach, ...]
    look: int
    """Seed of how the person looks."""
    tall: float
    facing: Spot
    papers_from: float = 0.0
    """From when the first paper is in the hand."""
    looks: tuple[tuple[float, Spot], ...] = ()
    """From when the person looks elsewhere than at `facing`."""

    @property
    def begin(self) -> float:
        """When the person comes."""
        return self.way[0][0]

    @property
    def end(self) -> float:
        """When the person has gone."""
        return self.way[-1][0]

    def spot(self, t: float) -> Spot:
        """Where the person is at `t`, which lies within the act."""
        for (t0, a), (t1, b) in zip(self.way, self.way[1:], strict=False):
            if t0 <= t <= t1:
                part = (t - t0) / max(t1 - t0, 1e-6)
                return (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part)
        return self.way[-1][1]

    def looks_at(self, t: float) -> Spot:
        """What a person who stands looks at."""
        return next((spot for since, spot in reversed(self.looks) if since <= t), self.facing)


@dataclass(frozen=True, slots=True)
class Event:
    """What the truth says: `n` is ballots (drop, pack), people (wall) or the pile (pile_moved); `who` is the `look` of the one who did it."""

    kind: str
    t0: float
    t1: float
    n: int = 1
    who: int | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A thing goes from one place to another between `t0` and `t1`: a box (0 the first, 1 the other) or a part of a pile."""

    what: str
    number: int
    t0: float
    t1: float
    to: tuple[float, float, float]
    tilt: float = 0.0


@dataclass(frozen=True, slots=True)
class Script:
    """All of a scene. `lamps` are (time, factor) from which on the lamps give so much light."""

    seconds: float
    acts: tuple[Act, ...]
    events: tuple[Event, ...]
    moves: tuple[Move, ...] = ()
    lamps: tuple[tuple[float, float], ...] = ()
    drift: float = 0.0
    phases: tuple[tuple[float, str], ...] = ((0.0, "voting"),)

    def number_of(self, who: int | None) -> int | None:
        """The person whose `look` this is, by the order in which they come."""
        return next((number for number, act in enumerate(self.acts) if act.look == who), None)


@dataclass
class _Pen:
    """Collects while a script is written."""

    dice: np.random.Generator
    hard: int
    acts: list[Act] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)

    def draw(self, low: float, high: float) -> float:
        """Draw a number."""
        return float(self.dice.uniform(low, high))

    def walk(self, start: float, spots: Sequence[tuple[Spot, float]]) -> tuple[tuple[float, Spot], ...]:
        """Return way points through `spots`, each with how long one stays there."""
        speed, t = self.draw(1.0, 1.5), start
        way: list[tuple[float, Spot]] = []
        for number, (spot, stay) in enumerate(spots):
            if number:
                before = spots[number - 1][0]
                t += float(np.hypot(spot[0] - before[0], spot[1] - before[1])) / speed
            way.append((t, spot))
            if stay:
                t += stay
                way.append((t, spot))
        return tuple(way)

    def act(self, kind: str, way: tuple[tuple[float, Spot], ...], reaches: Sequence[Reach] = (), facing: Spot = BOX) -> Act:
        """Add a person."""
        child = self.hard >= 1 and self.dice.random() < 0.08 and not reaches
        tall = self.draw(0.62, 0.8) if child else self.draw(0.92, 1.08)
        made = Act(kind, way, tuple(reaches), int(self.dice.integers(1, 2**31)), tall, facing)
        self.acts.append(made)
        return made

    def edge(self) -> Spot:
        """A place outside the picture, or at a booth, to come from."""
        return (float(self.dice.choice([-1.0, 1.0])) * 3.2, self.draw(-2.2, -0.8))

    def stand(self, spread: float = 0.5) -> Spot:
        """A place before the box."""
        angle, far = self.draw(-spread, spread) - np.pi / 2, self.draw(0.5, 0.62)
        return (BOX[0] + float(np.cos(angle)) * far, BOX[1] + float(np.sin(angle)) * far)

    def slot(self) -> tuple[float, float, float]:
        """A point just above the slot."""
        return (BOX[0] + self.draw(-0.08, 0.08), BOX[1], 0.985)


_KINDS: Final = ("vote", "vote2", "pass", "companion", "official", "queue", "false")
_CHANCES: Final = (
    (0.55, 0.08, 0.15, 0.08, 0.06, 0.08, 0.00),
    (0.50, 0.10, 0.15, 0.08, 0.06, 0.06, 0.05),
    (0.44, 0.12, 0.16, 0.10, 0.05, 0.06, 0.07),
    (0.38, 0.14, 0.18, 0.12, 0.05, 0.05, 0.08),
)
_GAPS: Final = (3.5, 3.0, 2.4, 1.8)
_AT_ONCE: Final = (4, 5, 7, 8)


def script(seed: int, hard: int, story: str, seconds: float) -> Script:
    """Write a scene's script. Raises `Misused("scenes.hard" | "scenes.story" | "scenes.minutes")`."""
    if hard not in HARDNESS:
        raise Misused("scenes.hard", given=hard)
    if story not in STORIES:
        raise Misused("scenes.story", given=story[:40], known=", ".join(STORIES))
    if not 4 <= seconds <= 24 * 3600:
        raise Misused("scenes.minutes", given=round(seconds / 60, 2))
    pen = _Pen(np.random.default_rng([seed, hard, STORIES.index(story)]), hard)
    phases: tuple[tuple[float, str], ...] = ((0.0, "voting"),)
    if story == "count":
        _count(pen, 1.0, seconds)
        phases = ((0.0, "count"),)
    elif story == "opening":
        _opening(pen, 1.0, seconds)
        phases = ((0.0, "opening"),)
    elif story == "visits":
        _visits(pen, 1.0, seconds - 1)
    elif story == "day":
        _drops(pen, 1.0, seconds - 2, 60.0)
    else:
        _drops(pen, 1.0, seconds - 2, _GAPS[hard], busy=story == "drops")
        if story in ("pack", "all"):
            _every(pen, seconds, 25.0, _pack)
        if story in ("wall", "all"):
            _every(pen, seconds, 60.0, _wall)
        if story in ("swap", "all"):
            _swap(pen, seconds * 0.75)
    lamps: tuple[tuple[float, float], ...] = ()
    if hard >= 2:
        lamps = tuple((pen.draw(0.1, 0.9) * seconds, float(pen.dice.choice([0.8, 1.2]))) for _ in range(hard - 1))
    whole = Script(
        seconds, tuple(sorted(pen.acts, key=lambda act: act.begin)), tuple(sorted(pen.events, key=lambda event: (event.t0, event.kind))),
        tuple(sorted(pen.moves, key=lambda move: move.t0)), tuple(sorted(lamps)), 0.03 + 0.02 * hard, phases,
    )  # fmt: skip
    return replace(whole, events=tuple(event for event in whole.events if event.t1 <= seconds))


def _drops(pen: _Pen, begin: float, end: float, gap: float, *, busy: bool = True) -> None:
    """Voters at the box and those about them, one after another as they come."""
    t, free = begin, [0.0] * _AT_ONCE[pen.hard]
    while True:
        kind = str(pen.dice.choice(_KINDS, p=_CHANCES[pen.hard]))
        t += float(pen.dice.exponential(gap if busy else gap * 2.5)) + 1.0
        place = int(np.argmin(free))
        t = max(t, free[place])
        if t > end - 9:
            return
        before = len(pen.events)
        made = _one(pen, kind, t)
        if made.end > end:
            pen.acts.pop()
            del pen.events[before:]
            return
        free[place] = made.end + 0.2


def _of(act: Act) -> list[Event]:
    """The events of one person's reaches."""
    return [_dropped(reach, act) for reach in act.reaches if reach.paper != "none"] + [
        Event("false_approach", reach.t, reach.end, 1, act.look) for reach in act.reaches if reach.paper == "none"
    ]


def _dropped(reach: Reach, act: Act) -> Event:
    pack = reach.paper == "pack"
    return Event("pack" if pack else "drop", reach.t, reach.end, 12 if pack else 1, act.look)


def _one(pen: _Pen, kind: str, t: float) -> Act:
    enter, leave = pen.edge(), pen.edge()
    if kind == "pass":
        made = pen.act(kind, pen.walk(t, ((enter, 0), ((pen.draw(-0.4, 0.4), pen.draw(-0.6, 0.25)), 0), (leave, 0))))
    elif kind in ("companion", "queue"):
        near = pen.stand()
        spot = (near[0] + float(pen.dice.choice([-0.6, 0.6])), near[1] - 0.35)
        made = pen.act(kind, pen.walk(t, ((enter, 0), (spot, pen.draw(3, 9)), (leave, 0))))
    else:
        made = _reaching(pen, kind, t, enter, leave)
    pen.events.extend(_of(made))
    return made


def _reaching(pen: _Pen, kind: str, t: float, enter: Spot, leave: Spot) -> Act:
    """Whoever puts a hand to the slot: with a ballot, with two, with none."""
    spot = pen.stand()
    if kind == "official":
        spot = (BOX[0] + float(pen.dice.choice([-1.0, 1.0])) * 0.6, BOX[1] + 0.1)
    arrive = pen.walk(t, ((enter, 0), (spot, 0)))[-1][0]
    speed_again = arrive - t
    wait, reaches = pen.draw(0.6, 2.0), []
    paper = "ballot" if kind in ("vote", "vote2") else "none"
    for _ in range(2 if kind == "vote2" else 1):
        hold = pen.draw(1, 4) if kind == "official" else pen.draw(0.3, 1.5)
        reach = Reach(arrive + wait, pen.draw(0.5, 0.9), hold, paper, pen.slot())
        reaches.append(reach)
        wait = reach.end - arrive + pen.draw(0.3, 1.2)
    gone = reaches[-1].end + pen.draw(0.2, 0.8)
    way = ((t, enter), (arrive, spot), (gone, spot), (gone + speed_again * pen.draw(0.9, 1.2), leave))
    return pen.act(kind, way, reaches)


def _every(pen: _Pen, seconds: float, period: float, write: Callable[[_Pen, float], None]) -> None:
    t = pen.draw(0.3, 0.7) * min(period, seconds / 2)
    while t < seconds - 20:
        write(pen, t)
        t += period * pen.draw(0.8, 1.2)


def _pack(pen: _Pen, t: float) -> None:
    """Somebody pushes a pack of ballots through the slot: larger than one sheet, and slower."""
    enter, leave, spot = pen.edge(), pen.edge(), pen.stand(0.3)
    arrive = pen.walk(t, ((enter, 0), (spot, 0)))[-1][0]
    reach = Reach(arrive + pen.draw(0.5, 1.0), pen.draw(0.6, 0.9), pen.draw(2.5, 4.5), "pack", pen.slot())
    gone = reach.end + 0.4
    made = pen.act("packer", ((t, enter), (arrive, spot), (gone, spot), (gone + arrive - t, leave)), (reach,))
    pen.events.extend(_of(made))


def _wall(pen: _Pen, t: float) -> None:
    """Three to five people stand so that the box cannot be seen from the camera; which side that is, the stage knows: they stand all about it."""
    count, begin, end = int(pen.dice.integers(4, 6)), 0.0, t + 60.0
    stay = pen.draw(12, 20)
    for number in range(count):
        angle = 2 * np.pi * (number + pen.draw(-0.15, 0.15)) / count
        spot = (BOX[0] + 0.62 * float(np.cos(angle)), BOX[1] + 0.62 * float(np.sin(angle)))
        way = pen.walk(t + pen.draw(0, 1.0), ((pen.edge(), 0), (spot, stay), (pen.edge(), 0)))
        pen.act("wall", way)
        begin, end = max(begin, way[1][0]), min(end, way[2][0])
    pen.events.append(Event("wall", begin, end, count))


def _swap(pen: _Pen, t: float) -> None:
    """The box is carried away and another one takes its place."""
    away, place = (2.8, -1.2, 0.0), (BOX[0] + pen.draw(-0.05, 0.05), BOX[1] + pen.draw(-0.05, 0.05), 0.0)
    pen.moves += [Move("box", 0, t, t + 5, away), Move("box", 1, t + 4, t + 9, place)]
    for begin, far, near in ((t - 3, (3.2, -1.5), (0.45, 0.6)), (t, (3.2, -0.9), (0.5, 1.4))):
        way = ((begin, far), (begin + 3, near), (begin + 4, near), (begin + 9, (3.0, -1.0)), (begin + 11, (3.6, -1.6)))
        pen.act("carrier", way)
    pen.events.append(Event("swap", t, t + 9))


def _opening(pen: _Pen, t: float, seconds: float) -> None:
    """Officials lift the box, take off its lid and show to the camera that it is empty; then it goes to its place."""
    show, stay = t + 4, min(8.0, seconds / 3)
    for near in ((SHOW[0] - 0.45, SHOW[1] + 0.35), (SHOW[0] + 0.5, SHOW[1] + 0.35)):
        pen.act("official", pen.walk(t, ((pen.edge(), 0), (near, stay + 8), (pen.edge(), 0))), facing=SHOW)
    pen.moves += [
        Move("box", 0, show - 2, show, (SHOW[0], SHOW[1], 0.75), 1.25), Move("lid", 0, show - 2, show, (SHOW[0] + 0.9, SHOW[1], 0.0)),
        Move("box", 0, show + stay, show + stay + 2, (BOX[0], BOX[1], 0.0)), Move("lid", 0, show + stay, show + stay + 2, (BOX[0], BOX[1], 0.0)),
    ]  # fmt: skip
    pen.events.append(Event("shown_empty", show, show + stay))


def _count(pen: _Pen, t: float, seconds: float) -> None:
    """Officials about the counting table; now and then one takes a part of a pile to another place."""
    sides = (-0.55, 0.0, 0.55)
    hands: dict[float, list[Reach]] = {side: [] for side in sides}
    movers: list[float] = []
    begin, t = t - 1, t + 7
    places = [(COUNT[0] - 0.55 + 0.36 * number, COUNT[1]) for number in range(PILES)]
    while t < seconds - 8:
        pile = int(pen.dice.integers(0, PILES))
        x, y = places[pile]
        to = (x + pen.draw(-0.12, 0.12), COUNT[1] + (0.2 if y <= COUNT[1] else -0.2))
        places[pile] = to
        pen.moves.append(Move("pile", pile, t, t + 2, (to[0], to[1], 0.0)))
        pen.events.append(Event("pile_moved", t, t + 2, pile))
        nearest = min(sides, key=lambda side: abs(COUNT[0] + side - x))
        movers.append(nearest)
        hands[nearest].append(Reach(t - 0.6, 0.6, 2.0, "none", (to[0], COUNT[1] + 0.2, 0.85)))
        t += pen.draw(8, 14)
    looks: dict[float, int] = {}
    for side in sides:
        looks[side] = pen.act(
            "counter", pen.walk(begin, ((pen.edge(), 0), ((COUNT[0] + side, COUNT[1] + 0.75), seconds))), hands[side], facing=COUNT
        ).look
    pen.events = [replace(event, who=looks[side]) for event, side in zip(pen.events, movers, strict=True)]


def _visits(pen: _Pen, begin: float, end: float) -> None:
    """Whole visits: from the door to the queue, a ballot at the issue table, the booth, the box, and out; some are not alone. An official looks after the box."""
    t, served, booth, at_box = begin, begin, begin, begin
    left: list[float] = []
    while True:
        t += float(pen.dice.exponential(_GAPS[pen.hard] * 1.6)) + 1.0
        if sum(gone > t + 4 for gone in left) >= len(PLACES):
            t = left[-len(PLACES)] - 3
        acts, events = len(pen.acts), len(pen.events)
        visit = _visit(pen, t, left, served, booth, at_box)
        if visit[-1] > end:
            del pen.acts[acts:], pen.events[events:]
            break
        served, booth, at_box = visit[:3]
        left.append(served)
    for quiet in np.arange(begin + 15, end - 12, 40.0):
        _touched(pen, float(quiet) + pen.draw(0, 15))


def _visit(pen: _Pen, t: float, left: list[float], served: float, booth: float, at_box: float) -> tuple[float, float, float, float]:
    """One visit. Return when the table, the booth and the box are free again, and when the visitor has gone."""
    speed, turn, inside, out = pen.draw(1.0, 1.4), pen.dice.random(), (-3.3, -0.7), (-2.4, -0.5)
    entry, corner, stand, leave = (3.4, 3.6), (1.0, 3.3), pen.stand(0.4), (3.6, -0.6)
    way: list[tuple[float, Spot]] = [(t, entry)]

    def go(*spots: Spot) -> float:
        for spot in spots:
            since, before = way[-1]
            way.append((since + float(np.hypot(spot[0] - before[0], spot[1] - before[1])) / speed, spot))
        return way[-1][0]

    def stay(until: float) -> float:
        way.append((max(until, way[-1][0]), way[-1][1]))
        return way[-1][0]

    arrives = go(corner, (0.6, 2.2))
    ahead = sorted(gone for gone in left if gone > arrives)[-(len(PLACES) - 1) :]
    go(PLACES[len(ahead)])
    for place, gone in reversed(list(enumerate(reversed(ahead)))):
        stay(gone + 0.3)
        go(PLACES[place])
    issued = stay(max(way[-1][0], served) + pen.draw(3, 6))
    go(out)
    waits = stay(booth)
    go(inside)
    marked = stay(way[-1][0] + pen.draw(5, 10))
    go(out)
    apart = (-0.9, 0.1)
    go(apart)
    stay(at_box)
    arrived = go(stand)
    reaches = [Reach(arrived + pen.draw(0.6, 1.6), pen.draw(RISE, 0.9), pen.draw(0.3, 1.5), "ballot", pen.slot())]
    free = stay(reaches[0].end + 0.4)
    gone = go((1.3, 0.0), leave)
    act = pen.act("visit", tuple(way), reaches)
    pen.acts[-1] = act = replace(act, papers_from=issued, looks=((t, ISSUE), (issued, BOX), (waits, (-4.0, -0.7)), (marked, BOX)))
    if turn < 0.15 + 0.05 * pen.hard:
        follows = tuple((at + 0.7, out if spot == inside else (spot[0] + 0.38, spot[1] - 0.33)) for at, spot in way)
        pen.act("companion", follows)
    pen.events.extend(_of(act))
    return issued, marked + 1.2, free, gone


def _touched(pen: _Pen, t: float) -> None:
    """An official puts a hand on the lid beside the slot, to set the box straight."""
    spot, edge = (BOX[0] + 0.55, BOX[1] + 0.25), pen.edge()
    arrive = pen.walk(t, ((edge, 0), (spot, 0)))[-1][0]
    reach = Reach(arrive + 0.5, pen.draw(RISE, 0.9), pen.draw(1, 3), "none", (BOX[0] + 0.22, BOX[1] + 0.15, LID_TOP))
    gone = reach.end + 0.5
    act = pen.act("official", ((t, edge), (arrive, spot), (gone, spot), (gone + arrive - t, edge)), (reach,))
    pen.events.append(Event("touch", reach.t, reach.end, 1, act.look))


def light_at(made: Script, t: float, phase: float) -> float:
    """Return how bright the room is at `t`, by drift and lamps."""
    level = 1.0 + made.drift * float(np.sin(t / 17 + phase))
    for since, factor in made.lamps:
        if t >= since:
            level *= factor
    return float(np.clip(level, 0.55, 1.6))
