#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# `slipway serve dsa`, `slipway dsa`, and what looks at such a device: arguments, work queues that
# several clients share, one that is killed or lies, faults. Needs python3; usage:
# serve_dsa_test.sh SLIPWAY

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
program=$(realpath "${1:?usage: serve_dsa_test.sh SLIPWAY}")
export SLIPWAY_DIR=$work/dir
mkdir "$SLIPWAY_DIR"
server=

finish() {
	[ -z "$server" ] || kill -9 "$server" 2>/dev/null
}

# serve OPTION...: a server named dsa0
serve() {
	"$program" serve dsa dsa0 --stats "$@" >"$work/served" 2>&1 &
	server=$!
	eventually test -S "$SLIPWAY_DIR/dsa0.ctl" || cat "$work/served"
}

# stop: it ends well, and leaves nothing
stop() {
	kill "$server"
	wait "$server"
	local status=$?
	server=
	cp "$work/served" "$work/said"
	[ $status -eq 0 ] && [ -z "$(ls -A "$SLIPWAY_DIR")" ]
	count $? "the server ends well: $1"
}

# ---- Arguments ----

serve_dsa=("$program" serve dsa x)
expect 'a version of another device' 2 '--version 2.5: accepted are 1.0 and 2.0' \
	"${serve_dsa[@]}" --version 2.5
expect 'an option of another device' 2 '--domains: accepted with dlb only' \
	"${serve_dsa[@]}" --domains 2
expect 'pieces for work queues' 2 '--gather: accepted without --wq only' \
	"${serve_dsa[@]}" --gather --wq 0
expect 'no work queues' 2 'accepted are 1 to 64' "${serve_dsa[@]}" --wqs 0
expect 'a work queue there is not' 2 '--wq 8: accepted are 0 to 7' "${serve_dsa[@]}" --wq 8
expect 'a key there is not' 2 'depth=3: accepted are mode, size' "${serve_dsa[@]}" --wq 0:depth=3
expect 'a mode there is not' 2 'mode=both: accepted: shared and dedicated' \
	"${serve_dsa[@]}" --wq 0:mode=both
expect 'too many entries' 1 'size=129: accepted: up to 128' "${serve_dsa[@]}" --wq 0:size=129
expect 'a threshold above the size' 1 'threshold=9: accepted are 1 to 8, its size' \
	"${serve_dsa[@]}" --wq 0:size=8,threshold=9
expect 'a threshold of a dedicated one' 1 'threshold=4: accepted with mode=shared only' \
	"${serve_dsa[@]}" --wq 0:mode=dedicated,threshold=4
expect 'too many groups' 1 'group=4: accepted are 0 to 3' "${serve_dsa[@]}" --wq 0:group=4

# ---- Work queues ----

