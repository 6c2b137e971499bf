"""The stack that holds the data: tables, buckets, keys, the domain of OpenSearch. All of it outlives the stack itself."""

from __future__ import annotations

from typing import Any

from datasources.provisioning.desired_state import ALL_TABLES, AUDIT, CLOSED, FILES, KEY_DESCRIPTION, Bucket, Rule, lock_of
from datasources.tables.dynamodb.rows import EXPIRES
from datasources.tables.dynamodb.schema import definition
from datasources.tables.store import Table
from deploy.cloudformation.template import Template, att, ref, resource, sub, title

_ENGINE = "OpenSearch_3.1"
_STORAGE = att("StorageKey")


def template() -> Template:
    """The whole of it."""
    resources = {"StorageKey": _key("Photos Data Gateway: encrypts what is stored"), "WrappingKey": _key(KEY_DESCRIPTION)}
    resources["WrappingKeyAlias"] = resource(
        "AWS::KMS::Alias", {"AliasName": sub("alias/${AWS::StackName}"), "TargetKeyId": ref("WrappingKey")}
    )
    resources |= {f"{title(table.name)}Table": _table(table) for table in ALL_TABLES}
    for name, parameter, bucket in (("MediaBucket", "MediaBucketName", FILES), ("AuditBucket", "AuditBucketName", AUDIT)):
        resources[name] = _bucket(parameter, bucket)
        resources[f"{name}Policy"] = _only_encrypted_ways(name)
    resources |= _search()
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Photos Data Gateway: its data. Made by `python -m deploy.cloudformation`; do not edit.",
        "Parameters": _parameters(),
        "Resources": resources,
        "Outputs": _outputs(),
    }


def _parameters() -> Template:
    bucket = {"Type": "String", "AllowedPattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"}
    return {
        "TablePrefix": {"Type": "String", "Default": "photos-", "AllowedPattern": "^[A-Za-z0-9_.-]{1,100}$"},
        "MediaBucketName": bucket,
        "AuditBucketName": bucket,
        "VpcId": {"Type": "AWS::EC2::VPC::Id"},
        "PrivateSubnets": {"Type": "List<AWS::EC2::Subnet::Id>", "Description": "Two, in different zones"},
        "SearchInstance": {"Type": "String", "Default": "r7g.large.search"},
        "SearchVolumeGiB": {"Type": "Number", "Default": 100, "MinValue": 10},
    }


