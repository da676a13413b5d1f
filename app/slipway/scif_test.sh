#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# slipway scifd and slipway scif: what they show of a node, and what they refuse.
# usage: scif_test.sh SLIPWAY LIBSCIF

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
slipway=$(realpath "${1:?usage: scif_test.sh SLIPWAY LIBSCIF}")
library=$(realpath "$2")
limit=10
patience=10
export SLIPWAY_DIR=$work/run
node=
client=

finish()
{
	[ -z "$client" ] || kill "$client" 2>/dev/null
	[ -z "$node" ] || kill "$node" 2>/dev/null
	wait
}

# shows PATTERN COMMAND...: a line of what it says is that
shows()
{
	local pattern=$1 said
	shift
	said=$("$@" 2>&1) || { echo "$said"; return 1; }
	echo "$said"
	grep -qE -- "$pattern" <<<"$said"
}

# has EXPRESSION WHAT: true of the answer to `slipway scif WHAT --json`
has()
{
	"$slipway" scif "$2" --json | tee /dev/stderr | python3 -c "
import json, sys
a = json.load(sys.stdin)
sys.exit(not ($1))"
}

# A second node joins and leaves: nothing is said with --quiet, and without it a line of each.
says_of_nodes()
{
	local other
	"$slipway" scifd --node 1 --join 0 2>"$work/loud" &
	other=$!
	eventually has '[n["online"] for n in a["nodes"]] == [True, True]' nodes || return
	kill $other
	wait $other
	cat "$work/quiet" "$work/loud"
	grep -q "node 0: online" "$work/loud" && ! grep -q . "$work/quiet"
}

# Two looks, and the status when the node has gone meanwhile.
watches()
{
	"$slipway" scif nodes --watch 0.1 --json >"$work/looks" 2>"$work/end" &
	local watcher=$! status
	sleep 0.5
	kill "$node"
	wait "$node"
	node=
	wait "$watcher"
	status=$?
	cat "$work/looks" "$work/end"
	[ $status -eq 1 ] && [ "$(grep -c '"self":0' "$work/looks")" -ge 2 ] &&
		grep -q "nobody serves it" "$work/end"
}

begin_node()
{
	"$slipway" scifd --quiet 2>"$work/quiet" &
	node=$!
	eventually "$slipway" scif nodes
}

begin_client()
{
	mkfifo "$work/input"
	python3 "$here/scif_client.py" "$library" <"$work/input" >"$work/client" &
	client=$!
	exec 3>"$work/input"
	eventually grep -q ready "$work/client"
}

end_client()
{
	exec 3>&-
	wait "$client" || return
	client=
	eventually has 'a["count"] == 0' endpoints
}

hold "help" shows SYNOPSIS "$slipway" scif --help
hold "help of scifd" shows SYNOPSIS "$slipway" scifd --help
hold "help of scif-perf" shows SYNOPSIS "$slipway" scif-perf --help
expect "nothing to show" 2 "accepted is one of nodes" "$slipway" scif
expect "a wrong word" 2 "accepted is one of nodes" "$slipway" scif node
expect "a wrong node" 2 "accepted are 0 to 128" "$slipway" scif nodes --node 129
expect "a wrong time" 2 "accepted are 0.1 to 3600" "$slipway" scif nodes --watch 0
expect "a wrong part" 2 "accepted are trips" "$slipway" scif-perf --parts x
expect "a wrong size" 2 "in steps of 64" "$slipway" scif-perf --copies 65
expect "a wrong time to look" 2 "accepted are 1 to 1000" "$slipway" scifd --poll 0
expect "no node" 1 "nobody serves it" "$slipway" scif nodes
hold "node 0" begin_node
expect "a second engine of it" 1 "another process serves it" "$slipway" scifd
hold "nodes" shows '^ +0  online +0  this one$' "$slipway" scif nodes
hold "a client" begin_client
hold "a listener" shows '^ +[0-9]+  Listening +3000  - +0/4 ' "$slipway" scif endpoints
hold "a connector" shows "^ +$client  Connected +1[0-9]+  0:3000 .* 0 +4090 +1$" \
	"$slipway" scif endpoints
hold "its peer, with five bytes" shows ' Connected +3000  0:1[0-9]+ .* 5 +4095 +0$' \
	"$slipway" scif endpoints
hold "a window" shows "^ +$client .* 8192  r- +0 +1 +0  registered$" "$slipway" scif windows
hold "messages" shows '^CNCT_GNTACK +1 +1$' "$slipway" scif stat
hold "endpoints as JSON" has 'a["count"] == 3 and sorted(e["state"] for e in a["endpoints"]) ==
	["Connected", "Connected", "Listening"]' endpoints
hold "windows as JSON" has 'a["count"] == 1 and a["windows"][0]["prot"] == "r-" and
	a["windows"][0]["length"] == 8192' windows
hold "counters as JSON" has 'a["sent"]["REGISTER"] == 1 and a["connected"] == 2 and
	a["bad_token"] == 0 and a["copies"] == 0' stat
hold "what is held" shows '^windows +2$' "$slipway" scif stat
hold "what is held, as JSON" has 'a["held"]["endpoints"] == 3 and a["held"]["clients"] == 1 and
	a["held"]["heap"] > 0' stat
hold "the client ends, nothing is left" end_client
hold "a node that joins a quiet one" says_of_nodes
hold "a node that is watched, and ends" watches
verdict
