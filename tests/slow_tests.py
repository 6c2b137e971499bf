"""Which tests `make check` leaves out because of the time that they take. `slow_tests.txt` lists them, one node id on a line.

`make slow-tests` measures again and writes the list: `pytest --durations=0 | python -m tests.slow_tests`.
A test that is long by its nature has the marker `slow` at its definition instead.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).with_suffix(".txt")
SECONDS: Final = 0.5
"""The time of all cases of a test function, from which `make check` leaves it out."""
PROOFS: Final = ("tests/architecture/", "tests/policy/", "tests/attacks/test_attacks.py", "tests/schema/test_contract.py")
"""The small part of the proofs of policy and structure that `make check` always runs."""
_LINE: Final = re.compile(r"([0-9.]+)s call +(tests/[^\[\s]+)")


def listed() -> frozenset[str]:
    """The node ids, without parameters, of the tests that take long."""
    return frozenset(LIST.read_text().split())


def slow_of(report: Iterable[str]) -> list[str]:
    """The node ids of a report of `pytest --durations=0` that take at least `SECONDS`, sorted."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for found in map(_LINE.match, report):
        if found:
            seconds[found[2]] += float(found[1])
    return sorted(test for test, taken in seconds.items() if taken >= SECONDS and not test.startswith(PROOFS))


if __name__ == "__main__":
    sys.stdout.writelines(f"{test}\n" for test in slow_of(sys.stdin))
