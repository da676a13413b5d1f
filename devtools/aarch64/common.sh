# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Where what builds and runs programs for aarch64 lies. Sourced after devtools/common.sh.

AARCH64=$CACHE/aarch64
AARCH64_BUILD=$ROOT/build-aarch64

# What the parts below $AARCH64 were made by.
aarch64_recipe()
{
	(echo "$AARCH64" && cat "$ROOT"/devtools/{debian_packages.sh,aarch64/fetch.sh}) | sha256sum
}

# Is everything there that fetch.sh makes? The recipe is written last.
aarch64_whole()
{
	[ "$(aarch64_recipe)" = "$(cat "$AARCH64/recipe" 2>/dev/null)" ]
}
