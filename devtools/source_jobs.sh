# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# The builds, and what is looked at without being run. Sourced after checks.sh.

# compiled COMPILER DIRECTORY MESON-ARGUMENT...: the tree builds without a warning
compiled()
{
	local compiler=$1 dir=$2
	shift 2
	[ -f "$dir/build.ninja" ] ||
		CC=$compiler meson setup "$dir" "$ROOT" -Dwerror=true "$@" || return
	ninja -C "$dir"
}

# The build that is tested will do, where it is by gcc and warnings are errors in it.
compiled_gcc()
{
	if tr -d ' \n' <"$BUILD/meson-info/intro-buildoptions.json" |
		grep -q '"name":"werror","value":true' &&
		grep -q '"command": "g\?cc ' "$BUILD/compile_commands.json"; then
		ninja -C "$BUILD"
	else
		compiled gcc "$ROOT/build-gcc"
	fi
}

# The fuzz target, in a build of its own.
fuzz_built()
{
	local dir=$ROOT/build-fuzz
	[ -f "$dir/build.ninja" ] ||
		CC=clang meson setup "$dir" "$ROOT" -Dwerror=true -Dfuzz=true || return
	ninja -C "$dir" lib/{dlb,dsa,mic,card}_fuzz lib/scif/scif{,_link}_fuzz \
		lib/vfu_{message,session,client}_fuzz
}

run_builds()
{
	heading "Builds, without warnings"
	check "gcc, release" compiled_gcc
	check "clang, every source" "$ROOT/devtools/check-clang.py" "$BUILD"
	[ $LONG = no ] || check "clang, debug" compiled clang "$ROOT/build-clang" --buildtype=debug
	check "clang, fuzz target" fuzz_built
}

# Files of ours that carry a licence, whether git knows them or not.
sources()
{
	cd "$ROOT" &&
		find . -name '.?*' ! -name .ci -prune -o -path './build*' -prune -o -type f -print |
		grep -E '\.(c|h|def|inc|map|pml|py|rst|sh)$|meson.*(build|txt)$|/\.ci/'
}

spdx_present()
{
	cd "$ROOT" || return
	sources | xargs awk '
		FNR == 1 { licence = 0 }
		FNR > 5 { nextfile }
		FNR <= 4 && /SPDX-License-Identifier: BSD-3-Clause/ { licence = 1 }
		licence && /Copyright\(c\) 2026 The slipway authors/ { print FILENAME; nextfile }' |
		grep -vxFf - <(sources) | sed 's/$/: the first lines do not name licence and authors/'
	[ "${PIPESTATUS[2]}" -eq 1 ]
}

# Every header compiles alone.
headers_alone()
{
	local flags
	cd "$ROOT" || return
	read -ra flags <<<"$(pkg-config --cflags libdpdk)"
	flags+=(-DALLOW_INTERNAL_API -DALLOW_EXPERIMENTAL_API -D_GNU_SOURCE
		-I".sdk/$(pkg-config --modversion libdpdk)"
		-Ilib/spec -Ilib/resource -Ilib/bus -Ilib/model -Ilib/portal -Ilib/access
		-Ilib/model/dlb -Ilib/model/dsa -Ilib/check/dlb -Ilib/ctl -Ilib/share
		-Ilib/model/mic -Ilib/card -Idrivers/common/mic -Idrivers/raw/mic
		-Ilib/scif -Ilib/scif/engine -Ilib/scif/host -Iapp/bench-common
		-Iapp/test/common -Idrivers/dma/dsa -Ilib/fuzz)
	sources | grep '\.h$' | xargs -P "$(nproc)" -I{} sh -c \
		'gcc -fsyntax-only -Wall -x c "$@" -I"$(dirname "{}")" -include "{}" /dev/null' \
		sh "${flags[@]}"
}

# No source that the build has never heard of. What `slipway run` preloads is for one CPU.
sources_built()
{
	local file bad=0 other=/nowhere/
	[ "$(uname -m)" = x86_64 ] || other=/app/preload/
	for file in $(sources | grep '\.c$' | grep -v "$other"); do
		grep -q "/${file#./}\"" {"$BUILD","$ROOT/build-fuzz"}/compile_commands.json && continue
		say "$file: no meson.build names it"
		bad=1
	done
	return $bad
}

scripts_parse()
{
	local file bad=0
	cd "$ROOT" || return
	for file in $(sources | grep '\.sh$') .ci/run; do
		bash -n "$file" || bad=1
	done
	return $bad
}

docs_built()
{
	sphinx-build -q -W -b html "$ROOT/doc" "$CACHE/doc"
}

run_source_checks()
{
	heading "Source"
	check "includes follow the rules" "$ROOT/devtools/check-includes.sh"
	check "headers compile alone" headers_alone
	check "licence and authors named" spdx_present
	check "scripts parse" scripts_parse
	check "checks are counted, and end" "$ROOT/devtools/checks_test.sh"
	check "every source is built" sources_built
	check "every test of the conformance table is there" \
		"$ROOT/devtools/check-conformance.py"
	check "documentation builds" docs_built
}
