# Sallyport. `make` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
.DEFAULT_GOAL := help

SWIFT_VERSION := $(shell cat .swift-version)
# The first Debian release of libssh 0.10.6 in which a hostile builder cannot attack the client.
LIBSSH_FLOOR := 0.10.6-0+deb12u3
# What images and bundles are for, as Debian calls it; and that, if this machine has another architecture.
ARCH := $(shell dpkg --print-architecture)
FOREIGN := $(filter-out $(shell dpkg --print-architecture),$(ARCH))
# The Debian packages that each of these targets needs by itself: `make deps-unit` installs those of `make unit`.
GROUPS := build image image-debian attach-bundle demo unit test bench attach test-slurm
PACKAGES_build := g++ libc6-dev binutils libssh-dev libcurl4-openssl-dev libarchive-dev libsqlite3-dev pkg-config git ca-certificates
PACKAGES_image := binutils cpio gzip $(if $(FOREIGN),qemu-user-static)
PACKAGES_image-debian := cpio gzip e2fsprogs mmdebstrap qemu-utils $(if $(filter 0,$(shell id -u)),,uidmap) \
    $(if $(FOREIGN),arch-test qemu-user-static)
PACKAGES_attach-bundle := binutils gzip
PACKAGES_demo := $(PACKAGES_build) $(PACKAGES_image) openssh-server openssh-client procps qemu-system-x86
# The second line: the shells of people who copy a line from the gateway, and what makes archives that tar does not.
PACKAGES_unit := $(PACKAGES_build) libssl-dev openssh-client openssh-server openssl \
    zsh fish tcsh ksh dash busybox-static python3
# The shells that sallyport-attach runs in.
PACKAGES_attach := $(PACKAGES_attach-bundle) openssh-server openssh-client dash bash ksh busybox-static libcap2-bin python3 \
    python3-venv
# A cluster of two nodes.
PACKAGES_test-slurm := $(PACKAGES_unit) $(PACKAGES_demo) slurmctld slurmd slurm-client munge iproute2
# The second line: builders with a network, those of another architecture, clients other than OpenSSH, Python's virtual
# environments, the API's contract.
PACKAGES_test := $(PACKAGES_unit) $(PACKAGES_demo) $(PACKAGES_image-debian) $(PACKAGES_attach) $(PACKAGES_test-slurm) \
    iproute2 nftables slirp4netns arch-test qemu-system-arm qemu-user-static dropbear-bin putty-tools rsync python3-venv curl \
    jq logrotate asciinema
PACKAGES_bench := $(PACKAGES_test-slurm) gcc python3 python3-venv
IMAGES := $(CURDIR)/.build/images
# How large an image's disk can grow in a builder, and additional packages for it: docs/images.md.
IMAGE_DISK := 8G
IMAGE_PACKAGES :=
# The bundles for machines that dial out, and the Debian that they are made of: docs/attach/bundle.md.
BUNDLES := $(CURDIR)/.build/attach
DEBIAN_SUITE := bookworm
# The environment of the program that tests the runner's answers: Tests/Contract.
CONTRACT := .build/contract
# The environment of the program that connects to builders like JetBrains' editors: Tests/Clients.
CLIENTS := .build/clients
# The environment of the tests of sallyport-attach: Tests/Attach.
ATTACH := .build/attach-tests
# A CI whose builds people enter: Tests/EndToEnd/BuildbotTests.swift.
BUILDBOT := .build/buildbot
# Prometheus' own tool, for the tests of metrics.
PROMTOOL := .build/promtool
# Where `make install` installs to, and from. DESTDIR is for building packages.
PREFIX := /usr/local
DESTDIR :=
PROGRAMS := .build/release
LIBEXEC := $(PREFIX)/libexec/sallyport
SHARED_BUNDLES := $(PREFIX)/share/sallyport/attach
UNIT := $(PREFIX)/lib/systemd/system/sallyport-runner.service
TMPFILES := $(PREFIX)/lib/tmpfiles.d/sallyport.conf
LOGROTATE := /etc/logrotate.d/sallyport
DROP_IN := /etc/ssh/sshd_config.d/50-sallyport.conf
# Configuration files as they were last installed.
SHIPPED := $(LIBEXEC)/shipped
# The suite that `make test` runs, such as Tail; all of them if empty.
SUITE :=
# The output of an earlier `make bench`, in a file.
COMPARE :=
# How long `make fuzz` runs each target.
SECONDS := 600

