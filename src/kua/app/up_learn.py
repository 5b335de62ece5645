# SPDX-License-Identifier: Apache-2.0
"""`python -m kua.app.up_learn BOX CAM`: learns the empty room with the drawing that lies in the box. Errors are one line of JSON on standard output."""

import json
import sys
from pathlib import Path
from typing import Final

from kua.app.calibrate import calibrate
from kua.app.settings import load_station
from kua.core.errors import KuaError

SECONDS: Final = 6


def main(arguments: list[str]) -> int:
    """Learn; return the exit code."""
    box, cam = Path(arguments[0]), arguments[1]
    try:
        calibrate(box, cam, load_station(box).camera(cam).source, str(box / "calibration" / f"{cam}.zones.toml"), SECONDS)
    except KuaError as error:
        sys.stdout.write(json.dumps({"code": error.code, "facts": error.facts}) + "\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
