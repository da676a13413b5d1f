#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# From a bare Debian 12 to a built tree: packages, driver headers, build in ./build.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$ROOT/devtools/debian_source.sh"

BUILD_PACKAGES=(
	gcc libc6-dev make meson ninja-build pkg-config xz-utils
	dpdk dpdk-dev dpdk-doc libdpdk-dev libpcap-dev libcmocka-dev libjansson-dev libisal-dev
	libzycore-dev libzydis-dev
)
# What drivers include beyond DPDK's public headers, by its place in the source tree.
DRIVER_HEADERS=(
	lib/eal/include/dev_driver.h lib/eal/include/bus_driver.h
	lib/eventdev/eventdev_pmd.h lib/eventdev/eventdev_trace.h
	lib/eventdev/event_timer_adapter_pmd.h lib/dmadev/rte_dmadev_pmd.h
	drivers/bus/vdev/bus_vdev_driver.h drivers/bus/pci/bus_pci_driver.h
)
TEST_PACKAGES=(
	clang libclang-rt-14-dev python3-sphinx python3-myst-parser python3-pyelftools spin
	patch
)
# Debian has it for this CPU only.
[ "$(uname -m)" != x86_64 ] || TEST_PACKAGES+=(accel-config)

usage()
{
	cat <<-END
	Usage: devtools/setup.sh [-y] [--test] [--aarch64]

	Installs the Debian packages that are missing, fetches the driver headers that belong to the
	installed DPDK, and builds everything in $BUILD.

	  -y      do not ask before installing packages
	  --test  also what devtools/test.sh needs: clang, Sphinx, spin and patch; a new build takes
	          warnings for errors
	  --aarch64
	          then also builds everything for that CPU, in $ROOT/build-aarch64, by a
	          compiler that is unpacked below .cache
	  --help  this text
	END
}

YES=no
WERROR=false
FOR_AARCH64=no
PACKAGES=("${BUILD_PACKAGES[@]}")
while [ $# -gt 0 ]; do
	case $1 in
	-y) YES=yes ;;
	--test)
		PACKAGES+=("${TEST_PACKAGES[@]}")
		WERROR=true
		;;
	--aarch64) FOR_AARCH64=yes ;;
	--help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument '$1'" ;;
	esac
	shift
done

mkdir -p "$CACHE/log" || die "cannot write to $ROOT: use a check-out of your own"
LOG=$CACHE/log

missing_packages()
{
	local package
	for package in "${PACKAGES[@]}"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			echo "$package"
	done
}

# root COMMAND...: run it as root, by sudo where we are not
root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

apt_install()
{
	# A third-party repository that does not answer is no reason to stop.
	root env DEBIAN_FRONTEND=noninteractive apt-get -q update ||
		say "apt-get update reported errors, going on"
	root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@"
}

install_packages()
{
	local missing answer
	command -v dpkg-query >/dev/null || die "no dpkg here: slipway is built on Debian 12"
	mapfile -t missing < <(missing_packages)
	[ ${#missing[@]} -eq 0 ] && return
	say "Debian packages to install: ${missing[*]}"
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		die "not root and no sudo; as root, type: apt-get install ${missing[*]}"
	fi
	if [ $YES = no ]; then
		read -r -p "Install them as root? [y/N] " answer || answer=n
		[[ $answer = [yY]* ]] || die "packages are missing; -y installs without asking"
	fi
	task "packages (${#missing[@]} and what they need)" "$LOG/packages.log" \
		apt_install "${missing[@]}"
}

# What a driver needs beyond DPDK's public headers, out of the source package that the installed
# libdpdk was built from: these headers change even between point releases.
fetch_headers()
{
	local version=$1 sdk=$2
	source_index libdpdk-dev "$version" || return
	rm -rf "$sdk.new" "$CACHE/dpdk"
	source_package "dpdk=$version" "$CACHE/dpdk" || return
	mkdir -p "$sdk.new" || return
	tar -xJf "$CACHE"/dpdk/dpdk_*.orig.tar.xz -C "$sdk.new" --transform 's|.*/||' --wildcards \
		"${DRIVER_HEADERS[@]/#/*/}" || return
	rm -rf "$sdk" && mv "$sdk.new" "$sdk" || return
	rm -rf "$CACHE/dpdk"
}

# Are all of them in DIRECTORY? An earlier version of this script may have fetched fewer.
has_driver_headers()
{
	local header
	for header in "${DRIVER_HEADERS[@]}"; do
		[ -f "$1/${header##*/}" ] || return
	done
}

driver_headers()
{
	local version sdk
	[ -e "$(pkg-config --variable=includedir libdpdk)/dpdk/dev_driver.h" ] && return
	version=$(dpkg-query -W -f '${Version}' libdpdk-dev)
	sdk=$ROOT/.sdk/$(pkg-config --modversion libdpdk)
	has_driver_headers "$sdk" && return
	task "driver headers of DPDK $version" "$LOG/headers.log" fetch_headers "$version" "$sdk"
}

build()
{
	[ -f "$BUILD/build.ninja" ] ||
		task "meson setup build" "$LOG/meson.log" meson setup "$BUILD" "$ROOT" \
			-Dwerror="$WERROR"
	task "ninja -C build" "$LOG/build.log" ninja -C "$BUILD"
}

install_packages
driver_headers
build
[ $FOR_AARCH64 = no ] || "$ROOT/devtools/aarch64/build.sh" -Dwerror="$WERROR"
