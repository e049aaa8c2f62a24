# Sallyport. `make` alone says what there is to make.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
.DEFAULT_GOAL := help

SWIFT_VERSION := 6.3.1
# The first Debian release of libssh 0.10.6 in which a hostile builder cannot attack the client.
LIBSSH_FLOOR := 0.10.6-0+deb12u3
# What each of these targets needs of Debian, whatever the others need: `make deps-unit` installs what `make unit` does.
GROUPS := build image image-debian demo unit test bench
PACKAGES_build := g++ libc6-dev binutils libssh-dev libcurl4-openssl-dev libsqlite3-dev pkg-config git ca-certificates
PACKAGES_image := binutils cpio gzip
PACKAGES_image-debian := cpio gzip e2fsprogs mmdebstrap qemu-utils $(if $(filter 0,$(shell id -u)),,uidmap)
PACKAGES_demo := $(PACKAGES_build) $(PACKAGES_image) openssh-server openssh-client procps qemu-system-x86
PACKAGES_unit := $(PACKAGES_build) openssh-client openssh-server openssl
# The second line: builders with a network, clients other than OpenSSH, Python's virtual environments, the API's contract.
PACKAGES_test := $(PACKAGES_unit) $(PACKAGES_demo) $(PACKAGES_image-debian) \
    busybox-static iproute2 nftables slirp4netns dropbear-bin putty-tools rsync python3-venv curl
PACKAGES_bench := $(PACKAGES_build) openssh-server openssh-client procps gcc python3
IMAGES := $(CURDIR)/.build/images
# How large the disk of an image may grow in a builder, and the packages that it has besides: docs/images.md.
IMAGE_DISK := 8G
IMAGE_PACKAGES :=
# What examines the runner's answers: Tests/Contract.
CONTRACT := .build/contract
# What goes to builders as JetBrains' editors do: Tests/Clients.
CLIENTS := .build/clients
# Where `make install` puts things, and from where; a DESTDIR is for those who make packages.
PREFIX := /usr/local
DESTDIR :=
PROGRAMS := .build/release
LIBEXEC := $(PREFIX)/libexec/sallyport
# One suite for `make test`, such as Tail; without it, everything.
SUITE :=
# For how long `make fuzz` runs each target.
SECONDS := 600

.PHONY: help deps $(GROUPS:%=deps-%) swift image image-debian build demo unit test fuzz bench lint clean install install-image \
    uninstall

help:
	echo 'make build   build the programs (release)'
	echo 'make demo    show it all on this machine, and leave nothing behind'
	echo 'make unit    the unit tests alone: no virtual machine, no root'
	echo 'make test    all tests, in stages; SUITE=Tail runs the one suite'
	echo 'make bench   measure it beside plain ssh'
	echo 'make fuzz    fuzz every target for 10 minutes, as many at once as there are cores; SECONDS=60 for less'
	echo 'make lint    the format check alone'
	echo 'make image   make the small image of the builders'
	echo 'make image-debian    make one to build in: Debian with a compiler, git and apt; docs/images.md'
	echo 'make deps-build, deps-test …    install what only that target needs of Debian; the targets do it themselves'
	echo 'make clean   remove everything that was built'
	echo 'make install, make install-image, make uninstall    PREFIX=/usr/local, DESTDIR=: docs/installation.md'

# Installs those of the packages that are missing.
define install_packages
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo
	installed() { [ "$$(dpkg-query -W -f '$${db:Status-Status}' "$$1" 2>/dev/null)" = installed ]; }
	libssh_is_safe() { dpkg --compare-versions "$$(dpkg-query -W -f '$${Version}' libssh-4)" ge '$(LIBSSH_FLOOR)'; }
	missing=()
	for package in $(1); do
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
	if installed libssh-4 && ! libssh_is_safe; then
	    echo 'libssh is older than $(LIBSSH_FLOOR): a hostile builder could attack the gateway through it.'
	    echo 'A newer one is among the security updates of Debian 12 (bookworm-security): are they in your apt sources?'
	    exit 1
	fi
endef

