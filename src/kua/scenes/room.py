# SPDX-License-Identifier: Apache-2.0
"""The rendered room as a MuJoCo model: walls, booths, tables, boxes, piles, and a pool of people that the stage moves about."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from kua.core.errors import Misused
from kua.scenes.script import BOOTHS, BOX, COUNT, ISSUE, PILES, SHOW

CAMERAS: Final = ("side", "front", "back", "corner", "high")
"""Where the camera may hang."""
FAR: Final = 40.0
"""Whatever is not in the scene waits so far away."""
LID: Final = 0.9
"""Height of a box's lid."""
WIDE: Final = 0.25
"""Half the width of a box."""

_PLACES: Final = {
    "side": ((3.6, 0.6, 2.6), (0.0, 0.8, 0.9)),
    "front": ((1.2, 3.8, 2.7), (0.0, 0.8, 0.9)),
    "back": ((1.4, -2.8, 2.7), (0.0, 0.8, 0.9)),
    "corner": ((3.5, -2.4, 2.8), (-0.3, 1.2, 0.8)),
    "high": ((0.9, -0.6, 3.1), (0.0, 1.1, 0.6)),
}


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the camera is and what it looks at, metres; `fovy` is its vertical field of view in degrees."""

    place: tuple[float, float, float]
    target: tuple[float, float, float]
    fovy: float

    def axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Right, up and backwards, as unit vectors."""
        back = np.subtract(self.place, self.target)
        back = back / np.linalg.norm(back)
        right = np.cross([0.0, 0.0, 1.0], back)
        right = right / np.linalg.norm(right)
        return right, np.cross(back, right), back

    def seen(self, points: np.ndarray, width: int, height: int) -> np.ndarray:
        """Return where points [n, 3] lie in a picture, [n, 3]: x and y in pixels, and metres before the camera."""
        right, up, back = self.axes()
        away = np.asarray(points, dtype=np.float64) - np.asarray(self.place)
        deep = np.maximum(-(away @ back), 1e-3)
        focal = height / 2 / np.tan(np.radians(self.fovy) / 2)
        return np.stack([width / 2 + focal * (away @ right) / deep, height / 2 - focal * (away @ up) / deep, deep], axis=1)


def camera(name: str, seed: int) -> Camera:
    """Return the camera of a scene: the named place, a little otherwise for each seed. Raises `Misused("scenes.camera")`."""
    if name not in CAMERAS:
        raise Misused("scenes.camera", given=name[:40], known=", ".join(CAMERAS))
    dice = np.random.default_rng([seed, CAMERAS.index(name), 77])
    (x, y, z), target = _PLACES[name]
    shift = dice.uniform(-0.12, 0.12, 3)
    return Camera((x + float(shift[0]), y + float(shift[1]), z + float(shift[2])), target, float(dice.uniform(56, 61)))


KINDS: Final = ("urn", "grey", "scanner")
"""Kinds of ballot boxes."""
_BODY: Final = {"urn": ".8 .86 .92 .45", "grey": ".55 .57 .6 1", "scanner": ".3 .33 .38 1"}


def box_kinds(seed: int) -> tuple[str, str]:
    """Which kinds the two boxes of a scene are: they always differ."""
    dice = np.random.default_rng([seed, 5])
    first, second = dice.permutation(len(KINDS))[:2]
    return KINDS[int(first)], KINDS[int(second)]


def _geom(shape: str, place: tuple[float, float, float], size: tuple[float, ...], rgba: str, more: str = "") -> str:
    return f'<geom type="{shape}" pos="{place[0]:.4f} {place[1]:.4f} {place[2]:.4f}" size="{" ".join(f"{part:.4f}" for part in size)}" rgba="{rgba}" {more}/>'


def _colour(dice: np.random.Generator, low: float, high: float) -> str:
    return " ".join(f"{part:.3f}" for part in dice.uniform(low, high, 3)) + " 1"


def _moved(name: str, inside: str) -> str:
    return f'<body name="{name}" pos="{FAR} {FAR} 0" mocap="true">{inside}</body>'


def _box(number: int, kind: str) -> str:
    slanted = 'euler="8 0 0"' if kind == "scanner" else ""
    wall, high = 0.012, LID / 2
    sides = "".join(
        _geom("box", place, size, _BODY[kind])
        for place, size in (
            ((WIDE, 0, high), (wall, WIDE, high)),
            ((-WIDE, 0, high), (wall, WIDE, high)),
            ((0, WIDE, high), (WIDE, wall, high)),
            ((0, -WIDE, high), (WIDE, wall, high)),
            ((0, 0, wall), (WIDE, WIDE, wall)),
        )
    )
    emblem = _geom("box", (0.1, -WIDE - 0.013, 0.55), (0.06, 0.002, 0.06), ".15 .45 .75 1")
    lid = _geom("box", (0, 0, LID), (WIDE, WIDE, 0.012), _BODY[kind] if kind != "urn" else ".78 .83 .9 .8", slanted)
    lid += _geom("box", (0, 0, LID + 0.013), (0.14, 0.012, 0.004), ".08 .08 .08 1", slanted)
    inside = _geom("box", (0, 0, 0.03), (WIDE - 0.02, WIDE - 0.02, 0.01), ".25 .25 .25 1")
    return _moved(f"box{number}", sides + emblem + inside) + _moved(f"lid{number}", lid)


