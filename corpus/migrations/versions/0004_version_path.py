"""An index by the path that a version was read from, which every file of an ingest asks for."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        op.f("ix_version_path_retired_at"), "version", ["path", "retired_at"], unique=False
    )
