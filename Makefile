# The four commands of this project. `make demo` and `make test` set everything up by themselves.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check bench lock clean

demo: $(READY)
	$(BIN)/rowd demo demo

test: $(READY)
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --sort=cover | tail -n 25

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m bench

# Pin anew what requirements.txt says. No index lines: the file carries no address.
lock: $(READY)
	$(BIN)/uv pip compile --quiet --no-emit-index-url --no-annotate --no-header --extra dev --python-version 3.11 pyproject.toml -o requirements.txt

$(READY): requirements.txt pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

clean:
	rm -rf $(VENV) demo build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
