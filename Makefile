# The two commands of the README are `make demo` and `make test`; each sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where it is set, each of the tests' processes would compile all of assaymark again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo demo-dp test check format bench bench-zoo branch-coverage docs lock clean

demo: .venv/.core
	$(BIN)/assaymark demo --out demo

demo-dp: .venv/.core
	$(BIN)/assaymark demo --out demo --dp

# On all cores, a file to each in turn.
test: .venv/.dev
	$(BIN)/pytest -q -n auto --dist loadfile

check: .venv/.dev
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.dev
	$(BIN)/ruff format src tests bench
	$(BIN)/ruff check --fix src tests bench

bench: .venv/.dev
	$(BIN)/python bench/interval_coverage.py --quick
	$(BIN)/python bench/policy_simulation.py --quick

bench-zoo: .venv/.dev
	$(BIN)/python bench/zoo.py

branch-coverage: .venv/.dev
	$(BIN)/python -m pip install -q --target .venv/coverage --upgrade 'coverage==7.17.5'
	PYTHONPATH=.venv/coverage $(BIN)/python bench/branch_coverage.py

docs: .venv/.dev
	$(BIN)/python -m pip install -q 'mkdocstrings-python>=1.16' 'zensical>=0.0.1'
	$(BIN)/zensical build

lock:
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-header \
		--no-annotate --no-emit-index-url --python-version 3.11 -q -o requirements-dev.lock
	$(BIN)/uv pip compile pyproject.toml -c requirements-dev.lock --universal --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --python-version 3.11 -q -o requirements.lock

clean:
	rm -rf .venv demo site .pytest_cache .mypy_cache .ruff_cache

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "assaymark needs Python 3.11 or later; set PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.core: .venv/.made requirements.lock pyproject.toml
	$(BIN)/python -m pip install -q --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps -e .
	$(BIN)/python -m assaymark.flow.warm  # compiles the loops, about a minute
	@touch $@

.venv/.dev: .venv/.core requirements-dev.lock
	$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.lock
	@touch $@
