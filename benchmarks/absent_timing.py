"""Whether the time of a response tells a photo that is absent from one that belongs to somebody else.

`python -m benchmarks.absent_timing [SAMPLES]` sends both requests alternately and prints medians and a rank test.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from scipy.stats import mannwhitneyu

from tests.requests.harness import opened

QUERIES = {
    "photo(id)": "query($id: ID!) { photo(id: $id) { id caption takenAt } }",
    "node(id)": "query($id: ID!) { node(id: $id) { id } }",
    "trashPhotos": "mutation($id: ID!) { trashPhotos(input: {ids: [$id]}) { userErrors { code } } }",
}


async def measure(samples: int) -> None:
    """Measures each query and prints a line for it."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder)) as gateway:
            eve = await gateway.customer("eve")
            await gateway.customer("ana")
            theirs = await gateway.photos("ana", *(f"p{n}" for n in range(50)), caption="Sea")
            absent = [gateway.id("Photo", "ana", gateway.local("ana", f"q{n}")) for n in range(50)]
            for name, query in QUERIES.items():
                times: dict[str, list[float]] = {"absent": [], "not yours": []}
                share = samples if name == "photo(id)" else samples // 5
                for _ in range(share):
                    order = [("absent", random.choice(absent)), ("not yours", random.choice(theirs))]
                    random.shuffle(order)
                    for kind, photo in order:
                        start = time.perf_counter()
                        await gateway.execute(query, {"id": photo}, as_=eve)
                        times[kind].append((time.perf_counter() - start) * 1e6)
                medians = ", ".join(f"{kind} {statistics.median(t):.1f} us" for kind, t in times.items())
                test = mannwhitneyu(times["absent"], times["not yours"])
                auc = test.statistic / share**2
                print(f"{name}: {share} samples each; medians: {medians}; p = {test.pvalue:.3f}, AUC = {auc:.4f}", flush=True)


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