def _person(number: int) -> str:
    torso = '<geom name="t{n}" type="capsule" fromto="0 0 .95 0 0 1.35" size=".19" rgba=".5 .5 .5 1"/>'
    shoulders = '<geom name="s{n}" type="capsule" fromto="0 -.17 1.38 0 .17 1.38" size=".07" rgba=".5 .5 .5 1"/>'
    arm = '<geom name="a{n}" type="capsule" fromto="0 .25 1.36 .03 .26 .86" size=".05" rgba=".5 .5 .5 1"/>'
    head = '<geom name="h{n}" type="ellipsoid" pos=".02 0 1.62" size=".1 .085 .125" rgba=".85 .65 .55 1"/>'
    hair = '<geom name="r{n}" type="ellipsoid" pos="-.015 0 1.66" size=".1 .092 .105" rgba=".2 .15 .1 1"/>'
    leg = '<geom name="{leg}{n}" type="capsule" fromto="0 0 0 0 0 -.8" size=".08" rgba=".2 .2 .3 1"/>'
    upper = '<geom name="u{n}" type="capsule" fromto="0 0 0 0 0 .28" size=".05" rgba=".5 .5 .5 1"/>'
    lower = '<geom name="l{n}" type="capsule" fromto="0 0 0 0 0 .25" size=".04" rgba=".5 .5 .5 1"/><geom name="d{n}" type="sphere" pos="0 0 .3" size=".05" rgba=".85 .65 .55 1"/>'
    ballot = _geom("box", (0, 0, 0), (0.075, 0.003, 0.1), ".95 .95 .95 1")
    pack = _geom("box", (0, 0, 0), (0.085, 0.03, 0.12), ".93 .93 .9 1")
    parts = {
        "p": torso + shoulders + arm + head + hair, "x": leg.replace("{leg}", "x"), "y": leg.replace("{leg}", "y"), "u": upper, "l": lower,
        "b": ballot, "k": pack,
    }  # fmt: skip
    return "".join(_moved(f"{name}{number}", inside.replace("{n}", str(number))) for name, inside in parts.items())


def _seated(name: str, dice: np.random.Generator) -> str:
    """Somebody who sits and looks towards the camera's side of the room; the stage moves them away for the empty room."""
    cloth = _colour(dice, 0.05, 0.8)
    arms = "".join(
        f'<geom type="capsule" fromto="{side * 0.2} 0 1.3 {side * 0.12} -.35 1.15" size=".05" rgba="{cloth}"/>' for side in (-1, 1)
    )
    head = f'<geom name="h_{name}" type="ellipsoid" pos="0 -.02 1.62" size=".085 .1 .125" rgba=".82 .63 .52 1"/>'
    hair = f'<geom name="r_{name}" type="ellipsoid" pos="0 .015 1.66" size=".092 .1 .105" rgba="{_colour(dice, 0.05, 0.3)}"/>'
    return _moved(name, f'<geom type="capsule" fromto="0 0 .9 0 0 1.35" size=".19" rgba="{cloth}"/>' + arms + head + hair)


def seat(number: int) -> tuple[float, float, float]:
    """Where an official sits at the issue table."""
    return (ISSUE[0] - 0.45 + 0.8 * number, ISSUE[1] + 0.62, -0.35)


def _table(middle: tuple[float, float], long: float, deep: float, rgba: str) -> str:
    x, y = middle
    return _geom("box", (x, y, 0.72), (long, deep, 0.02), rgba) + _geom("box", (x, y - deep + 0.02, 0.36), (long, 0.01, 0.36), rgba)


def _booth(spot: tuple[float, float], curtain: str) -> str:
    x, y = spot
    wall = ".82 .8 .76 1"
    return (
        _geom("box", (x - 0.1, y + 0.45, 0.95), (0.45, 0.015, 0.95), wall) + _geom("box", (x - 0.1, y - 0.45, 0.95), (0.45, 0.015, 0.95), wall)
        + _geom("box", (x + 0.36, y, 1.05), (0.02, 0.44, 0.75), curtain) + _geom("box", (x - 0.15, y, 0.9), (0.3, 0.4, 0.01), ".5 .4 .3 1")
    )  # fmt: skip


def _poster(x: float, z: float, wide: float, high: float, rgba: str) -> str:
    return _geom("box", (x, 3.985, z), (wide, 0.01, high), rgba)


