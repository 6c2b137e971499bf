"""IAM roles with least privilege: the gateway, the stream function, and the start of containers."""

from __future__ import annotations

from collections.abc import Sequence

from datasources.provisioning.desired_state import ALL_TABLES, AUDIT, FILES
from deploy.cloudformation.template import Template, allow, att, imported, ref, role, sub, title

_READ = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
_WRITE = (
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)
_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")


def roles() -> Template:
    """The three roles."""
    return {
        "GatewayRole": role(
            "ecs-tasks.amazonaws.com",
            {
                "tables": [_tables((*_READ, *_WRITE))],
                "files": _files(),
                "audit": _audit(),
                "keys": [allow(["kms:Decrypt", "kms:GenerateDataKey"], imported("WrappingKey")), _storage_key()],
            },
        ),
        "FunctionRole": role(
            "lambda.amazonaws.com",
            {
                "tables": [_tables(_READ), *_streams()],
                "keys": [allow(["kms:Decrypt"], imported("WrappingKey")), _storage_key()],
                "dead-letters": [allow(["sqs:SendMessage"], att("DeadLetters"))],
                "logs": [allow(["logs:CreateLogStream", "logs:PutLogEvents"], att("FunctionLogs"))],
            },
            ["arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"],
        ),
        "StartRole": role(
            "ecs-tasks.amazonaws.com",
            {
                "start": [
                    allow(["ecr:GetAuthorizationToken"], "*"),
                    allow(
                        ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                        sub("arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*"),
                    ),
                    allow(["secretsmanager:GetSecretValue"], [imported("SearchUser"), ref("MetricsToken")]),
                    allow(["kms:Decrypt"], imported("StorageKey"), Condition=_by("secretsmanager")),
                    allow(["logs:CreateLogStream", "logs:PutLogEvents"], att("ServiceLogs")),
                ]
            },
        ),
    }


def _tables(actions: Sequence[str]) -> Template:
    """A statement for the tables of the gateway and their indexes, by name."""
    base = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Prefix}"
    names = [name for table in ALL_TABLES for name in (table.name, *([f"{table.name}/index/*"] if table.indexes else []))]
    prefix = {"Prefix": imported("TablePrefix")}
    return allow(actions, [{"Fn::Sub": [base + name, prefix]} for name in names])


def _streams() -> list[Template]:
    arns = [imported(f"{title(table.name)}Stream") for table in ALL_TABLES if table.feed]
    return [allow(_STREAM, arns), allow(["dynamodb:ListStreams"], "*")]


def _bucket_arn(bucket: str, rest: str) -> Template:
    arn = "arn:${AWS::Partition}:s3:::${Bucket}" + rest
    return {"Fn::Sub": [arn, {"Bucket": imported(bucket)}]}


def _files() -> list[Template]:
    objects = [_bucket_arn("MediaBucket", f"/{prefix}*") for prefix in FILES.prefixes]
    condition = {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in FILES.prefixes]}}
    return [
        allow(["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"], objects),
        allow(["s3:ListBucket", "s3:ListBucketMultipartUploads"], _bucket_arn("MediaBucket", ""), Condition=condition),
    ]


def _audit() -> list[Template]:
    """Statements to write and read audit records. No role may delete them, and object lock prevents deletion."""
    return [allow(["s3:GetObject", "s3:PutObject"], [_bucket_arn("AuditBucket", f"/{prefix}*") for prefix in AUDIT.prefixes])]


def _storage_key() -> Template:
    """A statement for the storage key, only through DynamoDB and S3."""
    return allow(["kms:Decrypt", "kms:GenerateDataKey"], imported("StorageKey"), Condition=_by("dynamodb", "s3"))


def _by(*services: str) -> Template:
    return {"StringEquals": {"kms:ViaService": [sub(f"{service}.${{AWS::Region}}.amazonaws.com") for service in services]}}
