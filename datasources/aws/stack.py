"""Which real engines stand behind the ports, and where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from datasources.aws.access import AwsAccess
from datasources.retry import RetryPolicy

NAME = "aws"
_LOCAL_READ_S, _LOCAL_DEADLINE_S, _LOCAL_CONNECTIONS = 15.0, 30.0, 16


@dataclass(frozen=True, slots=True)
class Stack:
    """DynamoDB, KMS, S3 and OpenSearch. Addresses that are None are AWS's own in the region.

    `local`: servers on this machine that may be filled, emptied and filled anew without asking. `follow`: whether this
    process brings the index up from the change feed; else Lambda does.
    """

    region: str
    prefix: str
    bucket: str
    key_id: str
    search_url: str
    index: str = "photos"
    dynamodb_url: str | None = None
    s3_url: str | None = None
    kms_url: str | None = None
    search_user: str | None = None
    search_password: str | None = field(default=None, repr=False)
    authorities: Path | None = None
    local: bool = False
    follow: bool = False
    audit: str | None = None
    """Bucket of the audit, by object lock written once; beside the other unless told."""

    @property
    def audit_bucket(self) -> str:
        """Where the audit is kept."""
        return self.audit or f"{self.bucket}-audit"

    @property
    def name(self) -> str:
        """As data folders are marked."""
        return "local" if self.local else NAME

    def access(self, url: str | None) -> AwsAccess:
        """How a service of AWS is reached."""
        authorities = str(self.authorities) if self.authorities else None
        if self.local:
            return AwsAccess(self.region, url, authorities, read_timeout_s=_LOCAL_READ_S, connections=_LOCAL_CONNECTIONS)
        return AwsAccess(self.region, url, authorities)

    @property
    def patience(self) -> RetryPolicy:
        """Deadlines of the tables and keys; local servers share a machine with us and do one thing at a time."""
        return RetryPolicy(deadline_s=_LOCAL_DEADLINE_S) if self.local else RetryPolicy()
