# Sallyport. `make` alone says what there is to make.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
.DEFAULT_GOAL := help
.PHONY: help deps image build demo test fuzz bench lint clean

SWIFT_VERSION := 6.3.1
# The first Debian release of libssh 0.10.6 in which a hostile builder cannot attack the client.
LIBSSH_FLOOR := 0.10.6-0+deb12u3
PACKAGES := libssh-dev libcurl4-openssl-dev libsqlite3-dev zlib1g-dev g++ pkg-config git ca-certificates \
    openssh-server openssh-client qemu-system-x86 busybox-static cpio gzip binutils procps
# What the benchmarks need besides; the ways to do it otherwise are in C and Python.
BENCH_PACKAGES := gcc libc6-dev python3
IMAGES := $(CURDIR)/.build/images
LOGS := .build/test-logs
# For how long `make fuzz` runs each target.
SECONDS := 600

help:
	echo 'make deps    check for Swift and install the Debian packages that are missing'
	echo 'make build   build the programs (release)'
	echo 'make image   make the image of the builders'
	echo 'make demo    show it all on this machine, and leave nothing behind'
	echo 'make test    unit tests, end-to-end tests, a little fuzzing and the format check'
	echo 'make fuzz    fuzz every target for 10 minutes, as many at once as there are cores; SECONDS=60 for less'
	echo 'make bench   measure it beside plain ssh'
	echo 'make lint    the format check alone'
	echo 'make clean   remove everything that was built'

deps:
	if ! command -v swift >/dev/null; then
	    echo 'Swift is missing. Sallyport is built with Swift $(SWIFT_VERSION) or later: https://www.swift.org/install/linux/'
	    exit 1
	fi
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo
	installed() { [ "$$(dpkg-query -W -f '$${db:Status-Status}' "$$1" 2>/dev/null)" = installed ]; }
	libssh_is_safe() { dpkg --compare-versions "$$(dpkg-query -W -f '$${Version}' libssh-4)" ge '$(LIBSSH_FLOOR)'; }
	missing=()
	for package in $(PACKAGES); do
	    installed "$$package" || missing+=("$$package")
	done
	if installed libssh-4 && ! libssh_is_safe; then missing+=(libssh-4 libssh-dev); fi
	lists=$$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -print -quit)
	fresh=$$(find /var/lib/apt/lists -maxdepth 1 -name '*Release' -mtime -1 -print -quit)
	if [ -z "$$lists" ] || [ "$${#missing[@]}" != 0 -a -z "$$fresh" ]; then
	    echo 'apt-get update'
	    $$sudo apt-get -q -o DPkg::Lock::Timeout=300 update
	fi
	if [ "$${#missing[@]}" != 0 ]; then
	    echo "Installing the Debian packages $${missing[*]}."
	    # Packages come with services; none has to run for this.
	    policy=/usr/sbin/policy-rc.d
	    if [ ! -e "$$policy" ]; then
	        trap '$$sudo rm -f "$$policy"' EXIT
	        printf '#!/bin/sh\nexit 101\n' | $$sudo tee "$$policy" >/dev/null
	        $$sudo chmod 755 "$$policy"
	    fi
	    $$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
	        install --no-install-recommends "$${missing[@]}" </dev/null
	fi
	if ! libssh_is_safe; then
	    echo 'libssh is older than $(LIBSSH_FLOOR): a hostile builder could attack the gateway through it.'
	    echo 'A newer one is among the security updates of Debian 12 (bookworm-security): are they in your apt sources?'
	    exit 1
	fi

image: deps
	Sources/BuilderImage/build-image $(IMAGES)/debian .build/packages

build: deps
	swift build -c release

demo: build image
	.build/release/sallyport-demo --programs $(CURDIR)/.build/release --images $(IMAGES) \
	    --drop-in $(CURDIR)/sshd_config.d/50-sallyport.conf

bench: PACKAGES += $(BENCH_PACKAGES)
bench: build
	.build/release/sallyport-bench --programs $(CURDIR)/.build/release --scratch $(CURDIR)/.build/bench \
	    --drop-in $(CURDIR)/sshd_config.d/50-sallyport.conf --contenders $(CURDIR)/Sources/sallyport-bench/Contenders

# Everything runs, even after a failure; the summaries come last.
test: deps image
	swift build --build-tests
	mkdir -p $(LOGS)
	failed=()
	swift test --skip-build --disable-xctest --skip EndToEndTests 2>&1 | tee $(LOGS)/unit || failed+=(unit)
	swift test --skip-build --disable-xctest --no-parallel --filter EndToEndTests 2>&1 \
	    | tee $(LOGS)/end-to-end || failed+=(end-to-end)
	$(MAKE) --no-print-directory --directory Tests/Fuzzing --keep-going --jobs "$$(nproc)" SECONDS=5 2>&1 \
	    | tee $(LOGS)/fuzzing || failed+=(fuzzing)
	swift format lint --strict --recursive --parallel Sources Tests Package.swift || failed+=(lint)
	results=$$(sed -nE 's/^.*Test (.*) (passed|failed) after ([0-9.]+) seconds.*$$/\3 \2 \1/p' \
	    $(LOGS)/unit $(LOGS)/end-to-end | grep -vE '^[^ ]+ [^ ]+ run with ' || true)
	echo; echo 'The slowest tests, in seconds:'
	sort -rn <<<"$$results" | sed -n '1,10p'
	echo; grep -h '^Fuzzing ' $(LOGS)/fuzzing || true
	echo; echo "$$(grep -c ' passed ' <<<"$$results" || true) tests passed."
	[ "$${#failed[@]}" = 0 ] || echo "Failed: $${failed[*]}."
	grep -h 'Test run with' $(LOGS)/unit $(LOGS)/end-to-end || true
	[ "$${#failed[@]}" = 0 ]

fuzz: deps
	$(MAKE) --no-print-directory --directory Tests/Fuzzing --keep-going --jobs "$$(nproc)" SECONDS=$(SECONDS)

lint:
	swift format lint --strict --recursive --parallel Sources Tests Package.swift

clean:
	rm -rf .build
