#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# dma_pipeline on one device: files of all sizes, and what it says when something goes wrong.
# usage: pipeline_test.sh PROGRAM MEGABYTES device|CPU EAL-ARGUMENT...
# MEGABYTES has the largest file; the CRC must be computed by the device, or by the CPU.

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
program=$(realpath "${1:?usage: pipeline_test.sh PROGRAM MEGABYTES device|CPU EAL-ARGUMENT...}")
megabytes=$2
whose=$3
shift 3
eal=("$@")

# pipeline ARGUMENT...
pipeline() {
	timeout -k 5 120 "$program" "${eal[@]}" -- "$@" </dev/null >"$work/said" 2>&1
}

# copies BYTES ARGUMENT...: a file of so many bytes arrives, with its CRC
copies() {
	local bytes=$1 status
	shift
	head -c "$bytes" /dev/urandom >"$work/in"
	pipeline "$@" "$work/in" "$work/out" &&
		cmp "$work/in" "$work/out" >>"$work/said" 2>&1 &&
		grep -q "computed by the $whose" "$work/said"
	status=$?
	[ $status -ne 0 ] || cat "$work/said"
	rm -f "$work/in" "$work/out"
	count $status "copies $bytes bytes $*"
}

# refuses STATUS WORDS ARGUMENT...: the program ends so, says so, and leaves nothing at out
refuses() {
	local expected=$1 words=$2 status
	shift 2
	pipeline "$@"
	status=$?
	[ $status -eq "$expected" ] && grep -q "$words" "$work/said" && [ ! -e "$work/out" ]
	count $? "refuses '$words' (status $status, expected $expected)"
}

# meanwhile COMMAND: run it when the copy of a long file has begun
meanwhile() {
	local tick
	for ((tick = 0; tick < 600; tick++)); do
		[ -s "$work/out" ] && break
		sleep 0.01
	done
	"$@"
}

for bytes in 0 1 4095 4096 1048577; do
	copies $bytes
done
copies 300001 --block 4096 --depth 1
copies 5000000 --block 16M --depth 2
copies $((megabytes << 20))

head -c 100000 /dev/urandom >"$work/in"
refuses 2 'nothere: cannot be read: No such file' "$work/nothere" "$work/out"
refuses 2 'not a regular file' "$work" "$work/out"
mkfifo "$work/pipe"
refuses 2 'pipe: not a regular file' "$work/pipe" "$work/out"
refuses 1 'stat: is longer than the 0 bytes' /proc/self/stat "$work/out"
refuses 2 'a place of its own' "$work/in" "$work/in"
refuses 2 'full: not a regular file, and not replaced' "$work/in" /dev/full
refuses 2 'missing/out: cannot be written: No such file' "$work/in" "$work/missing/out"
refuses 2 'accepted are 4096 to 16777216' --block 4095 "$work/in" "$work/out"
refuses 2 'accepted are 1 to 64' --depth 65 "$work/in" "$work/out"
refuses 2 'two files are wanted' "$work/in"
refuses 3 'there is no such DMA device' --dma-dev nobody "$work/in" "$work/out"
cmp -s <(head -c 100000 "$work/in") "$work/in" && [ "$(stat -c %s "$work/in")" -eq 100000 ]
count $? "what is refused is left alone"

mkdir "$work/small"
# shellcheck disable=SC2016 # for the shell inside
if unshare -rm true 2>/dev/null; then
	head -c 8000000 /dev/zero >"$work/in"
	unshare -rm --propagation private bash -c '
		mount -t tmpfs -o size=4m none "$1/small" && shift && exec "$@"' - "$work" \
		timeout 60 "$program" "${eal[@]}" -- "$work/in" "$work/small/out" \
		</dev/null >"$work/said" 2>&1
	[ $? -eq 1 ] && grep -q 'small/out: No space left on device, after [0-9]* of 8000000' \
		"$work/said"
	count $? "tells when there is no space"
else
	skipped=$((skipped + 1))
fi

truncate -s 512M "$work/in"
meanwhile truncate -s 1M "$work/in" &
refuses 1 'in: has become shorter' "$work/in" "$work/out"
wait
truncate -s 512M "$work/in"
meanwhile rm "$work/out" &
refuses 1 'out: was written, and is not there any more' "$work/in" "$work/out"
wait

verdict