.PHONY: help deps $(GROUPS:%=deps-%) swift image image-debian attach-bundle build build-tests demo unit test \
    test-slurm attach fuzz bench lint clean install install-node install-image install-bundle uninstall

help:
	echo 'make build   build the programs (release)'
	echo 'make demo    show everything on this machine, and leave nothing behind'
	echo 'make unit    run the unit tests only: no virtual machine, no sshd'
	echo 'make test    run all tests, in stages; SUITE=Tail runs one suite'
	echo 'make attach  test sallyport-attach, which CI jobs run: real sshd and ssh, no gateway of ours'
	echo 'make test-slurm  test builders on a cluster: a real Slurm with two nodes on this machine'
	echo 'make bench   compare the speed with plain ssh'
	echo 'make fuzz    fuzz each target for 10 minutes, one per core at a time; SECONDS=60 for less'
	echo 'make lint    check the format only'
	echo 'make image   make the small image for builders; ARCH=arm64'
	echo 'make image-debian    make an image to build in: Debian with a compiler, git and apt; ARCH=arm64; docs/images.md'
	echo 'make attach-bundle   make the archive for machines that dial out; ARCH=arm64; docs/attach/bundle.md'
	echo 'make deps-build, deps-test …    install the Debian packages of one target; targets do this themselves'
	echo 'make clean   remove everything that was built'
	echo 'make install, install-node, install-image, install-bundle, uninstall    PREFIX=/usr/local, DESTDIR=: docs/installation.md'

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
	    # Packages bring services; none of them needs to run here.
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
	    echo 'Add the security updates of Debian 12 (bookworm-security) to your apt sources: they have a newer one.'
	    exit 1
	fi
endef

$(GROUPS:%=deps-%): deps-%:
	$(call install_packages,$(sort $(PACKAGES_$*)))

deps:
	$(call install_packages,$(sort $(foreach group,$(GROUPS),$(PACKAGES_$(group)))))

swift:
	if ! command -v swift >/dev/null; then
	    echo 'Swift is missing. Install Swift $(SWIFT_VERSION) or later: https://www.swift.org/install/linux/'
	    exit 1
	fi

image: deps-image
	Sources/Image/build-image '$(ARCH)' '$(IMAGES)/$(addsuffix /,$(FOREIGN))debian' .build/packages

image-debian: IMAGE := debian-build
image-debian: deps-image-debian
	Sources/Image/build-debian-image '$(ARCH)' '$(IMAGES)/$(addsuffix /,$(FOREIGN))$(IMAGE)' .build/packages $(IMAGE_DISK) $(IMAGE_PACKAGES)

attach-bundle: deps-attach-bundle
	Sources/Attach/build-bundle --suite $(DEBIAN_SUITE) $(ARCH) $(BUNDLES) .build/packages

# How everything is built, so that no step builds it again: programs without a search path for libraries.
SWIFT_BUILD := swift build -c release --disable-local-rpath

# Notes which version has been built.
define note_commit
	git describe --always --dirty --abbrev=12 --exclude='*' >.build/release/sallyport.commit 2>/dev/null ||
	    rm -f .build/release/sallyport.commit
endef

build: swift deps-build
	$(SWIFT_BUILD)
	$(note_commit)

# The tests see into the programs that are installed: both are one build.
build-tests: swift deps-unit
	$(SWIFT_BUILD) --build-tests
	$(note_commit)

demo: deps-demo build image
	.build/release/sallyport-demo --programs $(CURDIR)/.build/release --images $(IMAGES) \
	    --drop-in $(CURDIR)/sshd_config.d/50-sallyport.conf

