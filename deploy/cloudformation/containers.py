"""The containers of the gateway: the Fargate task, its service and its scaling."""

from __future__ import annotations

from typing import Any

from deploy.cloudformation.template import Template, att, imported, ref, resource

PORT = 8000


def environment() -> dict[str, Any]:
    """The settings (docs/settings.md) that the service and the function share."""
    return {
        "PHOTOS_PROFILE": "production",
        "PHOTOS_STACK": "aws",
        "PHOTOS_REGION": ref("AWS::Region"),
        "PHOTOS_TABLE_PREFIX": imported("TablePrefix"),
        "PHOTOS_BUCKET": imported("MediaBucket"),
        "PHOTOS_AUDIT_BUCKET": imported("AuditBucket"),
        "PHOTOS_KEY_ID": imported("WrappingKey"),
        "PHOTOS_OPENSEARCH_URL": {"Fn::Join": ["", ["https://", imported("SearchHost")]]},
        "PHOTOS_ISSUERS": ref("Issuers"),
        "PHOTOS_PUBLIC_URL": ref("PublicUrl"),
    }


def _container() -> Template:
    """The container: its file system is read-only, and its secrets are injected at the start."""
    secret = {"Fn::Join": ["", [imported("SearchUser"), ":password::"]]}
    user = {"Fn::Join": ["", [imported("SearchUser"), ":username::"]]}
    own = {"PHOTOS_HOST": "0.0.0.0", "PHOTOS_EXPOSE": "true", "PHOTOS_DATA": "/data"}  # noqa: S104 - only the address of the container
    return {
        "Name": "gateway",
        "Image": ref("Image"),
        "Command": ["serve"],
        "User": "10001",
        "ReadonlyRootFilesystem": True,
        "Essential": True,
        "StopTimeout": 60,
        "PortMappings": [{"ContainerPort": PORT, "Protocol": "tcp"}],
        "MountPoints": [
            {"SourceVolume": "data", "ContainerPath": "/data"},
            {"SourceVolume": "scratch", "ContainerPath": "/tmp"},  # noqa: S108 - a separate volume
        ],
        "Environment": [{"Name": name, "Value": value} for name, value in (environment() | own).items()],
        "Secrets": [
            {"Name": "PHOTOS_OPENSEARCH_USER", "ValueFrom": user},
            {"Name": "PHOTOS_OPENSEARCH_PASSWORD", "ValueFrom": secret},
            {"Name": "PHOTOS_METRICS_TOKEN", "ValueFrom": ref("MetricsToken")},
        ],
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": ref("ServiceLogs"),
                "awslogs-region": ref("AWS::Region"),
                "awslogs-stream-prefix": "gateway",
            },
        },
        "LinuxParameters": {"InitProcessEnabled": True},
    }


def containers() -> Template:
    """The service with its task and cluster."""
    return {
        "Cluster": resource("AWS::ECS::Cluster", {"ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}]}),
        "Task": resource(
            "AWS::ECS::TaskDefinition",
            {
                "RequiresCompatibilities": ["FARGATE"],
                "NetworkMode": "awsvpc",
                "Cpu": "1024",
                "Memory": "4096",
                "TaskRoleArn": att("GatewayRole"),
                "ExecutionRoleArn": att("StartRole"),
                "Volumes": [{"Name": "data"}, {"Name": "scratch"}],
                "ContainerDefinitions": [_container()],
            },
        ),
        "Service": resource(
            "AWS::ECS::Service",
            {
                "Cluster": ref("Cluster"),
                "LaunchType": "FARGATE",
                "TaskDefinition": ref("Task"),
                "DesiredCount": ref("LeastTasks"),
                "HealthCheckGracePeriodSeconds": 60,
                "DeploymentConfiguration": {
                    "MinimumHealthyPercent": 100,
                    "MaximumPercent": 200,
                    "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
                },
                "NetworkConfiguration": {
                    "AwsvpcConfiguration": {
                        "AssignPublicIp": "DISABLED",
                        "Subnets": ref("PrivateSubnets"),
                        "SecurityGroups": [att("ServiceGroup", "GroupId"), imported("ClientGroup")],
                    }
                },
                "LoadBalancers": [{"ContainerName": "gateway", "ContainerPort": PORT, "TargetGroupArn": ref("Targets")}],
            },
            DependsOn=["Listener"],
        ),
    }


def scaling() -> Template:
    """Scaling by CPU utilization and by requests."""

    def policy(metric: Template, target: int) -> Template:
        tracking = {
            "TargetValue": target,
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 60,
            "PredefinedMetricSpecification": metric,
        }
        return resource(
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            {
                "PolicyName": metric["PredefinedMetricType"],
                "PolicyType": "TargetTrackingScaling",
                "ScalingTargetId": ref("Tasks"),
                "TargetTrackingScalingPolicyConfiguration": tracking,
            },
        )

    label = {"Fn::Join": ["/", [att("Balancer", "LoadBalancerFullName"), att("Targets", "TargetGroupFullName")]]}
    return {
        "Tasks": resource(
            "AWS::ApplicationAutoScaling::ScalableTarget",
            {
                "ServiceNamespace": "ecs",
                "ScalableDimension": "ecs:service:DesiredCount",
                "ResourceId": {"Fn::Join": ["/", ["service", ref("Cluster"), att("Service", "Name")]]},
                "MinCapacity": ref("LeastTasks"),
                "MaxCapacity": ref("MostTasks"),
            },
        ),
        "ByProcessor": policy({"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}, 60),
        "ByRequests": policy({"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}, 2_000),
    }
