# SPDX-License-Identifier: Apache-2.0
"""Properties of the tree, the tiles and the notes, for any input."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from kua.core.digest import Digest, sha256
from kua.core.errors import KuaError, Rejected
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.merkle import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
)
from kua.proof.note import open_note, parse_note, sign_note
from kua.proof.tiles import Edge, Tile, decode_bundle, encode_bundle, levels_above, parse_tile_path, tiles_changed, tiles_of

LEAVES = [leaf_hash(b"%d" % number) for number in range(600)]
KEY = SigningKey.from_seed("property.example/key", bytes(range(32)))


def by_definition(leaves: list[Digest]) -> Digest:
    """MTH as RFC 6962 section 2.1 writes it, without any cleverness."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return node_hash(by_definition(leaves[:middle]), by_definition(leaves[middle:]))


@given(st.integers(0, 600))
def test_the_root_is_the_one_that_the_standard_defines(size: int) -> None:
    assert root_of(LEAVES[:size]) == by_definition(LEAVES[:size])


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_frontier_taken_up_again_grows_as_if_it_had_never_stopped(first: int, more: int) -> None:
    stopped = Frontier.of(LEAVES[:first])
    again = Frontier(stopped.size, stopped.peaks)
    for leaf in LEAVES[first : first + more]:
        again.append(leaf)
    assert again.root() == root_of(LEAVES[: first + more])
    assert stopped.root() == root_of(LEAVES[:first])


@given(st.integers(1, 600), st.data())
def test_a_leaf_is_proved_at_its_own_place_and_at_no_other(size: int, draw: st.DataObject) -> None:
    index, other = (draw.draw(st.integers(0, size - 1)) for _ in range(2))
    root, proof = root_of(LEAVES[:size]), inclusion_proof(index, LEAVES[:size])
    check_inclusion(index, size, LEAVES[index], proof, root)
    if other != index:
        with pytest.raises(Rejected):
            check_inclusion(other, size, LEAVES[index], proof, root)
        with pytest.raises(Rejected):
            check_inclusion(index, size, LEAVES[other], proof, root)


@given(st.integers(1, 600), st.data())
def test_growth_is_proved_and_a_rewritten_leaf_is_not(size: int, draw: st.DataObject) -> None:
    earlier = draw.draw(st.integers(1, size))
    root = root_of(LEAVES[:size])
    check_consistency(earlier, size, root_of(LEAVES[:earlier]), root, consistency_proof(earlier, LEAVES[:size]))
    changed = draw.draw(st.integers(0, earlier - 1))
    forged = [*LEAVES[:size]]
    forged[changed] = leaf_hash(b"forged")
    with pytest.raises(Rejected):
        check_consistency(earlier, size, root_of(LEAVES[:earlier]), root_of(forged), consistency_proof(earlier, forged))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_the_note_reader_fail_in_any_other_way_than_refusing(data: bytes) -> None:
    with pytest.raises(KuaError):
        open_note(data, [KEY.verifier])


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=40), st.integers(0, 10_000), st.integers(0, 7))
def test_no_bit_of_a_note_can_be_turned_unseen(line: str, at: int, bit: int) -> None:
    good = sign_note(f"{line}\n", [KEY])
    assert open_note(good, [KEY.verifier]) == (f"{line}\n", (KEY.name,))
    assert parse_note(good).to_bytes() == good
    turned = bytearray(good)
    turned[at % len(good)] ^= 1 << bit
    with pytest.raises(Rejected):
        open_note(bytes(turned), [KEY.verifier])


@given(st.text(max_size=80))
def test_no_text_makes_the_key_reader_fail_in_any_other_way_than_refusing(line: str) -> None:
    with pytest.raises(Rejected):
        VerifierKey.parse(line)


@given(st.sampled_from(["entries", *range(64)]), st.integers(0, 10**9), st.integers(1, 256))
def test_every_file_has_one_name(level: int | str, index: int, width: int) -> None:
    tile = Tile(level, index, width)  # type: ignore[arg-type]  # sampled from the very values of Level
    assert parse_tile_path(tile.path) == tile


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_gives_back_what_was_put_in(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries), len(entries)) == tuple(entries)


@given(st.integers(0, 70_000), st.integers(0, 70_000))
def test_changed_files_are_those_that_the_old_log_had_not(one: int, other: int) -> None:
    earlier, later = sorted((one, other))
    assert {*tiles_changed(earlier, later)} == {*tiles_of(later)} - {*tiles_of(earlier)}


@given(st.lists(st.integers(0, 700), min_size=1, max_size=4))
def test_a_log_grown_in_steps_and_taken_up_between_them_has_the_files_of_its_size(steps: list[int]) -> None:
    files: dict[str, bytes] = {}
    edge, entries = Edge(), list[bytes]()
    for step in steps:
        new = [b"%d" % (len(entries) + number) for number in range(step)]
        entries += new
        changed = edge.append(new)
        assert {*changed} == {tile.path for tile in tiles_changed(edge.size - step, edge.size)}
        files |= changed
        edge = Edge.taken_up(edge.size, files.__getitem__)
        assert edge.root() == root_of(leaf_hash(entry) for entry in entries)
    for level, hashes in enumerate(levels_above([leaf_hash(entry) for entry in entries])):
        for tile in (tile for tile in tiles_of(edge.size) if tile.level == level):
            assert files[tile.path] == b"".join(hashes[tile.index * 256 : tile.index * 256 + tile.width])


def test_the_weak_points_are_all_those_of_small_order() -> None:
    """Counted from the curve itself: every y whose point, added to itself three times over, is the neutral one."""
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p

    def is_on_curve(y: int) -> bool:
        square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
        return square == 0 or pow(square, (p - 1) // 2, p) == 1

    # order 1: y = 1; order 2: y = -1; order 4: y = 0; order 8: d y^4 + 2 y^2 - 1 = 0, from doubling to y = 0
    root = next(r for r in _square_roots(1 + d, p))
    eight = [r for sign in (1, -1) for r in _square_roots((-1 + sign * root) * pow(d, -1, p) % p, p)]
    small = {1, p - 1, 0, *(y for y in eight if is_on_curve(y))}
    assert len(small) == 5
    encodings = {y.to_bytes(32, "little") for small_y in small for y in (small_y, small_y + p) if y < 2**255}
    for encoding in encodings:
        for top in (0, 0x80):
            with pytest.raises(Rejected, match=r"key\.public"):
                VerifierKey("weak", encoding[:31] + bytes([encoding[31] | top]))
    assert VerifierKey("fine", KEY.verifier.public).public == KEY.verifier.public
    assert sha256(b"") == EMPTY_ROOT


def _square_roots(value: int, p: int) -> list[int]:
    value %= p
    root = pow(value, (p + 3) // 8, p)
    if root * root % p != value:
        root = root * pow(2, (p - 1) // 4, p) % p
    return [root, p - root] if root * root % p == value else []
