"""Runs the benchmarks of `make bench` sequentially in one process."""

from __future__ import annotations

import runpy

MODULES = (
    "benchmarks.timeline",
    "benchmarks.ingest",
    "benchmarks.files",
    "benchmarks.image_pipeline",
    "benchmarks.search",
    "benchmarks.exporting",
    "benchmarks.duplicates",
    "benchmarks.limits",
    "benchmarks.sealing",
)

if __name__ == "__main__":
    for module in MODULES:
        print(f"== {module}", flush=True)
        runpy.run_module(module, run_name="__main__")