def _key(description: str) -> Template:
    """The account's own policies say who may use it; nobody outside the account ever may."""
    account = {
        "Effect": "Allow",
        "Principal": {"AWS": sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Statement": [account]}
    return resource(
        "AWS::KMS::Key",
        {"Description": description, "EnableKeyRotation": True, "PendingWindowInDays": 30, "KeyPolicy": policy},
        kept=True,
    )


def _table(table: Table) -> Template:
    """As `CreateTable` is asked for it, in CloudFormation's words."""
    wanted: dict[str, Any] = dict(definition(table, ""))
    stream = wanted.pop("StreamSpecification", None)
    wanted["TableName"] = sub("${TablePrefix}" + table.name)
    if stream:
        wanted["StreamSpecification"] = {"StreamViewType": stream["StreamViewType"]}
    if table.expires:
        wanted["TimeToLiveSpecification"] = {"AttributeName": EXPIRES, "Enabled": True}
    wanted["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": table.recovery}
    wanted["DeletionProtectionEnabled"] = True
    wanted["SSESpecification"] = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": _STORAGE}
    return resource("AWS::DynamoDB::Table", wanted, kept=True)


def _bucket(parameter: str, bucket: Bucket) -> Template:
    encrypted = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": _STORAGE}
    wanted: dict[str, Any] = {
        "BucketName": ref(parameter),
        "PublicAccessBlockConfiguration": CLOSED,
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": encrypted, "BucketKeyEnabled": True}]
        },
    }
    if bucket.rules:
        wanted["LifecycleConfiguration"] = {"Rules": [_rule(rule) for rule in bucket.rules]}
    if bucket.locked_days:
        wanted |= {
            "VersioningConfiguration": {"Status": "Enabled"},
            "ObjectLockEnabled": True,
            "ObjectLockConfiguration": lock_of(bucket),
        }
    return resource("AWS::S3::Bucket", wanted, kept=True)


def _rule(rule: Rule) -> Template:
    made: Template = {"Id": rule.id, "Status": "Enabled"}
    if rule.prefix:
        made["Prefix"] = rule.prefix
    if rule.expire_days:
        made["ExpirationInDays"] = rule.expire_days
    if rule.abort_days:
        made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": rule.abort_days}
    return made


def _only_encrypted_ways(name: str) -> Template:
    arn = att(name)
    deny = {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, {"Fn::Join": ["", [arn, "/*"]]}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [deny]}
    return resource("AWS::S3::BucketPolicy", {"Bucket": ref(name), "PolicyDocument": policy})


def _search() -> Template:
    return {
        "ClientGroup": resource(
            "AWS::EC2::SecurityGroup", {"GroupDescription": "May speak to the domain of OpenSearch", "VpcId": ref("VpcId")}
        ),
        "SearchGroup": resource(
            "AWS::EC2::SecurityGroup",
            {
                "GroupDescription": "The domain of OpenSearch",
                "VpcId": ref("VpcId"),
                "SecurityGroupIngress": [
                    {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "SourceSecurityGroupId": att("ClientGroup", "GroupId")}
                ],
            },
        ),
        "SearchMaster": _secret("The master user of the domain; for operators, never for the gateway", "master"),
        "SearchUser": _secret("The gateway's user of the domain, made there by an operator (docs/production.md)", "gateway"),
        "Domain": _domain(),
    }


def _secret(description: str, user: str) -> Template:
    made = {
        "SecretStringTemplate": f'{{"username": "{user}"}}',
        "GenerateStringKey": "password",
        "PasswordLength": 40,
        "ExcludeCharacters": "\"'\\/@:",
    }
    return resource(
        "AWS::SecretsManager::Secret",
        {"Description": description, "KmsKeyId": _STORAGE, "GenerateSecretString": made},
        kept=True,
    )


def _domain() -> Template:
    """In the network only; no logs of searches, because they would hold what people looked for."""
    who = {
        name: sub(f"{{{{resolve:secretsmanager:${{SearchMaster}}:SecretString:{name}}}}}") for name in ("username", "password")
    }
    anyone = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "es:ESHttp*",
        "Resource": sub("arn:${AWS::Partition}:es:${AWS::Region}:${AWS::AccountId}:domain/*"),
    }
    return resource(
        "AWS::OpenSearchService::Domain",
        {
            "EngineVersion": _ENGINE,
            "ClusterConfig": {
                "InstanceType": ref("SearchInstance"),
                "InstanceCount": 2,
                "ZoneAwarenessEnabled": True,
                "ZoneAwarenessConfig": {"AvailabilityZoneCount": 2},
                "DedicatedMasterEnabled": True,
                "DedicatedMasterType": "m7g.medium.search",
                "DedicatedMasterCount": 3,
            },
            "EBSOptions": {"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": ref("SearchVolumeGiB")},
            "VPCOptions": {"SubnetIds": ref("PrivateSubnets"), "SecurityGroupIds": [att("SearchGroup", "GroupId")]},
            "EncryptionAtRestOptions": {"Enabled": True, "KmsKeyId": ref("StorageKey")},
            "NodeToNodeEncryptionOptions": {"Enabled": True},
            "DomainEndpointOptions": {"EnforceHTTPS": True, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"},
            "AdvancedSecurityOptions": {
                "Enabled": True,
                "InternalUserDatabaseEnabled": True,
                "MasterUserOptions": {"MasterUserName": who["username"], "MasterUserPassword": who["password"]},
            },
            # Who may what is the fine-grained control's business: requests are signed by users of the domain.
            "AccessPolicies": {"Version": "2012-10-17", "Statement": [anyone]},
        },
        kept=True,
    )


def _outputs() -> Template:
    told = {
        "TablePrefix": ref("TablePrefix"),
        "MediaBucket": ref("MediaBucket"),
        "AuditBucket": ref("AuditBucket"),
        "WrappingKey": att("WrappingKey"),
        "StorageKey": _STORAGE,
        "ClientGroup": att("ClientGroup", "GroupId"),
        "SearchUser": ref("SearchUser"),
        "SearchHost": att("Domain", "DomainEndpoint"),
        "SearchName": ref("Domain"),
    }
    told |= {f"{title(table.name)}Stream": att(f"{title(table.name)}Table", "StreamArn") for table in ALL_TABLES if table.feed}
    return {name: {"Value": value, "Export": {"Name": sub(f"${{AWS::StackName}}-{name}")}} for name, value in told.items()}
