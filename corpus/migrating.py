"""Bringing a database to the tables that this release uses, by Alembic."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text

from corpus.errors import ConfigurationError

HEAD = "0004"  # the newest of migrations/versions; a test holds them together
MIGRATIONS = Path(__file__).parent / "migrations"


def bring_up_to_date(engine: Engine) -> None:
    """Run the migrations that the database lacks; one quick question when it lacks none.

    Raises ConfigurationError when the database is newer than this release.
    """
    held = _held_revision(engine)
    if held == HEAD:
        return
    if held is not None and held > HEAD:
        raise ConfigurationError(
            f"The library is at schema {held}, and this release knows {HEAD}.",
            fix="Install the release that made it, or a newer one.",
        )
    # Alembic takes a third of a second to import, so only a database that needs it pays.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _held_revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.scalar(text("select version_num from alembic_version"))
