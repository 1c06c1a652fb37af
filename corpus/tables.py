"""The library's tables. Migrations in `migrations/` make them; a test holds the two together."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# One row a fact about the library itself: "embedding" (the model's fingerprint) and
# "generation" (counts committed changes, so that a reader notices them cheaply).
fact = Table(
    "fact",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

collection = Table(
    "collection",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("team", String(64), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

document = Table(
    "document",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("collection", String(64), ForeignKey("collection.name"), nullable=False),
    # What makes a file the same publication as before: its own id, its source's id, or its path.
    Column("key", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("collection", "key"),
)

version = Table(
    "version",
    metadata,
    Column("id", String(96), primary_key=True),
    Column(
        "document_id", String(80), ForeignKey("document.id", ondelete="CASCADE"), nullable=False
    ),
    Column("number", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("path", Text, nullable=False),  # where it was read from; empty for an upload
    Column("size", Integer, nullable=False),
    Column("row_sha256", String(64), nullable=False),  # of its line in a manifest
    Column("added_at", DateTime(timezone=True), nullable=False),
    Column("retired_at", DateTime(timezone=True), index=True),  # when a newer one took its place
    Column("embedding", Text, nullable=False),  # the fingerprint of the model of its vectors
    Column("page_count", Integer, nullable=False),
    Column("chunk_count", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("published", Date),
    Column("standing", String(32), nullable=False),
    Column("url", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("licence", Text, nullable=False),
    Column("sectors", JSON, nullable=False),
    Column("principles", JSON, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("warnings", JSON, nullable=False),
    Column("hidden", JSON, nullable=False),
    UniqueConstraint("document_id", "number"),
    Index(None, "path", "retired_at"),  # is this file new?
)

page = Table(
    "page",
    metadata,
    Column(
        "version_id", String(96), ForeignKey("version.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("number", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("blocks", JSON, nullable=False),  # [kind, start, end, level] each
)

chunk = Table(
    "chunk",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column(
        "version_id",
        String(96),
        ForeignKey("version.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("page", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("heading", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # float32, little-endian, unit length
    Column("sentences", JSON, nullable=False),  # [start, end] each, offsets in the page
    Column("sentence_vectors", LargeBinary, nullable=False),  # int8, one row a sentence
    UniqueConstraint("version_id", "page", "start"),
    # A number is never given twice, so a stale index can miss a chunk but never show another.
    sqlite_autoincrement=True,
)

conversation = Table(
    "conversation",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("title", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

message = Table(
    "message",
    metadata,
    Column("id", String(32), primary_key=True),
    Column(
        "conversation_id",
        String(32),
        ForeignKey("conversation.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("position", Integer, nullable=False),  # counted from 0 within its conversation
    Column("role", String(16), nullable=False),  # "user" or "assistant"
    Column("text", Text, nullable=False),
    Column("answer", JSON),  # assistant only: the whole answer as the interface gives it
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("elapsed_ms", Float),
    UniqueConstraint("conversation_id", "position"),
)

# What readers say of an answer: one row an answer, the last that was said.
feedback = Table(
    "feedback",
    metadata,
    Column(
        "message_id", String(32), ForeignKey("message.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("rating", String(8)),  # "good", "bad", or not rated
    Column("reasons", JSON, nullable=False),  # names of `corpus.feedback.Reason`
    Column("comment", Text, nullable=False),
    Column("wanted_in_tests", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

# A draft that was checked over HTTP. The counts are of findings, for lists.
checked_draft = Table(
    "checked_draft",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, index=True),
    Column("clauses", Integer, nullable=False),
    Column("conflicts", Integer, nullable=False),
    Column("unsure", Integer, nullable=False),
    Column("supports", Integer, nullable=False),
    Column("report", JSON, nullable=False),  # as the interface gives it
    Column("pages", JSON, nullable=False),  # {"number", "text", "blocks"} each
    Column("original", LargeBinary),  # of a .docx: what its comments are put into
)

Index("ix_conversation_updated_at", conversation.c.updated_at)
