# SPDX-License-Identifier: Apache-2.0
"""Canonical standard base64 (RFC 4648 section 4): one spelling for each value, so that a signed thing has one spelling too."""

import base64
import binascii


def to_base64(data: bytes) -> str:
    """Write `data` in standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """Read standard base64. Raises `ValueError` for anything that `to_base64` would not have written."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError(text) from error
    if to_base64(data) != text:
        raise ValueError(text)
    return data
