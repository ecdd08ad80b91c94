# SPDX-License-Identifier: GPL-3.0-or-later
# What packaging/run and packaging/test have in common; sourced by them. Works from any folder.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build="$root/build/release"

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        fail "Installing packages needs root, and there is no sudo. As root: apt-get install ${missing[*]}"
    fi
}

# Installs those packages of packaging/packages.txt that are missing; touches nothing when none is.
install_missing_packages() {
    command -v dpkg-query > /dev/null || fail "This script installs Debian packages. Elsewhere install what packaging/packages.txt lists and use: cmake --preset release && cmake --build --preset release"
    local package
    missing=()
    while read -r package; do
        [[ -z "$package" || "$package" == \#* ]] && continue
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || missing+=("$package")
    done < "$root/packaging/packages.txt"
    [ "${#missing[@]}" -eq 0 ] && return
    say "Installing with apt: ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}"
}

# How many compilers fit: one per core, but no more than one for 1.5 GiB of memory (LibTorch's headers are large).
compile_jobs() {
    local cores memory_kib by_memory
    cores="$(nproc)"
    memory_kib="$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)"
    by_memory=$((memory_kib / 1572864))
    [ "$by_memory" -lt 1 ] && by_memory=1
    echo $((cores < by_memory ? cores : by_memory))
}

# Configures once, then builds the targets given. ccache's settings let it serve files that use the precompiled header.
build_targets() {
    export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    mkdir -p "$root/build"
    if [ ! -f "$build/build.ninja" ]; then
        say "Configuring (preset release)"
        (cd "$root" && cmake --preset release > "$root/build/configure.log" 2>&1) || {
            tail -n 40 "$root/build/configure.log" >&2
            fail "The configuration failed; see build/configure.log"
        }
    fi
    cmake --build "$build" --parallel "$(compile_jobs)" --target "$@" >&2
}
