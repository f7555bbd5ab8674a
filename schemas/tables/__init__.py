"""Every published table: its Arrow schema, key and row order. The promise stands in data_contracts/<table>.odcs.yaml.

A column declared with `required` is never null. Rows are sorted by `key` before they are written, so that a table is
a function of its content.
"""

from schemas.tables.instructions import CONVERSATIONS
from schemas.tables.outcomes import PROTOCOL_MEMBERS, PROTOCOLS, REJECTS, RESULTS
from schemas.tables.pairs import IDENTITY_LINKS, NEIGHBOURS
from schemas.tables.pictures import IMAGES, PERSON_IMAGES
from schemas.tables.table import Table
from schemas.tables.texts import ATTRIBUTES, CAPTIONS, STATEMENTS, TEXT_SCORES

__all__ = [
    "ATTRIBUTES",
    "CAPTIONS",
    "CONVERSATIONS",
    "FORMAT_VERSION",
    "IDENTITY_LINKS",
    "IMAGES",
    "IMAGE_ROLES",
    "NEIGHBOURS",
    "PERSON_IMAGES",
    "PROTOCOLS",
    "PROTOCOL_MEMBERS",
    "REJECTS",
    "RESULTS",
    "ROLES",
    "SPLITS",
    "STATEMENTS",
    "TABLES",
    "TEXT_SCORES",
    "Table",
]

FORMAT_VERSION = 1

ROLES = ("normal", "distractor", "junk", "invalid_id", "duplicate", "excluded")
SPLITS = ("train", "val", "test", "none")
IMAGE_ROLES = ("query", "query_extra", "gallery", "clothes_template", "sketch", "candidate")

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        IMAGES,
        PERSON_IMAGES,
        CAPTIONS,
        ATTRIBUTES,
        STATEMENTS,
        TEXT_SCORES,
        IDENTITY_LINKS,
        NEIGHBOURS,
        CONVERSATIONS,
        PROTOCOLS,
        PROTOCOL_MEMBERS,
        REJECTS,
        RESULTS,
    )
}
