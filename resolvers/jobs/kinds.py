"""Maps each kind of job to its function."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from datasources.tables.jobs import JobKind
from resolvers.erasing.erase import erase
from resolvers.exporting.export import export
from resolvers.jobs.job_run import JobFunction
from resolvers.jobs.key_rotation import rotate

JOB_FUNCTIONS: Mapping[JobKind, JobFunction] = MappingProxyType(
    {JobKind.EXPORT: export, JobKind.ERASE: erase, JobKind.ROTATE: rotate}
)
