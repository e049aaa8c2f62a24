# The part that the scripts for images share; they read it after `set -euo pipefail`.
#
# An image is a folder: vmlinuz, a kernel; initramfs.cpio.gz, the initial file system; architecture, the one that these are
# for; description, a line about what it contains; and, if it has a disk, root.qcow2. Packages are kept in a cache folder. A
# new image is made next to the old one and then replaces it in one step, or not at all. An image that is up to date is not
# made again.

source "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/packages.sh"

# begin ARCHITECTURE OUTPUT CACHE VARIANT FILE…: sets output, cache, work, an empty folder, and what of_architecture sets;
# ends the script if the image is made of the same files and the same variant already.
begin() {
    of_architecture "$1"
    mkdir -p "$(dirname "$2")" || fail "$(dirname "$2") cannot be made."
    output=$(realpath -m "$2")
    cache=$(realpath -m "$3")
    local variant="$1 $4" file
    shift 4
    stamp=$({
        echo "$variant"
        cd "$here" && find "$program" common.sh packages.sh guest -type f -print0 | sort -z | xargs -0 sha256sum
    } | sha256sum)
    stamp=${stamp%% *}
    if [[ $(cat "$output/stamp" 2>/dev/null) == "$stamp" ]]; then
        local complete=yes
        for file in "$@"; do
            [[ -f $output/$file ]] || complete=
        done
        if [[ -n $complete ]]; then
            say "$output is up to date."
            exit 0
        fi
    fi
    ! is_foreign || cache=$cache/$architecture
    mkdir -p "$cache" || fail "$cache cannot be made."
    ! is_foreign || private_apt "$cache/apt" bookworm "$architecture"
    # A runner that looks there meanwhile overlooks hidden folders.
    work=$(mktemp -d "$(dirname "$output")/.$(basename "$output").new.XXXXXX") || fail "$(dirname "$output") cannot be written to."
    trap 'rm -rf "$work"' EXIT
    mkdir "$work/image"
}

# Whether the image is for another architecture than this host's.
is_foreign() {
    [[ $architecture != "$(dpkg --print-architecture)" ]]
}

# need_emulator: fails when programs of the image cannot be run here.
need_emulator() {
    ! is_foreign || need "qemu-$machine-static:qemu-user-static"
}

# run PROGRAM ARGUMENT…: runs a program of the image that needs no libraries.
run() {
    if is_foreign; then "qemu-$machine-static" "$@"; else "$@"; fi
}

# Prints the name of the package of Debian's current kernel for virtual machines.
newest_kernel() {
    local name
    name=$(apt-cache "${apt[@]}" depends "linux-image-cloud-$architecture" 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9][^:]*\).*$/\1/p' | head -n 1)
    [[ -n $name ]] || fail "apt does not know the package linux-image-cloud-$architecture (is apt-get update needed?)."
    echo "$name"
}

# take_kernel UNPACKED ROOT MODULE…: the kernel into the image; the modules into ROOT, where init loads them in this
# order, so each must come after the ones it depends on.
take_kernel() {
    local unpacked=$1 root=$2 kernel module file
    shift 2
    kernel=$(find "$unpacked/boot" -name 'vmlinuz-*' | head -n 1)
    [[ -n $kernel ]] || fail "the kernel's package contains no kernel."
    cp "$kernel" "$work/image/vmlinuz"
    mkdir -p "$root/usr/lib/modules"
    for module in "$@"; do
        file=$(find "$unpacked/usr/lib/modules" -name "$module.ko" | head -n 1)
        [[ -n $file ]] || fail "the kernel's package contains no module $module."
        cp "$file" "$root/usr/lib/modules/"
        echo "$module" >>"$root/usr/lib/modules/order"
    done
}

# pack ROOT: the initramfs of the image.
pack() {
    say "packing"
    # With real times every image would be different.
    find "$1" -exec touch -h -d @1700000000 {} +
    (cd "$1" && find . -print0 | sort -z | cpio -o -0 -H newc -R 0:0 --reproducible --quiet) |
        gzip -n -6 >"$work/image/initramfs.cpio.gz" || fail "the initramfs cannot be written."
    # The kernel expects the next archive, which each machine has of its own, at a multiple of four bytes.
    truncate -s %4 "$work/image/initramfs.cpio.gz"
}

# Prints what the image is, for its description.
debian() {
    echo "Debian 12$(! is_foreign || echo " for $architecture")"
}

# describe TEXT: what `images` says about it, on one line.
describe() {
    echo "$1" >"$work/image/description"
}

# Puts the image in its place.
finish() {
    echo "$architecture" >"$work/image/architecture"
    echo "$stamp" >"$work/image/stamp"
    chmod 0755 "$work/image"
    chmod 0644 "$work/image"/*
    if [[ -e $output ]]; then
        mv "$output" "$work/previous"
    fi
    mv "$work/image" "$output" || fail "$output cannot be written."
    say "made $output: $(cd "$output" && du -h --apparent-size vmlinuz initramfs.cpio.gz root.qcow2 2>/dev/null |
        sed 's/\(.*\)\t\(.*\)/\2 \1/' | paste -s -d ,)"
}
