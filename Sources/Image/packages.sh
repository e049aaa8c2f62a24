# The part that every script shares that makes something out of Debian packages; they read it after `set -euo pipefail`.
# It installs nothing on this host, and needs no root.

program=$(basename "$0")
here=$(dirname "$(realpath "$0")")
# Options of apt-get that `private_apt` sets; without them apt is this host's own.
apt=()
export LC_ALL=C
umask 022

fail() {
    echo "$program: $1" >&2
    exit 1
}

say() {
    echo "$program: $1"
}

# need PROGRAM:PACKAGE…: fails when one of the programs is missing.
need() {
    local tool missing=()
    for tool in "$@"; do
        [[ -n $(PATH=$PATH:/usr/sbin:/sbin type -P "${tool%%:*}") ]] || missing+=("${tool##*:}")
    done
    ((${#missing[@]} == 0)) || fail "programs are missing: apt install ${missing[*]}."
}

# Sets sources: those files of this host's apt that name Debian, and codename, Debian's name for this host's version.
# They may be mirrors and caches of its own.
debian_sources() {
    local file
    sources=()
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        [[ -s $file ]] && grep -q "$codename" "$file" && grep -q -E '/debian(-security)?( |/|$)' "$file" && sources+=("$file")
    done
    ((${#sources[@]} > 0)) || fail "this host's apt has no sources for Debian ($codename)."
}

# private_apt FOLDER SUITE ARCHITECTURE: lets `fetch` fetch packages of that version of Debian and that architecture, from
# the servers that this host uses, without telling this host's dpkg of them.
private_apt() {
    local folder=$1 suite=$2 architecture=$3 file number=0 output
    debian_sources
    mkdir -p "$folder"/etc/apt/{sources.list.d,preferences.d} "$folder"/var/lib/{dpkg,apt/lists/partial} \
        "$folder/var/cache/apt/archives/partial" || fail "$folder cannot be made."
    : >"$folder/var/lib/dpkg/status"
    rm -f "$folder"/etc/apt/sources.list.d/*
    for file in "${sources[@]}"; do
        number=$((number + 1))
        sed "s/$codename/$suite/g" "$file" >"$folder/etc/apt/sources.list.d/$number.${file##*.}"
    done
    apt=(-o "Dir=$folder" -o "Dir::State::status=$folder/var/lib/dpkg/status"
        -o Dir::Etc::trusted=/etc/apt/trusted.gpg -o Dir::Etc::trustedparts=/etc/apt/trusted.gpg.d
        -o "APT::Architecture=$architecture" -o "APT::Architectures::=$architecture"
        -o Acquire::Languages=none -o APT::Sandbox::User=root)
    say "reading the lists of Debian's packages ($suite, $architecture)"
    output=$(apt-get "${apt[@]}" -qq -o APT::Update::Error-Mode=any update 2>&1) ||
        fail "apt-get could not read the lists: $(grep '^E:' <<<"$output" | head -n 1)"
}

# of_architecture ARCHITECTURE: sets what Debian calls things of that architecture: architecture, triplet (the folder of its
# libraries), loader (the file there that starts programs), machine (what uname(1) says and QEMU's programs are named after).
of_architecture() {
    architecture=$1
    case $architecture in
    amd64) machine=x86_64 loader=ld-linux-x86-64.so.2 ;;
    arm64) machine=aarch64 loader=ld-linux-aarch64.so.1 ;;
    *) fail "the architectures are amd64 and arm64, not $architecture." ;;
    esac
    triplet=$machine-linux-gnu
}

# fetch PACKAGE…: into the cache.
fetch() {
    say "fetching $# packages"
    (cd "$cache" && apt-get "${apt[@]}" download -qq "$@" 2>"$cache/apt.log") ||
        fail "apt-get could not fetch the packages: $(grep '^E:' "$cache/apt.log" | head -n 1)"
}

# Prints the newest file of a package in the cache.
cached() {
    local file
    file=$(find "$cache" -maxdepth 1 -name "$1_*.deb" -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-)
    [[ -n $file ]] || fail "apt-get did not deliver the package $1."
    echo "$file"
}

# unpack FOLDER PACKAGE…: the files of fetched packages, without what their scripts would do.
unpack() {
    local folder=$1 name package file
    shift
    mkdir -p "$folder"/usr/{bin,sbin,lib,lib64}
    for name in bin sbin lib lib64; do
        ln -s "usr/$name" "$folder/$name"
    done
    for package in "$@"; do
        file=$(cached "$package")
        dpkg-deb --fsys-tarfile "$file" | tar -x -C "$folder" --keep-directory-symlink --no-same-owner 2>/dev/null ||
            fail "the package $file cannot be unpacked."
    done
}

# Prints the names of the shared libraries that the programs and libraries in a folder name themselves.
needed() {
    find "$1" -type f \( -perm /111 -o -name '*.so*' \) ! -name '*.ko' -print0 |
        xargs -0 readelf -d 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | sort -u
}
