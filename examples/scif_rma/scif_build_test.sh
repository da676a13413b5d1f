#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# scif_echo and scif_rma as anybody builds them: scif.h, -lscif, and nothing else; with each
# compiler that is there. And every call from C++.
# usage: scif_build_test.sh SCIF_H LIBSCIF

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
header=$(realpath "${1:?usage: scif_build_test.sh SCIF_H LIBSCIF}")
library=$(realpath "$2")

# build COMPILER SOURCE FLAG...: nothing of ours is to be found but the header and the library
build()
{
	"$1" -Wall -Wextra -Werror "${@:3}" -I"$work/include" -o "$work/program" "$2" \
		-L"$work/lib" -lscif
}

# run EXPECTED-STATUS ARGUMENT...: what was built
run()
{
	local expected=$1
	shift
	SLIPWAY_DIR=$work/none LD_LIBRARY_PATH=$work/lib timeout 10 "$work/program" "$@"
	[ $? -eq "$expected" ]
}

mkdir "$work/include" "$work/lib"
cp "$header" "$work/include/scif.h"
cp "$library" "$work/lib/libscif.so"
ln -s libscif.so "$work/lib/libscif.so.0"

for compiler in gcc clang; do
	command -v $compiler >/dev/null || { echo "no $compiler"; continue; }
	for example in scif_echo scif_rma; do
		hold "$compiler, $example" build $compiler "$here/../$example/main.c"
		hold "$compiler, $example, run" run 1 client 0
	done
done
for compiler in g++ clang++; do
	command -v $compiler >/dev/null || { echo "no $compiler"; continue; }
	for standard in c++11 c++17; do
		hold "$compiler, $standard" build $compiler "$here/every_call.cc" -std=$standard \
			-pedantic
		hold "$compiler, $standard, run" run 0
	done
done
verdict