bench: deps-bench build image $(CLIENTS)/installed
	Tests/isolated .build/release/sallyport-bench --programs $(CURDIR)/.build/release --scratch $(CURDIR)/.build/bench \
	    --drop-in $(CURDIR)/sshd_config.d/50-sallyport.conf --contenders $(CURDIR)/Tests/Bench/Contenders \
	    --link $(CURDIR)/Tests/Bench/Distance/link.py \
	    --python $(CURDIR)/$(CLIENTS)/bin/python3 --attach $(CURDIR)/Sources/Attach/sallyport-attach \
	    --images $(IMAGES) --cluster $(CURDIR)/Tests/Slurm/cluster $(if $(COMPARE),--compare '$(abspath $(COMPARE))')

# So many tests at once: if all are, each waits for hundreds of others at every step, and deadlines pass on a slow machine.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH := $(shell echo $$((6 * $$(nproc))))

unit: build-tests
	swift test -c release --skip-build --disable-xctest --skip '^EndToEndTests\.'

test: swift deps-test
	PROGRAMS='$(PROGRAMS)' timeout --foreground --kill-after=30 85m Tests/run '$(SUITE)'

# What `make test` runs of it, without the other stages.
test-slurm: deps-test-slurm build-tests
	PROGRAMS='$(PROGRAMS)' STAGES=slurm NEEDED=image timeout --foreground --kill-after=30 30m Tests/run

# Its tests mostly wait.
attach: deps-attach $(ATTACH)/installed
	$(ATTACH)/bin/pytest --numprocesses 4 --dist worksteal Tests/Attach

$(CONTRACT)/installed: Tests/Contract/requirements.txt
$(CLIENTS)/installed: Tests/Clients/requirements.txt
$(ATTACH)/installed: Tests/Attach/requirements.txt
$(BUILDBOT)/installed: Tests/Buildbot/requirements.txt
$(CONTRACT)/installed $(CLIENTS)/installed $(ATTACH)/installed $(BUILDBOT)/installed:
	rm -rf $(@D)
	/usr/bin/python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

# Its package has a server, too, which would begin with the next boot at the latest, so this program alone is taken out of it.
$(PROMTOOL)/promtool:
	rm -rf $(@D)
	mkdir -p $(@D)
	cd $(@D)
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo
	# Lists can be older than the mirror's newest packages.
	apt-get -q download prometheus || { $$sudo apt-get -q update && apt-get -q download prometheus; }
	dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x --strip-components=3 ./usr/bin/promtool
	rm prometheus_*.deb

fuzz: swift deps-build
	$(MAKE) --no-print-directory --directory Tests/Fuzzing --keep-going --jobs "$$(nproc)" SECONDS=$(SECONDS)

lint: swift
	swift format lint --strict --recursive --parallel Sources Tests Package.swift

clean:
	rm -rf .build

