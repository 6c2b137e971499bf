"""Every kind of job with the function that does it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from datasources.tables.jobs import JobKind
from resolvers.erasing.erase import erase
from resolvers.exporting.export import export
from resolvers.jobs.job_run import Work
from resolvers.jobs.key_rotation import rotate

WORKS: Mapping[JobKind, Work] = MappingProxyType({JobKind.EXPORT: export, JobKind.ERASE: erase, JobKind.ROTATE: rotate})
