"""The single definition of tables, buckets and keys, for `photos-gateway provision` and the CloudFormation templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from datasources import TABLES
from datasources.audit.s3 import PREFIX as AUDITED
from datasources.media.s3 import PREFIX as MEDIA
from datasources.media.s3 import RESULTS
from datasources.tables.dynamodb.schema import MARKS
from datasources.tables.store import Table

ALL_TABLES: Final[tuple[Table, ...]] = (*TABLES, MARKS)
KEY_DESCRIPTION: Final = "Photos Data Gateway: wraps the wrapping keys"
RESULTS_KEPT_DAYS: Final = 8
"""One day longer than jobs retain their files, to remove files that a killed process did not delete."""
UPLOADS_KEPT_DAYS: Final = 1
AUDIT_KEPT_DAYS: Final = 365
"""Retention during which nobody, including the account owner, can delete audit records."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A lifecycle rule: expires objects under a prefix, or aborts unfinished multipart uploads, after a number of days."""

    id: str
    prefix: str = ""
    expire_days: int | None = None
    abort_days: int | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A private, encrypted bucket. `locked_days`: the retention of object lock, in compliance mode.

    Object lock requires versioning. All other buckets have no versioning, because old versions would survive an erasure.
    """

    role: str
    prefixes: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    locked_days: int | None = None


FILES: Final = Bucket(
    "media",
    (MEDIA, RESULTS),
    (
        Rule("results-end", RESULTS, expire_days=RESULTS_KEPT_DAYS),
        Rule("unfinished-uploads-end", abort_days=UPLOADS_KEPT_DAYS),
    ),
)
AUDIT: Final = Bucket("audit", (AUDITED,), locked_days=AUDIT_KEPT_DAYS)

BLOCK_PUBLIC_ACCESS: Final[dict[str, Any]] = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


def lock_of(bucket: Bucket) -> dict[str, Any]:
    """The default retention of a locked bucket."""
    return {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": bucket.locked_days}},
    }
