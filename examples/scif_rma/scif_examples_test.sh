#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# scif_echo and scif_rma: both ends, on one node, and on two each way; and what they refuse.
# usage: scif_examples_test.sh SLIPWAY SCIF_ECHO SCIF_RMA

set -u
slipway=$(realpath "${1:?usage: scif_examples_test.sh SLIPWAY SCIF_ECHO SCIF_RMA}")
echo_program=$(realpath "$2")
rma_program=$(realpath "$3")
work=$(mktemp -d)
export SLIPWAY_DIR=$work/run
nodes=()
failed=0

leave()
{
	[ ${#nodes[@]} -eq 0 ] || kill "${nodes[@]}" 2>/dev/null
	wait
	rm -rf "$work"
}
trap leave EXIT

# check NAME COMMAND...: the command's output is shown if it fails
check()
{
	local name=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		echo "ok $name"
	else
		echo "FAILED $name"
		sed 's/^/    /' "$work/said"
		failed=1
	fi
}

# until_there COMMAND...: 10 s at most
until_there()
{
	local tick
	for ((tick = 0; tick < 200; tick++)); do
		"$@" 2>/dev/null && return
		sleep 0.05
	done
	echo "not there after 10 s: $*"
	return 1
}

# begin_node NODE ARGUMENT...
begin_node()
{
	"$slipway" scifd --quiet --node "$1" "${@:2}" 2>>"$work/nodes" &
	nodes+=($!)
	until_there test -S "$SLIPWAY_DIR/scif/$1.sock"
}

online()
{
	[ "$("$echo_program" nodes | wc -l)" -eq "$1" ]
}

# begin_server NODE PROGRAM [ARGUMENT]: sets server, once it listens
begin_server()
{
	rm -f "$work/server"
	SLIPWAY_SCIF_NODE=$1 timeout -k 5 30 "$2" server 2048 ${3:+"$3"} >"$work/server" 2>&1 &
	server=$!
	until_there grep -q listening "$work/server"
}

# both SERVER-NODE CLIENT-NODE PROGRAM SERVER-ARGUMENT CLIENT-ARGUMENT... : both end well
both()
{
	local to=$1 from=$2 program=$3 server status
	begin_server "$to" "$program" "$4"
	shift 4
	SLIPWAY_SCIF_NODE=$from timeout -k 5 30 "$program" client "$to" 2048 "$@"
	status=$?
	wait "$server" || { echo "server: $?"; cat "$work/server"; status=1; }
	return $status
}

# Three clients at once, each served by a process of its own.
several()
{
	local to=$1 from=$2 server client status=0 clients=()
	begin_server "$to" "$echo_program" 3
	for _ in 1 2 3; do
		SLIPWAY_SCIF_NODE=$from timeout -k 5 30 "$echo_program" client "$to" 2048 500000 &
		clients+=($!)
	done
	for client in "${clients[@]}"; do
		wait "$client" || status=1
	done
	wait "$server" || { cat "$work/server"; status=1; }
	return $status
}

# refuses STATUS WORDS COMMAND...
refuses()
{
	local expected=$1 words=$2 said status
	shift 2
	said=$(timeout 10 "$@" 2>&1)
	status=$?
	echo "$said (status $status)"
	[ $status -eq "$expected" ] && grep -q -- "$words" <<<"$said"
}

check "help of scif_echo" refuses 0 SYNOPSIS "$echo_program" --help
check "help of scif_rma" refuses 0 SYNOPSIS "$rma_program" --help
check "no node" refuses 1 "scif_open: No such file" "$echo_program" client 0
check "a wrong port" refuses 2 "accepted are 1 to 65535" "$echo_program" server 65536
check "a wrong node" refuses 2 "accepted are 0 to 128" "$rma_program" client 129
check "node 0" begin_node 0
check "nobody listens" refuses 1 "Connection refused" "$echo_program" client 0
check "no such node" refuses 1 "No such device" "$rma_program" client 1
check "scif_echo, one node" both 0 0 "$echo_program" 1 300000
check "scif_echo, three clients" several 0 0
check "scif_rma, one node" both 0 0 "$rma_program" ""
check "node 1, joined" begin_node 1 --join 0
check "both nodes are known" until_there online 2
check "scif_echo, from node 1 to 0" both 0 1 "$echo_program" 1 300000
check "scif_echo, from node 0 to 1" both 1 0 "$echo_program" 1 300000
check "scif_echo, three clients, to another node" several 1 0
check "scif_rma, from node 1 to 0" both 0 1 "$rma_program" ""
check "scif_rma, from node 0 to 1" both 1 0 "$rma_program" ""
exit $failed
