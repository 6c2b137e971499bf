"""The query of the README returns the response that the README shows, and its links exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_query_of_the_readme_returns_the_response_of_the_readme(demo_gateway) -> None:
    (query,) = re.findall(r"^(\{\"query\".*\})$", README, re.MULTILINE)
    (response,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    assert demo_gateway.post(json.loads(query), customer="ana", languages="") == json.loads(response)


def test_the_readme_is_short_enough_to_read() -> None:
    assert len(README.splitlines()) <= 160


def test_links_of_the_readme_exist() -> None:
    root = Path(__file__).parents[2]
    missing = [t for t in re.findall(r"\]\(([^)#:]+)\)", README) if not (root / t).exists()]
    assert missing == []
