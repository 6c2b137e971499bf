"""Choices that clients make, each value with its class: to sort by a time is to use a time."""

from enum import Enum

import strawberry

from access.classes import DataClass
from schema.fields import value

PUBLIC, OPERATIONAL, TIME, PLACE, CONTENT = (
    DataClass.PUBLIC,
    DataClass.OPERATIONAL,
    DataClass.TIME,
    DataClass.PLACE,
    DataClass.CONTENT,
)
LOCATION, OWNER_STATE, BIOMETRIC, IDENTITY = (
    DataClass.LOCATION,
    DataClass.OWNER_STATE,
    DataClass.BIOMETRIC,
    DataClass.IDENTITY,
)


@strawberry.enum(description="Whose photos.")
class Library(Enum):
    """Whose photos."""

    MINE = value(PUBLIC, "MINE", "The viewer's own.")
    SHARED_WITH_ME = value(PUBLIC, "SHARED_WITH_ME", "Shared with the viewer by others.")
    ALL = value(PUBLIC, "ALL", "Both.")


@strawberry.enum(description="What a photo is.")
class MediaType(Enum):
    """What a photo is."""

    PHOTO = value(PUBLIC, "PHOTO", "A still picture.")
    VIDEO = value(PUBLIC, "VIDEO", "A moving picture.")
    UNKNOWN = value(PUBLIC, "UNKNOWN", "Not told.")


@strawberry.enum(description="Orders of photos; ties by id; undated ones count as oldest.")
class PhotoOrder(Enum):
    """Orders of photos."""

    TAKEN_AT_DESC = value(TIME, "TAKEN_AT_DESC", "Newest first by the wall clock where they were taken, as the histogram counts.")
    TAKEN_AT_ASC = value(TIME, "TAKEN_AT_ASC", "Oldest first by the wall clock where they were taken.")
    ADDED_AT_DESC = value(TIME, "ADDED_AT_DESC", "Latest added first.")
    ADDED_AT_ASC = value(TIME, "ADDED_AT_ASC", "First added first.")


@strawberry.enum(description="Orders of found photos.")
class SearchOrder(Enum):
    """Orders of found photos."""

    RELEVANCE = value(PUBLIC, "RELEVANCE", "Best first.")
    TAKEN_AT_DESC = value(TIME, "TAKEN_AT_DESC", "Newest first.")
    TAKEN_AT_ASC = value(TIME, "TAKEN_AT_ASC", "Oldest first.")


@strawberry.enum(description="Orders of albums.")
class AlbumOrder(Enum):
    """Orders of albums."""

    LATEST_PHOTO_DESC = value(TIME, "LATEST_PHOTO_DESC", "By the newest photo in them.")
    TITLE_ASC = value(CONTENT, "TITLE_ASC", "By title.")
    CREATED_AT_DESC = value(TIME, "CREATED_AT_DESC", "Latest made first.")


@strawberry.enum(description="Orders of people.")
class PersonOrder(Enum):
    """Orders of people."""

    PHOTO_COUNT_DESC = value(BIOMETRIC, "PHOTO_COUNT_DESC", "Most photos first.")
    NAME_ASC = value(BIOMETRIC, "NAME_ASC", "By name.")


@strawberry.enum(description="What one may do with a photo.")
class PhotoAction(Enum):
    """What one may do with a photo."""

    UPDATE = value(PUBLIC, "UPDATE", "Change its words, time and place.")
    TRASH = value(PUBLIC, "TRASH", "Put it in the trash or take it out.")
    DELETE = value(PUBLIC, "DELETE", "Remove it for good.")
    DOWNLOAD_ORIGINAL = value(PUBLIC, "DOWNLOAD_ORIGINAL", "Fetch the original.")
    ADD_TO_ALBUM = value(PUBLIC, "ADD_TO_ALBUM", "Put it in an album.")


