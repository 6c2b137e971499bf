"""Classes of personal data: every field, argument, input field and enum value of the schema has exactly one."""

from __future__ import annotations

from enum import Enum


class DataClass(Enum):
    """The kind of personal data in a value. `access.policy` defines who may see which class and with which precision."""

    PUBLIC = "PUBLIC"
    """Data about nobody: places, labels, page information, and arguments that reveal nothing about a record."""
    OPERATIONAL = "OPERATIONAL"
    """Technical data of a record: its id, media type, file size, dimensions, camera and processing state."""
    TIME = "TIME"
    """When a photo was taken or added: date, time of day, weekday, and histograms over time."""
    PLACE = "PLACE"
    """Where a photo was taken, as a named place; also its time zone and offset from UTC, which reveal the place."""
    LOCATION = "LOCATION"
    """Where a photo was taken, as coordinates or altitude; also the owner's home zones."""
    CONTENT = "CONTENT"
    """What a photo is about: caption, keywords, labels, recognised text, embedding, and its albums' titles."""
    FILE_NAME = "FILE_NAME"
    """The name of the original file and its key in the system that it came from. Both often contain a time or a place."""
    OWNER_STATE = "OWNER_STATE"
    """The owner's own organisation of the library: favourite, rating, hidden and trash state, pinned place, and shares."""
    PICTURE = "PICTURE"
    """The image or video itself: originals, renditions, placeholders and similarity to other pictures."""
    BIOMETRIC = "BIOMETRIC"
    """Which people are in a photo, their names and counts."""
    IDENTITY = "IDENTITY"
    """Who a customer is (display name, external id) and who read their data (access log, support tickets)."""
