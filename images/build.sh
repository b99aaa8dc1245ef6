#!/usr/bin/env bash
# Builds the two static programs and the codriver image, and prints the path of its archive, for e2e/cluster/load-image.
# Usage: build.sh [programs | symbols]
#   programs     only the two programs, however big; prints their folder
#   symbols      only codriver, with the names of its functions, for order.sh; prints its path
#   IMAGE        name of the image (codriver:dev)
#   TARGETARCH   amd64 or arm64 (this machine's)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../e2e/lib.sh"
image=${IMAGE:-codriver:dev}
arch=${TARGETARCH:-$(dpkg --print-architecture)}
target_dir=${CARGO_TARGET_DIR:-$here/../target}

# What the design promises, in bytes.
readonly MIB=$((1024 * 1024))
readonly INIT_LIMIT=$((4 * MIB)) CODRIVER_LIMIT=$((5 * MIB)) IMAGE_LIMIT=$((19 * MIB / 2))

# ring has parts in C, for which musl needs a C compiler. Rust brings its own musl to link with, so another architecture
# is served by Debian's cross compiler for glibc: ring calls no library.
case $arch in
    amd64) target=x86_64-unknown-linux-musl cross=x86_64-linux-gnu ;;
    arm64) target=aarch64-unknown-linux-musl cross=aarch64-linux-gnu ;;
    *) die "cannot build for the architecture '$arch': TARGETARCH must be amd64 or arm64" ;;
esac
if [[ $arch == "$(dpkg --print-architecture)" ]]; then
    packages=(musl-tools) compiler=musl-gcc linker=cc
else
    packages=("gcc-${cross//_/-}" "libc6-dev-$arch-cross") compiler=$cross-gcc linker=$cross-gcc
fi
programs=$target_dir/$target/programs
options=() # of cargo, for codriver

compile() {
    local name=${target//-/_}
    export "CC_$name=$compiler" "CARGO_TARGET_${name^^}_LINKER=$linker"
    cd "$here/.."
    # A cargo that runs us says which package it is at. ring looks at these, and would be compiled anew with all above it
    # whenever another one, or a person, runs us next.
    unset "${!CARGO_PKG_@}" "${!CARGO_MANIFEST_@}"
    rustup target add "$target"
    # Tables of addresses in their short form; the loader that is part of a static program, musl's, knows it.
    export "CARGO_TARGET_${name^^}_RUSTFLAGS=-Clink-arg=-Wl,-z,pack-relative-relocs"
    # Each has a profile of its own (Cargo.toml says why).
    "$@"
}

# The linker's script comes by this way, not by RUSTFLAGS: it is for codriver alone, and what it links need not know.
codriver() {
    cargo rustc --release --locked --target "$target" -p codriver --bin codriver "${options[@]}" -- \
        "-Clink-arg=-Wl,-T,$here/order.ld"
}

both() {
    codriver
    cargo build --profile init --locked --target "$target" -p codriver-init
    install -D --target-directory="$programs" "$target_dir/$target"/{init/codriver-init,release/codriver}
}

# check_program PATH LIMIT: static, or it would not start in an empty image; and no bigger than promised.
check_program() {
    local headers
    headers=$(readelf --wide --program-headers --dynamic "$1")
    if grep -qE 'INTERP|NEEDED' <<<"$headers"; then
        die "$1 is not static: a dependency links to a shared library (readelf --dynamic shows which)"
    fi
    check_size "${1##*/}" "$(stat --format=%s "$1")" "$2"
}

# check_size WHAT BYTES LIMIT
check_size() {
    printf '%s: %s MiB of at most %s\n' "$1" "$(in_mib "$2")" "$(in_mib "$3")" >&2
    (($2 <= $3)) || die "$1 is too big: look for a dependency or a feature that came in (cargo tree -e features)"
}

in_mib() { numfmt --to-unit=Mi --format=%.2f "$1"; }

# pack ARCHIVE: the same programs give the same bytes. The storage is our own, for one image, and gone afterwards.
pack() {
    local work
    work=$(mktemp -d "$1.XXXXXX")
    # shellcheck disable=SC2064 # the folder is known now
    trap "rm -rf '$work'" EXIT
    mkdir -p "$work/context/$arch"
    install --mode=0555 --target-directory="$work/context/$arch" "$programs"/codriver{,-init}
    local buildah=(buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run")
    BUILDAH_ISOLATION=chroot "${buildah[@]}" build --quiet --timestamp 0 --layers=false --arch "$arch" \
        --build-arg "TARGETARCH=$arch" --iidfile "$work/id" --file "$here/Containerfile" "$work/context"
    "${buildah[@]}" push --quiet "$(<"$work/id")" "docker-archive:$work/archive:$image"
    mv "$work/archive" "$1"
}

need_apt binutils "${packages[@]}"
if [[ ${1:-} == symbols ]]; then
    options=(--config profile.release.strip=false)
    step "codriver for $target, with symbols" 120 compile codriver
    realpath "$target_dir/$target/release/codriver"
    exit
fi
step "programs for $target" 240 compile both
if [[ ${1:-} == programs ]]; then
    realpath "$programs"
    exit
fi
need_apt buildah
check_program "$programs/codriver-init" "$INIT_LIMIT"
check_program "$programs/codriver" "$CODRIVER_LIMIT"
archive=$target_dir/image/codriver-$arch.tar
mkdir -p "${archive%/*}"
step "image $image" 1 pack "$archive"
check_size "image $image" "$(stat --format=%s "$archive")" "$IMAGE_LIMIT"
realpath "$archive"
