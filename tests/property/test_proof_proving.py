# SPDX-License-Identifier: Apache-2.0
"""Roots and proofs out of tiles are those that the standard defines over the leaves, for every size and place."""

from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st
import pytest

from kua.core.digest import Digest
from kua.proof.merkle import Frontier, check_consistency, check_inclusion, consistency_proof, inclusion_proof, leaf_hash, root_of
from kua.proof.proving import TileHashes
from kua.proof.tiles import WIDTH, Tile, levels_above

LEAVES = [leaf_hash(b"%d" % number) for number in range(WIDTH * 3 + 40)]
LARGE = [leaf_hash(b"large %d" % number) for number in range(WIDTH * WIDTH + 3)]


def tiled(leaves: Sequence[Digest]) -> TileHashes:
    levels = [list(level) for level in levels_above(leaves)]

    def read(tile: Tile) -> list[Digest]:
        assert isinstance(tile.level, int)
        held = levels[tile.level][tile.index * WIDTH : tile.index * WIDTH + WIDTH]
        assert len(held) == tile.width, "asked for a tile that this tree does not have"
        return held

    return TileHashes(len(leaves), read)


@given(st.integers(0, len(LEAVES)), st.data())
def test_the_root_of_every_size_within_a_log_comes_out_of_its_tiles(size: int, draw: st.DataObject) -> None:
    within = draw.draw(st.integers(0, size))
    tree = tiled(LEAVES[:size])
    assert tree.root() == root_of(LEAVES[:size])
    assert tree.root(within) == root_of(LEAVES[:within])
    assert tree.peaks(within) == Frontier.of(LEAVES[:within]).peaks


@given(st.integers(1, len(LEAVES)), st.data())
def test_every_proof_is_the_one_of_the_standard(size: int, draw: st.DataObject) -> None:
    within = draw.draw(st.integers(1, size))
    index, earlier = draw.draw(st.integers(0, within - 1)), draw.draw(st.integers(1, within))
    tree = tiled(LEAVES[:size])
    assert tree.inclusion(index, within) == inclusion_proof(index, LEAVES[:within])
    assert tree.consistency(earlier, within) == consistency_proof(earlier, LEAVES[:within])


@pytest.mark.parametrize(
    ("size", "earlier"), [(len(LARGE), 1), (len(LARGE), WIDTH * WIDTH), (len(LARGE), len(LARGE)), (len(LARGE) - 3, WIDTH)]
)
def test_proofs_over_three_levels_of_tiles_hold(size: int, earlier: int) -> None:
    tree = tiled(LARGE)
    root = root_of(LARGE[:size])
    check_consistency(earlier, size, root_of(LARGE[:earlier]), root, tree.consistency(earlier, size))
    check_inclusion(earlier - 1, size, LARGE[earlier - 1], tree.inclusion(earlier - 1, size), root)


@given(st.integers(0, 20))
@example(0)
def test_what_is_not_in_the_tree_has_no_proof(size: int) -> None:
    tree = tiled(LEAVES[:size])
    wrong = (lambda: tree.root(size + 1), lambda: tree.inclusion(size), lambda: tree.inclusion(-1), lambda: tree.consistency(0))
    for ask in (*wrong, lambda: tree.consistency(size + 1)):
        with pytest.raises(ValueError, match=r"-?\d+"):
            ask()
    with pytest.raises(IndexError):
        tree.node(0, size)
