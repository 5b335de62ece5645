# SPDX-License-Identifier: Apache-2.0
"""Hiding in a single picture that has no room to compare with: what models find is hidden, and without models all of it."""

from collections.abc import Mapping

import numpy as np

from kua.sight.boxes import head_of
from kua.sight.grid import PAD, blocks_of
from kua.sight.hider import Look
from kua.sight.mosaic import fill_blocks
from kua.sight.plan import Plan, Reason, whole_plan
from kua.sight.raw import RawFrame
from kua.sight.boxes import mark
from kua.sight.safe import SafeFrame, conceal, filled
from kua.sight.zones import Polygon, touched


def conceal_still(raw: RawFrame, zones: Mapping[str, tuple[Polygon, ...]], look: Look | None) -> tuple[SafeFrame, Plan]:
    """Hide in one picture. Booths and screens are filled before `look` sees it; faces and heads are filled, people and lists mosaic.

    Without `look`, or where it fails, the whole picture is filled: nothing else says where people are.
    """
    size = blocks_of(raw.width, raw.height)
    if look is None:
        return filled(raw.at, raw.width, raw.height, "no_models"), whole_plan("no_models", raw.width, raw.height)
    fill, mosaic = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
    reasons = np.zeros(size, dtype=np.uint8)
    for kind, reason in (("booth", Reason.BOOTH), ("screen", Reason.SCREEN), ("list", Reason.LIST)):
        area = touched(zones.get(kind, ()), raw.width, raw.height)
        reasons[area] |= np.uint8(reason.value)
        if reason is Reason.LIST:
            mosaic |= area
        else:
            fill |= area
    yuv = raw.yuv.copy()
    fill_blocks(yuv, raw.width, raw.height, fill)
    veiled = RawFrame(raw.at, raw.width, raw.height, yuv)
    try:
        boxes = look(veiled)
    except Exception:  # noqa: BLE001 - whatever a detector throws, the answer is a filled picture
        return filled(raw.at, raw.width, raw.height, "detector"), whole_plan("detector", raw.width, raw.height)
    for box in boxes:
        area = np.zeros(size, dtype=np.bool_)
        mark(area, head_of(box))
        fill |= area
        reasons[area] |= np.uint8((Reason.FACE if box.kind == "face" else Reason.PERSON).value)
        if box.kind == "person":
            body = np.zeros(size, dtype=np.bool_)
            mark(body, box.grown(1.1))
            mosaic |= body
            reasons[body] |= np.uint8(Reason.PERSON.value)
    plan = Plan(fill, mosaic & ~fill, np.full(size, 2 * PAD, np.int32), True, reasons)
    return conceal(veiled, plan), plan