$(GROUPS:%=deps-%): deps-%:
	$(call install_packages,$(sort $(PACKAGES_$*)))

deps:
	$(call install_packages,$(sort $(foreach group,$(GROUPS),$(PACKAGES_$(group)))))

swift:
	if ! command -v swift >/dev/null; then
	    echo 'Swift is missing. Sallyport is built with Swift $(SWIFT_VERSION) or later: https://www.swift.org/install/linux/'
	    exit 1
	fi

image: deps-image
	Sources/BuilderImage/build-image $(IMAGES)/debian .build/packages

image-debian: IMAGE := debian-build
image-debian: deps-image-debian
	Sources/BuilderImage/build-debian-image '$(IMAGES)/$(IMAGE)' .build/packages $(IMAGE_DISK) $(IMAGE_PACKAGES)

# As they are shipped: with the Swift runtime in them, and without a path to look for it.
build: swift deps-build
	swift build -c release --static-swift-stdlib --disable-local-rpath

demo: deps-demo build image
	.build/release/sallyport-demo --programs $(CURDIR)/.build/release --images $(IMAGES) \
	    --drop-in $(CURDIR)/sshd_config.d/50-sallyport.conf

bench: deps-bench build
	.build/release/sallyport-bench --programs $(CURDIR)/.build/release --scratch $(CURDIR)/.build/bench \
	    --drop-in $(CURDIR)/sshd_config.d/50-sallyport.conf --contenders $(CURDIR)/Sources/sallyport-bench/Contenders

unit: swift deps-unit
	swift build --build-tests
	swift test --skip-build --disable-xctest --skip '^EndToEndTests\.'

test: swift deps-test
	PROGRAMS='$(PROGRAMS)' timeout --foreground --kill-after=30 60m Tests/run '$(SUITE)'

$(CONTRACT)/installed: Tests/Contract/requirements.txt
$(CLIENTS)/installed: Tests/Clients/requirements.txt
$(CONTRACT)/installed $(CLIENTS)/installed:
	rm -rf $(@D)
	/usr/bin/python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

fuzz: swift deps-build
	$(MAKE) --no-print-directory --directory Tests/Fuzzing --keep-going --jobs "$$(nproc)" SECONDS=$(SECONDS)

lint: swift
	swift format lint --strict --recursive --parallel Sources Tests Package.swift

clean:
	rm -rf .build

