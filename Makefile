SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo run test check bench
.SILENT:

help: ## show this help
	grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: ## set up the Python environment and the servers that demo and tests run on
	scripts/setup.sh servers

demo: setup ## run the sample ERP with servers of its own, the collectors and the dashboard; Ctrl-C ends it
	exec .venv/bin/headroom demo $(ARGS)

run: ## run Headroom on ./budgets.yaml for your own servers (HEADROOM_POSTGRES_URL, HEADROOM_REDIS_URL, HEADROOM_PROMETHEUS_URL)
	scripts/setup.sh python && exec .venv/bin/headroom up $(ARGS)

test: ## run all tests on real servers and in a real browser
	scripts/setup.sh tests && exec scripts/test.sh $(ARGS)

check: ## run the linters, the type checker and the import contracts
	scripts/setup.sh tests && .venv/bin/ruff check && .venv/bin/ruff format --check && .venv/bin/mypy && .venv/bin/lint-imports

bench: ## measure speed and memory, as ratios side by side
	scripts/setup.sh tests && exec .venv/bin/python -m bench $(ARGS)
