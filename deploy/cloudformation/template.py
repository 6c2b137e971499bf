"""Elements of CloudFormation templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Template = dict[str, Any]


def ref(name: str) -> Template:
    """A reference to a parameter or resource."""
    return {"Ref": name}


def att(name: str, attribute: str = "Arn") -> Template:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str) -> Template:
    """A string with substitutions."""
    return {"Fn::Sub": text}


def imported(name: str) -> Template:
    """An export of the data stack."""
    return {"Fn::ImportValue": {"Fn::Sub": f"${{DataStack}}-{name}"}}


def resource(kind: str, properties: Mapping[str, Any], *, retained: bool = False, **more: Any) -> Template:
    """A resource; a `retained` one is not deleted with its stack."""
    policies = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"} if retained else {}
    return {"Type": kind, **policies, **more, "Properties": dict(properties)}


def allow(actions: Sequence[str], resources: Any, **more: Any) -> Template:
    """An IAM statement that allows actions."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources, **more}


def role(service: str, policies: Mapping[str, Sequence[Template]], managed: Sequence[str] = ()) -> Template:
    """A role that a service may assume, with its policies."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    properties: Template = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [
            {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}
            for name, statements in policies.items()
        ],
    }
    if managed:
        properties["ManagedPolicyArns"] = [sub(arn) for arn in managed]
    return resource("AWS::IAM::Role", properties)


def title(name: str) -> str:
    """A name in the form of logical ids."""
    return "".join(part.capitalize() for part in name.split("-"))