# Never overwrites a configuration. With DESTDIR it makes no accounts and no keys, and needs no root.
install:
	for program in sallyport-dispatch sallyport-shell sallyport-runner sallyport; do
	    if [ ! -x "$(PROGRAMS)/$$program" ]; then
	        echo "There is no $(PROGRAMS)/$$program: make build makes it."
	        exit 1
	    fi
	done
	if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" != 0 ]; then
	    echo 'Accounts, and programs that sshd trusts, need root. With DESTDIR=/some/folder it goes without.'
	    exit 1
	fi
	umask 022
	install -d '$(DESTDIR)$(LIBEXEC)' '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/lib/systemd/system' \
	    '$(DESTDIR)$(PREFIX)/lib/tmpfiles.d' '$(DESTDIR)/etc/sallyport' '$(DESTDIR)/etc/ssh/sshd_config.d'
	install --strip --mode=0755 '$(PROGRAMS)/sallyport-dispatch' '$(PROGRAMS)/sallyport-shell' \
	    '$(PROGRAMS)/sallyport-runner' '$(DESTDIR)$(LIBEXEC)'
	install --strip --mode=0755 '$(PROGRAMS)/sallyport' '$(DESTDIR)$(PREFIX)/bin'
	sed 's|@LIBEXEC@|$(LIBEXEC)|' Sources/Installation/sallyport-runner.service \
	    >'$(DESTDIR)$(PREFIX)/lib/systemd/system/sallyport-runner.service'
	install --mode=0644 Sources/Installation/tmpfiles.conf '$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/sallyport.conf'
	identity=/etc/sallyport/builder_ed25519
	if [ -z '$(DESTDIR)' ]; then
	    exists() { getent "$$1" "$$2" >/dev/null; }
	    exists group sallyport || groupadd --system sallyport
	    exists passwd sallyport || useradd --system --gid sallyport --home-dir /var/lib/sallyport --no-create-home \
	        --shell /usr/sbin/nologin sallyport
	    ! exists group kvm || usermod --append --groups kvm sallyport
	    exists passwd sallyport-keys || useradd --system --user-group --home-dir / --no-create-home \
	        --shell /usr/sbin/nologin sallyport-keys
	    # The login shell is a second door behind the forced command. `*` is no password; `!` would be a locked account.
	    exists passwd builds || useradd --system --user-group --home-dir / --no-create-home --password '*' \
	        --shell '$(LIBEXEC)/sallyport-shell' builds
	    [ -e "$$identity" ] || ssh-keygen -q -t ed25519 -N '' -C "builds@$$(uname -n)" -f "$$identity"
	    chown builds: "$$identity"
	    install -d --owner=sallyport --group=sallyport --mode=0755 /run/sallyport /var/lib/sallyport
	    install -d --owner=sallyport-keys --group=sallyport-keys --mode=0700 /run/sallyport/keys
	    install -d --owner=builds --group=builds --mode=0700 /run/sallyport/sessions
	fi
	key=
	[ ! -r '$(DESTDIR)'"$$identity.pub" ] || key="\"$$(cut -d' ' -f1,2 '$(DESTDIR)'"$$identity.pub")\""
	install_configuration() {
	    if [ -e '$(DESTDIR)'"$$1" ]; then
	        cat >/dev/null
	        echo "$$1 is there already and stays as it is."
	    else
	        cat >'$(DESTDIR)'"$$1"
	        chmod 0644 '$(DESTDIR)'"$$1"
	    fi
	}
	sed "s|^gateway_keys = .*|gateway_keys = [$$key]|" Sources/Installation/sallyport.toml \
	    | install_configuration /etc/sallyport/sallyport.toml
	sed 's|/usr/local/libexec/sallyport|$(LIBEXEC)|' sshd_config.d/50-sallyport.conf \
	    | install_configuration /etc/ssh/sshd_config.d/50-sallyport.conf
	[ -z '$(DESTDIR)' ] || exit 0
	echo 'Installed. What is left to do (docs/installation.md):'
	echo '  1. Read /etc/ssh/sshd_config.d/50-sallyport.conf and /etc/sallyport/sallyport.toml.'
	echo '  2. For a build service on this machine: make install-image, then'
	echo '         systemctl daemon-reload && systemctl enable --now sallyport-runner'
	echo '  3. sshd -t && systemctl reload ssh'
	echo '  4. sallyport keys add alice alice.pub, and Alice can: ssh builds@this-machine'

# An image of the builders, for those whose build service is the runner.
install-image: IMAGE := debian
install-image:
	if [ ! -e '$(IMAGES)/$(IMAGE)/vmlinuz' ]; then
	    echo 'There is no image $(IMAGE): make image makes debian, make image-debian makes debian-build.'
	    exit 1
	fi
	install -d --mode=0755 '$(DESTDIR)/var/lib/sallyport/images/$(IMAGE)'
	for file in vmlinuz initramfs.cpio.gz root.qcow2; do
	    [ ! -e "$(IMAGES)/$(IMAGE)/$$file" ] ||
	        install --mode=0644 "$(IMAGES)/$(IMAGE)/$$file" '$(DESTDIR)/var/lib/sallyport/images/$(IMAGE)'
	done

# The programs and what starts them. Configuration, keys, accounts, jobs and logs stay.
uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/sallyport' '$(DESTDIR)$(PREFIX)/lib/systemd/system/sallyport-runner.service' \
	    '$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/sallyport.conf'
	rm -rf '$(DESTDIR)$(LIBEXEC)'
	for left in /etc/ssh/sshd_config.d/50-sallyport.conf /etc/sallyport /var/lib/sallyport; do
	    [ ! -e '$(DESTDIR)'"$$left" ] || echo "Left: $$left"
	done
	[ -n '$(DESTDIR)' ] || echo 'Left: the accounts builds, sallyport-keys and sallyport (userdel). Reload sshd.'
