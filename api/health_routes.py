"""What those who run the server ask: is it alive, is it ready, what has it done."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.metrics import MEDIA_TYPE
from api.problems import Problem
from api.service import MetricsDep, ServiceDep

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "alive"}


@router.get("/readyz")
async def ready(service: ServiceDep) -> dict[str, str]:
    """Say whether questions are answered; 503 until the model and the indexes are loaded."""
    if not service.ready:
        raise Problem(
            503,
            service.fault or "The server is still loading its library.",
            fix="Wait a few seconds; if it stays so, run `plumbline doctor`.",
            code="starting",
        )
    return {"status": "ready"}


@router.get("/metrics", response_class=Response)
async def metrics(service: ServiceDep, held: MetricsDep) -> Response:
    """Counts and durations, as Prometheus reads them."""
    return Response(held.text(ready=service.ready), media_type=MEDIA_TYPE)
