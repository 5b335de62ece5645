# SPDX-License-Identifier: Apache-2.0
"""The process that decodes for the aim page: `kua.app.camera fetch ... | python -m kua.app.up_aim --box DIR --camera a`. Writes no file and no log of a picture.

This is the one unlogged channel of a raw picture. It is open only while nobody votes: before the election's windows and between them, in a rehearsal
and at the opening. In every other phase the process ends with exit code 4, and it ends where no signed election file says which phase it is. It is
walled in as `hide` is, before it loads a codec. Framing on standard output: three parts, each with its length in 4 bytes, big-endian: JSON, raw
JPEG, sent JPEG (empty before a calibration).
"""

import argparse
import json
import os
import sys
from pathlib import Path

from kua.adapters.isolation import isolate
from kua.core.errors import KuaError


def main(arguments: list[str] | None = None) -> int:
    """Run until the pipe ends or the phase closes the channel."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    parser = argparse.ArgumentParser(prog="kua.app.up_aim", description=__doc__)
    parser.add_argument("--box", type=Path, required=True)
    parser.add_argument("--camera", default="a")
    parser.add_argument("--raw-only", action="store_true", help="do not hide, even if there is a calibration")
    parser.add_argument("--drawn", action="store_true", help="the pictures are drawn: no model looks for people")
    asked = parser.parse_args(arguments)
    try:
        isolate()
        from kua.app.up_aiming import run  # late: nothing heavy is loaded before the walls stand

        return run(asked, out)
    except BrokenPipeError:
        return 3
    except KuaError as error:
        sys.stderr.write(json.dumps({"code": error.code}) + "\n")
        return error.exit_code


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)
