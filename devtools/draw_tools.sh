#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Draws the pictures of slipway top and slipway trace in the guide anew: both are of a served device
# that one thread of bench-event, in another process, keeps busy. usage: devtools/draw_tools.sh

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$ROOT/devtools/jobs.sh"

# EAL refuses drivers below a world-writable directory; sockets have no such trouble.
WORK=$(mktemp -d)
SLIPWAY=$BUILD/app/slipway
export SLIPWAY_DIR=$WORK
PIDS=()
trap '[ ${#PIDS[@]} -eq 0 ] || kill "${PIDS[@]}" 2>/dev/null; wait; rm -rf "$WORK"' EXIT

# until_busy: waits for a client that passes events, ten seconds at most
until_busy()
{
	local n
	for n in $(seq 20); do
		"$SLIPWAY" top -n 1 -d 0.4 --json dlb0 2>/dev/null | python3 -c '
import json, sys
raise SystemExit(json.load(sys.stdin)["events"]["out"] < 1000)' && return
	done
	return 1
}

"$SLIPWAY" serve dlb dlb0 --quiet &
PIDS+=($!)
sleep 0.5
eal_arguments 512 1
"$BUILD/app/bench-event" "${EAL[@]}" --vdev="event_dlb0,at=vfu:$WORK/dlb0" -- \
	--layouts cooperative --stages oa --burst 4 --window 32 --flows 64 --seconds 20 --repeats 1 </dev/null \
	>"$WORK/load" 2>&1 &
PIDS+=($!)
until_busy || die "the load does not run: $(tail -3 "$WORK/load")"

"$SLIPWAY" top -n 2 dlb0 >"$WORK/top" || die "slipway top failed"
"$SLIPWAY" trace --seconds 0.1 --json "$WORK/json" dlb0 || die "slipway trace failed"
python3 "$ROOT/devtools/draw_tools.py" screen 'slipway top dlb0' "$WORK/top" \
	"$ROOT/doc/tools/top.svg" &&
	python3 "$ROOT/devtools/draw_tools.py" trace "$WORK/json" "$ROOT/doc/tools/trace.svg" &&
	say "drawn: doc/tools/top.svg, doc/tools/trace.svg"