# Never overwrites what an administrator has changed. With DESTDIR it creates no accounts and no keys, and needs no root.
install:
	for program in sallyport-dispatch sallyport-lookup sallyport-shell sallyport-runner sallyport-hosts \
	    sallyport-resalloc sallyport-slurm sallyport-machine sallyport; do
	    if [ ! -x "$(PROGRAMS)/$$program" ]; then
	        echo "$(PROGRAMS)/$$program is missing. Run make build first."
	        exit 1
	    fi
	done
	if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" != 0 ]; then
	    echo 'Run this as root: it creates accounts, and installs programs that sshd trusts. DESTDIR=/some/folder needs no root.'
	    exit 1
	fi
	umask 022
	upgrade=
	[ ! -e '$(LIBEXEC)/sallyport-shell' ] || upgrade=yes
	install -d '$(DESTDIR)$(LIBEXEC)' '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/lib/systemd/system' \
	    '$(DESTDIR)$(PREFIX)/lib/tmpfiles.d' '$(DESTDIR)/etc/sallyport' '$(DESTDIR)/etc/ssh/sshd_config.d' \
	    '$(DESTDIR)/etc/logrotate.d'
	install --strip --mode=0755 '$(PROGRAMS)/sallyport-lookup' '$(PROGRAMS)/sallyport-dispatch' \
	    '$(PROGRAMS)/sallyport-shell' '$(PROGRAMS)/sallyport-runner' '$(PROGRAMS)/sallyport-hosts' \
	    '$(PROGRAMS)/sallyport-resalloc' '$(PROGRAMS)/sallyport-slurm' '$(PROGRAMS)/sallyport-machine' \
	    '$(DESTDIR)$(LIBEXEC)'
	install --strip --mode=0755 '$(PROGRAMS)/sallyport' '$(DESTDIR)$(PREFIX)/bin'
	rm -f '$(DESTDIR)$(LIBEXEC)/sallyport.commit'
	[ ! -e '$(PROGRAMS)/sallyport.commit' ] ||
	    install --mode=0644 '$(PROGRAMS)/sallyport.commit' '$(DESTDIR)$(LIBEXEC)'
	identity=/etc/sallyport/builder_ed25519
	if [ -z '$(DESTDIR)' ]; then
	    exists() { getent "$$1" "$$2" >/dev/null; }
	    exists group sallyport || groupadd --system sallyport
	    exists passwd sallyport || useradd --system --gid sallyport --home-dir /var/lib/sallyport --no-create-home \
	        --shell /usr/sbin/nologin sallyport
	    ! exists group kvm || usermod --append --groups kvm sallyport
	    exists passwd sallyport-builder || useradd --system --user-group --home-dir / --no-create-home \
	        --shell /usr/sbin/nologin sallyport-builder
	    exists passwd sallyport-keys || useradd --system --user-group --home-dir / --no-create-home \
	        --shell /usr/sbin/nologin sallyport-keys
	    # The login shell is a second barrier after the forced command. `*` means no password; `!` would lock the account.
	    exists passwd builds || useradd --system --user-group --home-dir / --no-create-home --password '*' \
	        --shell '$(LIBEXEC)/sallyport-shell' builds
	    [ -e "$$identity" ] || ssh-keygen -q -t ed25519 -N '' -C "builds@$$(uname -n)" -f "$$identity"
	    chown builds: "$$identity"
	    install -d --owner=sallyport --group=sallyport --mode=0755 /run/sallyport
	    install -d --owner=sallyport --group=sallyport --mode=0750 /var/lib/sallyport
	    install -d --owner=sallyport-keys --group=sallyport-keys --mode=0700 /run/sallyport/keys
	    install -d --owner=builds --group=builds --mode=0700 /run/sallyport/sessions /run/sallyport/attached
	    install -d --owner=builds --group=builds --mode=0750 /var/log/sallyport-gateway
	    install -d --owner=sallyport --group=sallyport --mode=0750 /var/log/sallyport
	fi
	key=
	[ ! -r '$(DESTDIR)'"$$identity.pub" ] || key="\"$$(cut -d' ' -f1,2 '$(DESTDIR)'"$$identity.pub")\""
	# Installs standard input as the file $$1. What an administrator has changed stays, with the new file beside it. The copy
	# in $(SHIPPED) tells an administrator's changes from those between two versions.
	install_configuration() {
	    local file='$(DESTDIR)'"$$1" shipped='$(DESTDIR)$(SHIPPED)/'"$${1##*/}" new
	    new=$$(mktemp)
	    cat >"$$new"
	    if [ ! -e "$$file" ]; then
	        install --mode=0644 "$$new" "$$file"
	    elif cmp -s "$$file" "$$shipped" && ! cmp -s "$$file" "$$new"; then
	        cat "$$new" >"$$file"
	        echo "Updated $$1, which nobody had changed."
	    elif ! cmp -s "$$file" "$$new" && ! cmp -s "$$shipped" "$$new"; then
	        install --mode=0644 "$$new" "$$file.new"
	    fi
	    if cmp -s "$$file" "$$new"; then rm -f "$$file.new"; fi
	    if [ -e "$$file.new" ]; then
	        echo "$$1 is not changed. Compare it with this version's, then remove that: diff -u $$1 $$1.new"
	    fi
	    if [ -z '$(DESTDIR)' ]; then install -D --mode=0644 "$$new" "$$shipped"; fi
	    rm "$$new"
	}
	sed "s|^gateway_keys = .*|gateway_keys = [$$key]|" Sources/Installation/sallyport.toml \
	    | install_configuration /etc/sallyport/sallyport.toml
	sed 's|/usr/local/libexec/sallyport|$(LIBEXEC)|' sshd_config.d/50-sallyport.conf | install_configuration '$(DROP_IN)'
	sed 's|@LIBEXEC@|$(LIBEXEC)|' Sources/Installation/sallyport-runner.service | install_configuration '$(UNIT)'
	install_configuration '$(TMPFILES)' <Sources/Installation/tmpfiles.conf
	sed 's|@BIN@|$(PREFIX)/bin|g' Sources/Installation/logrotate.conf | install_configuration '$(LOGROTATE)'
	[ -z '$(DESTDIR)' ] || exit 0
	if [ -n "$$upgrade" ]; then
	    echo 'Upgraded. Sessions and builders go on. Next steps (docs/installation.md):'
	    echo '  1. Compare the files that are named above, if there are any.'
	    echo '  2. If the build service is on this machine: systemctl daemon-reload && systemctl restart sallyport-runner'
	    echo '  3. sshd -t && systemctl reload ssh'
	    exit 0
	fi
	echo 'Installed. Next steps (docs/installation.md):'
	echo '  1. Read $(DROP_IN) and /etc/sallyport/sallyport.toml.'
	echo '  2. For a build service on this machine: make install-image, then'
	echo '         systemctl daemon-reload && systemctl enable --now sallyport-runner'
	echo '  3. sshd -t && systemctl reload ssh'
	echo '  4. sallyport check; it names what does not work, and why'
	echo '  5. sallyport keys add alice alice.pub; then Alice can log in: ssh builds@this-machine'

