#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# card_offload on a card of its own process, or with a name on that card's: files of all sizes, and
# what it says when something goes wrong.
# usage: card_offload_test.sh PROGRAM MEGABYTES [CARD]

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
program=$(realpath "${1:?usage: card_offload_test.sh PROGRAM MEGABYTES [CARD]}")
megabytes=$2
card=()
[ $# -lt 3 ] || card=(--card "$3")

# offload ARGUMENT...
offload() {
	timeout -k 5 120 "$program" "$@" </dev/null >"$work/said" 2>&1
}

# hashes BYTES ARGUMENT...: a file of so many bytes is hashed, every block right
hashes() {
	local bytes=$1 status
	shift
	head -c "$bytes" /dev/urandom >"$work/in"
	offload "${card[@]}" "$@" "$work/in" && grep -q "^$bytes bytes of" "$work/said" &&
		grep -q "every answer compared: all right" "$work/said"
	status=$?
	[ $status -ne 0 ] || tail -n 1 "$work/said"
	rm -f "$work/in"
	count $status "hashes $bytes bytes $*"
}

# refuses STATUS WORDS ARGUMENT...: the program ends so, and says so
refuses() {
	local expected=$1 words=$2 status
	shift 2
	offload "$@"
	status=$?
	[ $status -eq "$expected" ] && grep -q "$words" "$work/said"
	count $? "refuses '$words' (status $status, expected $expected)"
}

hashes 1
hashes 4097 --block 4K --depth 16
hashes 1048576 --depth 1
hashes 3000001 --block 64K
hashes $((megabytes << 20))
offload --make "$work/made" "${card[@]}" && [ "$(stat -c %s "$work/made")" -eq 268435456 ]
count $? "makes 256 MiB and hashes them"
refuses 2 "is there already" --make "$work/made"
rm -f "$work/made"
refuses 2 "accepted are 4096 to 4194304, multiples of 64" --block 4097 /etc/passwd
refuses 2 "accepted are 1 to 16" --depth 17 /etc/passwd
refuses 2 "cannot be read" "$work/nothing"
refuses 2 "is no regular file" /dev/null
: >"$work/empty"
refuses 2 "is empty" "$work/empty"
refuses 2 "one file is wanted" --depth 2
refuses 2 "not the name of a card" --card a,b /etc/passwd
refuses 3 "no-such-card cannot be had" --card no-such-card /etc/passwd

verdict
