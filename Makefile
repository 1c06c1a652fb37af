# Two commands do all there is to do on a fresh machine with Python 3.11:
#   make serve   the environment, the starter library, and the chat page on 127.0.0.1:8000
#   make test    the environment and every check

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready
INSPECT := build/inspect
N      ?= 50

.PHONY: serve test env library quick format lint types lock documents \
        bench-ingest bench-http bench-lexical bench-retrieval bench-peers \
        check-kill page-budget train-judge \
        eval eval-quick gate check-gate inspect clean

serve: library
	$(BIN)/plumbline serve

test: env lint types
	$(BIN)/python -m pytest -n 2

env: $(READY)

# torch first, and alone: on Linux anything else that asks for it may bring gigabytes of CUDA.
$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --use-pep517 -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/python -m corpus.export_onnx
	touch $(READY)

# The starter library; costs nothing when it is unchanged.
library: env
	$(BIN)/plumbline ingest corpus/documents --prune

quick: env
	$(BIN)/python -m pytest -n 2 -m "not slow and not browser"

format: env
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: env
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: env
	$(BIN)/pyright

# The starter library's PDFs and Office files, from corpus/manuscripts.
documents: env
	$(BIN)/python -m corpus.publishing

bench-ingest: env
	$(BIN)/python -m evals.bench_ingest

# A warm question through HTTP, with the starter library.
bench-http: library
	$(BIN)/python -m evals.bench_http

bench-retrieval: env
	$(BIN)/python -m evals.bench_retrieval

bench-lexical: env
	$(BIN)/python -m evals.bench_lexical

# Of a server that runs already.
page-budget: env
	$(BIN)/python -m evals.page_budget

check-kill: env
	$(BIN)/python -m evals.check_kill --times $(N)

# The model of `plumbline check`, from corpus/clauses; about 40 minutes on two quiet cores.
train-judge: env
	$(BIN)/python -m evals.train_judge

# Every set of ours, over the starter library: figures, and a report to read.
eval: env
	$(BIN)/plumbline eval run evals/suites/full.toml

eval-quick: env
	$(BIN)/plumbline eval run evals/suites/quick.toml

# Fails when a figure has really fallen against the committed baseline.
gate: env
	$(BIN)/plumbline eval gate evals/suites/gate.toml

# Breaks the retriever, the writer, the judge and the refusals in turn: the gate must see each.
check-gate: env
	$(BIN)/python -m evals.check_gate

# Our questions under inspect_ai; then `build/inspect/bin/inspect view --log-dir build/inspect/logs`.
inspect: $(INSPECT)/ready
	$(INSPECT)/bin/inspect eval evals/inspect_task.py --model mockllm/model --log-dir $(INSPECT)/logs

# inspect_ai wants an older release of a package than Chroma does, so it has an environment of its
# own, which takes all else, the exported model included, from ours.
$(INSPECT)/ready: $(READY)
	$(BIN)/python -m venv $(INSPECT)
	$(BIN)/python -c "import sysconfig; print('import site; site.addsitedir(%r)' % sysconfig.get_path('purelib'))" \
	  > $$($(INSPECT)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/plumbline.pth
	mkdir -p $(INSPECT)/share && ln -sfn $(CURDIR)/$(VENV)/share/plumbline $(INSPECT)/share/plumbline
	$(INSPECT)/bin/python -m pip install --quiet --disable-pip-version-check inspect-ai==0.3.285
	touch $(INSPECT)/ready

# Ours beside four others, each in an environment of its own; some gigabytes the first time.
bench-peers: env
	$(BIN)/python -m evals.bench_peers

# Needs uv. torch is left out, so that each machine takes the build that fits it.
lock:
	uv pip compile --python-version 3.11 --all-extras --no-emit-package torch --no-emit-find-links \
	  --no-header --no-annotate pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info