for threads in 0 2; do
	serve --version 2.0 --threads $threads --wq 0:mode=shared,size=32,threshold=16 \
		--wq 1:mode=dedicated,group=1
	expect 'listed' 0 'wq 0   enabled   shared     size 32 ' "$program" dsa list
	expect 'in the registers' 0 '^WQCFG_DW1\[0\]  *0x00000010  THRESHOLD=16$' \
		"$program" regs dsa0
	expect 'a shared one' 0 '^CRC32C  *right$' "$program" dsa test dsa0.wq0
	expect 'a dedicated one' 0 '^batch of 8  *right$' "$program" dsa test dsa0.wq1
	expect 'the same for the next client' 0 'page fault  *right$' "$program" dsa test dsa0.wq1
	expect 'hostile clients' 0 'all is well' python3 \
		"$here/serve_dsa_client.py" "$SLIPWAY_DIR/dsa0"
	expect 'others after them' 0 '^move of 4096 bytes  *right$' "$program" dsa test dsa0.wq0
	expect 'watched' 0 'wq 0 .*shared' "$program" top dsa0 --count 1 --interval 0.1
	expect 'so are engines' 0 '^engine 0 .*of group 0 .*idle' \
		"$program" top dsa0 --count 1 --interval 0.1
	expect 'a full queue' 0 'injected: full-queue 0' "$program" inject dsa0 full-queue 0
	expect 'is full' 1 'status 0x00' "$program" dsa test dsa0.wq0
	cp "$work/said" "$work/full"
	hold 'and nothing else is tried' grep -q '^CRC32C  *not tried$' "$work/full"
	expect 'which is told' 0 'full-queue 0' "$program" inject dsa0 --list
	expect 'and ends' 0 'cleared: 1' "$program" inject dsa0 clear
	expect 'as it was' 0 '^no-op  *right$' "$program" dsa test dsa0.wq0
	expect 'a page fault' 0 'injected: page-fault 1' "$program" inject dsa0 page-fault 1
	"$program" dsa test dsa0.wq0 >"$work/said" 2>&1
	expect 'is over' 0 '^move of 4096 bytes  *right$' "$program" dsa test dsa0.wq0
	expect 'a queue there is not' 1 'accepted is the number of a work queue' \
		"$program" inject dsa0 full-queue 9
	expect 'halt' 0 'injected: halt software' "$program" inject dsa0 halt software
	expect 'halted' 0 '^GENSTS .*STATE=3' "$program" regs dsa0
	stop "work queues, $threads threads"
done

# ---- The whole device ----

serve
expect 'what it is' 0 'dsa 1.0 of .*dsa0 at 0000' "$program" run --at dsa0 -- true
expect 'no work queue of its own' 1 'this is no work queue.s socket' "$program" dsa test dsa0
expect 'silent until it is enabled' 1 'answers no register now' "$program" regs dsa0
stop 'whole'

# ---- Plans for the kernel's driver ----

expect 'no such device' 1 'No such file' "$program" dsa config dsa77 --wq 0
expect 'no device at all' 2 'accepted are a device and at least one' "$program" dsa config
expect 'not the kernel.s' 2 'accepted is a device of the kernel' "$program" dsa config x --wq 0
# A program that sees a DSA of the kernel's, not configured; it finds this one in PATH.
mkdir "$work/bin"
ln -s "$program" "$work/bin/slipway"
PATH=$work/bin:$PATH
under=("$program" run --device dsa,kernel=bare -- bash -c)
plan='dsa0 --wq 0:size=32,threshold=24,name=app --wq 3:mode=dedicated,size=16,group=2'
expect 'a plan is printed' 0 'echo 24 > /sys/bus/dsa/devices/wq0.0/threshold' \
	"${under[@]}" "slipway dsa config $plan"
expect 'engines go to both groups' 0 'echo 2 > /sys/bus/dsa/devices/engine0.1/group_id' \
	"${under[@]}" "slipway dsa config $plan"
expect 'and nothing is done' 0 'dsa0: of the kernel, .*, disabled' \
	"${under[@]}" "slipway dsa config $plan; slipway dsa list"
expect 'more than there is' 1 'size=129: accepted: up to 128' \
	"${under[@]}" 'slipway dsa config dsa0 --wq 0:size=129'
expect 'a plan is carried out' 0 'wq 3   enabled   dedicated  size 16 ' \
	"${under[@]}" "slipway dsa config --apply $plan && slipway dsa list"
expect 'and not twice' 1 'is refused: Operation not permitted' \
	"${under[@]}" "slipway dsa config --apply $plan && slipway dsa config --apply $plan"
expect 'its queues work' 0 'batch of 8  *right' \
	"${under[@]}" "slipway dsa config --apply $plan && slipway dsa test /dev/dsa/wq0.0 &&
		slipway dsa test /dev/dsa/wq0.3"
expect 'a queue there is not' 1 'No such file' "${under[@]}" 'slipway dsa test /dev/dsa/wq0.7'

expect 'no action' 2 'accepted are list, config and test' "$program" dsa fly
expect 'help' 0 'SYNOPSIS' "$program" dsa --help

verdict
