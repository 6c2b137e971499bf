"""The few forms that templates of CloudFormation are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Template = dict[str, Any]


def ref(name: str) -> Template:
    """A parameter or a resource."""
    return {"Ref": name}


def att(name: str, attribute: str = "Arn") -> Template:
    """Something of a resource."""
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str) -> Template:
    """A text with names in it."""
    return {"Fn::Sub": text}


def imported(name: str) -> Template:
    """What the stack of the data exports."""
    return {"Fn::ImportValue": {"Fn::Sub": f"${{DataStack}}-{name}"}}


def resource(kind: str, properties: Mapping[str, Any], *, kept: bool = False, **more: Any) -> Template:
    """A resource; `kept` ones outlive their stack."""
    lasting = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"} if kept else {}
    return {"Type": kind, **lasting, **more, "Properties": dict(properties)}


def allow(actions: Sequence[str], resources: Any, **more: Any) -> Template:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources, **more}


def role(service: str, policies: Mapping[str, Sequence[Template]], managed: Sequence[str] = ()) -> Template:
    """A role for one service, and what it may do."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    made: Template = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [
            {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}
            for name, statements in policies.items()
        ],
    }
    if managed:
        made["ManagedPolicyArns"] = [sub(arn) for arn in managed]
    return resource("AWS::IAM::Role", made)


def title(name: str) -> str:
    """A name as logical ids are written."""
    return "".join(part.capitalize() for part in name.split("-"))
