# The commands of this project. Each sets up by itself what it needs.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH := .venv-bench
SERVERS := .venv-servers
NPM := tests/emulators/node_modules/.ready
TESTS := tests/simulation tests/acceptance tests/emulators tests/conformance tests/unit
# Courses that many tests of one file look at run once; files begin in the order in which they are named.
BY_FILE := --dist loadfile --no-loadscope-reorder

# Where the machine says otherwise, each of the many processes of the tests would compile all that it imports anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test packages npm postgresql bubblewrap servers rewritten coverage check prove soak bench lock clean

# On a terminal the demo is a job of its own: Ctrl-C ends it, however early, and make goes on to its end with the demo's status.
demo: $(READY)
	@test ! -t 0 || set -m; $(BIN)/rowd demo demo || test $$? -eq 130

# Three at a time on two cores: many of them wait, for processes and for what comes due (tests/conftest.py mixes them with the others).
test: $(READY)
	-@$(MAKE) --no-print-directory --keep-going --jobs 3 packages servers rewritten
	$(BIN)/python -m pytest -n 3 $(BY_FILE) $(TESTS)

# What comes from Debian, one after the other: its installer lets nobody else in.
packages: $(READY)
	-@$(MAKE) --no-print-directory npm
	-@$(MAKE) --no-print-directory postgresql
	-@$(MAKE) --no-print-directory bubblewrap

# pytest compiles the tests in its own way: once while others fetch packages, else each of its processes does it for itself.
rewritten: $(READY)
	@$(BIN)/python -m pytest --collect-only --quiet $(TESTS) >/dev/null

# The vendors' clients for Node.js, which tests run against the emulators. Without them those tests fail, and say so; all others run.
npm: $(NPM)

# The JSON services that tests of the store `rest` start. Without them those tests fail, and say so; all others run.
servers: $(SERVERS)/.ready

# PostgreSQL from Debian where it is missing and we may install. RUNLEVEL=1: nothing is started; tests start a cluster of their own.
postgresql:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { test "$$(id -u)" = 0 && apt-get update -qq && RUNLEVEL=1 apt-get install -qq --no-install-recommends postgresql; } || { echo "The tests of PostgreSQL need its server: install it (Debian: postgresql)."; false; }

# bubblewrap from Debian where it is missing and we may install. Without it the tests of sandboxes fail, and say so; all others run.
bubblewrap:
	@command -v bwrap >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -qq --no-install-recommends bubblewrap; } || { echo "The tests of sandboxes need bubblewrap: install it (Debian: bubblewrap)."; false; }

# Which lines the tests of functions and stores reach. Measuring doubles what they take, and decides nothing, so it is no part of `test`.
coverage: $(READY)
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -n 2 tests/unit tests/conformance
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --sort=cover | tail -n 25

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# rowd killed 40 times at real work, and its laws checked: docs/how-to/prove-it.md.
prove: $(READY)
	$(BIN)/python -m tests.prove

# What takes too long for every change: half an hour of all stores, memory and files watched; the courses of `make test` five times as
# long; many seeds of the simulation.
soak: $(READY)
	$(BIN)/python -m tests.soak
	ROWD_KILLS=200 ROWD_CLOUD_KILLS=50 ROWD_KILLS_ROWS=300 ROWD_CRASHES=100 ROWD_MONTHS=all $(BIN)/python -m pytest -n 2 $(BY_FILE) \
		tests/acceptance/test_crash_points.py tests/acceptance/test_kills*.py tests/soak
	$(BIN)/python -m tests.simulation --seeds 200
	$(BIN)/python -m tests.simulation --seeds 20 --store google_sheets
	$(BIN)/python -m tests.simulation --seeds 20 --store airtable
	$(BIN)/python -m tests.simulation --seeds 20 --store notion

# BENCH_ARGS: names of measurements, --json FILE; all of them take about an hour.
bench: $(BENCH)/.ready
	$(BENCH)/bin/python -m bench $(BENCH_ARGS)

# The rivals have an environment of their own. Two of them want a Redis, which comes from Debian where we may install; else they are left out.
$(BENCH)/.ready: requirements-bench.txt $(READY)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(BENCH)
	$(BIN)/uv pip install --quiet --python $(BENCH)/bin/python -r requirements-bench.txt
	$(BIN)/uv pip install --quiet --python $(BENCH)/bin/python --no-deps -e .
	command -v redis-server >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq && RUNLEVEL=1 apt-get install -qq --no-install-recommends redis-server; } || echo "Without redis-server Dramatiq and Celery are left out."
	touch $@

$(SERVERS)/.ready: requirements-servers.txt $(READY)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(SERVERS)
	$(BIN)/uv pip install --quiet --python $(SERVERS)/bin/python -r $<
	cp $< $@

# Pin anew what requirements.txt says. No index lines: the file carries no address.
lock: $(READY)
	$(BIN)/uv pip compile --quiet --no-emit-index-url --no-annotate --no-header --extra dev --python-version 3.11 pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --no-emit-index-url --no-annotate --no-header --extra bench --constraint requirements.txt --python-version 3.11 pyproject.toml -o requirements-bench.txt
	$(BIN)/uv pip compile --quiet --no-emit-index-url --no-annotate --no-header --group servers --python-version 3.11 -o requirements-servers.txt

$(READY): requirements.txt pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

# npm comes from Debian where it is missing and we may install.
$(NPM): tests/emulators/package.json
	@command -v npm >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -qq --no-install-recommends nodejs npm; } || { echo "The tests of the vendors' npm clients need npm: install it (Debian: nodejs and npm)."; false; }
	cd tests/emulators && npm install --silent --no-package-lock --no-audit --no-fund
	cp $< $@

clean:
	rm -rf $(VENV) $(BENCH) $(SERVERS) tests/emulators/node_modules demo build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
