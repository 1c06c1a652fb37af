"""The lexical index: BM25 over chunks, by tantivy. Derived from the library, never the source.

Why tantivy and not SQLite FTS5: `make bench-lexical` (README, Decisions).
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import tantivy

from corpus.derived import Difference, difference, read_stamp, write_stamp
from corpus.errors import ConfigurationError
from corpus.library import Library
from corpus.types import Chunk

logger = logging.getLogger(__name__)

WRITER_MEMORY = 50_000_000  # bytes; tantivy asks for at least 15 MB a thread
FIELDS = {"text": 1.0, "title": 0.5, "page": 2.0}  # where a word is sought, and what it counts
WRITER_WAIT = 20.0  # seconds
# Texts whose terms are at hand: the chunks and sentences of a thousand pages; at most 50 MB.
_TEXTS_KEPT = 8_000
LAYOUT = "3"  # count up when the schema or the analyser changes: the index is then made again

# Words that say nothing about what a question is about. Ours is shorter than tantivy's: "not",
# "over", "under" and "more" carry meaning beside figures.
STOP_WORDS = (
    "a about an and are as at be been being but by can could did do does doing for from had has "
    "have how i if in into is it its me my of on or our so such than that the their them then "
    "there these they this those to us was we were what when where which who whom why will with "
    "would you your"
).split()


class LexicalIndex:
    """Ranked search for words, held in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp_file = folder / "versions.json"
        self._analyzer = analyzer()
        self._index = self._open()
        self._reload()
        # The same chunks and sentences are found again and again, and never change.
        self._terms = lru_cache(maxsize=_TEXTS_KEPT)(self._analysed)
        self._held = read_stamp(self._stamp_file) or {}

    # -- keeping up -------------------------------------------------------------------------

    def catch_up(self, library: Library) -> int:
        """Take in what the library has and this index lacks; returns how many versions changed.

        Raises ConfigurationError when another process is writing the index.
        """
        current = library.current_versions()
        change = difference(self._held, current)
        if not change and self._searcher.num_docs != sum(current.values()):
            logger.warning("the lexical index disagrees with the library and is made again")
            self._remake()
            change = difference(self._held, current)
        if not change:
            return 0
        written = self._take_in(library, change)
        if not written:
            self._remake()
            change = difference(self._held, current)
            written = self._take_in(library, change)
        if not written:
            raise ConfigurationError(
                f"The lexical index in {self._folder} cannot be written.",
                fix="Check that the disk has space and that the folder is writable.",
            )
        self._held = current
        write_stamp(self._stamp_file, current)
        return len(change.missing) + len(change.surplus)

    def refresh(self) -> None:
        """Notice what another process has written."""
        self._reload()
        self._held = read_stamp(self._stamp_file) or {}

    def __len__(self) -> int:
        """How many chunks it holds."""
        return self._searcher.num_docs

    # -- searching --------------------------------------------------------------------------

    def terms(self, text: str) -> tuple[str, ...]:
        """The words of a text as the index knows them: lower case, stemmed, stop words gone."""
        return self._terms(text)

    def frequency(self, term: str) -> int:
        """In how many chunks' text a term (as `terms` gives it) occurs."""
        return self._searcher.doc_freq("text", term)

    def search(
        self,
        weights: Mapping[str, float],
        *,
        limit: int,
        versions: Collection[str] | None = None,
    ) -> list[tuple[int, float]]:
        """The best chunks for weighted terms: (chunk number, BM25 score), best first.

        A word counts in the chunk, in its whole page, and in its title and headings (`FIELDS`
        says how much). `versions` restricts the search to chunks of those versions; None
        searches all.
        """
        if not weights:
            return []
        clauses: list[tuple[tantivy.Occur, tantivy.Query]] = []
        for term, weight in weights.items():
            for field, share in FIELDS.items():
                word = tantivy.Query.term_query(self._schema, field, term, index_option="freq")
                clauses.append(
                    (tantivy.Occur.Should, tantivy.Query.boost_query(word, weight * share))
                )
        query = tantivy.Query.boolean_query(clauses)
        if versions is not None:
            among = tantivy.Query.term_set_query(self._schema, "version", list(versions))
            query = tantivy.Query.boolean_query(
                [
                    (tantivy.Occur.Must, query),
                    (tantivy.Occur.Must, tantivy.Query.boost_query(among, 0.0)),
                ]
            )
        searcher = self._searcher
        hits = searcher.search(query, limit, count=False).hits
        numbers = searcher.fast_field_values("number", [address for _, address in hits])
        return [
            (int(number), float(score))
            for number, (score, _) in zip(numbers, hits, strict=True)
            if isinstance(number, int) and isinstance(score, float)
        ]

    # -- inside -----------------------------------------------------------------------------

    def _analysed(self, text: str) -> tuple[str, ...]:
        return tuple(self._analyzer.analyze(text))

    def _reload(self) -> None:
        """Search what has been committed."""
        self._index.reload()
        self._searcher = self._index.searcher()

    def _open(self) -> tantivy.Index:
        self._schema = _schema()
        layout = self._folder / "layout"
        if not (layout.is_file() and layout.read_text(encoding="utf-8") == LAYOUT):
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            index = tantivy.Index(self._schema, path=str(self._folder))
            index.register_tokenizer("english", self._analyzer)
            index.reload()
        except (ValueError, OSError) as error:
            logger.warning("the lexical index cannot be opened and is made again: %s", error)
            shutil.rmtree(self._folder)
            self._folder.mkdir(parents=True)
            index = tantivy.Index(self._schema, path=str(self._folder))
            index.register_tokenizer("english", self._analyzer)
        layout.write_text(LAYOUT, encoding="utf-8")
        return index

    def _take_in(self, library: Library, change: Difference) -> bool:
        """Write one commit; False when tantivy cannot.

        Killed within a commit, it can leave a list of deleted entries under the name that the
        next commit needs, and then no commit succeeds any more.
        """
        writer = self._writer()
        for version_id in (*change.surplus, *change.missing):
            writer.delete_documents_by_term("version", version_id)
        try:
            for rows in library.chunk_rows(change.missing):
                pages = _page_texts(rows.chunks)
                for number, chunk in zip(rows.numbers, rows.chunks, strict=True):
                    entry = tantivy.Document()
                    entry.add_unsigned("number", number)
                    entry.add_text("version", rows.version_id)
                    entry.add_text("title", f"{rows.title} {chunk.heading}")
                    entry.add_text("text", chunk.text)
                    entry.add_text("page", pages[chunk.page])
                    writer.add_document(entry)
            writer.commit()
            writer.wait_merging_threads()
        except (ValueError, OSError) as error:
            logger.warning("the lexical index cannot be written: %s", error)
            return False
        self._reload()
        return True

    def _writer(self) -> tantivy.IndexWriter:
        """The one writer there may be; another process's is waited for, as it is soon done."""
        give_up = time.monotonic() + WRITER_WAIT
        while True:
            try:
                return self._index.writer(heap_size=WRITER_MEMORY, num_threads=1)
            except ValueError as error:
                if time.monotonic() > give_up:
                    raise ConfigurationError(
                        f"The lexical index in {self._folder} is being written by another process.",
                        fix="Wait for it to end, or stop the other plumbline.",
                    ) from error
                time.sleep(0.1)

    def _remake(self) -> None:
        shutil.rmtree(self._folder)
        self._index = self._open()
        self._reload()
        self._held = {}


def _page_texts(chunks: Sequence[Chunk]) -> dict[int, str]:
    texts: dict[int, list[str]] = {}
    for chunk in chunks:
        texts.setdefault(chunk.page, []).append(chunk.text)
    return {page: "\n".join(parts) for page, parts in texts.items()}


def analyzer() -> tantivy.TextAnalyzer:
    """Text to terms: lower case, without accents and stop words, English stems."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(40))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.custom_stopword(list[str](STOP_WORDS)))
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("number", fast=True)
    builder.add_text_field("version", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("title", tokenizer_name="english", index_option="freq")
    builder.add_text_field("text", tokenizer_name="english", index_option="freq")
    builder.add_text_field("page", tokenizer_name="english", index_option="freq")
    return builder.build()
