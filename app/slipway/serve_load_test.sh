#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# A served device at work: views, faults and recordings of it while bench-event, another process,
# passes events and checks each. Needs python3; usage:
#   serve_load_test.sh PROGRAM BENCH EAL-ARGUMENT...

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
[ $# -ge 2 ] || { echo 'usage: serve_load_test.sh PROGRAM BENCH EAL-ARGUMENT...'; exit 2; }
program=$(realpath "$1")
bench=$2
shift 2
pids=()
finish() {
	kill "${pids[@]}" 2>/dev/null
}
export SLIPWAY_DIR=$work

# view EXPRESSION: is it true of what slipway top says (v)? Ten seconds to become so.
view() {
	local n
	for n in $(seq 25); do
		"$program" top -n 1 -d 0.2 --json dlb0 | tee "$work/view" | python3 -c "
import json, sys
v = json.load(sys.stdin)
port = {p['port']: p for p in v.get('ports', [])}
raise SystemExit(not ($1))" && return
	done
	cat "$work/view"
	return 1
}

# The whole of a recording: it is sound JSON, and holds nothing that the device would not have done.
sound() {
	"$program" trace --json "$work/json" "$work/trace" &&
		python3 "$here/trace_check.py" "$work/json" any &&
		! "$program" trace "$work/trace" | grep 'not taken'
}

flows() {
	[ "$(grep -c '"ph":"f"' "$work/json")" -gt 100 ]
}

"$program" serve dlb dlb0 --stats >"$work/log" 2>&1 &
server=$!
pids+=($server)
eventually test -S "$work/dlb0"
"$bench" "$@" --vdev="event_dlb0,at=vfu:$work/dlb0" -- --layouts cooperative --stages oa \
	--burst 4 --window 64 --flows 64 --seconds 5 --repeats 1 </dev/null >"$work/bench" 2>&1 &
load=$!
pids+=($load)

hold 'events pass' view "v['events']['out'] > 1000"
hold 'posts need no messages' view "v['events']['messages'] < v['events']['in'] / 100"
hold 'nothing is lost' view "v['events']['lost'] == 0 and v['events']['refused'] == 0"
hold 'ports and queues are there' view "len(v['ports']) == 2 and len(v['queues']) == 2"
hold 'a slow consumer' "$program" inject dlb0 slow-consumer ldb:1
hold 'gets nothing' view "port['ldb:1']['delivered'] == 0 and not port['ldb:1']['enabled']"
hold 'and is let go' "$program" inject dlb0 clear
hold 'events pass again' view "v['events']['out'] > 1000"
hold 'a full queue' "$program" inject dlb0 full-queue ldb:0
hold 'fills up' view "v['events']['out'] == 0 and v['queues'][0]['waiting'] > 0"
hold 'and is let go, too' "$program" inject dlb0 clear full-queue
hold 'events pass after that' view "v['events']['out'] > 1000"
hold 'a recording' "$program" trace -o "$work/trace" --seconds 0.1 dlb0
hold 'is sound' sound
hold 'with the way of events' flows
"$program" trace --seconds 1 dlb0 >"$work/text" 2>&1 &
tracer=$!
hold 'a view while it is recorded' view "v['traced'] and v['events']['out'] > 0"
hold 'registers meanwhile' "$program" regs --filter 'LSP_CQ_LDB_TOT*' dlb0
wait $tracer
hold 'events pass unrecorded' view "not v['traced'] and v['events']['out'] > 1000"

wait $load
status=$?
cp "$work/bench" "$work/said"
hold 'every event was accounted for' [ $status -eq 0 ]
kill -TERM $server
wait $server
hold 'the server ends well' [ $? -eq 0 ]
hold 'what came in went out' awk '/events in/ { i = $NF } /events out/ { o = $NF }
	END { exit !(i > 0 && i == o) }' "$work/log"

verdict
