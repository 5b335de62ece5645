# SPDX-License-Identifier: Apache-2.0
"""Pairing two small lists so that the likenesses of the pairs add up to the most: exactly, or the best first. It decides; it knows nothing of what is paired."""

from typing import Final

import numpy as np
import numpy.typing as npt

Likeness = npt.NDArray[np.float64]
"""float [rows, columns], 0..1: how alike each pair is."""
Pairs = list[tuple[int, int]]
"""Row and column of each pair, by row. No row and no column stands in two."""

_NONE: Final = -1


def best_first(likeness: Likeness, least: float) -> Pairs:
    """Pair the most alike first, and so on down to `least`. Equal likenesses go by row, then by column."""
    rows, columns = likeness.shape
    order = np.argsort(-likeness, axis=None, kind="stable")
    free_row, free_column = [True] * rows, [True] * columns
    pairs: Pairs = []
    for place in order:
        row, column = divmod(int(place), columns)
        if likeness[row, column] < least:
            break
        if free_row[row] and free_column[column]:
            free_row[row] = free_column[column] = False
            pairs.append((row, column))
    return sorted(pairs)


def best_sum(likeness: Likeness, least: float) -> Pairs:
    """Pair so that the sum of likenesses is greatest, counting only pairs of at least `least`: shortest augmenting paths with potentials (the Hungarian method
    in the form of Jonker and Volgenant), in O(n^3).

    A pair below `least` is as good as none.
    """
    rows, columns = likeness.shape
    if not rows or not columns:
        return []
    worth = np.where(likeness >= least, likeness, 0.0)
    if rows > columns:
        return sorted((row, column) for column, row in _assigned(-worth.T) if likeness[row, column] >= least)
    return [(row, column) for row, column in _assigned(-worth) if likeness[row, column] >= least]


def _assigned(cost: npt.NDArray[np.float64]) -> Pairs:
    """Give each row a column of its own at the least cost; there are at least as many columns as rows."""
    rows, columns = cost.shape
    of_row, of_column = np.zeros(rows), np.zeros(columns)
    taken = np.full(columns, _NONE)
    for start in range(rows):
        least, before = np.full(columns, np.inf), np.full(columns, _NONE)
        done = np.zeros(columns, dtype=np.bool_)
        row, column = start, _NONE
        while row != _NONE:
            if column != _NONE:
                done[column] = True
            reached = 0.0 if column == _NONE else least[column]
            through = reached + cost[row] - of_row[row] - of_column
            closer = ~done & (through < least)
            least[closer], before[closer] = through[closer], column
            column = int(np.argmin(np.where(done, np.inf, least)))
            row = int(taken[column])
        # Potentials keep every reduced cost at nought or more for the next row.
        far = least[column]
        of_row[start] += far
        for passed in np.flatnonzero(done):
            of_row[taken[passed]] += far - least[passed]
            of_column[passed] -= far - least[passed]
        while before[column] != _NONE:
            taken[column] = taken[before[column]]
            column = int(before[column])
        taken[column] = start
    return sorted((int(row), int(column)) for column, row in enumerate(taken) if row != _NONE)
