"""Asking and searching, and the conversations that are kept."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator
from typing_extensions import TypedDict

from api.bodies import ChatBody, SearchBody, TitleBody, filters_of, plain_text
from api.chatting import ChatJson, Exchange
from api.exchanges import sent_twice
from api.service import MetricsDep, ServiceDep
from api.shapes import SearchJson, search_json
from api.showing import shown_exchanges
from api.streaming import MEDIA_TYPE as EVENT_STREAM
from api.streaming import event_stream
from api.transcript import Transcript
from api.transcript_docx import as_docx
from api.transcript_markdown import as_markdown
from corpus.conversations import Conversation, Message, no_such_answer, title_from
from corpus.filters import Filters

router = APIRouter(prefix="/v1", tags=["chat"])

MOST_SKIPPED = 1_000_000
EXPORTS = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
}


class ConversationJson(TypedDict):
    """A conversation without its messages."""

    conversation_id: str
    title: str
    created_at: datetime
    updated_at: datetime
    messages: int


class ConversationsJson(TypedDict):
    """A page of conversations, last used first."""

    conversations: list[ConversationJson]
    total: int
    limit: int
    offset: int


class MessageJson(TypedDict):
    """One turn; `answer` has the shape of `POST /v1/chat`, and is null for a question."""

    message_id: str
    role: str
    text: str
    answer: dict[str, Any] | None
    created_at: datetime


class WholeConversationJson(TypedDict):
    """A conversation with its messages in order."""

    conversation_id: str
    title: str
    created_at: datetime
    updated_at: datetime
    messages: list[MessageJson]


@router.post(
    "/chat",
    response_model=ChatJson,
    responses={
        200: {
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
            "description": "The answer; or, when asked for text/event-stream, the events "
            "`searched`, `sentence` for each sentence, and one `answer` or one `error`. Each has "
            "an id; who loses the connection goes on with GET /v1/messages/{id}/events.",
        }
    },
)
def chat(request: Request, body: ChatBody, service: ServiceDep, metrics: MetricsDep) -> Any:
    """Ask a question, in a conversation or to start one."""
    sent = body.message_id
    if sent is not None and (service.exchanges.get(sent) or service.conversations.has_answer(sent)):
        raise sent_twice(sent)
    # The library is searched here, before any byte is sent, so a failure still has a status code.
    exchange = Exchange(
        service,
        metrics,
        body.message,
        conversation_id=body.conversation_id,
        filters=filters_of(body.filters),
        message_id=body.message_id,
        instead_of=body.instead_of,
    )
    running = service.exchanges.start(exchange)
    if EVENT_STREAM in request.headers.get("accept", ""):
        return event_stream(running.events(), request.url.path)
    return running.answer()


@router.post("/search")
def search(body: SearchBody, service: ServiceDep) -> SearchJson:
    """Find the passages nearest to a question, best first."""
    passages = service.assistant().search(
        body.query, limit=body.limit, filters=filters_of(body.filters) or Filters()
    )
    return search_json(passages)


@router.get("/conversations")
def list_conversations(
    service: ServiceDep,
    q: Annotated[str, Query(max_length=200), AfterValidator(plain_text)] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=MOST_SKIPPED)] = 0,
) -> ConversationsJson:
    """List conversations, last used first; `q` keeps those that contain these words."""
    found, total = service.conversations.list(containing=q, limit=limit, offset=offset)
    return {
        "conversations": [_conversation_json(conversation) for conversation in found],
        "total": total,
        "limit": limit,
        "offset": offset,
    }


@router.get("/conversations/{conversation_id}")
def read_conversation(conversation_id: str, service: ServiceDep) -> WholeConversationJson:
    """Read a conversation with its messages."""
    conversation = service.conversations.get(conversation_id)
    messages = service.conversations.messages(conversation_id)
    return {
        "conversation_id": conversation.id,
        "title": conversation.title,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
        "messages": [_message_json(message) for message in messages],
    }


@router.get(
    "/conversations/{conversation_id}/export",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in EXPORTS.values()}}},
)
def export_conversation(
    request: Request,
    conversation_id: str,
    service: ServiceDep,
    form: Annotated[Literal["docx", "md", "json"], Query()] = "docx",
    message: Annotated[str, Query(max_length=64, description="One answer alone.")] = "",
) -> Response:
    """Take a conversation away, or one answer of it, with its sources as footnotes."""
    held = service.conversations.get(conversation_id)
    messages = service.conversations.messages(conversation_id)
    if message:
        answers = [place for place, kept in enumerate(messages) if kept.id == message]
        if not answers or messages[answers[0]].role != "assistant":
            raise no_such_answer(message)
        messages = messages[answers[0] - 1 : answers[0] + 1]
    transcript = Transcript(
        title_from(messages[0].text) if message else held.title,
        messages[0].created_at if messages else held.created_at,
        str(request.base_url).rstrip("/"),
        tuple(shown_exchanges(messages)),
    )
    if form == "docx":
        content = as_docx(transcript)
    elif form == "md":
        content = as_markdown(transcript).encode()
    else:
        whole = {
            **_conversation_json(held),
            "messages": [_message_json(kept) for kept in messages],
        }
        content = json.dumps(whole, ensure_ascii=False, indent=2, default=str).encode()
    name = f"{transcript.file_name}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=EXPORTS[form], headers=headers)


@router.patch("/conversations/{conversation_id}")
def rename_conversation(
    conversation_id: str, body: TitleBody, service: ServiceDep
) -> ConversationJson:
    """Give a conversation another title."""
    return _conversation_json(service.conversations.rename(conversation_id, body.title))


@router.delete("/conversations/{conversation_id}", status_code=204)
def delete_conversation(conversation_id: str, service: ServiceDep) -> Response:
    """Delete a conversation with its messages."""
    service.conversations.delete(conversation_id)
    return Response(status_code=204)


def _conversation_json(conversation: Conversation) -> ConversationJson:
    return {
        "conversation_id": conversation.id,
        "title": conversation.title,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
        "messages": conversation.messages,
    }


def _message_json(message: Message) -> MessageJson:
    return {
        "message_id": message.id,
        "role": message.role,
        "text": message.text,
        "answer": dict(message.answer) if message.answer is not None else None,
        "created_at": message.created_at,
    }
