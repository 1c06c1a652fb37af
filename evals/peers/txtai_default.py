"""txtai with its hybrid index over paragraphs of up to 1000 characters."""

# pyright: basic, reportMissingImports=false
from pathlib import Path

from measured import Found, run

MOST = 1000


def paragraphs(text: str):
    """Paragraphs put together up to MOST characters."""
    held = ""
    for part in text.split("\n\n"):
        if held and len(held) + len(part) > MOST:
            yield held
            held = ""
        held = f"{held}\n\n{part}".strip()
    if held:
        yield held


def prepare(files: Path, model: str):
    from txtai import Embeddings

    chunks = [
        (file.name, text)
        for file in sorted(files.glob("*.md"))
        for text in paragraphs(file.read_text(encoding="utf-8"))
    ]
    embeddings = Embeddings(path=model, hybrid=True)
    embeddings.index((number, text, None) for number, (_, text) in enumerate(chunks))

    def ask(question: str) -> Found:
        return [chunks[int(number)] for number, _ in embeddings.search(question, 10)]

    return ask


if __name__ == "__main__":
    run(prepare)
