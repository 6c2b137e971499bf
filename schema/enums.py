"""Enums. Each value has a class of personal data: sorting by time, for example, requires access to times."""

from enum import Enum

import strawberry

from access.classes import DataClass
from schema.fields import enum_value

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


@strawberry.enum(description="The library to read.")
class Library(Enum):
    """The library to read."""

    MINE = enum_value(PUBLIC, "MINE", "The viewer's own photos and albums.")
    SHARED_WITH_ME = enum_value(PUBLIC, "SHARED_WITH_ME", "Photos and albums that others share with the viewer.")
    ALL = enum_value(PUBLIC, "ALL", "The viewer's own photos and albums, and those that others share with the viewer.")


@strawberry.enum(description="Kind of a media file.")
class MediaType(Enum):
    """The kind of a media file."""

    PHOTO = enum_value(PUBLIC, "PHOTO", "A photo, that is a still image.")
    VIDEO = enum_value(PUBLIC, "VIDEO", "A video, that is a moving image.")
    UNKNOWN = enum_value(PUBLIC, "UNKNOWN", "The kind is not known.")


@strawberry.enum(description="Sort order of photos. Equal values are sorted by id. Photos without a time count as the oldest.")
class PhotoOrder(Enum):
    """The sort order of photos."""

    TAKEN_AT_DESC = enum_value(TIME, "TAKEN_AT_DESC", "Newest photo first, by the local time where it was taken.")
    TAKEN_AT_ASC = enum_value(TIME, "TAKEN_AT_ASC", "Oldest photo first, by the local time where it was taken.")
    ADDED_AT_DESC = enum_value(TIME, "ADDED_AT_DESC", "Most recently added photo first.")
    ADDED_AT_ASC = enum_value(TIME, "ADDED_AT_ASC", "Least recently added photo first.")


@strawberry.enum(description="Sort order of search results.")
class SearchOrder(Enum):
    """The sort order of search results."""

    RELEVANCE = enum_value(PUBLIC, "RELEVANCE", "Best match first.")
    TAKEN_AT_DESC = enum_value(TIME, "TAKEN_AT_DESC", "Newest photo first, by the local time where it was taken.")
    TAKEN_AT_ASC = enum_value(TIME, "TAKEN_AT_ASC", "Oldest photo first, by the local time where it was taken.")


@strawberry.enum(description="Sort order of albums.")
class AlbumOrder(Enum):
    """The sort order of albums."""

    LATEST_PHOTO_DESC = enum_value(TIME, "LATEST_PHOTO_DESC", "Album with the newest photo first. Empty albums come last.")
    TITLE_ASC = enum_value(CONTENT, "TITLE_ASC", "Alphabetically by title.")
    CREATED_AT_DESC = enum_value(TIME, "CREATED_AT_DESC", "Most recently created album first.")


@strawberry.enum(description="Sort order of people.")
class PersonOrder(Enum):
    """The sort order of people."""

    PHOTO_COUNT_DESC = enum_value(BIOMETRIC, "PHOTO_COUNT_DESC", "Person with the most photos first.")
    NAME_ASC = enum_value(BIOMETRIC, "NAME_ASC", "Alphabetically by name.")


@strawberry.enum(description="An action on a photo.")
class PhotoAction(Enum):
    """An action on a photo."""

    UPDATE = enum_value(PUBLIC, "UPDATE", "Change caption, keywords, time, place and other fields.")
    TRASH = enum_value(PUBLIC, "TRASH", "Move the photo to the trash or restore it.")
    DELETE = enum_value(PUBLIC, "DELETE", "Delete the photo permanently.")
    DOWNLOAD_ORIGINAL = enum_value(PUBLIC, "DOWNLOAD_ORIGINAL", "Download the original file.")
    ADD_TO_ALBUM = enum_value(PUBLIC, "ADD_TO_ALBUM", "Add the photo to an album.")


@strawberry.enum(description="How an image fits the requested size.")
class ImageFit(Enum):
    """How an image fits the requested size."""

    INSIDE = enum_value(PUBLIC, "INSIDE", "The whole picture fits inside the requested size.")
    COVER = enum_value(
        PUBLIC, "COVER", "The picture fills the requested size and is cropped where necessary. Needs both `width` and `height`."
    )


@strawberry.enum(description="File format of an image.")
class ImageFormat(Enum):
    """The file format of an image."""

    JPEG = enum_value(PUBLIC, "JPEG", "The JPEG format, supported everywhere.")
    WEBP = enum_value(PUBLIC, "WEBP", "The WebP format, usually smaller than JPEG.")
    AVIF = enum_value(PUBLIC, "AVIF", "The AVIF format, usually the smallest.")