@strawberry.enum(description="How a rendition fits the size asked for.")
class ImageFit(Enum):
    """How a rendition fits the size asked for."""

    INSIDE = value(PUBLIC, "INSIDE", "Whole picture inside the size.")
    COVER = value(PUBLIC, "COVER", "Fills the size, cut where needed.")


@strawberry.enum(description="The encoding of a rendition.")
class ImageFormat(Enum):
    """The encoding of a rendition."""

    JPEG = value(PUBLIC, "JPEG", "JPEG.")
    WEBP = value(PUBLIC, "WEBP", "WebP.")
    AVIF = value(PUBLIC, "AVIF", "AVIF.")


@strawberry.enum(description="What one may do with an album.")
class AlbumAction(Enum):
    """What one may do with an album."""

    UPDATE = value(PUBLIC, "UPDATE", "Change title and cover.")
    ADD_PHOTOS = value(PUBLIC, "ADD_PHOTOS", "Add photos.")
    REMOVE_PHOTOS = value(PUBLIC, "REMOVE_PHOTOS", "Take photos out.")
    SHARE = value(PUBLIC, "SHARE", "Share it.")
    DELETE = value(PUBLIC, "DELETE", "Delete it.")


@strawberry.enum(description="How finely a time is told.")
class TimePrecision(Enum):
    """How finely a time is told."""

    EXACT = value(PUBLIC, "EXACT", "As known.")
    DAY = value(PUBLIC, "DAY", "The day only.")
    NONE = value(PUBLIC, "NONE", "Not at all.")


@strawberry.enum(description="How finely a location is told.")
class LocationPrecision(Enum):
    """How finely a location is told."""

    EXACT = value(PUBLIC, "EXACT", "As known.")
    KILOMETER = value(PUBLIC, "KILOMETER", "About a kilometre.")
    CITY = value(PUBLIC, "CITY", "The city.")
    COUNTRY = value(PUBLIC, "COUNTRY", "The country.")
    NONE = value(PUBLIC, "NONE", "Not at all; only in settings.")


@strawberry.enum(description="Levels of places.")
class PlaceKind(Enum):
    """Levels of places."""

    COUNTRY = value(PUBLIC, "COUNTRY", "A country.")
    REGION = value(PUBLIC, "REGION", "A first-level part of it.")
    CITY = value(PUBLIC, "CITY", "A city.")
    LOCALITY = value(PUBLIC, "LOCALITY", "A part of a city, or a village.")


@strawberry.enum(description="Ways of sharing.")
class ShareKind(Enum):
    """Ways of sharing."""

    CUSTOMER = value(PUBLIC, "CUSTOMER", "With a customer.")
    LINK = value(PUBLIC, "LINK", "With whoever has the link.")


@strawberry.enum(description="Kinds of callers.")
class ViewerKind(Enum):
    """Kinds of callers."""

    CUSTOMER = value(PUBLIC, "CUSTOMER", "A customer.")
    GUEST = value(PUBLIC, "GUEST", "A guest of a share.")
    SERVICE = value(PUBLIC, "SERVICE", "A service.")
    SUPPORT = value(PUBLIC, "SUPPORT", "Support, with a ticket that the customer sees.")


@strawberry.enum(description="Widths of time.")
class TimeUnit(Enum):
    """Widths of time."""

    YEAR = value(TIME, "YEAR", "A year.")
    MONTH = value(TIME, "MONTH", "A month.")
    DAY = value(TIME, "DAY", "A day.")


@strawberry.enum(description="Orders of buckets.")
class FacetOrder(Enum):
    """Orders of buckets."""

    COUNT_DESC = value(PUBLIC, "COUNT_DESC", "Most photos first.")
    NAME_ASC = value(PUBLIC, "NAME_ASC", "By name.")
    KEY_ASC = value(PUBLIC, "KEY_ASC", "By key: years, months, ratings.")


