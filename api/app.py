"""The application: every route, behind the guard, over one data folder."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from api import (
    about_pages,
    ask_pages,
    chat_routes,
    check_pages,
    check_routes,
    conversation_pages,
    document_routes,
    health_routes,
    library_pages,
    local_routes,
    message_routes,
    page_frame,
    page_routes,
    problems,
)
from api.guarding import Guard
from api.metrics import Metrics
from api.service import Service
from corpus.settings import Settings

_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem (RFC 9457): what is wrong, and in `fix` what to do.",
        "content": {
            problems.MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail", "instance", "fix"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "instance": {"type": "string"},
                        "fix": {"type": "string"},
                        "errors": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "properties": {
                                    "field": {"type": "string"},
                                    "detail": {"type": "string"},
                                },
                            },
                        },
                    },
                }
            }
        },
    }
}


def create_app(settings: Settings, *, local_token: str | None = None) -> FastAPI:
    """The application for these settings; the data folder is opened when it starts.

    `local_token` is what the command line on this machine proves itself by; without one, it
    cannot. Starting raises ConfigurationError for a library that these settings cannot open.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        service = Service(settings)
        app.state.service = service
        service.start()
        try:
            yield
        finally:
            service.close()

    metrics = Metrics()
    app = FastAPI(
        title="Plumbline",
        description="A policy assistant for public service reform: cited answers, offline.",
        lifespan=lifespan,
        docs_url=None,  # their pages load scripts from elsewhere; ours is in page_routes
        redoc_url=None,
        responses=_PROBLEM,
        middleware=[Middleware(Guard, settings=settings, local_token=local_token, metrics=metrics)],
    )
    app.state.metrics = metrics
    app.state.local_token = local_token
    app.state.api_key = settings.api_key.get_secret_value() if settings.api_key else None
    for routes in (
        about_pages,
        chat_routes,
        check_pages,
        check_routes,
        document_routes,
        health_routes,
        library_pages,
        local_routes,
        message_routes,
        page_routes,
        ask_pages,
        conversation_pages,
    ):
        app.include_router(routes.router)
    page_frame.mount_static(app)
    problems.install(app, page_frame.error_page)
    return app