@strawberry.enum(description="An action on an album.")
class AlbumAction(Enum):
    """An action on an album."""

    UPDATE = enum_value(PUBLIC, "UPDATE", "Change the title and the cover.")
    ADD_PHOTOS = enum_value(PUBLIC, "ADD_PHOTOS", "Add photos to the album.")
    REMOVE_PHOTOS = enum_value(PUBLIC, "REMOVE_PHOTOS", "Remove photos from the album.")
    SHARE = enum_value(PUBLIC, "SHARE", "Share the album with others.")
    DELETE = enum_value(PUBLIC, "DELETE", "Delete the album.")


@strawberry.enum(description="Precision at which a time is shown.")
class TimePrecision(Enum):
    """The precision at which a time is shown."""

    EXACT = enum_value(PUBLIC, "EXACT", "The value as recorded.")
    DAY = enum_value(PUBLIC, "DAY", "Only the day.")
    NONE = enum_value(PUBLIC, "NONE", "No time is shown.")


@strawberry.enum(description="Precision at which a location is shown.")
class LocationPrecision(Enum):
    """The precision at which a location is shown."""

    EXACT = enum_value(PUBLIC, "EXACT", "The value as recorded.")
    KILOMETER = enum_value(PUBLIC, "KILOMETER", "Center of the map tile that contains the coordinates, about one kilometer wide.")
    CITY = enum_value(PUBLIC, "CITY", "The city and its center.")
    COUNTRY = enum_value(PUBLIC, "COUNTRY", "The country and its center.")
    NONE = enum_value(PUBLIC, "NONE", "No location is shown. Only used in the settings of shares.")


@strawberry.enum(description="Level of a place.")
class PlaceKind(Enum):
    """The level of a place."""

    COUNTRY = enum_value(PUBLIC, "COUNTRY", "A country or territory.")
    REGION = enum_value(PUBLIC, "REGION", "A first-level division of a country, such as a state.")
    CITY = enum_value(PUBLIC, "CITY", "A city or town.")
    LOCALITY = enum_value(PUBLIC, "LOCALITY", "A part of a city, or a village.")


@strawberry.enum(description="How an album is shared.")
class ShareKind(Enum):
    """How an album is shared."""

    CUSTOMER = enum_value(PUBLIC, "CUSTOMER", "The album is shared with a customer.")
    LINK = enum_value(PUBLIC, "LINK", "The album is shared with everyone who has the link.")


@strawberry.enum(description="Kind of a caller.")
class ViewerKind(Enum):
    """The kind of a caller."""

    CUSTOMER = enum_value(PUBLIC, "CUSTOMER", "A customer, who owns a library.")
    GUEST = enum_value(PUBLIC, "GUEST", "A guest who opened the link of a shared album.")
    SERVICE = enum_value(PUBLIC, "SERVICE", "Another service, with scopes and a purpose.")
    SUPPORT = enum_value(PUBLIC, "SUPPORT", "Customer support, with a ticket that the customer can see.")


@strawberry.enum(description="Length of a bucket of a histogram.")
class TimeUnit(Enum):
    """The length of a bucket of a histogram."""

    YEAR = enum_value(TIME, "YEAR", "One bucket for each year.")
    MONTH = enum_value(TIME, "MONTH", "One bucket for each month of a year.")
    DAY = enum_value(TIME, "DAY", "One bucket for each day.")


@strawberry.enum(description="Sort order of the buckets of a facet.")
class FacetOrder(Enum):
    """The sort order of the buckets of a facet."""

    COUNT_DESC = enum_value(PUBLIC, "COUNT_DESC", "Bucket with the most photos first.")
    NAME_ASC = enum_value(PUBLIC, "NAME_ASC", "Alphabetically by name.")
    KEY_ASC = enum_value(PUBLIC, "KEY_ASC", "By key, which is useful for years, months and ratings.")


