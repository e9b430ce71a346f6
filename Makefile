# `make run` and `make test` are all one needs; `make help` names the rest. What is missing on a
# Debian is installed on the way.
#
# BUILD=folder builds elsewhere. Settings are environment variables: `make run PORT=8081 VAR=var2`.

BUILD ?= build
export BUILD

.DEFAULT_GOAL := help
.PHONY: help run demo test test-all bench bench-admin bench-hosts bench-settings fuzz deb dist lint format clean

help: ## names what make can do
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

# The script goes when make goes, even by kill -9, and everything else with it.
run: ## builds and runs the shop at http://127.0.0.1:8080 until Ctrl-C
	@exec setpriv --pdeathsig TERM nginx/run

demo: ## the same, and fills an empty shop with a believable one
	@exec setpriv --pdeathsig TERM nginx/run --demo

test: ## the tests that fit ten minutes; names what it leaves out
	@tests/run

test-all: ## every test: scale, repeated faults, long fuzzing too
	@tests/run --all

bench: ## measures speed and memory; NAME='flash sale' one operation alone
	@/usr/bin/python3 -B tests/bench/run $(if $(NAME),"$(NAME)")

bench-admin: ## measures exports, restores, summary and health of large shops
	@/usr/bin/python3 -B tests/bench/admin.py

bench-settings: ## measures what PostgreSQL's, nginx's and the program's settings are worth
	@/usr/bin/python3 -B tests/bench/settings.py

bench-hosts: ## measures shared hosts: CGI, mod_fcgid and nginx side by side
	@nginx/install build run test dist hosts
	@/usr/bin/python3 -B tests/bench/hosts.py

fuzz: ## fuzzes the readers of what strangers send, for a long time
	@tests/run --fuzz

deb: ## makes the Debian package: build/smartflow_VERSION_amd64.deb
	@nginx/debian/build

dist: ## makes the archive for shared hosts: build-dist/smartflow-VERSION-linux-x86_64.tar.gz
	@nginx/dist/archive

lint: ## checks form and names, finds likely mistakes
	@nginx/lint

format: ## puts C++ and TypeScript into form
	@nginx/lint --fix

clean: ## removes what was built, never what a shop has stored
	rm -rf build build-debug build-dist build-fuzz
