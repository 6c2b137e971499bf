"""Alarms: errors, latency, throttling, index lag, dead letters, keys and the audit log."""

from __future__ import annotations

from typing import Any

from datasources.provisioning.desired_state import ALL_TABLES
from deploy.cloudformation.template import Template, att, imported, ref, resource, sub, title

_NAMESPACE = "PhotosGateway"
_AT_LEAST = "GreaterThanOrEqualToThreshold"


def alarms() -> Template:
    """All alarms, and the metric filters of logs for some of them."""
    balancer = {"LoadBalancer": att("Balancer", "LoadBalancerFullName")}
    domain = {"DomainName": imported("SearchName"), "ClientId": ref("AWS::AccountId")}
    function = {"FunctionName": ref("Function")}
    resources = {
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
        **_log_alarm("Keys", '{ $.message = "a source failed" && $.reason = "keys: *" }', 5),
        **_log_alarm("Audit", '{ $.logger = "photos.audit" && $.level = "ERROR" }', 1),
        **_log_alarm("AuditRefusals", '{ $.message = "a source failed" && $.reason = "audit: *" }', 1),
    }
    return resources | {f"{title(table.name)}ThrottlesAlarm": _throttles(table.name) for table in ALL_TABLES}


def _alarm(
    namespace: str,
    metric: str,
    dimensions: Template,
    threshold: float,
    *,
    statistic: str = "Sum",
    periods: int = 1,
    operator: str = _AT_LEAST,
) -> Template:
    dimension_list = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return _with_actions(
        {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": dimension_list,
            ("ExtendedStatistic" if statistic.startswith("p") else "Statistic"): statistic,
            "Period": 60,
            "EvaluationPeriods": periods,
            "Threshold": threshold,
            "ComparisonOperator": operator,
        }
    )


def _with_actions(properties: dict[str, Any]) -> Template:
    topic = [ref("AlarmTopic")]
    return resource(
        "AWS::CloudWatch::Alarm", {**properties, "TreatMissingData": "notBreaching", "AlarmActions": topic, "OKActions": topic}
    )


def _log_alarm(name: str, pattern: str, threshold: int) -> Template:
    """A metric filter that counts lines of the service's log, and its alarm."""
    metric: Template = {
        "MetricNamespace": _NAMESPACE,
        "MetricName": sub(f"${{AWS::StackName}}-{name}"),
        "MetricValue": "1",
        "DefaultValue": 0,
    }
    lines = {"LogGroupName": ref("ServiceLogs"), "FilterPattern": pattern, "MetricTransformations": [metric]}
    alarm: dict[str, Any] = {
        "Namespace": _NAMESPACE,
        "MetricName": metric["MetricName"],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": threshold,
        "ComparisonOperator": _AT_LEAST,
    }
    return {f"{name}Lines": resource("AWS::Logs::MetricFilter", lines), f"{name}FailuresAlarm": _with_actions(alarm)}


def _throttles(table: str) -> Template:
    """An alarm for throttled reads and writes of one table and its indexes."""
    name = {"Fn::Sub": ["${Prefix}" + table, {"Prefix": imported("TablePrefix")}]}

    def query(metric: str, key: str) -> Template:
        source = {"Namespace": "AWS/DynamoDB", "MetricName": metric, "Dimensions": [{"Name": "TableName", "Value": name}]}
        return {"Id": key, "ReturnData": False, "MetricStat": {"Metric": source, "Period": 60, "Stat": "Sum"}}

    total = {"Id": "both", "Expression": "FILL(reads, 0) + FILL(writes, 0)", "ReturnData": True}
    return _with_actions(
        {
            "Metrics": [query("ReadThrottleEvents", "reads"), query("WriteThrottleEvents", "writes"), total],
            "EvaluationPeriods": 5,
            "DatapointsToAlarm": 3,
            "Threshold": 10,
            "ComparisonOperator": _AT_LEAST,
        }
    )