@strawberry.enum(description="Property that photos can be counted and selected by.")
class FacetBy(Enum):
    """A property that photos can be counted and selected by."""

    COUNTRY = enum_value(PLACE, "COUNTRY", "Country where the photo was taken. The key is a place id.")
    REGION = enum_value(PLACE, "REGION", "Region where the photo was taken. The key is a place id.")
    CITY = enum_value(PLACE, "CITY", "City where the photo was taken. The key is a place id.")
    PERSON = enum_value(BIOMETRIC, "PERSON", "Person recognized in the photo. The key is a person id.")
    LABEL = enum_value(CONTENT, "LABEL", "Label of the photo. The key is a label id.")
    ALBUM = enum_value(CONTENT, "ALBUM", "Album that contains the photo. The key is an album id.")
    OWNER = enum_value(OPERATIONAL, "OWNER", "Owner of the photo. The key is a customer id.")
    KEYWORD = enum_value(CONTENT, "KEYWORD", "Keyword of the photo. The key is the keyword itself.")
    CAMERA = enum_value(OPERATIONAL, "CAMERA", "Camera that took the photo. The key is the value of `Camera.name`.")
    LENS = enum_value(OPERATIONAL, "LENS", "Lens that took the photo. The key is the value of `Camera.lens`.")
    MEDIA_TYPE = enum_value(OPERATIONAL, "MEDIA_TYPE", "Kind of the file. The key is a value of `MediaType`.")
    RATING = enum_value(OWNER_STATE, "RATING", "Rating by the owner. The key is a number from 1 to 5.")
    FAVORITE = enum_value(OWNER_STATE, "FAVORITE", "Whether the photo is a favorite. The key is `true` or `false`.")
    YEAR = enum_value(TIME, "YEAR", "Year in which the photo was taken. The key is the year, for example `2024`.")
    MONTH = enum_value(TIME, "MONTH", "Month in which the photo was taken, in any year. The key is `01` to `12`.")


@strawberry.enum(description="State of a photo.")
class PhotoState(Enum):
    """The state of a photo."""

    ACTIVE = enum_value(OPERATIONAL, "ACTIVE", "Shown in the timeline.")
    HIDDEN = enum_value(OWNER_STATE, "HIDDEN", "Hidden from the timeline by the owner.")
    TRASHED = enum_value(OWNER_STATE, "TRASHED", "Moved to the trash by the owner.")


@strawberry.enum(description="How several selected keys of a facet are combined.")
class FacetMatch(Enum):
    """How several selected keys of a facet are combined."""

    ANY = enum_value(PUBLIC, "ANY", "A photo must match at least one key.")
    ALL = enum_value(PUBLIC, "ALL", "A photo must match every key.")


@strawberry.enum(description="Day of the week.")
class Weekday(Enum):
    """A day of the week."""

    MONDAY = enum_value(TIME, "MONDAY", "Monday, day 1 of the week by ISO 8601.")
    TUESDAY = enum_value(TIME, "TUESDAY", "Tuesday, day 2 of the week by ISO 8601.")
    WEDNESDAY = enum_value(TIME, "WEDNESDAY", "Wednesday, day 3 of the week by ISO 8601.")
    THURSDAY = enum_value(TIME, "THURSDAY", "Thursday, day 4 of the week by ISO 8601.")
    FRIDAY = enum_value(TIME, "FRIDAY", "Friday, day 5 of the week by ISO 8601.")
    SATURDAY = enum_value(TIME, "SATURDAY", "Saturday, day 6 of the week by ISO 8601.")
    SUNDAY = enum_value(TIME, "SUNDAY", "Sunday, day 7 of the week by ISO 8601.")


@strawberry.enum(description="Orientation of a picture.")
class Orientation(Enum):
    """The orientation of a picture."""

    LANDSCAPE = enum_value(OPERATIONAL, "LANDSCAPE", "The picture is wider than high.")
    PORTRAIT = enum_value(OPERATIONAL, "PORTRAIT", "The picture is higher than wide.")
    SQUARE = enum_value(OPERATIONAL, "SQUARE", "The picture is as wide as high.")


@strawberry.enum(description="File format of the rows of an export.")
class BulkFormat(Enum):
    """The file format of the rows of an export."""

    JSONL = enum_value(PUBLIC, "JSONL", "JSON Lines: one JSON object per line.")
    PARQUET = enum_value(PUBLIC, "PARQUET", "Apache Parquet, a columnar format.")
    ARROW = enum_value(PUBLIC, "ARROW", "Apache Arrow IPC file, a columnar format.")


@strawberry.enum(description="Status of a bulk operation.")
class BulkStatus(Enum):
    """The status of a bulk operation."""

    QUEUED = enum_value(PUBLIC, "QUEUED", "Waiting to be started.")
    RUNNING = enum_value(PUBLIC, "RUNNING", "Running on a server.")
    CANCELING = enum_value(PUBLIC, "CANCELING", "Cancellation was requested; the operation will stop soon.")
    CANCELED = enum_value(PUBLIC, "CANCELED", "Canceled before it was completed.")
    COMPLETED = enum_value(PUBLIC, "COMPLETED", "Completed successfully. The result files can be downloaded.")
    FAILED = enum_value(PUBLIC, "FAILED", "Failed; `errorCode` names the error.")
    EXPIRED = enum_value(PUBLIC, "EXPIRED", "Completed, but the result files have been deleted after their retention period.")
