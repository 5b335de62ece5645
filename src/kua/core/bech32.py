# SPDX-License-Identifier: Apache-2.0
"""Bech32 (BIP-173) without its limit of 90 characters: the spelling of age's keys. A letter that was lost or changed is noticed."""

from collections.abc import Iterable, Sequence
from typing import Final

_LETTERS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def bech32(prefix: str, data: bytes) -> str:
    """Return `data` as lower-case bech32 under `prefix` (lower case)."""
    values = _regroup(data, 8, 5, pad=True)
    check = _polymod([*_expanded(prefix), *values, 0, 0, 0, 0, 0, 0]) ^ 1
    return prefix + "1" + "".join(_LETTERS[value] for value in [*values, *((check >> 5 * (5 - at)) & 31 for at in range(6))])


def read_bech32(text: str, prefix: str) -> bytes:
    """Return the data of lower-case bech32 under `prefix`. Raises `ValueError` for another prefix, case, letter or check sum."""
    head, _, tail = text.rpartition("1")
    values = [_LETTERS.find(letter) for letter in tail]
    if head != prefix or len(values) < 6 or -1 in values or _polymod([*_expanded(prefix), *values]) != 1:
        raise ValueError("bech32")
    return bytes(_regroup(values[:-6], 5, 8, pad=False))


def _expanded(prefix: str) -> list[int]:
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def _polymod(values: Iterable[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            check ^= generator if top >> bit & 1 else 0
    return check


def _regroup(values: Sequence[int] | bytes, old: int, new: int, *, pad: bool) -> list[int]:
    """Pack groups of `old` bits into groups of `new` bits; what is left over must be less than a group of zeros where nothing is padded."""
    held, bits, made = 0, 0, []
    for value in values:
        held, bits = held << old | value, bits + old
        while bits >= new:
            bits -= new
            made.append(held >> bits & (1 << new) - 1)
        held &= (1 << bits) - 1
    if pad and bits:
        made.append(held << new - bits)
    elif not pad and (bits >= old or held):
        raise ValueError("bech32")
    return made
