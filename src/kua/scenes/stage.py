# SPDX-License-Identifier: Apache-2.0
"""The stage: puts a script's people and things into the room at a moment, renders it, and says what of whom can be seen.

OSMesa renders on the processor and needs no display (`libosmesa6`); where it lacks, EGL is tried; `MUJOCO_GL` overrides both. Not for two threads.
"""

import os
from collections.abc import Iterator
from ctypes.util import find_library
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from kua.core.errors import Misused, Unavailable
from kua.core.instant import Instant
from kua.scenes.room import FAR, Camera, box_kinds, camera, seat, xml
from kua.scenes.script import BOX, COUNT, PILES, Act, Script, light_at, script
from kua.sight.raw import Planes, RawFrame

Rgb = npt.NDArray[np.uint8]

SMALL: Final = 3
"""What can be seen of whom is judged in a picture so many times smaller."""
_GONE: Final = (FAR, FAR, 0.0)
_SKIN: Final = ((0.88, 0.70, 0.60), (0.80, 0.62, 0.48), (0.68, 0.50, 0.38), (0.92, 0.76, 0.66))
SEATED: Final = (1, 2, 2, 2)
"""Officials at the issue table, by hardness."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person in a picture. Boxes are x, y, width, height in pixels and may reach outside; `visible` is the share of the head that can be seen."""

    box: tuple[float, float, float, float]
    head: tuple[float, float, float, float]
    visible: float
    kind: str
    number: int
    """Which person of the scene this is: the acts by when they begin, then those who sit."""


