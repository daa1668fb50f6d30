# Every target needs .venv, which is built once and again when pyproject.toml changes.
#   make run        derive, check, compile, certify and solve Curie-Weiss; the files go to out/
#   make test       the test suite, for which Python is enough
#   make test-all   with the long physics and the tests that need pdflatex and node (see the README)
#   make lab        JupyterLab on the notebooks
#   make bench      tables of ratios against other tools and C, in out/bench.md and out/bench.json
#   make lint types clean
# ARGS goes to the program: make test ARGS="tests/derive -x"

SHELL := /bin/sh
PYTHON := .venv/bin/python
STAMP := .venv/.installed
ARGS :=
export PYTHON3

# Another interpreter's settings have no business in .venv.
unexport PYTHONPATH PYTHONHOME

.PHONY: run test test-all system lab notebooks bench lint types clean

run: $(STAMP)
	$(PYTHON) -m tools.run $(ARGS)

test: $(STAMP)
	$(PYTHON) -m pytest -n auto --dist loadfile -m "not slow and not system" $(ARGS)

test-all: $(STAMP) tools/katex/node_modules/.installed
	$(PYTHON) -m pytest $(ARGS)

system: $(STAMP) tools/katex/node_modules/.installed
	$(PYTHON) -m pytest -m system $(ARGS)

lab: $(STAMP)
	$(PYTHON) -m jupyterlab notebooks

notebooks: $(STAMP)
	$(PYTHON) -m tools.notebooks check
	$(PYTHON) -m tools.notebooks execute

bench: $(STAMP)
	-$(PYTHON) -m pip install -q -e '.[bench]' # peers that do not install are left out
	$(PYTHON) -m benchmarks.run $(ARGS)

lint: $(STAMP)
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check

types: $(STAMP)
	$(PYTHON) -m mypy

$(STAMP): pyproject.toml tools/make_venv.sh
	sh tools/make_venv.sh .venv fast,jax,plot,notebook,experiments,test
	touch $@

tools/katex/node_modules/.installed: tools/katex/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing; install nodejs and npm" >&2; exit 1; }
	cd tools/katex && npm ci --no-audit --no-fund
	touch $@

clean:
	rm -rf .venv out build saddlepoint.egg-info tools/katex/node_modules
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find derive numerics tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
