"""How many typed queries find the photo that they should: `python -m benchmarks.relevance RECORDS QUERIES [LANGUAGES]`.

RECORDS is a JSON Lines file of import records. QUERIES has one query on a line: the text, a tab, a rule, a tab, a `sourceId`.
Rules: `first` (the best hit, or one of equal score), `has` (among the first 10), `only` (the single hit), `none` (no hit).
Lines that begin with `#` are comments. Queries that fail are printed with what they found.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from access.viewer import Viewer, ViewerKind
from datasources import wiring
from execution.document_cache import DocumentCache
from execution.runner import Runner
from indexing.documents import catch_up
from indexing.index_lag import IndexLag
from resolvers.context import Context
from schema.build import build, denied_coordinates

OWNER: Final = "relevance"
QUERY: Final = "query($q: String!) { searchPhotos(query: $q, first: 10) { edges { score node { sourceId } } } }"


class Case(NamedTuple):
    """A query and what it should find."""

    query: str
    rule: str
    source_id: str


class Found(NamedTuple):
    """A hit: the id that the import gave, and the score."""

    source_id: str
    score: float


def cases(path: Path) -> Iterator[Case]:
    """The cases of a file of queries."""
    for line in path.read_text().splitlines():
        if line and not line.startswith("# query"):
            query, rule, source_id = [*line.split("\t"), ""][:3]
            yield Case(query, rule, source_id)


def holds(case: Case, found: Sequence[Found]) -> bool:
    """Whether the hits obey the rule of a case."""
    if case.rule == "none":
        return not found
    if case.rule == "only":
        return [f.source_id for f in found] == [case.source_id]
    if case.rule == "first":
        return case.source_id in {f.source_id for f in found if f.score == found[0].score}
    return case.source_id in {f.source_id for f in found}


async def run(folder: Path, given: Sequence[Case], languages: tuple[str, ...]) -> list[tuple[Case, list[Found]]]:
    """The hits of each query."""
    sources, lag, gateway = await wiring.embedded(folder), IndexLag(), build()
    while await catch_up(sources, lag):
        pass
    owner = sources.ids.local_id("customer", OWNER)
    viewer = Viewer(ViewerKind.CUSTOMER, OWNER, customer=owner)
    documents = DocumentCache(gateway.graphql_schema, classify=gateway.classify, pricing=gateway.pricing)
    runner = Runner(gateway.graphql_schema, decide=denied_coordinates)
    results = []
    for case in given:
        context = Context(sources, lag, viewer, languages)
        answer = await runner.execute(documents.prepare(QUERY), {"q": case.query}, context)
        await context.aclose()
        assert "errors" not in answer, answer["errors"]
        edges = answer["data"]["searchPhotos"]["edges"]
        results.append((case, [Found(e["node"]["sourceId"], e["score"]) for e in edges]))
    await sources.close()
    return results


def main(records: Path, queries: Path, languages: str = "en,de,it,ru") -> int:
    """Prints the queries that fail and the number that hold."""
    given = list(cases(queries))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "cli", "import", str(records), "--owner", OWNER, "--data", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        results = asyncio.run(run(Path(folder), given, tuple(languages.split(","))))
    failed = [(case, found) for case, found in results if not holds(case, found)]
    for case, found in failed:
        print(f"  {case.query!r} should be {case.rule} {case.source_id}, found {[(f.source_id, f.score) for f in found[:4]]}")
    print(f"{len(results) - len(failed)} of {len(results)} queries find what they should")
    return min(len(failed), 1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
