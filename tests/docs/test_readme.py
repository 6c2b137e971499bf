"""The README tells the truth: its query, sent as written, gives its answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_readmes_query_gives_the_readmes_answer(demo_gateway) -> None:
    (sent,) = re.findall(r"^(\{\"query\".*\})$", README, re.MULTILINE)
    (told,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    assert demo_gateway.post(json.loads(sent), customer="ana", languages="") == json.loads(told)


def test_the_readme_is_short_enough_to_read() -> None:
    assert len(README.splitlines()) <= 160


def test_links_of_the_readme_lead_somewhere() -> None:
    root = Path(__file__).parents[2]
    missing = [t for t in re.findall(r"\]\(([^)#:]+)\)", README) if not (root / t).exists()]
    assert missing == []