# Installs what a node of a cluster needs, and nothing else: docs/slurm.md.
install-node:
	install -d --mode=0755 '$(DESTDIR)$(LIBEXEC)'
	install --strip --mode=0755 '$(PROGRAMS)/sallyport-machine' '$(DESTDIR)$(LIBEXEC)'
	[ ! -e '$(PROGRAMS)/sallyport.commit' ] ||
	    install --mode=0644 '$(PROGRAMS)/sallyport.commit' '$(DESTDIR)$(LIBEXEC)'

# Installs an image for builders, if your build service is the runner.
install-image: IMAGE := debian
install-image:
	image='$(addsuffix /,$(FOREIGN))$(IMAGE)'
	if [ ! -e "$(IMAGES)/$$image/vmlinuz" ]; then
	    echo "The image $$image is missing. make image makes debian, make image-debian makes debian-build; ARCH=arm64 makes and installs those for arm64."
	    exit 1
	fi
	install -d --mode=0755 "$(DESTDIR)/var/lib/sallyport/images/$$image"
	for file in architecture vmlinuz initramfs.cpio.gz root.qcow2 description; do
	    [ ! -e "$(IMAGES)/$$image/$$file" ] ||
	        install --mode=0644 "$(IMAGES)/$$image/$$file" "$(DESTDIR)/var/lib/sallyport/images/$$image"
	done

