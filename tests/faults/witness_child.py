# SPDX-License-Identifier: Apache-2.0
"""A co-signer that is asked three times, in a process of its own so that strace can make its system calls fail. Prints what it acknowledged."""

import sys
from pathlib import Path

from kua.app.witness import opened
from kua.core.errors import KuaError
from kua.testing.clock import ManualClock
from tests.rigs.cosigner import NOW, TRUE

STEPS = ((0, 3), (3, 9), (9, 14))


def main(folder: Path) -> None:
    try:
        with opened(folder, ManualClock(NOW)) as cosigner:
            for old, size in STEPS:
                answer = cosigner.add(TRUE.ask(old, size))
                print(size, answer.status, flush=True)
    except KuaError as error:
        print("error", error.code, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
