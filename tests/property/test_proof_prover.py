# SPDX-License-Identifier: Apache-2.0
"""Proofs made from tiles are those of the definition, for every size."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.core.digest import Digest
from kua.proof.merkle import check_consistency, check_inclusion, consistency_proof, inclusion_proof, leaf_hash, root_of
from kua.proof.prover import Prover
from kua.proof.tiles import WIDTH, Tile, levels_above, tiles_of

LEAVES = [leaf_hash(b"%d" % number) for number in range(70_000)]
LEVELS = [list(level) for level in levels_above(LEAVES)]


def prover(size: int) -> tuple[Prover, set[Tile]]:
    """A prover over the tiles of `size` leaves, and which of them it has read."""
    there, read = set(tiles_of(size)), set[Tile]()

    def give(tile: Tile) -> Sequence[Digest]:
        assert tile in there, tile
        read.add(tile)
        assert isinstance(tile.level, int)
        return LEVELS[tile.level][tile.index * WIDTH : tile.index * WIDTH + tile.width]

    return Prover(size, give), read


SIZES = st.integers(1, 900) | st.sampled_from([255, 256, 257, 511, 512, 513])


@settings(max_examples=150, deadline=None)
@given(SIZES, st.data())
def test_a_proof_from_tiles_is_the_one_that_the_standard_defines(size: int, draw: st.DataObject) -> None:
    later = draw.draw(st.integers(1, size))
    index, earlier = draw.draw(st.integers(0, later - 1)), draw.draw(st.integers(1, later))
    made, _ = prover(size)
    assert made.inclusion(index, later) == inclusion_proof(index, LEAVES[:later])
    assert made.consistency(earlier, later) == consistency_proof(earlier, LEAVES[:later])
    assert made.root(later) == root_of(LEAVES[:later])


def test_a_large_log_is_proved_from_a_few_tiles() -> None:
    made, read = prover(70_000)
    root = root_of(LEAVES)
    check_inclusion(40_000, 70_000, LEAVES[40_000], made.inclusion(40_000, 70_000), root)
    check_consistency(69_999, 70_000, root_of(LEAVES[:69_999]), root, made.consistency(69_999, 70_000))
    assert len(read) <= 6


@pytest.mark.parametrize(("call", "arguments"), [("inclusion", (5, 5)), ("inclusion", (0, 11)), ("consistency", (0, 5)), ("consistency", (6, 5))])
def test_what_is_not_in_the_log_is_not_proved(call: str, arguments: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        getattr(prover(10)[0], call)(*arguments)