# Installs the bundles that were made, for the gateway and for any web server. Who is downloading one goes on reading the old one.
install-bundle:
	made=($$(find '$(BUNDLES)' -maxdepth 1 -type f -name 'sallyport-attach*' -printf '%f\n' 2>/dev/null | sort)) || true
	if [ "$${#made[@]}" = 0 ]; then
	    echo 'There is no bundle. make attach-bundle makes one.'
	    exit 1
	fi
	install -d --mode=0755 '$(DESTDIR)$(SHARED_BUNDLES)'
	for file in "$${made[@]}"; do
	    install --preserve-timestamps --mode=0644 "$(BUNDLES)/$$file" '$(DESTDIR)$(SHARED_BUNDLES)'"/.$$file.new"
	    mv '$(DESTDIR)$(SHARED_BUNDLES)'"/.$$file.new" '$(DESTDIR)$(SHARED_BUNDLES)'"/$$file"
	done

# Removes the programs and what starts them, unless they are in use. Keeps the configuration, keys, accounts, jobs and logs.
uninstall:
	if [ -z '$(DESTDIR)' ]; then
	    # Prints the ids of the processes whose programs find(1) selects.
	    processes() { { find /proc/[0-9]*/exe -maxdepth 0 "$$@" -printf '%h\n' 2>/dev/null || true; } | cut -d/ -f3; }
	    runners=()
	    for id in $$(processes -lname '$(LIBEXEC)/sallyport-runner*'); do
	        # These lead to builders, and end with them.
	        [ "$$(cat "/proc/$$id/comm" 2>/dev/null)" = builder-socket ] || runners+=("$$id")
	    done
	    builders=($$(processes -lname '*/qemu-system-*' -user sallyport)
	        $$(processes -lname '*/qemu-system-*' -user sallyport-builder))
	    sessions=($$(processes -lname '$(LIBEXEC)/sallyport-shell*'))
	    steps=()
	    if systemctl --quiet is-active sallyport-runner 2>/dev/null; then
	        steps+=('systemctl disable --now sallyport-runner')
	    elif [ "$${#runners[@]}" != 0 ]; then
	        steps+=("kill $$runners" "tail --pid=$$runners -f /dev/null")
	    fi
	    [ "$${#runners[@]}$${#builders[@]}" = 00 ] || steps+=('$(LIBEXEC)/sallyport-runner drain')
	    [ "$${#sessions[@]}" = 0 ] || steps+=('pkill -u builds')
	    if [ "$${#steps[@]}" != 0 ]; then
	        command=$$(printf ' && %s' "$${steps[@]}")
	        echo "Sallyport is in use (runners: $${#runners[@]}, builders: $${#builders[@]}, sessions: $${#sessions[@]}). Stop it first:"
	        echo "   $${command# &&}"
	        exit 1
	    fi
	    systemctl --quiet disable sallyport-runner 2>/dev/null || true
	fi
	drop_in='$(DESTDIR)$(DROP_IN)'
	rm -f '$(DESTDIR)$(PREFIX)/bin/sallyport' '$(DESTDIR)$(UNIT)' '$(DESTDIR)$(TMPFILES)' '$(DESTDIR)$(LOGROTATE)' \
	    '$(DESTDIR)$(UNIT).new' '$(DESTDIR)$(TMPFILES).new' '$(DESTDIR)$(LOGROTATE).new' "$$drop_in.new" '$(DESTDIR)/etc/sallyport/sallyport.toml.new'
	if cmp -s "$$drop_in" '$(DESTDIR)$(SHIPPED)/50-sallyport.conf'; then rm "$$drop_in"; fi
	rm -rf '$(DESTDIR)$(LIBEXEC)' '$(DESTDIR)$(PREFIX)/share/sallyport'
	for left in /etc/sallyport /var/lib/sallyport /var/log/sallyport /var/log/sallyport-gateway; do
	    [ ! -e '$(DESTDIR)'"$$left" ] || echo "Kept: $$left"
	done
	if [ -e "$$drop_in" ]; then
	    echo "Kept: $(DROP_IN), which someone may have changed. Remove it: it names programs that are gone."
	fi
	if [ -z '$(DESTDIR)' ]; then
	    echo 'Kept: the accounts builds, sallyport-keys, sallyport-builder and sallyport (remove them with userdel). Reload sshd.'
	    systemctl --quiet daemon-reload 2>/dev/null || true
	fi
