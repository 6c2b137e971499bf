"""The settings of the production engines."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from datasources.aws.access import AwsAccess
from datasources.retry import RetryPolicy

NAME = "aws"
_LOCAL_READ_S, _LOCAL_DEADLINE_S, _LOCAL_CONNECTIONS = 15.0, 30.0, 16


@dataclass(frozen=True, slots=True)
class Stack:
    """DynamoDB, KMS, S3 and OpenSearch. URLs that are None are the AWS endpoints of the region.

    `local`: servers on this machine whose data may be deleted and reloaded without confirmation. `follow`: this process
    updates the index from the change feed; otherwise a Lambda function does.
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
    search_admin_user: str | None = None
    """The master user of OpenSearch, whom only `provision` uses."""
    search_admin_password: str | None = field(default=None, repr=False)
    authorities: Path | None = None
    local: bool = False
    follow: bool = False
    audit_bucket_name: str | None = None
    """Bucket of the audit log, with object lock; None: the name of the media bucket with the suffix `-audit`."""

    @property
    def audit_bucket(self) -> str:
        """The bucket of the audit log."""
        return self.audit_bucket_name or f"{self.bucket}-audit"

    @property
    def name(self) -> str:
        """The name of the stack in the marker file of data folders."""
        return "local" if self.local else NAME

    def access(self, url: str | None) -> AwsAccess:
        """The access to a service by its URL."""
        authorities = str(self.authorities) if self.authorities else None
        if self.local:
            return AwsAccess(self.region, url, authorities, read_timeout_s=_LOCAL_READ_S, connections=_LOCAL_CONNECTIONS)
        return AwsAccess(self.region, url, authorities)

    @property
    def retry_policy(self) -> RetryPolicy:
        """The retry policy of tables and keys; local servers get a longer deadline because they are slow."""
        return RetryPolicy(deadline_s=_LOCAL_DEADLINE_S) if self.local else RetryPolicy()