def xml(seed: int, place: Camera, people: int, seated: int, size: tuple[int, int]) -> str:
    """Return the model of a scene's room with a pool of `people`, for pictures of `size`."""
    dice = np.random.default_rng([seed, 3])
    wall, floor = _colour(dice, 0.68, 0.86), dice.uniform(0.4, 0.62, 3)
    tiles = [" ".join(f"{part * factor:.3f}" for part in floor) for factor in (1.0, 0.92)]
    right, up, _ = place.axes()
    axes = " ".join(f"{part:.6f}" for part in (*right, *up))
    kinds = box_kinds(seed)
    things = [
        '<light pos="0 0.5 3.4" dir="0 0 -1" castshadow="false" diffuse=".45 .45 .45"/>',
        '<geom type="plane" size="6 6 .1" material="f"/>',
        _geom("box", (0, 4, 2.2), (6, 0.1, 2.2), wall), _geom("box", (-4, 0, 2.2), (0.1, 6, 2.2), wall),
        _geom("box", (0, -4.4, 2.2), (6, 0.1, 2.2), wall), _geom("box", (5, 0, 2.2), (0.1, 6, 2.2), wall),
        _geom("box", (0, 3.99, 0.08), (6, 0.1, 0.08), ".35 .28 .22 1"), _geom("box", (-3.99, 0, 0.08), (0.1, 6, 0.08), ".35 .28 .22 1"),
        _geom("box", (-3.88, 2.7, 1.7), (0.02, 0.7, 0.6), ".85 .92 1 1"), _geom("box", (-3.87, 2.7, 1.7), (0.02, 0.02, 0.6), ".9 .9 .9 1"),
        _geom("box", (3.3, 3.88, 1.05), (0.45, 0.02, 1.05), ".45 .32 .22 1"), _poster(-1.0, 1.9, 0.3, 0.2, ".1 .6 .75 1"),
        _poster(-1.0, 1.9, 0.08, 0.08, ".95 .8 .2 1"), _poster(0.1, 1.75, 0.21, 0.3, ".93 .93 .9 1"), _poster(0.1, 1.9, 0.15, 0.02, ".2 .2 .2 1"),
        _poster(0.1, 1.7, 0.15, 0.1, ".7 .7 .7 1"), _poster(1.2, 1.8, 0.25, 0.18, ".2 .5 .3 1"),
        _table(ISSUE, 0.9, 0.35, _colour(dice, 0.2, 0.5)), _table(COUNT, 0.9, 0.5, _colour(dice, 0.2, 0.5)),
        _geom("box", (ISSUE[0] - 0.3, ISSUE[1] - 0.1, 0.745), (0.15, 0.11, 0.004), ".95 .95 .92 1"),
        _geom("box", (ISSUE[0] + 0.35, ISSUE[1] - 0.1, 0.745), (0.15, 0.11, 0.004), ".95 .95 .92 1"),
        *(_booth(spot, _colour(dice, 0.15, 0.5)) for spot in BOOTHS),
        *(_seated(f"o{number}", dice) for number in range(seated)),
        *(_box(number, kind) for number, kind in enumerate(kinds)), *(_person(number) for number in range(people)),
        *(_moved(f"pile{number}", _geom("box", (0, 0, 0.02 + 0.012 * number), (0.075, 0.1, 0.02 + 0.012 * number), ".94 .94 .92 1")) for number in range(PILES)),
        f'<camera name="c" pos="{place.place[0]:.4f} {place.place[1]:.4f} {place.place[2]:.4f}" fovy="{place.fovy:.3f}" xyaxes="{axes}"/>',
    ]  # fmt: skip
    head = (
        f'<mujoco><visual><global offwidth="{size[0]}" offheight="{size[1]}"/><quality shadowsize="0" offsamples="0"/>'
        '<headlight ambient=".5 .5 .5" diffuse=".35 .35 .35" specular="0 0 0"/></visual><asset>'
        f'<texture name="f" type="2d" builtin="checker" rgb1="{tiles[0]}" rgb2="{tiles[1]}" width="128" height="128"/>'
        '<material name="f" texture="f" texrepeat="10 10"/></asset><worldbody>'
    )
    return head + "".join(things) + "</worldbody></mujoco>"


def corners(middle: tuple[float, float, float], half: tuple[float, float, float]) -> np.ndarray:
    """Return the eight corners of a box, [8, 3]."""
    signs = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], dtype=np.float64)
    return np.asarray(np.asarray(middle) + signs * np.asarray(half))


def solids() -> dict[str, list[np.ndarray]]:
    """Return what each kind of zone encloses, as corners [n, 3] in the room."""
    x, y = BOX
    booths = [corners((bx + 0.0, by, 0.95), (0.55, 0.5, 0.97)) for bx, by in BOOTHS]
    lists = [corners((ISSUE[0] + dx, ISSUE[1] - 0.1, 0.745), (0.18, 0.14, 0.01)) for dx in (-0.3, 0.35)]
    return {
        "booth": booths,
        "list": lists,
        "box": [corners((x, y, LID / 2), (WIDE, WIDE, LID / 2))],
        "slot": [corners((x, y, LID + 0.06), (0.2, 0.12, 0.06))],
        "issue": [corners((ISSUE[0], ISSUE[1], 0.6), (0.95, 0.4, 0.15))],
        "count": [corners((COUNT[0], COUNT[1], 0.8), (0.9, 0.5, 0.08))],
        "show": [corners((SHOW[0], SHOW[1], 1.0), (0.4, 0.3, 0.4))],
    }
