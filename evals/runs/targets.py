"""What is measured: this program, with or without a chat model, or a system elsewhere."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from assistant.answering import Assistant
from assistant.bootstrap import open_assistant
from assistant.chat_model import open_chat_model
from assistant.checks.judging import Judge, open_judge
from assistant.checks.model_judge import ModelJudge
from assistant.conversation import understand
from assistant.evidence import open_evidence
from assistant.quoting import FEATURES, QuotingWriter
from assistant.types import Answer, Finished, Role, Searched, Turn
from assistant.weighing import load_logistic
from corpus.errors import ConfigurationError, NotFound
from corpus.principles import load_principles
from corpus.sentences import split_sentences
from corpus.settings import Settings
from corpus.store import Store
from corpus.types import Passage
from evals.clauses import NAMES
from evals.runs.replies import Cited, Found, Reply, SaidSentence
from evals.runs.suite import TargetSpec

KEPT_PASSAGES = 10
Labels = tuple[list[int], list[float]]  # of one text: a label number and a confidence a principle


class Target(Protocol):
    """Answers questions and, where it can, judges clauses."""

    def answer(self, question: str, turns: Sequence[Turn]) -> Reply:
        """The whole answer to a question, after earlier turns."""
        ...

    def judge(self, texts: Sequence[str]) -> list[Labels] | None:
        """What each text does to each principle; None when the target judges nothing."""
        ...


@contextmanager
def opened_target(spec: TargetSpec, settings: Settings) -> Generator[tuple[Target, Store | None]]:
    """A target, and the store below it where it is this program."""
    if spec.kind in ("embedded", "chat"):
        store = Store(embedded_settings(spec, settings))
        try:
            if not store.library.current_versions():
                raise ConfigurationError(
                    f"The library in {store.data_dir} is empty.",
                    fix="Run `plumbline ingest corpus/documents` first.",
                )
            yield EmbeddedTarget(store), store
        finally:
            store.close()
        return
    import httpx

    headers: dict[str, str] = {}
    if key := _key(spec):
        headers["Authorization"] = f"Bearer {key}"
    with httpx.Client(
        base_url=spec.url.rstrip("/"), headers=headers, timeout=spec.timeout, trust_env=False
    ) as client:
        yield (
            (PlumblineTarget(client) if spec.kind == "plumbline" else EndpointTarget(client, spec)),
            None,
        )


def embedded_settings(spec: TargetSpec, settings: Settings) -> Settings:
    """The settings with the target's chat model, or with none."""
    if spec.kind == "embedded":
        return settings.model_copy(update={"chat_model": "", "chat_base_url": ""})
    more: dict[str, Any] = {
        "chat_model": spec.model,
        "chat_base_url": spec.url,
        "chat_timeout": spec.timeout,
    }
    if key := _key(spec):
        from pydantic import SecretStr

        more["chat_api_key"] = SecretStr(key)
    return settings.model_copy(update=more)


class EmbeddedTarget:
    """This program over an opened store; a chat model writes and judges where one is set."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._assistant: Assistant = open_assistant(store)
        model = open_chat_model(store.settings)
        self._judge: Judge = (
            ModelJudge(model, load_principles()) if model else open_judge(store.embedder)
        )
        self._writer = QuotingWriter(store.lexical, load_logistic("sentences", FEATURES))
        self._evidence = open_evidence(store)

    def answer(self, question: str, turns: Sequence[Turn]) -> Reply:
        """The whole answer to a question, after earlier turns."""
        passages: tuple[Passage, ...] = ()
        for event in self._assistant.answer(question, turns):
            if isinstance(event, Searched):
                passages = event.passages
            elif isinstance(event, Finished):
                return self._reply(event.answer, question, turns, passages)
        raise RuntimeError("The assistant ended without an answer.")

    def judge(self, texts: Sequence[str]) -> list[Labels] | None:
        """What each text does to each principle."""
        verdicts = self._judge.judge(texts)
        return [
            ([int(label) for label in labels], [round(float(share), 6) for share in shares])
            for labels, shares in zip(verdicts.likely, verdicts.confidence, strict=True)
        ]

    def _reply(
        self, answer: Answer, question: str, turns: Sequence[Turn], passages: Sequence[Passage]
    ) -> Reply:
        return Reply(
            sentences=tuple(
                SaidSentence(
                    sentence.text,
                    tuple(
                        Cited(
                            cited.document_id,
                            cited.title,
                            cited.page,
                            cited.quote,
                            self._verified(
                                cited.version_id, cited.page, cited.start, cited.end, cited.quote
                            ),
                        )
                        for cited in sentence.citations
                    ),
                )
                for sentence in answer.sentences
            ),
            completeness=answer.completeness.value,
            declined=answer.declined.value if answer.declined else "",
            message=answer.message,
            passages=tuple(
                Found(passage.chunk.document_id, passage.chunk.page, passage.chunk.text)
                for passage in passages[:KEPT_PASSAGES]
            ),
            probability=self._probability(question, turns, passages),
        )

    def _verified(self, version_id: str, page: int, start: int, end: int, quote: str) -> bool:
        """Looked up again, and not taken from the assistant's own word."""
        try:
            return self.store.library.page(version_id, page).text[start:end] == quote
        except NotFound:
            return False

    def _probability(
        self, question: str, turns: Sequence[Turn], passages: Sequence[Passage]
    ) -> float:
        if not passages:
            return 0.0
        query = understand(question, turns, self.store.embedder, self.store.lexical)
        ranked = self._writer.rank(query, list(passages))
        return round(self._evidence.probability(query, ranked), 6)


