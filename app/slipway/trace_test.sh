#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# Does slipway trace show what was recorded, and does it survive what was not? Needs python3.
# usage: trace_test.sh SLIPWAY GENERATOR

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
slipway=${1:?usage: trace_test.sh SLIPWAY GENERATOR}
generator=${2:?usage: trace_test.sh SLIPWAY GENERATOR}

# shows NAME PATTERN: the table of the good trace has such a line
shows() {
	expect "the table shows $1" 0 "$2" grep -e "$2" "$work/table"
}

check() {
	python3 "$here/trace_check.py" "$@"
}

good_trace() {
	"$generator" "$work/good" >"$work/delivered" || exit 1
	flows=$(($(paste -sd + "$work/delivered")))
	expect "the table is made" 0 "" "$slipway" trace "$work/good"
	mv "$work/said" "$work/table"
	shows "the device" "begins: model dlb 2.5, device 0 of"
	shows "the other device" " 1 .* begins: model dlb 2.0, device 1 of"
	shows "config space by name" "config write COMMAND: .*value 0x6"
	shows "a capability by name" "config write DevCtl: .*effect function-level reset"
	shows "registers, fields" "write SYS_LDB_QID_CFG_V\[0\]: value 0x2, SN_CFG_V 0, FID_CFG_V 1"
	shows "old values" "write SYS_LDB_QID_CFG_V\[0\]: .*, was 0x0 FID_CFG_V=0$"
	shows "what a read took" " [0-9.]\+  read CHP_CFG_CHP_CSR_CTRL: value 0x"
	shows "commands" "LDB_PP\[63\]: hcw0 NEW queue 0 atomic priority 2 lock 0x0 data 0x1000,"
	shows "all four commands of a line" "hcw3 NEW queue 0 atomic .* data 0x1003$"
	shows "token returns" "post LDB_PP\[.\]: hcw0 BAT_T 1 tokens"
	shows "forwards" "FWD queue 5 directed"
	shows "deliveries" "QE to LDB CQ [0-3]: slot 0, qe queue 0 atomic .* gen 1, .*waited_us"
	shows "directed deliveries" "QE to DIR CQ 5: .*waited_us"
	shows "the reset" "reset: kind function"
	shows "what has no permission" "0xbad1 (not taken: queue not permitted)"
	shows "what is of a wrong type" "0xbad2 (not taken: queue not for ordered events)"
	shows "a forward of nothing" "0xbad3 (not taken: nothing held to forward)"
	shows "a forward of a directed port" "0xbad4 (not taken: not for a directed port)"
	shows "an invalid port" "0xbad5 (not taken: port not valid)"
	expect "every delivery has its enqueue" 1 "" grep "QE to .*depth_code [0-3]$" "$work/table"
	expect "the JSON is made" 0 "" "$slipway" trace --json "$work/json" "$work/good"
	expect "the JSON holds" 0 "events hold" check "$work/json" "$flows"
	expect "JSON goes to standard output" 0 traceEvents "$slipway" trace --json - "$work/good"
	expect "both at once" 0 "QE to DIR" "$slipway" trace --text --json "$work/json" "$work/good"
	expect "one device" 0 "dlb 2.0" "$slipway" trace --device 1 "$work/good"
	mv "$work/said" "$work/table"
	expect "one device only" 1 "" grep "dlb 2.5" "$work/table"
}

# cut BYTES: the first BYTES of the good trace
cut_trace() {
	head -c "$1" "$work/good" >"$work/bad"
}

# spoilt NAME TEXT AT BYTES: the good trace and one more record, in which BYTES lie at AT
spoilt() {
	local size
	size=$(stat -c %s "$work/good")
	# The first record is 96 bytes, a head of 56 and what the device is; the next is a head.
	cut_trace "$size"
	tail -c +97 "$work/good" | head -c 58 >>"$work/bad"
	printf %b "$4" | dd of="$work/bad" bs=1 seek=$((size + $3)) conv=notrunc status=none
	expect "$1" 1 "offset $size: .*$2" "$slipway" trace "$work/bad"
}