class Scene:
    """One scene: its script, its camera, and its pictures. Close it, or use it as a context."""

    def __init__(
        self,
        seed: int,
        view: str = "side",
        hard: int = 0,
        *,
        story: str = "drops",
        seconds: float = 120.0,
        size: tuple[int, int] = (640, 360),
        fps: int = 8,
    ) -> None:
        """Raises `Misused("scenes.*")` for what it cannot draw, `Unavailable("scenes.no_gl")` where nothing can render."""
        if seed < 0:
            raise Misused("scenes.seed", given=seed)
        if not (64 <= size[0] <= 1920 and 36 <= size[1] <= 1080) or size[0] % 2 or size[1] % 2:
            raise Misused("scenes.size", given=f"{size[0]}x{size[1]}")
        if not 1 <= fps <= 30:
            raise Misused("scenes.fps", given=fps)
        self.script: Script = script(seed, hard, story, seconds)
        self.seed, self.hard, self.view, self.story, self.fps = seed, hard, view, story, fps
        self.width, self.height = size
        self.camera: Camera = camera(view, seed)
        self.boxes = box_kinds(seed)
        self._phase = float(np.random.default_rng([seed, 9]).uniform(0, 6.3))
        self._lanes, people = _lanes(self.script)
        self._numbers = {act.look: number for number, act in enumerate(self.script.acts)}
        self._open(people)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back what renders."""
        for renderer in (self._renderer, self._marker):
            renderer.close()

    def _open(self, people: int) -> None:
        if "MUJOCO_GL" not in os.environ:
            os.environ["MUJOCO_GL"] = "osmesa" if find_library("OSMesa") else "egl"
        os.environ.setdefault("PYOPENGL_PLATFORM", os.environ["MUJOCO_GL"])
        try:
            import mujoco

            model = xml(self.seed, self.camera, people, SEATED[self.hard], (self.width, self.height))
            self._mj: Any = mujoco
            self._model: Any = mujoco.MjModel.from_xml_string(model)
            self._data: Any = mujoco.MjData(self._model)
            self._renderer: Any = mujoco.Renderer(self._model, self.height, self.width)
            self._marker: Any = mujoco.Renderer(self._model, max(12, self.height // SMALL), max(16, self.width // SMALL))
        except (ImportError, AttributeError, RuntimeError, TypeError) as error:
            raise Unavailable("scenes.no_gl", why=f"{type(error).__name__}: {error}"[:160]) from error
        self._marker.enable_segmentation_rendering()
        self._places = {self._model.body(number).name: int(self._model.body_mocapid[number]) for number in range(self._model.nbody)}
        self._geoms = {self._model.geom(number).name: number for number in range(self._model.ngeom)}
        self._dressed: dict[int, Act] = {}
        self._seated = [f"o{number}" for number in range(SEATED[self.hard])]

    # ------------------------------------------------------------------------------------------------------ pictures

    @property
    def count(self) -> int:
        """How many pictures the scene has."""
        return int(self.script.seconds * self.fps)

    def frames(self) -> Iterator[tuple[int, Rgb, list[Person]]]:
        """Yield number, picture (RGB, [height, width, 3]) with the sensor's noise, and who is in it."""
        dice = np.random.default_rng([self.seed, 11])
        for number in range(self.count):
            t = number / self.fps
            clean = self.clean(t)
            yield number, self._sensed(clean, t, dice), self.people(t)

    def raws(self) -> Iterator[tuple[RawFrame, list[Person]]]:
        """Yield the same pictures as `frames`, as a decoder would give them, `at` in milliseconds from the first; no film is written."""
        for number, picture, people in self.frames():
            yield RawFrame(Instant(number * 1000 // self.fps), self.width, self.height, planes(picture)), people

    def empty(self, count: int, *, since: float = 3_600.0) -> Iterator[Rgb]:
        """Yield pictures of the room without people, as they were before the doors opened: other noise, other light than in the scene."""
        dice = np.random.default_rng([self.seed, 13])
        self._set(-1.0)
        clean = self._rendered()
        for number in range(count):
            level = 1.0 + self.script.drift * 0.5 * float(np.sin((since + number) / 17))
            yield _noisy(clean, level, dice)

    def clean(self, t: float) -> Rgb:
        """Return the picture at `t` seconds without noise, at even light."""
        self._set(t)
        return self._rendered()

    def _rendered(self) -> Rgb:
        self._mj.mj_forward(self._model, self._data)
        self._renderer.update_scene(self._data, "c")
        return np.asarray(self._renderer.render(), dtype=np.uint8)

    def _sensed(self, clean: Rgb, t: float, dice: np.random.Generator) -> Rgb:
        return _noisy(clean, light_at(self.script, t, self._phase), dice)

    # -------------------------------------------------------------------------------------------------------- people

    def present(self, t: float) -> list[tuple[int, Act]]:
        """Who is in the scene at `t`: lane of the pool, and act."""
        return [(lane, act) for lane, act in self._lanes if act.begin <= t <= act.end]

    def people(self, t: float) -> list[Person]:
        """Return who is in the picture that was rendered last, which was that of `t`."""
        self._marker.update_scene(self._data, "c")
        marks = self._marker.render()[:, :, 0]
        found = []
        for lane, act in self.present(t):
            names = [f"{part}{lane}" for part in ("t", "s", "a", "h", "r", "x", "y", "u", "l", "d")]
            found.append(self._person(names, [f"h{lane}", f"r{lane}"], act.kind, self._numbers[act.look], marks))
        for number, name in enumerate(self._seated, len(self.script.acts)):
            body = self._model.body(name)
            ids = range(int(body.geomadr[0]), int(body.geomadr[0] + body.geomnum[0]))
            found.append(self._person(list(ids), [f"h_{name}", f"r_{name}"], "seated", number, marks))
        return [person for person in found if person is not None and self._inside(person)]

    def _inside(self, person: Person) -> bool:
        x, y, w, h = person.box
        return x < self.width and y < self.height and x + w > 0 and y + h > 0

    def _person(self, parts: list[Any], head: list[str], kind: str, number: int, marks: Any) -> Person | None:
        ids = [part if isinstance(part, int) else self._geoms[part] for part in parts]
        box, skull = self._box(ids), self._box([self._geoms[name] for name in head])
        if box is None or skull is None:
            return None
        small = float(np.isin(marks, [self._geoms[name] for name in head]).sum())
        scale = marks.shape[0] / self.height
        whole = np.pi / 4 * skull[2] * skull[3] * scale * scale
        return Person(box, skull, round(min(1.0, small / max(whole, 1.0)), 3), kind, number)

    def _box(self, ids: list[int]) -> tuple[float, float, float, float] | None:
        """Enclose geoms by their bounding spheres cut to their own boxes: corners of each geom's own box, projected."""
        points = []
        for number in ids:
            half = _half(int(self._model.geom_type[number]), self._model.geom_size[number])
            turn = self._data.geom_xmat[number].reshape(3, 3)
            middle = self._data.geom_xpos[number]
            if abs(middle[0]) > FAR / 2:
                continue
            # The extent of an ellipsoid of these half axes along the camera's right and up.
            right, up, _ = self.camera.axes()
            reach_x, reach_y = (float(np.linalg.norm((turn.T @ axis) * half)) for axis in (right, up))
            points += [middle + sign_x * right * reach_x + sign_y * up * reach_y for sign_x, sign_y in ((-1, 0), (1, 0), (0, -1), (0, 1))]
        if not points:
            return None
        at = self.camera.seen(np.array(points), self.width, self.height)
        if (at[:, 2] < 0.1).any():
            return None
        x0, y0, x1, y1 = at[:, 0].min(), at[:, 1].min(), at[:, 0].max(), at[:, 1].max()
        return (round(float(x0), 1), round(float(y0), 1), round(float(x1 - x0), 1), round(float(y1 - y0), 1))

    # ---------------------------------------------------------------------------------------------------------- poses

    def _put(self, name: str, place: tuple[float, float, float] | np.ndarray, turn: np.ndarray | None = None) -> None:
        number = self._places[name]
        self._data.mocap_pos[number] = place
        self._data.mocap_quat[number] = (1.0, 0.0, 0.0, 0.0) if turn is None else turn

    def _set(self, t: float) -> None:
        for name, number in self._places.items():
            if number >= 0 and not name.startswith(("box", "lid", "pile")):
                self._data.mocap_pos[number] = _GONE
        self._things(t)
        if t >= 0:
            for number, name in enumerate(self._seated):
                self._put(name, seat(number))
        for lane, act in self.present(t):
            self._dress(lane, act)
            self._pose(lane, act, t)

    def _things(self, t: float) -> None:
        places = {
            ("box", 0): (*BOX, 0.0), ("lid", 0): (*BOX, 0.0), ("box", 1): _GONE, ("lid", 1): _GONE,
            **{("pile", number): (COUNT[0] - 0.55 + 0.36 * number, COUNT[1], 0.74) for number in range(PILES)},
        }  # fmt: skip
        if self.script.phases[0][1] != "count":
            places |= {("pile", number): _GONE for number in range(PILES)}
        tilts: dict[tuple[str, int], float] = {}
        for move in self.script.moves:
            if t < move.t0:
                continue
            key = (move.what, move.number)
            part = min(1.0, (t - move.t0) / (move.t1 - move.t0))
            start = (3.2, -1.4, 0.0) if places[key] == _GONE and move.what == "box" else places[key]
            to = move.to if move.what != "pile" else (move.to[0], move.to[1], 0.74)
            lift = 0.25 * np.sin(np.pi * part) if move.what in ("box", "pile") and part < 1 else 0.0
            places[key] = tuple(a + (b - a) * part for a, b in zip(start, to, strict=True))  # type: ignore[assignment]  # three numbers
            places[key] = (places[key][0], places[key][1], places[key][2] + float(lift) * (0.3 if move.what == "pile" else 1.0))
            tilts[key] = tilts.get(key, 0.0) + (move.tilt - tilts.get(key, 0.0)) * part
            if move.what == "box" and ("lid", move.number) not in {(other.what, other.number) for other in self.script.moves}:
                places["lid", move.number] = places[key]
        for (what, number), place in places.items():
            self._put(f"{what}{number}", place, self._tilted(tilts.get((what, number), 0.0)))

    def _tilted(self, angle: float) -> np.ndarray:
        """Turn a box's opening towards the camera by `angle`."""
        right, _, _ = self.camera.axes()
        return np.array([np.cos(angle / 2), *(np.sin(angle / 2) * right)])

    def _dress(self, lane: int, act: Act) -> None:
        """Give the lane's body the looks and the size of this person."""
        if self._dressed.get(lane) is act:
            return
        self._dressed[lane] = act
        dice = np.random.default_rng(act.look)
        cloth, legs, hair = dice.uniform(0.05, 0.9, 3), dice.uniform(0.05, 0.5, 3), dice.uniform(0.03, 0.45, 1) * np.array([1.0, 0.8, 0.6])
        skin = _SKIN[int(dice.integers(0, len(_SKIN)))]
        for names, rgb in ((("t", "s", "a", "u", "l"), cloth), (("x", "y"), legs), (("h", "d"), skin), (("r",), hair)):
            for name in names:
                self._model.geom_rgba[self._geoms[f"{name}{lane}"], :3] = rgb
        wide = float(dice.uniform(0.85, 1.15))
        self._model.geom_size[self._geoms[f"t{lane}"], 0] = 0.18 * wide

    def _pose(self, lane: int, act: Act, t: float) -> None:
        x, y = act.spot(t)
        ahead = act.spot(min(t + 0.2, act.end))
        walks = float(np.hypot(ahead[0] - x, ahead[1] - y)) > 0.02
        to = ahead if walks else act.looks_at(t)
        facing = float(np.arctan2(to[1] - y, to[0] - x))
        if not walks:
            facing += 0.15 * np.sin(t * 0.7 + act.look % 7)
        sway = 0.012 * np.sin(t * 1.9 + act.look % 5)
        low = (act.tall - 1.0) * 1.3
        turn = np.array([np.cos(facing / 2), 0, 0, np.sin(facing / 2)])
        self._put(f"p{lane}", (x + sway, y, low), turn)
        forward, left = np.array([np.cos(facing), np.sin(facing), 0]), np.array([-np.sin(facing), np.cos(facing), 0])
        swing = 0.45 * np.sin(t * 7.0 + act.look % 3) if walks else 0.0
        for name, side, way in (("x", 0.09, 1), ("y", -0.09, -1)):
            hip = np.array([x, y, 0.9 + low]) + left * side
            angle = facing + np.pi / 2
            tilt = np.array([np.cos(swing * way / 2), *(np.sin(swing * way / 2) * np.array([np.cos(angle), np.sin(angle), 0]))])
            self._put(f"{name}{lane}", hip, tilt)
        self._arm(lane, act, t, np.array([x, y, 1.38 + low]) - left * 0.2, forward, low)

    def _arm(self, lane: int, act: Act, t: float, shoulder: np.ndarray, forward: np.ndarray, low: float) -> None:
        rest = shoulder + forward * 0.12 + np.array([0, 0, -0.5])
        hand, paper = rest, "none"
        waiting = [reach for reach in act.reaches if act.papers_from <= t < reach.let_go and reach.paper != "none"]
        if waiting:
            paper = waiting[0].paper
            hand = rest + forward * 0.15 + np.array([0, 0, 0.12])
        for reach in act.reaches:
            if reach.t <= t < reach.end:
                target = np.array(reach.at)
                up = (t - reach.t) / reach.rise
                down = (reach.end - t) / reach.rise
                part = min(1.0, up, down)
                hand = hand + (target - hand) * (3 * part**2 - 2 * part**3)
        away = hand - shoulder
        far = min(float(np.linalg.norm(away)), 0.6)
        hand = shoulder + away / max(float(np.linalg.norm(away)), 1e-6) * far
        elbow = (shoulder + hand) / 2 - np.array([0, 0, 0.6 * np.sqrt(max(0.31**2 - (far / 2) ** 2, 0.0))])
        self._put(f"u{lane}", shoulder, _towards(elbow - shoulder))
        self._put(f"l{lane}", elbow, _towards(hand - elbow))
        if paper != "none":
            self._put(f"{'b' if paper == 'ballot' else 'k'}{lane}", hand - np.array([0, 0, 0.07]), _turned(forward))


def _lanes(made: Script) -> tuple[list[tuple[int, Act]], int]:
    """Give each act a body of the pool that is free; return them and how many bodies that takes."""
    free: list[float] = []
    placed = []
    for act in made.acts:
        lane = next((number for number, until in enumerate(free) if until < act.begin), len(free))
        if lane == len(free):
            free.append(0.0)
        free[lane] = act.end
        placed.append((lane, act))
    return placed, max(1, len(free))


def _noisy(clean: Rgb, level: float, dice: np.random.Generator) -> Rgb:
    noise = dice.standard_normal(clean.shape, dtype=np.float32) * np.float32(3.0)
    return np.clip(clean.astype(np.float32) * np.float32(level) + noise, 0, 255).astype(np.uint8)


def planes(picture: Rgb) -> Planes:
    """Return a picture as yuv420p (BT.601, limited range); colour is the mean of each four pixels."""
    red, green, blue = np.moveaxis(picture.astype(np.float32), 2, 0)
    luma = 16 + 0.256788 * red + 0.504129 * green + 0.097906 * blue
    height, width = luma.shape
    small = picture.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3), dtype=np.float32)
    red, green, blue = np.moveaxis(small, 2, 0)
    first = 128 - 0.148223 * red - 0.290993 * green + 0.439216 * blue
    second = 128 + 0.439216 * red - 0.367788 * green - 0.071427 * blue
    flat = np.concatenate([luma.ravel(), first.ravel(), second.ravel()])
    rounded: Planes = np.clip(np.rint(flat), 0, 255).astype(np.uint8).reshape(height * 3 // 2, width)
    return rounded


def _towards(way: np.ndarray) -> np.ndarray:
    """Return the turn that lays the z axis along `way`."""
    way = way / max(float(np.linalg.norm(way)), 1e-9)
    axis = np.cross([0.0, 0.0, 1.0], way)
    size = float(np.linalg.norm(axis))
    if size < 1e-6:
        return np.array([1.0, 0, 0, 0]) if way[2] > 0 else np.array([0.0, 1, 0, 0])
    angle = np.arctan2(size, way[2])
    return np.array([np.cos(angle / 2), *(np.sin(angle / 2) * axis / size)])


def _turned(forward: np.ndarray) -> np.ndarray:
    angle = np.arctan2(forward[1], forward[0]) + np.pi / 2
    return np.array([np.cos(angle / 2), 0, 0, np.sin(angle / 2)])


def _half(kind: int, size: np.ndarray) -> np.ndarray:
    """Half extents of a geom along its own axes: sphere (2), capsule (3), ellipsoid (4), box (6)."""
    if kind == 2:
        return np.array([size[0]] * 3)
    if kind == 3:
        return np.array([size[0], size[0], size[0] + size[1]])
    return np.asarray(size, dtype=np.float64)
