"""Classes of personal data: every field, argument, input field and enum value of the schema carries exactly one."""

from __future__ import annotations

from enum import Enum


class DataClass(Enum):
    """What a value tells about a person. `policy` says who may see which class and how finely."""

    PUBLIC = "PUBLIC"
    OPERATIONAL = "OPERATIONAL"
    TIME = "TIME"
    PLACE = "PLACE"
    LOCATION = "LOCATION"
    CONTENT = "CONTENT"
    OWNER_STATE = "OWNER_STATE"
    PICTURE = "PICTURE"
    BIOMETRIC = "BIOMETRIC"
    IDENTITY = "IDENTITY"
