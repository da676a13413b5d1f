#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# What meson install leaves for programs that use libscif: scif_echo, copied out of the tree, is
# compiled by what pkg-config says of libscif and by -lscif alone, and runs between two processes.
# usage: scif_install_test.sh BUILD

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
build=$(realpath "${1:?usage: scif_install_test.sh BUILD}")
limit=10
root=$work/root
export SLIPWAY_DIR=$work/run
node=

finish()
{
	[ -z "$node" ] || kill "$node" 2>/dev/null
	wait
}

install_tree()
{
	meson install -C "$build" --no-rebuild --quiet --destdir "$root"
}

# one FIND-ARGUMENT...: the path of the only one there is, or nothing
one()
{
	local found
	mapfile -t found < <(find "$root" "$@")
	[ ${#found[@]} -eq 1 ] && echo "${found[0]}"
}

# The library by three names, of which programs remember the second.
is_library()
{
	[ "$(readlink "$libraries/libscif.so")" = libscif.so.0 ] &&
		[ "$(readlink "$libraries/libscif.so.0")" = libscif.so.0.0.1 ] &&
		[ -f "$libraries/libscif.so.0.0.1" ] &&
		readelf -d "$libraries/libscif.so.0.0.1" >"$work/dynamic" &&
		grep -q 'SONAME.*\[libscif.so.0\]' "$work/dynamic" &&
		! grep -E 'RPATH|RUNPATH' "$work/dynamic"
}

# pc ARGUMENT...: pkg-config of what was installed, and of nothing else
pc()
{
	PKG_CONFIG_LIBDIR=$(dirname "$pc_file") PKG_CONFIG_SYSROOT_DIR=$root pkg-config "$@" libscif
}

# Nothing of this tree or of its build directory.
flags_are_clean()
{
	pc --modversion | grep -x '[0-9.]*' && pc --cflags --libs && ! grep -F -e "$build" \
		-e "$(realpath "$here/../..")" "$pc_file"
}

# compile FLAG...: as a program of anybody
compile()
{
	cd "$work/elsewhere" && rm -f echo && gcc -Wall -Wextra -Werror -o echo main.c "$@"
}

compile_by_pc()
{
	local flags
	read -ra flags < <(pc --cflags --libs) && compile "${flags[@]}"
}

compile_by_name()
{
	compile -I"$(dirname "$header")" -L"$libraries" -lscif
}

begin_node()
{
	"$slipway" scifd --quiet 2>"$work/node" &
	node=$!
	eventually test -S "$SLIPWAY_DIR/scif/0.sock"
}

begin_server()
{
	rm -f "$work/server"
	LD_LIBRARY_PATH=$libraries timeout -k 5 30 "$work/elsewhere/echo" server 2048 1 \
		>"$work/server" 2>&1 &
	server=$!
	eventually grep -q listening "$work/server"
}

both()
{
	local server status
	begin_server || return
	LD_LIBRARY_PATH=$libraries timeout -k 5 30 "$work/elsewhere/echo" client 0 2048 300000
	status=$?
	wait "$server" || { echo "server: $?"; cat "$work/server"; status=1; }
	return $status
}

# It is the installed library that the program has.
has_library()
{
	LD_LIBRARY_PATH=$libraries ldd "$work/elsewhere/echo" | grep -F "$libraries/libscif.so.0"
}

hold "meson install" install_tree
header=$(one -name scif.h)
pc_file=$(one -name libscif.pc)
slipway=$(one -path '*/bin/slipway')
libraries=$(dirname "$(one -name libscif.so)")
hold "scif.h" cmp "$header" "$here/../../lib/scif/scif.h"
hold "libscif.so" is_library
hold "libscif.pc" flags_are_clean
mkdir "$work/elsewhere"
cp "$here/../scif_echo/main.c" "$work/elsewhere"
hold "a node, of the slipway that was installed" begin_node
for way in pc name; do
	hold "scif_echo, compiled by $way" compile_by_$way
	hold "its library, by $way" has_library
	hold "scif_echo, by $way, between two processes" both
done
verdict
