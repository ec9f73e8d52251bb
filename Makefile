# `make` lists what there is to do; `setup` is implied by everything that needs it.
.DEFAULT_GOAL := help
LISTED := setup demo test test-long check ci dev fuzz fuzz-images sheet counts generate planted lock \
	$(patsubst benchmarks/%.py,%,$(wildcard benchmarks/bench.py benchmarks/faults.py))
.PHONY: help bench faults $(LISTED)
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
APT := DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends
SUITE := tests
# In the order of the files: the long ones of tests/integration come before the short.
XDIST := -n 2 --dist loadfile --no-loadscope-reorder
MINUTES := 10
RUST_SOURCES := $(shell find img_compressor \( -name target -o -path "*/fuzz/*" \) -prune -o -type f -print)

# An import without bytecode takes twice as long (measured 2026-11: Dagster 2.8 s, 1.2 s).
unexport PYTHONDONTWRITEBYTECODE
export UV_COMPILE_BYTECODE := 1
export UV_LINK_MODE ?= copy
# uv that is there, or the one that setup puts into .tools/.
UV = $$(uv --version >/dev/null 2>&1 && echo uv || echo .tools/bin/uv)

help:
	@{ $(foreach name,$(LISTED),sed -n 's/^$(name):[^#]*## /  $(name)\t/p' Makefile;) } | expand -t 14

setup: $(VENV)/.compressor $(VENV)/.package ## Build .venv/ with the locked packages, this one and the compressor.

demo: setup ## Take sample DICOM from upload to tables and JPEGs, and say where to look.
	@$(BIN)/dicom-pipeline demo

test: setup $(VENV)/.bootstrap $(VENV)/.chromium $(VENV)/.peers $(VENV)/.ocr $(VENV)/.fakesnow ## Run every everyday test; SUITE=tests/unit for a part.
	@$(BIN)/python -m pytest $(XDIST) -m "not long" $(SUITE)

test-long: setup $(VENV)/.bootstrap ## Run the tests of a minute each, which have shorter twins in 'make test'.
	@$(BIN)/python -m pytest $(XDIST) -m long tests/integration

check: setup ## Run linters, types, import contracts, Rust's own tests and stale-file checks.
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests/functions
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@$(BIN)/python -m pytest -q -k "fresh" tests/unit/deid/test_rules.py
	@cd img_compressor && cargo fmt --check
	@cd img_compressor && cargo clippy --locked --all-targets -- -D warnings
	@cd img_compressor && cargo test --locked --profile tested

ci: check test test-long ## Run check, test and test-long: all that a build machine runs.

dev: setup ## Start S3, web server, daemon and sensors here; ctrl-C stops all of it.
	@$(BIN)/dicom-pipeline up

# Listed only where benchmarks/ holds the script.
bench: setup ## Measure throughput and latency on this machine.
	@$(BIN)/python benchmarks/bench.py

faults: setup ## Break things on purpose and see that nothing is lost.
	@$(BIN)/python benchmarks/faults.py

fuzz: setup $(VENV)/.fuzz ## Feed the header reader what nobody sends; MINUTES=10 says for how long.
	@PYTHONPATH=$(VENV)/fuzz:. $(BIN)/python -m tests.fuzz.run --minutes $(MINUTES)

# With clang, memory errors inside the C and C++ codecs are seen too (docs/fuzzing.md).
fuzz-images: setup ## Feed the compressor what nobody sends; MINUTES=10 for each of TARGETS.
	@command -v cargo-fuzz >/dev/null || { echo "cargo install cargo-fuzz" >&2; exit 1; }
	@cd img_compressor/fuzz && PYTHON=../../$(BIN)/python MINUTES=$(MINUTES) ./run $(TARGETS)

sheet: setup ## Write contact-sheet.png: one rendered thumbnail per kind of image.
	@$(BIN)/python -m tests.oracles.contact_sheet contact-sheet.png

counts: setup $(VENV)/.peers ## Hold instructions of small renders against their table; ACCEPT=--accept.
	@$(BIN)/python -m tests.compressor.instructions $(ACCEPT)

generate: setup ## Rewrite what is derived from the catalogue and the mapping.
	@$(BIN)/python -m dicom_pipeline.publish.dbt_sources
	@$(BIN)/python -m dicom_pipeline.publish.deid_docs

planted: setup ## Plant each fault in a copy and see its test fail; NUMBERS="1 4" for some.
	@$(BIN)/python -m tests.planted.run $(NUMBERS)

lock: | $(VENV)/.uv ## Resolve again and rewrite requirements.lock.
	@{ echo "# Versions and hashes, no addresses; 'make lock' rewrites it."; \
	$(UV) export -q --upgrade --format requirements.txt --extra aws --extra local \
		--no-emit-workspace --no-annotate --no-header | grep -v '://' ; } >$@.part
	@mv $@.part requirements.lock

