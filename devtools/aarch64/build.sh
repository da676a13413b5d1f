#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# The tree, built for aarch64 in ./build-aarch64. Comes after devtools/setup.sh, which has fetched the
# driver headers.

. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
. "$ROOT/devtools/aarch64/common.sh"

usage()
{
	cat <<-END
	Usage: devtools/aarch64/build.sh [MESON-OPTION...]

	Fetches a compiler for aarch64 when it is not there yet, and builds everything in
	$AARCH64_BUILD. The options count when that is made. Exit status 77 when there are no
	packages.

	  --help  this text
	END
}

[ "${1-}" != --help ] || { usage; exit 0; }

LOG=$CACHE/log
"$ROOT/devtools/aarch64/fetch.sh" || exit
[ -f "$AARCH64_BUILD/build.ninja" ] ||
	task "meson setup ${AARCH64_BUILD##*/}" "$LOG/aarch64-meson.log" meson setup "$AARCH64_BUILD" \
		"$ROOT" --cross-file "$AARCH64/top.ini" \
		--cross-file "$ROOT/devtools/aarch64/cross.ini" "$@"
task "ninja -C ${AARCH64_BUILD##*/}" "$LOG/aarch64-build.log" ninja -C "$AARCH64_BUILD"
