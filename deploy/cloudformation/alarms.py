"""What somebody must look at: errors, slowness, throttles, an index that stays behind, dead letters, keys, the audit."""

from __future__ import annotations

from typing import Any

from datasources.provisioning.desired_state import ALL_TABLES
from deploy.cloudformation.template import Template, att, imported, ref, resource, sub, title

_OWN = "PhotosGateway"
_EQUALLY = "GreaterThanOrEqualToThreshold"


def alarms() -> Template:
    """Every one of them, and the counters in logs that some of them watch."""
    balancer = {"LoadBalancer": att("Balancer", "LoadBalancerFullName")}
    domain = {"DomainName": imported("SearchName"), "ClientId": ref("AWS::AccountId")}
    function = {"FunctionName": ref("Function")}
    made = {
        "ErrorsAlarm": _alarm("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", balancer, 10),
        "BalancerErrorsAlarm": _alarm("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", balancer, 10),
        "LatencyAlarm": _alarm("AWS/ApplicationELB", "TargetResponseTime", balancer, 2, statistic="p99", periods=5),
        "UnhealthyAlarm": _alarm(
            "AWS/ApplicationELB",
            "UnHealthyHostCount",
            {**balancer, "TargetGroup": att("Targets", "TargetGroupFullName")},
            1,
            statistic="Maximum",
            periods=3,
        ),
        "IndexLagAlarm": _alarm("AWS/Lambda", "IteratorAge", function, 60_000, statistic="Maximum", periods=5),
        "FunctionErrorsAlarm": _alarm("AWS/Lambda", "Errors", function, 5),
        "DeadLettersAlarm": _alarm(
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": att("DeadLetters", "QueueName")},
            1,
            statistic="Maximum",
        ),
        "SearchRedAlarm": _alarm("AWS/ES", "ClusterStatus.red", domain, 1, statistic="Maximum"),
        "SearchMemoryAlarm": _alarm("AWS/ES", "JVMMemoryPressure", domain, 90, statistic="Maximum", periods=5),
        "SearchDiskAlarm": _alarm(
            "AWS/ES", "FreeStorageSpace", domain, 10_240, statistic="Minimum", operator="LessThanOrEqualToThreshold"
        ),
        **_counted("Keys", '{ $.message = "a source failed" && $.reason = "keys: *" }', 5),
        **_counted("Audit", '{ $.logger = "photos.audit" && $.level = "ERROR" }', 1),
        **_counted("AuditRefusals", '{ $.message = "a source failed" && $.reason = "audit: *" }', 1),
    }
    return made | {f"{title(table.name)}ThrottlesAlarm": _throttles(table.name) for table in ALL_TABLES}


def _alarm(
    namespace: str,
    metric: str,
    dimensions: Template,
    threshold: float,
    *,
    statistic: str = "Sum",
    periods: int = 1,
    operator: str = _EQUALLY,
) -> Template:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return _told(
        {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": named,
            ("ExtendedStatistic" if statistic.startswith("p") else "Statistic"): statistic,
            "Period": 60,
            "EvaluationPeriods": periods,
            "Threshold": threshold,
            "ComparisonOperator": operator,
        }
    )


def _told(more: dict[str, Any]) -> Template:
    topic = [ref("AlarmTopic")]
    return resource(
        "AWS::CloudWatch::Alarm", {**more, "TreatMissingData": "notBreaching", "AlarmActions": topic, "OKActions": topic}
    )


def _counted(name: str, pattern: str, threshold: int) -> Template:
    """Lines of the service's log, counted."""
    metric: Template = {
        "MetricNamespace": _OWN,
        "MetricName": sub(f"${{AWS::StackName}}-{name}"),
        "MetricValue": "1",
        "DefaultValue": 0,
    }
    lines = {"LogGroupName": ref("ServiceLogs"), "FilterPattern": pattern, "MetricTransformations": [metric]}
    watched: dict[str, Any] = {
        "Namespace": _OWN,
        "MetricName": metric["MetricName"],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": threshold,
        "ComparisonOperator": _EQUALLY,
    }
    return {f"{name}Lines": resource("AWS::Logs::MetricFilter", lines), f"{name}FailuresAlarm": _told(watched)}


def _throttles(table: str) -> Template:
    """Reads and writes of one table and its indexes together."""
    name = {"Fn::Sub": ["${Prefix}" + table, {"Prefix": imported("TablePrefix")}]}

    def counted(metric: str, key: str) -> Template:
        watched = {"Namespace": "AWS/DynamoDB", "MetricName": metric, "Dimensions": [{"Name": "TableName", "Value": name}]}
        return {"Id": key, "ReturnData": False, "MetricStat": {"Metric": watched, "Period": 60, "Stat": "Sum"}}

    both = {"Id": "both", "Expression": "FILL(reads, 0) + FILL(writes, 0)", "ReturnData": True}
    return _told(
        {
            "Metrics": [counted("ReadThrottleEvents", "reads"), counted("WriteThrottleEvents", "writes"), both],
            "EvaluationPeriods": 5,
            "DatapointsToAlarm": 3,
            "Threshold": 10,
            "ComparisonOperator": _EQUALLY,
        }
    )
