"""What the stack needs, said once: `photos-gateway provision` makes it, and the templates of CloudFormation are made from it."""

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
"""A day longer than jobs keep their files: what a killed process never swept goes too."""
UPLOADS_KEPT_DAYS: Final = 1
AUDIT_KEPT_DAYS: Final = 365
"""So long nobody can take a record of the audit back, the owner of the account among them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a bucket removes by itself: objects under a prefix so many days old, or uploads that were never finished."""

    id: str
    prefix: str = ""
    expire_days: int | None = None
    abort_days: int | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, closed to the public and encrypted. `locked_days`: written once, and kept against everybody so long.

    What is locked has versions, as object lock demands; every other bucket has none, or erasing would not erase.
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

CLOSED: Final[dict[str, Any]] = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


def lock_of(bucket: Bucket) -> dict[str, Any]:
    """The default retention of a locked bucket."""
    return {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": bucket.locked_days}},
    }