class PlumblineTarget:
    """A Plumbline elsewhere, by its HTTP interface; pages are asked for again to verify quotes."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._conversations: dict[tuple[str, ...], str] = {}  # by the questions asked in them
        self._pages: dict[tuple[str, str, int], str] = {}

    def answer(self, question: str, turns: Sequence[Turn]) -> Reply:
        """The whole answer; earlier turns are those of the conversation that it keeps."""
        earlier = tuple(turn.text for turn in turns if turn.role is Role.USER)
        body: dict[str, Any] = {"message": question}
        if earlier:
            if earlier not in self._conversations:
                self.answer(earlier[-1], _turns_of(earlier[:-1]))
            body["conversation_id"] = self._conversations[earlier]
        said = _checked(self._client.post("/v1/chat", json=body))
        self._conversations[(*earlier, question)] = said["conversation_id"]
        search = _checked(
            self._client.post("/v1/search", json={"query": question, "limit": KEPT_PASSAGES})
        )
        return Reply(
            sentences=tuple(
                SaidSentence(
                    sentence["text"],
                    tuple(
                        Cited(
                            cited["document_id"],
                            cited["title"],
                            cited["page"],
                            cited["quote"],
                            self._verified(cited),
                        )
                        for cited in sentence["citations"]
                    ),
                )
                for sentence in said["sentences"]
            ),
            completeness=said["completeness"],
            declined=said["declined"] or "",
            message=said.get("message") or "",
            passages=tuple(
                Found(passage["document_id"], passage["page"], passage["text"])
                for passage in search["passages"]
            ),
        )

    def judge(self, texts: Sequence[str]) -> list[Labels] | None:
        """What each text does to each principle, each sent as a draft of its own."""
        return [self._judged(text) for text in texts]

    def _judged(self, text: str) -> Labels:
        """The surest of its clauses' labels for each principle; silent only where all are."""
        report = _checked(self._client.post("/v1/checks", data={"text": text}))
        self._client.delete(f"/v1/checks/{report['id']}")
        labels: dict[str, tuple[int, float]] = {}
        for clause in report["clauses"]:
            for verdict in clause["verdicts"]:
                said = str(verdict["verdict"])
                label = NAMES.index(said) if said in NAMES else 0  # unsure is shown as no label
                sure = float(verdict["confidence"])
                held = labels.get(verdict["principle"])
                if held is None or (label > 0, sure) > (held[0] > 0, held[1]):
                    labels[verdict["principle"]] = (label, sure)
        ordered = [labels[name] for name in sorted(labels)]
        return [label for label, _ in ordered], [sure for _, sure in ordered]

    def _verified(self, cited: dict[str, Any]) -> bool:
        key = (str(cited["document_id"]), str(cited["version_id"]), int(cited["page"]))
        if key not in self._pages:
            found = self._client.get(
                f"/v1/documents/{key[0]}/pages/{key[2]}", params={"version": key[1]}
            )
            self._pages[key] = str(found.json().get("text", "")) if found.is_success else ""
        return self._pages[key][cited["start"] : cited["end"]] == cited["quote"]


class EndpointTarget:
    """Any OpenAI-style chat endpoint, asked as it is: no library, no citations, no judging."""

    def __init__(self, client: Any, spec: TargetSpec) -> None:
        self._client = client
        self._model = spec.model

    def answer(self, question: str, turns: Sequence[Turn]) -> Reply:
        """The whole answer, cut into sentences."""
        messages = [{"role": turn.role.value, "content": turn.text} for turn in turns]
        messages.append({"role": "user", "content": question})
        said = _checked(
            self._client.post(
                "/chat/completions",
                json={"model": self._model, "messages": messages, "temperature": 0},
            )
        )
        text = str(said["choices"][0]["message"]["content"] or "")
        return Reply(
            sentences=tuple(SaidSentence(sentence.text) for sentence in split_sentences(text)),
            completeness="",
        )

    def judge(self, texts: Sequence[str]) -> list[Labels] | None:
        """It judges nothing."""
        del texts
        return None


def _turns_of(questions: Sequence[str]) -> list[Turn]:
    return [Turn(Role.USER, question) for question in questions]


def _checked(response: Any) -> Any:
    response.raise_for_status()
    return response.json()


def _key(spec: TargetSpec) -> str:
    if not spec.key_env:
        return ""
    key = os.environ.get(spec.key_env, "")
    if not key:
        raise ConfigurationError(
            f"The target {spec.name!r} takes its key from {spec.key_env}, which is not set.",
            fix=f"Set {spec.key_env}, or take key_env out of the suite.",
        )
    return key
