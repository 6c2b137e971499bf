"""The service stack: containers behind a load balancer, the stream function, their roles, and alarms."""

from __future__ import annotations

import json

from datasources.provisioning.desired_state import ALL_TABLES
from deploy.cloudformation.alarms import alarms
from deploy.cloudformation.containers import PORT, containers, environment, scaling
from deploy.cloudformation.roles import roles
from deploy.cloudformation.template import Template, att, imported, ref, resource, title

_LOG_RETENTION_DAYS = 90
_SUBNETS = "List<AWS::EC2::Subnet::Id>"


def template() -> Template:
    """The template."""
    resources = _logs() | roles() | _network() | _balancer() | containers() | scaling() | _function()
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Photos Data Gateway: the service. Made by `python -m deploy.cloudformation`; do not edit.",
        "Parameters": _parameters(),
        "Resources": resources | alarms(),
        "Outputs": {
            "Address": {"Value": att("Balancer", "DNSName")},
            "DeadLetters": {"Value": ref("DeadLetters")},
        },
    }


def _parameters() -> Template:
    return {
        "DataStack": {"Type": "String", "Description": "Name of the data stack"},
        "Image": {"Type": "String", "Description": "Image of the gateway, by digest"},
        "FunctionImage": {
            "Type": "String",
            "Description": "Image of the stream function (deploy/lambda/Dockerfile), by digest",
        },
        "VpcId": {"Type": "AWS::EC2::VPC::Id"},
        "PublicSubnets": {"Type": _SUBNETS},
        "PrivateSubnets": {"Type": _SUBNETS},
        "CertificateArn": {"Type": "String", "AllowedPattern": "^arn:[a-z-]+:acm:.+$"},
        "PublicUrl": {"Type": "String", "AllowedPattern": "^https://[^/]+$"},
        "Issuers": {"Type": "String", "Description": "Token issuers as a JSON list (docs/identity.md)"},
        "MetricsToken": {
            "Type": "String",
            "Description": "ARN of the secret that contains the token for /metrics",
            "AllowedPattern": "^arn:.+$",
        },
        "LeastTasks": {"Type": "Number", "Default": 2, "MinValue": 2},
        "MostTasks": {"Type": "Number", "Default": 12, "MinValue": 2},
        "AlarmTopic": {"Type": "String", "Description": "ARN of the topic that receives alarms", "AllowedPattern": "^arn:.+$"},
    }


def _logs() -> Template:
    return {
        name: resource(
            "AWS::Logs::LogGroup", {"RetentionInDays": _LOG_RETENTION_DAYS}, DeletionPolicy="Retain", UpdateReplacePolicy="Retain"
        )
        for name in ("ServiceLogs", "FunctionLogs")
    }


def _network() -> Template:
    def group(description: str, source: Template, first: int) -> Template:
        rule = {"IpProtocol": "tcp", "FromPort": first, "ToPort": first, **source}
        return resource(
            "AWS::EC2::SecurityGroup", {"GroupDescription": description, "VpcId": ref("VpcId"), "SecurityGroupIngress": [rule]}
        )

    return {
        "BalancerGroup": group("The load balancer", {"CidrIp": "0.0.0.0/0"}, 443),
        "ServiceGroup": group("The gateway", {"SourceSecurityGroupId": att("BalancerGroup", "GroupId")}, PORT),
    }


def _balancer() -> Template:
    return {
        "Balancer": resource(
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            {
                "Type": "application",
                "Scheme": "internet-facing",
                "Subnets": ref("PublicSubnets"),
                "SecurityGroups": [att("BalancerGroup", "GroupId")],
                "LoadBalancerAttributes": [
                    {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"},
                    {"Key": "deletion_protection.enabled", "Value": "true"},
                    # Shorter than PHOTOS_KEEP_ALIVE_S, so that the server never closes a connection that the balancer uses.
                    {"Key": "idle_timeout.timeout_seconds", "Value": "60"},
                ],
            },
        ),
        "Targets": resource(
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            {
                "TargetType": "ip",
                "Protocol": "HTTP",
                "Port": PORT,
                "VpcId": ref("VpcId"),
                "HealthCheckPath": "/readyz",
                "HealthCheckIntervalSeconds": 10,
                "HealthyThresholdCount": 2,
                "UnhealthyThresholdCount": 3,
                "Matcher": {"HttpCode": "200"},
                "TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}],
            },
        ),
        "Listener": resource(
            "AWS::ElasticLoadBalancingV2::Listener",
            {
                "LoadBalancerArn": ref("Balancer"),
                "Protocol": "HTTPS",
                "Port": 443,
                "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
                "Certificates": [{"CertificateArn": ref("CertificateArn")}],
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": ref("Targets")}],
            },
        ),
        # Metrics are read from inside the network and not through the load balancer.
        "NoMetrics": resource(
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            {
                "ListenerArn": ref("Listener"),
                "Priority": 1,
                "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/metrics"]}}],
                "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
            },
        ),
    }


def _function() -> Template:
    """The function that updates the index from the streams. Failed batches go to the dead-letter queue."""
    secret = {
        f"PHOTOS_OPENSEARCH_{setting}": {
            "Fn::Join": ["", ["{{resolve:secretsmanager:", imported("SearchUser"), f":SecretString:{key}}}}}"]]
        }
        for setting, key in (("USER", "username"), ("PASSWORD", "password"))
    }
    resources: Template = {
        "DeadLetters": resource(
            "AWS::SQS::Queue", {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 1_209_600}, retained=True
        ),
        "Function": resource(
            "AWS::Lambda::Function",
            {
                "PackageType": "Image",
                "Code": {"ImageUri": ref("FunctionImage")},
                "Role": att("FunctionRole"),
                "Timeout": 60,
                "MemorySize": 1_024,
                "Environment": {"Variables": environment() | secret},
                "LoggingConfig": {"LogGroup": ref("FunctionLogs")},
                "VpcConfig": {"SubnetIds": ref("PrivateSubnets"), "SecurityGroupIds": [imported("ClientGroup")]},
            },
        ),
    }
    for table in ALL_TABLES:
        if table.feed:
            resources[f"{title(table.name)}Changes"] = resource(
                "AWS::Lambda::EventSourceMapping",
                {
                    "EventSourceArn": imported(f"{title(table.name)}Stream"),
                    "FunctionName": ref("Function"),
                    "StartingPosition": "TRIM_HORIZON",
                    "BatchSize": 100,
                    "MaximumBatchingWindowInSeconds": 1,
                    "MaximumRetryAttempts": 10,
                    "BisectBatchOnFunctionError": True,
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    "DestinationConfig": {"OnFailure": {"Destination": att("DeadLetters")}},
                },
            )
    return resources


def to_json(template: Template) -> str:
    """The content of the template file."""
    return json.dumps(template, indent=1) + "\n"
