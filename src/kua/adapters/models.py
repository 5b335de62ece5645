# SPDX-License-Identifier: Apache-2.0
"""Weights of detection models: a table of those that kua knows, with their hashes, and a folder of those that somebody installed.

kua works without any. A file whose hash is not the pinned one is never loaded.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from kua.adapters.durable import DurableFiles
from kua.core.digest import sha256
from kua.core.errors import Misused, Rejected, Unavailable

LARGEST: Final = 64 * 1024 * 1024
"""No more bytes than this are fetched."""


@dataclass(frozen=True, slots=True)
class Model:
    """One known model: what it finds, where it comes from, on what terms, and its bytes' SHA-256 in hex."""

    name: str
    finds: str
    sha256: str
    size: int
    licence: str
    origin: str

    @property
    def file(self) -> str:
        """Name of its file in the folder."""
        return f"{self.name}.onnx"


KNOWN: Final = (
    Model(
        "yunet_s_dynamic",
        "face",
        "daede24002cc8590f457998cc5e6c9e8b82f45f6bd969506a8913cd4ed10a2d3",
        237_823,
        "Apache-2.0",
        "libfacedetection.train (YuNet_s, free input size)",
    ),
    Model(
        "yolox_nano_dynamic",
        "person",
        "665f040d53ffcdc79e27b5803f51d8d9b6b92da2c852e4d8041f50fc1cd7b165",
        3_648_396,
        "Apache-2.0",
        "YOLOX (nano, COCO, fixed height and width dropped)",
    ),
)
"""Every model that kua can use."""


def named(name: str) -> Model:
    """Return the model called `name`. Raises `Misused("model.unknown")`."""
    for model in KNOWN:
        if model.name == name:
            return model
    raise Misused("model.unknown", name=name[:80], known=", ".join(model.name for model in KNOWN))


def installed(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every installed model. Raises `Rejected("model.hash")` for a file that is not what it is called."""
    found: dict[str, bytes] = {}
    for model in KNOWN:
        path = folder / model.file
        if not path.is_file():
            continue
        data = path.read_bytes()
        if sha256(data).hex() != model.sha256:
            raise Rejected("model.hash", name=model.file)
        found[model.name] = data
    return found


def add(source: Path, folder: Path) -> Model:
    """Install a file, whatever its name, by its hash. Raises `Misused("model.missing")`, `Rejected("model.hash")`."""
    try:
        data = source.read_bytes()
    except OSError as error:
        raise Misused("model.missing", name=source.name) from error
    return _keep(data, folder, source.name)


def fetch(name: str, url: str, folder: Path, *, transport: httpx.BaseTransport | None = None) -> Model:
    """Fetch a known model by https and install it.

    Raises `Misused("model.unknown" | "model.url")`, `Unavailable("model.unreachable")`, `Rejected("model.too_large" | "model.hash")`.
    """
    model = named(name)
    if not url.startswith("https://"):
        raise Misused("model.url", url=url[:200])
    data = bytearray()
    try:
        with httpx.Client(transport=transport, timeout=30, follow_redirects=True) as client, client.stream("GET", url) as answer:
            if answer.url.scheme != "https":
                raise Misused("model.url", url=str(answer.url)[:200])
            if answer.status_code != httpx.codes.OK:
                raise Unavailable("model.unreachable", name=name, why=answer.status_code)
            for part in answer.iter_bytes():
                data += part
                if len(data) > LARGEST:
                    raise Rejected("model.too_large", name=name)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable("model.unreachable", name=name, why=type(error).__name__) from error
    if sha256(bytes(data)).hex() != model.sha256:
        raise Rejected("model.hash", name=model.file)
    return _keep(bytes(data), folder, model.file)


def _keep(data: bytes, folder: Path, called: str) -> Model:
    digest = sha256(data).hex()
    for model in KNOWN:
        if model.sha256 == digest:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise Misused("model.folder", folder=str(folder)) from error
            DurableFiles().replace(folder / model.file, data)
            return model
    raise Rejected("model.hash", name=called)
