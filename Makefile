# make demo: set up, then raw folders to a trained, evaluated, reported version. make test: set up, then every test.
# make bench: every benchmark in some minutes; make bench FULL=1: every bar at the size it was set for.
SHELL := bash
VENV := .venv
BIN := $(VENV)/bin
OUT ?= demo
SIZE ?= demo
WORKERS ?= 2

# One thread per process: two spinning OpenMP threads on a shared two-core machine are many times slower than one.
export OMP_NUM_THREADS ?= 1
export OMP_WAIT_POLICY ?= passive

.PHONY: setup demo test lint bench server clean help

help:
	@grep -hE '^# make' Makefile

setup: $(VENV)/.ready

# uv when it is there, pip otherwise. uv does not read pip's configuration, so its local wheel folder is handed on.
$(VENV)/.ready: pyproject.toml constraints.txt
	@if command -v uv >/dev/null; then \
	  links="$$(python3 -m pip config get global.find-links 2>/dev/null || true)"; \
	  [ -n "$$links" ] && export UV_FIND_LINKS="$$links"; \
	  uv venv --quiet --allow-existing --python 3.11 $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python -c constraints.txt torch==2.13.0 && \
	  uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[train,dev]"; \
	else \
	  python3 -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet -c constraints.txt torch==2.13.0 && \
	  $(BIN)/python -m pip install --quiet -c constraints.txt -e ".[train,dev]"; \
	fi
	@touch $@

demo: setup
	$(BIN)/reidforge demo --out $(OUT) --size $(SIZE)

# Whole files go to one worker each, so that what a file builds once is built once.
test: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Every benchmark at a small size, some minutes in all; FULL=1 takes the sizes of the bars and a quiet machine.
bench: setup
	@$(BIN)/python benchmarks/every.py $(if $(FULL),--full)

server: setup
	PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=1 $(BIN)/prefect server start --host 127.0.0.1 --port 4200

clean:
	rm -rf $(OUT) build dist
