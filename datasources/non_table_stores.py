"""The stores of customers' data that are not tables: how each is erased, exported, backed up and tested.

Tables declare the same next to their definitions. `entries` are names in a data folder; production engines hold the same
stores in the buckets and indices that `docs/production.md` lists.
"""

from __future__ import annotations

from typing import Final

from access.classes import DataClass
from datasources.data_folder import COPY_PATTERN, TABLES_FILE
from datasources.stored_data import Backup, Erasure, Export, StoredData

_ERASE: Final = "tests/erasing/test_erase.py"
INDEX_ENTRY: Final = "index"
MEDIA_ENTRY: Final = "media"
RESULTS_ENTRY: Final = "results"
RENDITIONS: Final = "renditions"
IMPORTS_ENTRY: Final = "imports"
KEYS_ENTRY: Final = "keys"

CHANGE_FEED: Final = StoredData(
    name="change feed",
    holds="Keys and versions of changed rows; DynamoDB Streams also hold the rows, for 24 hours",
    classes=(DataClass.OPERATIONAL,),
    erased=Erasure("The customer's id is removed. Streams of DynamoDB end by themselves after 24 hours.", step="feed"),
    exported=Export(text="It repeats changes of the tables."),
    backed_up=Backup.SHORT_LIVED,
    proven=(_ERASE, "tests/contract/test_change_feed.py"),
    entries=(TABLES_FILE, f"{TABLES_FILE}-wal", f"{TABLES_FILE}-shm"),
)
SEARCH_INDEX: Final = StoredData(
    name="search index",
    holds="Terms, columns and vectors of photos",
    classes=(
        DataClass.OPERATIONAL,
        DataClass.TIME,
        DataClass.PLACE,
        DataClass.LOCATION,
        DataClass.CONTENT,
        DataClass.FILE_NAME,
        DataClass.OWNER_STATE,
        DataClass.BIOMETRIC,
    ),
    erased=Erasure("Every document of the customer, then the disk space of deleted documents is rewritten.", step="index"),
    exported=Export(text="It is derived from the tables."),
    backed_up=Backup.DERIVED,
    proven=(_ERASE, "tests/contract/test_photo_index_writes.py"),
    entries=(INDEX_ENTRY, f"{INDEX_ENTRY}.next", f"{INDEX_ENTRY}.left"),
)
ORIGINALS: Final = StoredData(
    name="originals",
    holds="Imported files, encrypted with the customer's data key",
    classes=(DataClass.PICTURE, DataClass.CONTENT, DataClass.LOCATION),
    erased=Erasure("Every file of the customer. Referenced files (`--link`) stay where they are.", step="originals"),
    exported=Export(("files",)),
    backed_up=Backup.INCLUDED,
    proven=(_ERASE, "tests/media/test_originals.py", "tests/exporting/test_round_trip.py"),
    entries=(MEDIA_ENTRY,),
)
RENDITION_CACHE: Final = StoredData(
    name="rendition cache",
    holds="Scaled images, encrypted with the customer's data key",
    classes=(DataClass.PICTURE,),
    erased=Erasure("The customer's folder on this server. On other servers it is unreadable without the key.", step="caches"),
    exported=Export(text="It is derived from the originals."),
    backed_up=Backup.DERIVED,
    proven=(_ERASE,),
    entries=(RENDITIONS,),
)
UPGRADE_COPIES: Final = StoredData(
    name="copies before upgrades",
    holds="The tables as they were before an upgrade of the data folder",
    classes=tuple(DataClass),
    erased=Erasure("The erasure of any customer deletes the copies, because they hold data keys.", step="caches"),
    exported=Export(text="The tables are exported."),
    backed_up=Backup.IS_BACKUP,
    proven=("tests/upgrades/test_upgrades.py",),
    entries=(COPY_PATTERN,),
)
JOB_RESULTS: Final = StoredData(
    name="job results",
    holds="Files of exports, and erasure certificates, for seven days",
    classes=tuple(DataClass),
    erased=Erasure("Every file of the customer's jobs, also of running ones.", step="results"),
    exported=Export(text="They are exports."),
    backed_up=Backup.SHORT_LIVED,
    proven=(_ERASE, "tests/erasing/test_staying_out.py"),
    entries=(RESULTS_ENTRY,),
)
AUDIT_LOG: Final = StoredData(
    name="audit log",
    holds="A hash chain of reads: keyed hashes of customers and callers, classes, counts",
    classes=(DataClass.OPERATIONAL,),
    erased=Erasure("Never: the chain proves who read what. It knows customers by keyed hash only."),
    exported=Export(text="The customer's own access log is exported instead."),
    backed_up=Backup.INCLUDED,
    proven=("tests/contract/test_audit_log.py", _ERASE),
    entries=("audit.log", "audit.checkpoints"),
)
IMPORT_CHECKPOINTS: Final = StoredData(
    name="import checkpoints",
    holds="Position and counters of unfinished imports; files that are unpacked during an import",
    classes=(DataClass.OPERATIONAL, DataClass.PICTURE),
    erased=Erasure("They are deleted when the import ends. A checkpoint names its import by a keyed hash and holds no record."),
    exported=Export(text="They describe an import that is running."),
    backed_up=Backup.SHORT_LIVED,
    proven=("tests/ingest/test_import_run.py",),
    entries=(IMPORTS_ENTRY,),
)
OTHER_ENTRIES: Final = {
    "version": "The format of the folder.",
    "engines": "The engines that the folder belongs to.",
    "upgrading": "The format in which an unfinished upgrade began.",
    "index.lock": "The lock of the process that writes the index.",
    KEYS_ENTRY: "The root key of the installation.",
    "issuer.key": "The key that signs development tokens.",
    "links.key": "The key that signs tokens of shared links.",
    "support.key": "The key that signs tokens of support tickets.",
    "places": "An imported gazetteer.",
    "demo.json": "The identities of the demo.",
}
"""Entries of a data folder that hold no data of customers."""
OUTSIDE_SOURCES: Final = (IMPORT_CHECKPOINTS,)
"""Stores that no field of `Sources` reads."""
