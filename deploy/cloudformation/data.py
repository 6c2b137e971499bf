"""The data stack: tables, buckets, keys and the OpenSearch domain, which are retained when the stack is deleted."""

from __future__ import annotations

from typing import Any

from datasources.provisioning.desired_state import (
    ALL_TABLES,
    AUDIT,
    BLOCK_PUBLIC_ACCESS,
    FILES,
    KEY_DESCRIPTION,
    Bucket,
    Rule,
    lock_of,
)
from datasources.tables.dynamodb.rows import EXPIRES
from datasources.tables.dynamodb.schema import definition
from datasources.tables.store import Table
from deploy.cloudformation.template import Template, att, ref, resource, sub, title

_ENGINE = "OpenSearch_3.1"
_STORAGE = att("StorageKey")


def template() -> Template:
    """The template."""
    resources = {"StorageKey": _key("Photos Data Gateway: encrypts what is stored"), "WrappingKey": _key(KEY_DESCRIPTION)}
    resources["WrappingKeyAlias"] = resource(
        "AWS::KMS::Alias", {"AliasName": sub("alias/${AWS::StackName}"), "TargetKeyId": ref("WrappingKey")}
    )
    resources |= {f"{title(table.name)}Table": _table(table) for table in ALL_TABLES}
    for name, parameter, bucket in (("MediaBucket", "MediaBucketName", FILES), ("AuditBucket", "AuditBucketName", AUDIT)):
        resources[name] = _bucket(parameter, bucket)
        resources[f"{name}Policy"] = _tls_only(name)
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
        "PrivateSubnets": {"Type": "List<AWS::EC2::Subnet::Id>", "Description": "Two subnets in different availability zones"},
        "SearchInstance": {"Type": "String", "Default": "r7g.large.search"},
        "SearchVolumeGiB": {"Type": "Number", "Default": 100, "MinValue": 10},
    }


def _key(description: str) -> Template:
    """A key that only principals of the account may use, by their IAM policies."""
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
        retained=True,
    )


def _table(table: Table) -> Template:
    """The table as in a `CreateTable` request, with the property names of CloudFormation."""
    properties: dict[str, Any] = dict(definition(table, ""))
    stream = properties.pop("StreamSpecification", None)
    properties["TableName"] = sub("${TablePrefix}" + table.name)
    if stream:
        properties["StreamSpecification"] = {"StreamViewType": stream["StreamViewType"]}
    if table.expires:
        properties["TimeToLiveSpecification"] = {"AttributeName": EXPIRES, "Enabled": True}
    properties["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": table.recovery}
    properties["DeletionProtectionEnabled"] = True
    properties["SSESpecification"] = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": _STORAGE}
    return resource("AWS::DynamoDB::Table", properties, retained=True)


def _bucket(parameter: str, bucket: Bucket) -> Template:
    encrypted = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": _STORAGE}
    properties: dict[str, Any] = {
        "BucketName": ref(parameter),
        "PublicAccessBlockConfiguration": BLOCK_PUBLIC_ACCESS,
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": encrypted, "BucketKeyEnabled": True}]
        },
    }
    if bucket.rules:
        properties["LifecycleConfiguration"] = {"Rules": [_rule(rule) for rule in bucket.rules]}
    if bucket.locked_days:
        properties |= {
            "VersioningConfiguration": {"Status": "Enabled"},
            "ObjectLockEnabled": True,
            "ObjectLockConfiguration": lock_of(bucket),
        }
    return resource("AWS::S3::Bucket", properties, retained=True)


def _rule(rule: Rule) -> Template:
    properties: Template = {"Id": rule.id, "Status": "Enabled"}
    if rule.prefix:
        properties["Prefix"] = rule.prefix
    if rule.expire_days:
        properties["ExpirationInDays"] = rule.expire_days
    if rule.abort_days:
        properties["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": rule.abort_days}
    return properties


def _tls_only(name: str) -> Template:
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
            "AWS::EC2::SecurityGroup", {"GroupDescription": "Clients of the OpenSearch domain", "VpcId": ref("VpcId")}
        ),
        "SearchGroup": resource(
            "AWS::EC2::SecurityGroup",
            {
                "GroupDescription": "The OpenSearch domain",
                "VpcId": ref("VpcId"),
                "SecurityGroupIngress": [
                    {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "SourceSecurityGroupId": att("ClientGroup", "GroupId")}
                ],
            },
        ),
        "SearchMaster": _secret("The master user of the domain, for operators and not for the gateway", "master"),
        "SearchUser": _secret("The user of the gateway in the domain, which an operator creates (docs/production.md)", "gateway"),
        "Domain": _domain(),
    }


def _secret(description: str, user: str) -> Template:
    generator = {
        "SecretStringTemplate": f'{{"username": "{user}"}}',
        "GenerateStringKey": "password",
        "PasswordLength": 40,
        "ExcludeCharacters": "\"'\\/@:",
    }
    return resource(
        "AWS::SecretsManager::Secret",
        {"Description": description, "KmsKeyId": _STORAGE, "GenerateSecretString": generator},
        retained=True,
    )


def _domain() -> Template:
    """A domain in the VPC. It logs no searches, because the logs would contain the queries of customers."""
    master = {
        name: sub(f"{{{{resolve:secretsmanager:${{SearchMaster}}:SecretString:{name}}}}}") for name in ("username", "password")
    }
    statement = {
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
                "MasterUserOptions": {"MasterUserName": master["username"], "MasterUserPassword": master["password"]},
            },
            # Fine-grained access control authenticates the users of the domain.
            "AccessPolicies": {"Version": "2012-10-17", "Statement": [statement]},
        },
        retained=True,
    )


def _outputs() -> Template:
    values = {
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
    values |= {f"{title(table.name)}Stream": att(f"{title(table.name)}Table", "StreamArn") for table in ALL_TABLES if table.feed}
    return {name: {"Value": value, "Export": {"Name": sub(f"${{AWS::StackName}}-{name}")}} for name, value in values.items()}
