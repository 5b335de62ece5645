# SPDX-License-Identifier: Apache-2.0
"""Twelve trustees in four groups (1 of 1, 1 of 1, 2 of 5, 2 of 5), three groups must agree: every one of the 4,096 subsets opens exactly where the rule says.

The rule is written down here once more, by hand. `make test` asks real SLIP-39 for one subset of each of the 144 kinds, and the rule for all;
`make soak` asks SLIP-39 for all.
"""

from itertools import combinations
from random import Random

import pytest
from shamir_mnemonic import MnemonicError, combine_mnemonics

from kua.adapters.sealing import combine, public_of
from kua.core.errors import Rejected
from tests.rigs.trustees import a_slice, twelve

HELD = twelve()
NAMES = [trustee.id for trustee in HELD.sealing.trustees]
SUBSETS = [frozenset(subset) for size in range(13) for subset in combinations(NAMES, size)]


def counts(subset: frozenset[str]) -> tuple[int, int, int, int]:
    return tuple(sum(name.partition("-")[0] == side for name in subset) for side in ("commission", "court", "parties", "ngos"))  # type: ignore[return-value]


def by_hand(subset: frozenset[str]) -> bool:
    commission, court, parties, ngos = counts(subset)
    return (commission >= 1) + (court >= 1) + (parties >= 2) + (ngos >= 2) >= 3


def opens_in_fact(words: dict[str, str], recipient: str) -> bool:
    """Ask real SLIP-39, and nothing of ours that knows the rule, for what is too little: the library itself must refuse it."""
    try:
        return public_of(combine(HELD.sealing, words, recipient)) == recipient
    except Rejected:
        if words:
            with pytest.raises(MnemonicError):
                combine_mnemonics(words.values())
        return False


def check(subsets: list[frozenset[str]]) -> tuple[int, int]:
    made = a_slice(HELD)
    all_words = HELD.words(made)
    opened = 0
    for subset in subsets:
        words = {name: all_words[name] for name in subset}
        does = opens_in_fact(words, made.recipient)
        assert does == by_hand(subset), sorted(subset)
        opened += does
    return len(subsets), opened


def test_the_rule_of_the_election_file_is_the_rule_by_hand_for_all_4096_subsets() -> None:
    assert len(SUBSETS) == 4096
    assert sum(HELD.sealing.opens(subset) != by_hand(subset) for subset in SUBSETS) == 0


def test_one_subset_of_every_kind_opens_in_fact_where_the_rule_says() -> None:
    dice = Random(4)
    shuffled = sorted(SUBSETS, key=lambda subset: (sorted(subset), dice.random()))
    dice.shuffle(shuffled)
    kinds = {counts(subset): subset for subset in shuffled}
    asked, opened = check(list(kinds.values()))
    assert (asked, opened) == (144, sum(by_hand(subset) for subset in kinds.values()))


@pytest.mark.soak
@pytest.mark.timeout(1_200)
def test_all_4096_subsets_open_in_fact_where_the_rule_says() -> None:
    asked, opened = check(SUBSETS)
    print(f"{asked} subsets asked of SLIP-39, {opened} open, as the rule says")  # for docs/benchmarks.md
    assert asked == 4096
