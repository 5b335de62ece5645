# SPDX-License-Identifier: Apache-2.0
"""C2PA labels on clips, by c2pa-python: a line of origin that cameras, newsrooms and networks read. It proves less than the bundle and stands beside it.

The library may ask the network for revocations and remote manifests; it is told not to.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import c2pa

from kua.core.errors import Misused, Rejected

PROOF: Final = "kz.kua.proof"
"""Our assertion: which bundle shows that the clip is genuine."""
REDACTION: Final = "kz.kua.redaction"
"""Our assertion: under which signed table people and booths were hidden before anything left the room."""
_OFFLINE: Final = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
_MP4: Final = "video/mp4"
_CAPTURED: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


@dataclass(frozen=True, slots=True)
class Said:
    """What a label says: whether it holds over the clip, whether its signer is known to the library, who signed, and our assertion if it has one."""

    holds: bool
    trusted: bool
    signer: str
    proof: dict[str, Any]


def add_label(source: Path, target: Path, *, title: str, version: str, proof: dict[str, Any], hiding: str, key: bytes, chain: bytes) -> None:
    """Write `source` (an MP4) with a label to `target`. `key`: PEM of a P-256 key; `chain`: PEM of its certificate and those above it.

    Raises `Misused("label.key")` with the library's words where key and chain do not fit, or the certificate is not one for signing.
    """
    manifest = {
        "claim_generator_info": [{"name": "kua", "version": version}],
        "title": title,
        "format": _MP4,
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {"action": "c2pa.created", "digitalSourceType": _CAPTURED},
                        {"action": "c2pa.edited", "parameters": {"kz.kua.hiding": hiding}},
                    ]
                },
            },
            {"label": REDACTION, "data": {"v": 1, "hiding": hiding}},
            {"label": PROOF, "data": proof},
        ],
    }
    try:
        signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", chain, key, None))
        builder = c2pa.Builder(manifest, c2pa.Context.from_dict(_OFFLINE))
        with source.open("rb") as data, target.open("w+b") as made:
            builder.sign(signer, _MP4, data, made)
    except c2pa.C2paError as error:
        raise Misused("label.key", why=str(error)[:120]) from error


def read_label(clip: Path) -> Said | None:
    """Return what the label of `clip` says, None where it has none. Raises `Rejected("label.form")` for one that cannot be read."""
    try:
        with clip.open("rb") as data:
            told = json.loads(c2pa.Reader(_MP4, data, context=c2pa.Context.from_dict(_OFFLINE)).json())
    except c2pa.C2paError as error:
        if "ManifestNotFound" in str(error) or "JumbfNotFound" in str(error):
            return None
        raise Rejected("label.form", why=str(error)[:120]) from error
    try:
        active = told["manifests"][told["active_manifest"]]
        proof: dict[str, Any] = next((each["data"] for each in active["assertions"] if each["label"] == PROOF), {})
        state, signer = told["validation_state"], active["signature_info"]
        return Said(state in {"Valid", "Trusted"}, state == "Trusted", str(signer.get("issuer", "?")), proof)
    except (KeyError, TypeError) as error:
        raise Rejected("label.form", why=type(error).__name__) from error