damage() {
	local size
	size=$(stat -c %s "$work/good")
	cut_trace $((size - 1))
	expect "a truncated trace" 1 "offset [0-9]*: the file ends within a record" \
		"$slipway" trace --json "$work/json" "$work/bad"
	expect "what was good is converted" 0 "events hold" check "$work/json" any
	cut_trace $((size / 2))
	printf 'this is no record at all, but some text that somebody wrote here' >>"$work/bad"
	expect "a corrupt trace" 1 "offset [0-9]*: " \
		"$slipway" trace --json "$work/json" "$work/bad"
	expect "what comes before is converted" 0 "events hold" check "$work/json" any
	spoilt "another mark" "no record begins here" 0 '\x58\x58'
	spoilt "too many bytes" "more bytes than there can be" 2 '\xff\xff'
	spoilt "an unknown operation" "an operation that is not known" 5 '\x63'
	spoilt "a device that says nothing" "does not say what it is" 5 '\x01'
	spoilt "a device that did not begin" "a device that did not begin" 4 '\x05'
	cut_trace 50
	expect "half a head" 1 "or only the beginning" "$slipway" trace "$work/bad"
	cut_trace 90
	expect "half a device" 1 "or only the beginning" "$slipway" trace "$work/bad"
	tail -c +97 "$work/good" >"$work/bad"
	expect "no device" 1 "is not a bus trace" "$slipway" trace "$work/bad"
	: >"$work/bad"
	expect "an empty trace" 1 "is empty: no device was opened" "$slipway" trace "$work/bad"
	expect "some other file" 1 "is not a bus trace" "$slipway" trace "$here/trace_test.sh"
}

# Whatever the bytes: an answer, not a crash.
noise() {
	local i got wrong=0
	for i in $(seq 1 15); do
		python3 - "$work/good" "$work/bad" "$i" <<-'PYTHON'
			import random, sys
			random.seed(int(sys.argv[3]))
			data = bytearray(open(sys.argv[1], "rb").read())
			at = 0
			# Heads stay sound, so that the noise gets to what is behind them.
			while at < len(data):
			    size = int.from_bytes(data[at + 2:at + 4], "little")
			    if at > 0 and random.random() < 0.05:
			        spot = random.choice([8, 20, 36, 40, 43, 44, 48, 49, 55])
			        data[at + spot] = random.randrange(256)
			    if at > 0 and size and random.random() < 0.2:
			        data[at + 56 + random.randrange(size)] = random.randrange(256)
			    at += 56 + size
			if int(sys.argv[3]) % 3 == 0:
			    for _ in range(3):
			        data[random.randrange(len(data))] = random.randrange(256)
			open(sys.argv[2], "wb").write(data)
		PYTHON
		"$slipway" trace --text --json "$work/json" "$work/bad" >"$work/said" 2>&1
		got=$?
		[ $got -le 1 ] && ! grep -q "Sanitizer\|runtime error" "$work/said" &&
			python3 -c "import json; json.load(open('$work/json'))" || wrong=1
		[ $wrong -eq 0 ] || break
	done
	expect "noise in the trace never crashes (round $i, exit status $got)" 0 "" [ $wrong -eq 0 ]
}

refusals() {
	expect "help" 0 "slipway trace - show" "$slipway" trace --help
	expect "no file" 2 "0 files given: accepted is 1" "$slipway" trace
	expect "two files" 2 "2 files given: accepted is 1" "$slipway" trace a b
	expect "an unknown option" 2 "--frob" "$slipway" trace --frob a
	expect "a device that cannot be" 2 "--device 256: accepted are 0 to 255" \
		"$slipway" trace --device 256 "$work/good"
	expect "a device that is no number" 2 "--device x: accepted are" \
		"$slipway" trace --device x "$work/good"
	expect "a device that is not there" 1 "--device 7: .* has no such device" \
		"$slipway" trace --device 7 "$work/good"
	expect "two outputs at one place" 2 "standard output takes one" \
		"$slipway" trace --json - --text "$work/good"
	expect "a missing file" 1 "nowhere: cannot be read: No such file" \
		"$slipway" trace "$work/nowhere"
	expect "a directory" 1 "cannot be read: Is a directory" "$slipway" trace "$work"
	expect "an output that cannot be" 1 "cannot be written: No such file" \
		"$slipway" trace --json "$work/no/where" "$work/good"
	expect "a full disk" 1 "cannot be written: No space left" \
		"$slipway" trace --json /dev/full "$work/good"
	cp "$work/good" "$work/keep"
	expect "the trace as its output" 1 "that is the trace itself" \
		"$slipway" trace --json "$work/keep" "$work/keep"
	expect "the trace is kept" 0 "" cmp "$work/good" "$work/keep"
}

good_trace
damage
noise
refusals
verdict
