"""The CloudFormation templates."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datasources.provisioning.desired_state import ALL_TABLES, AUDIT_KEPT_DAYS
from datasources.tables.dynamodb.schema import definition
from deploy.cloudformation import data, service
from deploy.cloudformation.__main__ import FOLDER, TEMPLATES
from deploy.cloudformation.template import title
from settings import Settings

DATA, SERVICE = data.template()["Resources"], service.template()["Resources"]


def of_kind(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: r["Properties"] for name, r in resources.items() if r["Type"] == kind}


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_committed_templates_are_current(name: str) -> None:
    assert (FOLDER / name).read_text() == service.to_json(TEMPLATES[name]()), "python -m deploy.cloudformation"


@pytest.mark.slow
@pytest.mark.parametrize("name", TEMPLATES)
def test_the_templates_pass_the_linter(name: str) -> None:
    # Imported here, because it takes seconds and every process collects every module.
    from cfnlint.api import lint
    from cfnlint.config import ManualArgs

    regions = ManualArgs(regions=["us-east-1", "eu-west-1"])
    made = TEMPLATES[name]()
    assert lint(json.dumps(made), config=regions) == []
    first = next(iter(made["Resources"].values()))
    first["Properties"]["NoSuchThing"] = 1
    assert [m.rule.id for m in lint(json.dumps(made), config=regions)] == ["E3002"]


def test_tables_match_the_definition_and_are_protected() -> None:
    tables = of_kind(DATA, "AWS::DynamoDB::Table")
    assert len(tables) == len(ALL_TABLES)
    for table in ALL_TABLES:
        made, wanted = tables[f"{title(table.name)}Table"], definition(table, "")
        for part in ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode"):
            assert made.get(part) == wanted.get(part)
        assert ("StreamSpecification" in made, "TimeToLiveSpecification" in made) == (table.feed, table.expires)
        assert made["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] == (table.name != "keys")
        assert made["DeletionProtectionEnabled"]


def test_resources_with_data_are_retained() -> None:
    holding = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::OpenSearchService::Domain")
    kept = [r for r in DATA.values() if r["Type"] in holding]
    assert len(kept) == len(ALL_TABLES) + 5
    assert all(r["DeletionPolicy"] == r["UpdateReplacePolicy"] == "Retain" for r in kept)
    assert all(key["EnableKeyRotation"] for key in of_kind(DATA, "AWS::KMS::Key").values())


def test_the_audit_bucket_has_object_lock_and_the_media_bucket_no_versions() -> None:
    buckets = of_kind(DATA, "AWS::S3::Bucket")
    retention = buckets["AuditBucket"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert retention == {"Mode": "COMPLIANCE", "Days": AUDIT_KEPT_DAYS}
    assert "VersioningConfiguration" not in buckets["MediaBucket"]
    assert all(all(b["PublicAccessBlockConfiguration"].values()) for b in buckets.values())


def test_the_domain_is_encrypted_and_authenticates_users() -> None:
    (domain,) = of_kind(DATA, "AWS::OpenSearchService::Domain").values()
    assert domain["EncryptionAtRestOptions"]["Enabled"]
    assert domain["NodeToNodeEncryptionOptions"]["Enabled"]
    assert domain["AdvancedSecurityOptions"]["Enabled"]
    assert domain["DomainEndpointOptions"]["EnforceHTTPS"]
    assert "LogPublishingOptions" not in domain


def statements(name: str) -> list[dict[str, Any]]:
    policies = SERVICE[name]["Properties"]["Policies"]
    return [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]


def test_the_server_keeps_idle_connections_longer_than_the_load_balancer() -> None:
    (balancer,) = of_kind(SERVICE, "AWS::ElasticLoadBalancingV2::LoadBalancer").values()
    attributes = {a["Key"]: a["Value"] for a in balancer["LoadBalancerAttributes"]}
    assert int(attributes["idle_timeout.timeout_seconds"]) < Settings.model_fields["keep_alive_s"].default


def test_roles_have_least_privilege() -> None:
    for name in of_kind(SERVICE, "AWS::IAM::Role"):
        for s in statements(name):
            assert not any(action.endswith(":*") or action == "*" for action in s["Action"])
            assert s["Resource"] != "*" or s["Action"] in (["ecr:GetAuthorizationToken"], ["dynamodb:ListStreams"])
    writes = ("Put", "Delete", "Update", "Write", "Create")
    may = {a for s in statements("FunctionRole") for a in s["Action"]}
    assert not {a for a in may if a.startswith(("dynamodb:", "s3:")) and any(w in a for w in writes)}
    gateway = {a for s in statements("GatewayRole") for a in s["Action"]}
    assert not {a for a in gateway if a.startswith("dynamodb:") and "Table" in a}
    (audit,) = [s for s in statements("GatewayRole") if "AuditBucket" in str(s["Resource"])]
    assert not any("Delete" in a for a in audit["Action"])


def test_tables_of_the_change_feed_have_an_event_source_mapping() -> None:
    mappings = of_kind(SERVICE, "AWS::Lambda::EventSourceMapping")
    assert set(mappings) == {f"{title(t.name)}Changes" for t in ALL_TABLES if t.feed}
    for mapping in mappings.values():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["DestinationConfig"]["OnFailure"]
        assert mapping["MaximumRetryAttempts"] > 0


def test_settings_and_imports_of_the_templates_exist() -> None:
    (task,) = of_kind(SERVICE, "AWS::ECS::TaskDefinition").values()
    (container,) = task["ContainerDefinitions"]
    given = {e["Name"] for e in (*container["Environment"], *container["Secrets"])}
    assert given <= {f"PHOTOS_{name.upper()}" for name in Settings.model_fields}
    exported = {name for name, o in data.template()["Outputs"].items() if o["Export"]["Name"]["Fn::Sub"].endswith(f"-{name}")}
    wanted = set(imports(SERVICE))
    assert wanted <= exported


def imports(part: Any) -> Any:
    if isinstance(part, dict):
        if "Fn::ImportValue" in part:
            yield part["Fn::ImportValue"]["Fn::Sub"].removeprefix("${DataStack}-")
        for inner in part.values():
            yield from imports(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from imports(inner)


def test_alarms_exist() -> None:
    alarms = of_kind(SERVICE, "AWS::CloudWatch::Alarm")
    watched = {a.get("MetricName") if isinstance(a.get("MetricName"), str) else name for name, a in alarms.items()}
    assert watched >= {
        "HTTPCode_Target_5XX_Count", "TargetResponseTime", "IteratorAge", "ApproximateNumberOfMessagesVisible",
        "ClusterStatus.red", "KeysFailuresAlarm", "AuditFailuresAlarm", "AuditRefusalsFailuresAlarm",
    }  # fmt: skip
    assert {f"{title(t.name)}ThrottlesAlarm" for t in ALL_TABLES} <= set(alarms)
    assert all(a["AlarmActions"] for a in alarms.values())