@strawberry.enum(description="What photos can be counted and selected by.")
class FacetBy(Enum):
    """What photos can be counted and selected by."""

    COUNTRY = value(PLACE, "COUNTRY", "Key: a Place id.")
    REGION = value(PLACE, "REGION", "Key: a Place id.")
    CITY = value(PLACE, "CITY", "Key: a Place id.")
    PERSON = value(BIOMETRIC, "PERSON", "Key: a Person id.")
    LABEL = value(CONTENT, "LABEL", "Key: a Label id.")
    ALBUM = value(CONTENT, "ALBUM", "Key: an Album id.")
    OWNER = value(OPERATIONAL, "OWNER", "Key: a Customer id.")
    KEYWORD = value(CONTENT, "KEYWORD", "Key: the word.")
    CAMERA = value(OPERATIONAL, "CAMERA", "Key: `Camera.name`.")
    LENS = value(OPERATIONAL, "LENS", "Key: `Camera.lens`.")
    MEDIA_TYPE = value(OPERATIONAL, "MEDIA_TYPE", "Key: a MediaType.")
    RATING = value(OWNER_STATE, "RATING", "Key: 1 to 5.")
    FAVORITE = value(OWNER_STATE, "FAVORITE", "Key: `true` or `false`.")
    YEAR = value(TIME, "YEAR", "Key: `2024`.")
    MONTH = value(TIME, "MONTH", "Key: month of any year, `01` to `12`.")


@strawberry.enum(description="States of a photo.")
class PhotoState(Enum):
    """States of a photo."""

    ACTIVE = value(OPERATIONAL, "ACTIVE", "In the timeline.")
    HIDDEN = value(OWNER_STATE, "HIDDEN", "Hidden from it.")
    TRASHED = value(OWNER_STATE, "TRASHED", "In the trash.")


@strawberry.enum(description="How keys join.")
class FacetMatch(Enum):
    """How keys join."""

    ANY = value(PUBLIC, "ANY", "Any.")
    ALL = value(PUBLIC, "ALL", "All.")


@strawberry.enum(description="Days of the week.")
class Weekday(Enum):
    """Days of the week."""

    MONDAY = value(TIME, "MONDAY", "Monday.")
    TUESDAY = value(TIME, "TUESDAY", "Tuesday.")
    WEDNESDAY = value(TIME, "WEDNESDAY", "Wednesday.")
    THURSDAY = value(TIME, "THURSDAY", "Thursday.")
    FRIDAY = value(TIME, "FRIDAY", "Friday.")
    SATURDAY = value(TIME, "SATURDAY", "Saturday.")
    SUNDAY = value(TIME, "SUNDAY", "Sunday.")


@strawberry.enum(description="Shapes.")
class Orientation(Enum):
    """Shapes."""

    LANDSCAPE = value(OPERATIONAL, "LANDSCAPE", "Wider than high.")
    PORTRAIT = value(OPERATIONAL, "PORTRAIT", "Higher than wide.")
    SQUARE = value(OPERATIONAL, "SQUARE", "As wide as high.")


@strawberry.enum(description="Formats of bulk files.")
class BulkFormat(Enum):
    """Formats of bulk files."""

    JSONL = value(PUBLIC, "JSONL", "JSON Lines.")
    PARQUET = value(PUBLIC, "PARQUET", "Parquet.")
    ARROW = value(PUBLIC, "ARROW", "Arrow IPC.")


@strawberry.enum(description="States of a bulk operation.")
class BulkStatus(Enum):
    """States of a bulk operation."""

    QUEUED = value(PUBLIC, "QUEUED", "Waiting.")
    RUNNING = value(PUBLIC, "RUNNING", "Running.")
    CANCELING = value(PUBLIC, "CANCELING", "Being stopped.")
    CANCELED = value(PUBLIC, "CANCELED", "Stopped.")
    COMPLETED = value(PUBLIC, "COMPLETED", "Done.")
    FAILED = value(PUBLIC, "FAILED", "Failed.")
    EXPIRED = value(PUBLIC, "EXPIRED", "Files are gone.")
