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
		grep -qE "nobody serves it|no answer" "$work/end"
}

# to_full_disk ARGUMENT...: what cannot be written
to_full_disk()
{
	timeout 5 "$slipway" "$@" >/dev/full
}

# A node of which --mode says that others may use it, where they cannot get.
warns_of_mode()
{
	timeout 1 "$slipway" scifd --quiet --node 5 --mode 0666 2>"$work/mode"
	cat "$work/mode"
	grep -q -e "--mode 666: others cannot enter $SLIPWAY_DIR, mode 700; set SLIPWAY_DIR" \
		"$work/mode"
}

# A node that has no stderr writes nothing into what it opens instead.
without_stderr()
{
	timeout 1 "$slipway" scifd --node 6 --log-messages 2>&- &
	local other=$! size
	eventually test -S "$SLIPWAY_DIR/scif/6.ctl" || return
	size=$(stat -c %s "$SLIPWAY_DIR/scif/6.lock")
	wait $other
	echo "bytes in 6.lock: $size"
	[ "$size" -eq 0 ]
}

without_stdout()
{
	"$slipway" "$@" >&-
}

# in_place DIR COMMAND...: with that directory of running devices
in_place()
{
	SLIPWAY_DIR=$1 "${@:2}"
}

# of_node N COMMAND...: with that node in the environment
of_node()
{
	SLIPWAY_SCIF_NODE=$1 "${@:2}"
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
mkdir "$work/bad"
touch "$work/bad/scif"
expect "a directory that is none" 1 "/bad/scif/0.lock: Not a directory" \
	in_place "$work/bad" "$slipway" scifd
expect "what to do then" 1 "Not a directory; set SLIPWAY_DIR to a directory" \
	in_place "$work/bad" "$slipway" scifd
expect "its nodes" 1 "/bad/scif/0.ctl: Not a directory" in_place "$work/bad" "$slipway" scif nodes
expect "a path that is too long" 1 "SLIPWAY_DIR is '/$(printf '%0100d' 0)': a path" \
	in_place "/$(printf '%0100d' 0)" "$slipway" scif nodes
expect "a wrong node of the environment" 2 "SLIPWAY_SCIF_NODE is 'x': accepted are 0 to 128" \
	of_node x "$slipway" scifd
expect "no node" 1 "nobody serves it" "$slipway" scif nodes
hold "node 0" begin_node
expect "a second engine of it" 1 "another process serves it" "$slipway" scifd
expect "an engine that --node names" 1 "another process serves it" \
	of_node x "$slipway" scifd --node 0
expect "nodes for a full disk" 1 "cannot write: No space left" to_full_disk scif nodes
expect "JSON for a full disk" 1 "cannot write: No space left" to_full_disk scif stat --json
expect "a watch for a full disk" 1 "cannot write: No space left" to_full_disk scif nodes --watch 0.1
expect "figures for a full disk" 1 "cannot write: No space left" to_full_disk scif-perf \
	--parts trips --messages 8 --seconds 0.001 --repeats 1
expect "nodes without a stdout" 1 "cannot write: Bad file descriptor" without_stdout scif nodes
expect "figures without a stdout" 1 "cannot write: Bad file descriptor" without_stdout scif-perf \
	--parts trips --messages 8 --seconds 0.001 --repeats 1
hold "a node without a stderr" without_stderr
hold "a mode for others who cannot get there" warns_of_mode
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
