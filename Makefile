# Every command of veille, for people who have make. Everything here works without make too: see README.md.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
VENV := .venv
comma := ,
VEILLE := $(VENV)/bin/python -m veille

# What users give travels as data, through the environment: it is never expanded by make nor read by a shell.
override PRODUCT := $(value PRODUCT)
override REGION := $(value REGION)
override MONTH := $(value MONTH)
override QUARTER := $(value QUARTER)
override YEAR := $(value YEAR)
override PERIOD := $(value PERIOD)
override AS_OF := $(value AS_OF)
override AUDIENCE := $(value AUDIENCE)
override NATURE := $(value NATURE)
override ENGINE := $(value ENGINE)
override LANGUE := $(value LANGUE)
override OPEN := $(value OPEN)
override DEBUG := $(value DEBUG)
override N := $(value N)
override JOBS := $(value JOBS)
override AGAIN := $(value AGAIN)
override SCHEDULER := $(value SCHEDULER)
override PERIOD := $(or $(value PERIOD),$(value MONTH),$(value QUARTER),$(value YEAR))
export VEILLE_PRODUCT = $(value PRODUCT)
export VEILLE_REGION = $(value REGION)
export VEILLE_PERIOD = $(value PERIOD)
ifneq ($(value AS_OF),)
export VEILLE_AS_OF = $(value AS_OF)
endif
ifneq ($(value AUDIENCE),)
export VEILLE_AUDIENCE = $(value AUDIENCE)
endif
ifneq ($(value NATURE),)
export VEILLE_NATURE = $(value NATURE)
endif
ifneq ($(value ENGINE),)
export VEILLE_ENGINE = $(value ENGINE)
endif
ifneq ($(value LANGUE),)
export VEILLE_LANG = $(value LANGUE)
endif
ifneq ($(value OPEN),)
export VEILLE_OPEN = 1
endif
ifneq ($(value N),)
export VEILLE_BENCH_N = $(value N)
endif
ifneq ($(value JOBS),)
export VEILLE_JOBS = $(value JOBS)
endif
ifneq ($(value AGAIN),)
export VEILLE_AGAIN = 1
endif
ifneq ($(value SCHEDULER),)
export VEILLE_SCHEDULER = $(value SCHEDULER)
endif
ifneq ($(value DEBUG),)
export VEILLE_DEBUG = 1
endif

.PHONY: help bulletin gbvims evaluation followup report all year bundle data list texts test test-full bench bench-disclosure lint lock clean

help: ## Liste les commandes
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The environment is made when it is missing, and only then. The mark is written last: an interrupted
# installation is begun again, never half used.
$(VENV)/.ready:
	@echo "Premier lancement : installation de l’environnement (une fois, 2 à 3 minutes)…" >&2
	@rm -rf $(VENV)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else 1)' || { echo "Il faut Python 3.11 ou plus récent ; indiquez-le : make PYTHON=python3.12 …" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "Le module venv manque ; sous Debian : apt install python3-venv" >&2; rm -rf $(VENV); exit 2; }
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

bulletin: $(VENV)/.ready ## Fait un bulletin : REGION=gao MONTH=2017-06 [AS_OF= AUDIENCE= NATURE= ENGINE= AGAIN=1]
	@VEILLE_PRODUCT=bulletin $(VEILLE) build

gbvims: $(VENV)/.ready ## Fait une synthèse GBVIMS : REGION=mali PERIOD=2017-06|2017-Q2|2017 [AUDIENCE=cluster|public AS_OF= NATURE=]
	@VEILLE_PRODUCT=gbvims $(VEILLE) build

evaluation: $(VENV)/.ready ## Évalue la stratégie : YEAR=2017 [AUDIENCE=cluster|public NATURE=]
	@VEILLE_PRODUCT=evaluation VEILLE_REGION=mali $(VEILLE) build

followup: $(VENV)/.ready ## Suit la stratégie : PERIOD=2017-06 (deux mois, GCS) ou 2020-Q3 (plan de l’EHP)
	@VEILLE_PRODUCT=followup VEILLE_REGION=mali $(VEILLE) build

report: $(VENV)/.ready ## Fait un rapport : PRODUCT=bulletin REGION=gao PERIOD=2017-06
	@$(VEILLE) build

all: $(VENV)/.ready ## Fait tous les rapports d’une période : PERIOD=2017-06 [AUDIENCE=cluster|public|both NATURE= AS_OF= JOBS= SCHEDULER=]
	@$(VEILLE) all

year: $(VENV)/.ready ## Fait tous les rapports d’une année : YEAR=2017 [AUDIENCE=cluster|public|both NATURE= AS_OF= JOBS= SCHEDULER=]
	@$(VEILLE) year

bundle: $(VENV)/.ready ## Fait le dossier de l’évaluateur d’un rapport construit : PRODUCT= REGION= PERIOD= [AUDIENCE= AS_OF= NATURE=]
	@$(VEILLE) bundle

data: $(VENV)/.ready ## Lit les fichiers reçus et écrit les tables sûres (candidat)
	@$(VEILLE) data

list: $(VENV)/.ready ## Produits, zones et périodes qui ont des données
	@$(VEILLE) list

texts: $(VENV)/.ready ## Crée le formulaire des textes : REGION=gao MONTH=2017-06
	@VEILLE_PRODUCT=$${VEILLE_PRODUCT:-bulletin} $(VEILLE) texts new

test: $(VENV)/.ready-test ## Tests de tous les jours (4 à 5 minutes sur deux cœurs)
	@$(VENV)/bin/python -m ruff check --quiet . && $(VENV)/bin/python -m ruff format --quiet --check src tests
	@$(VENV)/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

test-full: $(VENV)/.ready-test ## La longue série (une vingtaine de minutes)
	@$(VENV)/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m full

bench: $(VENV)/.ready-test ## Mesures, côte à côte avec d’autres outils (une heure)
	@$(VENV)/bin/python bench/intake.py
	@$(VENV)/bin/python bench/reports.py
	@$(VENV)/bin/python bench/pairs.py
	@$(VENV)/bin/python bench/cubes.py

bench-disclosure: $(VENV)/.ready-test ## Mesure la protection : N=200 séries (reprend où elle s’est arrêtée)
	@$(VENV)/bin/python bench/disclosure.py

# A name that is no command: make would say so in English.
.DEFAULT:
	@echo "$(if $(filter $@,$(MAKECMDGOALS)),Cette commande n’existe pas. Les commandes : make$(comma) sans rien d’autre.,Un fichier du projet manque : git status dit lequel.)" >&2; exit 2

lint: $(VENV)/.ready-test ## Met le code en forme et le vérifie
	@$(VENV)/bin/python -m ruff check --fix . && $(VENV)/bin/python -m ruff format src tests

lock: ## Refait les verrous (demande uv)
	@uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 -q requirements/run.in -o requirements/run.txt --custom-compile-command "make lock"
	@uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 -q requirements/test.in -c requirements/run.txt -o requirements/test.txt --custom-compile-command "make lock"
	@uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 -q requirements/cluster.in -c requirements/run.txt -o requirements/cluster.txt --custom-compile-command "make lock"

clean: ## Retire ce qui se refait (rapports, tables, données d’exemple), jamais les données reçues
	@rm -rf reports data/processed data/example .veille
