# SPDX-License-Identifier: Apache-2.0
"""Options that several commands of a verifier share: the same name, the same words, the same meaning everywhere."""

from pathlib import Path
from typing import Annotated

import typer

from kua.cli.say import _

Commission = Annotated[
    list[str] | None,
    typer.Option("--commission", metavar="KEY", help=_("A key of the commission that you trust, or a file that holds it.")),
]
Cosigner = Annotated[
    list[str] | None,
    typer.Option("--cosigner", metavar="KEY", help=_("A co-signer that you know beside those of the election file, or a file that holds its key.")),
]
Authority = Annotated[
    list[Path] | None,
    typer.Option("--authority", metavar="PEM", help=_("The certificate of a time authority that you trust; its tokens are then checked.")),
]
PixelsWanted = Annotated[
    bool, typer.Option("--pixels", help=_("Also decode the film and look whether every signed mask is filled in every picture."))
]
JsonWanted = Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))]
