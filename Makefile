# Everything that people and CI do here. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help install env demo down clean test check audit test-unit test-integration test-faults test-fuzz bench bench-history format lock

VENV := .venv/bin

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

install: ## Install what is missing: system packages, Python packages in .venv
	@bash deploy/local/bootstrap.sh

env: ## Make .env for docker compose: images, ports, random passwords
	@bash deploy/make-env.sh

demo: install ## One simulated day through the whole pipeline, on this machine
	@$(VENV)/passage demo

down: ## Stop what the demo started
	@$(VENV)/passage down

clean: ## Stop it and remove its data
	@$(VENV)/passage clean

check: install ## Lint, format, types, import rules, contracts equal to their models
	$(VENV)/ruff format --check
	$(VENV)/ruff check
	$(VENV)/mypy
	$(VENV)/lint-imports --no-logo
	$(VENV)/python -m schemas check
	$(VENV)/python -m dashboards check

audit: install ## Packages of requirements.lock with a known vulnerability
	@$(VENV)/python deploy/local/audit.py

test: check ## All checks and all tests, the short fault run included
	@bash deploy/local/bootstrap.sh --for-tests
	@# Told, and no more: what became known overnight must not stop a change that is about something else.
	@$(VENV)/python deploy/local/audit.py || true
	$(VENV)/pytest tests/unit tests/contract tests/integration tests/faults

test-unit: install ## Tests that need nothing running
	$(VENV)/pytest tests/unit tests/contract

test-integration: install ## Tests on a real Kafka and TimescaleDB, which they start
	@bash deploy/local/bootstrap.sh --for-tests
	$(VENV)/pytest tests/integration

test-faults: install ## Break everything on purpose, at length, and print what it cost
	PASSAGE_FAULTS=full $(VENV)/pytest tests/faults

test-fuzz: install ## Ask the gateway and the planner anything, at length
	PASSAGE_FUZZ=full $(VENV)/pytest tests/integration/fuzz

bench: install ## This project and its peers on the same backlog; more: make bench BENCH=--help
	@$(VENV)/python -m benchmarks.compare $(BENCH)

bench-history: install ## Ask 1, 3 and 10 years of 100 halls what boards and planners ask (an hour)
	$(VENV)/python -m benchmarks.scale

format: install ## Format the code
	$(VENV)/ruff format
	$(VENV)/ruff check --fix

lock: ## Lock the dependencies anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --extra all --group dev pyproject.toml -o requirements.lock