# --- How setup is made. Each stamp in .venv/ is older than what it was made from. ---

$(VENV)/.uv:
	@mkdir -p $(VENV)
	@uv --version >/dev/null 2>&1 || test -x .tools/bin/uv || { \
		python3 -m venv .tools 2>/dev/null || { rm -rf .tools; \
			test "$$(id -u)" = 0 || { echo "setup needs python3-venv (or uv)" >&2; exit 1; }; \
			apt-get update -q && $(APT) python3-venv && python3 -m venv .tools; }; \
		.tools/bin/python -m pip install -q uv; }
	@touch $@

$(VENV)/.python: requirements.lock | $(VENV)/.uv
	@test -x $(BIN)/python || $(UV) venv -q --allow-existing --python '>=3.11,<3.14' $(VENV)
	@$(UV) pip sync -q --require-hashes --python $(BIN)/python requirements.lock
	@touch $@

$(VENV)/.package: pyproject.toml CHANGELOG.md $(VENV)/.python
	@$(UV) pip install -q --no-deps --python $(BIN)/python -e .
	@touch $@

$(VENV)/.compressor: $(RUST_SOURCES) $(VENV)/.python | $(VENV)/.native
	@$(UV) pip install -q --no-deps --python $(BIN)/python \
		--reinstall-package img-compressor ./img_compressor
	@$(BIN)/img-compressor --version
	@touch $@

# The Lambda handler is tested, not installed: the crate's other binary.
$(VENV)/.bootstrap: $(VENV)/.compressor $(VENV)/.package
	@cd img_compressor && cargo build -q --locked --release --features lambda --bin bootstrap
	@touch $@

$(VENV)/.native: | $(VENV)/.uv
	@command -v cargo >/dev/null || { echo "setup needs Rust: https://rustup.rs" >&2; exit 1; }
	@missing=; for tool in cmake nasm make g++; do \
		command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	test -z "$$missing" || if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		apt-get update -q && $(APT) $$missing; \
	else echo "not installed:$$missing (nasm may be absent: JPEG coding is then slower)" >&2; fi
	@command -v cmake >/dev/null || { echo "setup needs cmake" >&2; exit 1; }
	@touch $@

# The browser test skips itself where there is no Chromium, and says so.
$(VENV)/.chromium: | $(VENV)/.uv
	@command -v chromium >/dev/null || if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		{ apt-get update -q && $(APT) chromium; } || echo "no Chromium: browser test skips" >&2; \
	else echo "no Chromium: the browser test skips" >&2; fi
	@touch $@

# Beside the locked packages, not among them: only who fuzzes has the fuzzer.
$(VENV)/.fuzz: pyproject.toml | $(VENV)/.python
	@$(UV) pip install -q --python $(BIN)/python --target $(VENV)/fuzz \
		--group pyproject.toml:fuzz
	@touch $@

# Text recognition, 360 MB, in an interpreter of its own; tests with it skip without.
$(VENV)/.ocr: pyproject.toml | $(VENV)/.python
	@$(UV) venv -q --allow-existing --python $(BIN)/python $(VENV)/ocr \
	&& $(UV) pip install -q --python $(VENV)/ocr/bin/python \
		"$$(sed -n 's/^ocr = \["\([^;]*\);.*/\1/p' pyproject.toml)" \
	|| echo "no text recognition: tests with it skip" >&2
	@touch $@

# The test of Snowflake's SQL skips where this cannot be had.
$(VENV)/.fakesnow: tests/oracles/fakesnow.txt | $(VENV)/.python
	@{ $(UV) venv -q --allow-existing --python $(BIN)/python $(VENV)/fakesnow && \
		$(UV) pip install -q --python $(VENV)/fakesnow/bin/python -r $<; } \
	|| echo "no fakesnow: the test of Snowflake's SQL skips" >&2
	@touch $@

# DCMTK and Orthanc send and judge real DICOM; what needs them skips where they are absent.
# RUNLEVEL=1 keeps the package from starting a server that nobody asked for.
$(VENV)/.peers: | $(VENV)/.uv
	@command -v storescu >/dev/null && command -v cjpeg >/dev/null && command -v Orthanc >/dev/null \
	&& command -v valgrind >/dev/null \
	|| if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		{ apt-get update -q && RUNLEVEL=1 $(APT) dcmtk libjpeg-turbo-progs \
			orthanc orthanc-dicomweb valgrind; } \
		|| echo "no DCMTK or Orthanc: tests with them skip" >&2; \
	else echo "no DCMTK or Orthanc: tests with them skip" >&2; fi
	@touch $@
