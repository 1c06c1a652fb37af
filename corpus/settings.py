"""Every setting there is, read once by an entry point and handed down as plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from corpus.errors import ConfigurationError

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Settings(BaseSettings):
    """Settings come from the environment (`PLUMBLINE_…`) and from `.env`; a misspelt line stops."""

    model_config = SettingsConfigDict(
        env_prefix="PLUMBLINE_", env_file=".env", extra="forbid", frozen=True
    )

    data_dir: Path = Field(default=Path("data"), description="Holds all that is stored.")
    database_url: str | None = Field(
        default=None, description="PostgreSQL address; None keeps SQLite in the data folder."
    )
    chroma_url: str | None = Field(
        default=None,
        description="A Chroma server's address; None keeps it in the data folder.",
    )
    embedding_model: str = Field(
        default="all-MiniLM-L6-v2",
        description="The shipped model, or any sentence-transformers name or folder.",
    )
    embedding_precision: str = Field(
        default="auto", description="auto, float32 or bfloat16; auto asks the processor."
    )
    reranker_model: str = Field(
        default="",
        description="A sentence-transformers CrossEncoder, name or folder; empty for none.",
    )
    chat_model: str = Field(
        default="",
        description="PROVIDER:NAME as LangChain's init_chat_model takes it; empty for none.",
    )
    chat_base_url: str = Field(
        default="", description="Address of an OpenAI-style server: vLLM, llama.cpp, Ollama."
    )
    chat_api_key: SecretStr | None = Field(default=None, description="Key of the chat model.")
    chat_timeout: float = Field(
        default=60, gt=0, le=600, description="Seconds that a whole answer may take."
    )
    threads: int = Field(default=0, ge=0, description="Compute threads; 0 takes every core.")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    api_key: SecretStr | None = Field(
        default=None, description="Asked of every caller when set; needed to serve other machines."
    )
    max_upload_mb: int = Field(default=50, ge=1, description="Largest request body, in megabytes.")

    @model_validator(mode="after")
    def _known_precision(self) -> Self:
        if self.embedding_precision not in ("auto", "float32", "bfloat16"):
            raise ValueError(
                f"embedding_precision is {self.embedding_precision!r}; "
                "it must be auto, float32 or bfloat16"
            )
        return self

    @property
    def library_url(self) -> str:
        """SQLAlchemy address of the library."""
        return self.database_url or f"sqlite:///{self.data_dir / 'library.sqlite3'}"


def load_settings() -> Settings:
    """Settings from the environment and `.env`.

    Raises ConfigurationError naming each wrong line.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"PLUMBLINE_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ConfigurationError(
            f"The settings cannot be used: {faults}.",
            fix="Correct the environment or the .env file; .env.example lists every setting.",
        ) from error
