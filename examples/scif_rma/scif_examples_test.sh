#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# scif_echo and scif_rma: both ends, on one node, and on two each way; and what they refuse.
# usage: scif_examples_test.sh SLIPWAY SCIF_ECHO SCIF_RMA

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
slipway=$(realpath "${1:?usage: scif_examples_test.sh SLIPWAY SCIF_ECHO SCIF_RMA}")
echo_program=$(realpath "$2")
rma_program=$(realpath "$3")
limit=10
patience=10
export SLIPWAY_DIR=$work/run
nodes=()

finish()
{
	[ ${#nodes[@]} -eq 0 ] || kill "${nodes[@]}" 2>/dev/null
	wait
}

# begin_node NODE ARGUMENT...
begin_node()
{
	"$slipway" scifd --quiet --node "$1" "${@:2}" 2>>"$work/nodes" &
	nodes+=($!)
	eventually test -S "$SLIPWAY_DIR/scif/$1.sock"
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
	eventually grep -q listening "$work/server"
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

# What was begun is carried out later, the last first: who lacks a fence has wrong bytes.
later()
{
	SLIPWAY_SCIF_RMA=worker,delay_us=2000,reorder both "$@"
}

# A server that goes on keeps none of the children that have ended.
reaps()
{
	local server children
	begin_server 0 "$echo_program"
	for _ in 1 2 3 4; do
		timeout -k 5 30 "$echo_program" client 0 2048 1000 || return
	done
	# Not $server itself: that is timeout.
	children=$(pgrep -c -P "$(pgrep -P "$server")")
	kill "$server"
	wait "$server"
	echo "children: $children"
	[ "$children" -le 1 ]
}

expect "help of scif_echo" 0 SYNOPSIS "$echo_program" --help
expect "help of scif_rma" 0 SYNOPSIS "$rma_program" --help
expect "no node" 1 "No such file.*; slipway scifd serves a node" "$echo_program" client 0
expect "a wrong port" 2 "accepted are 1 to 65535" "$echo_program" server 65536
expect "a wrong node" 2 "accepted are 0 to 128" "$rma_program" client 129
expect "a word that is none" 2 "'both' with 0 more: accepted are server" "$echo_program" both
expect "no node to connect to" 2 "'client' with 0 more: .* client NODE" "$rma_program" client
hold "node 0" begin_node 0
expect "nobody listens" 1 "Connection refused" "$echo_program" client 0
expect "no such node" 1 "No such device" "$rma_program" client 1
hold "scif_echo, one node" both 0 0 "$echo_program" 1 300000
hold "scif_echo, three clients" several 0 0
hold "scif_rma, one node" both 0 0 "$rma_program" ""
hold "scif_rma, one node, transfers that take their time" later 0 0 "$rma_program" ""
hold "scif_echo, children that have ended" reaps
hold "node 1, joined" begin_node 1 --join 0
hold "both nodes are known" eventually online 2
hold "scif_echo, from node 1 to 0" both 0 1 "$echo_program" 1 300000
hold "scif_echo, from node 0 to 1" both 1 0 "$echo_program" 1 300000
hold "scif_echo, three clients, to another node" several 1 0
hold "scif_rma, from node 1 to 0" both 0 1 "$rma_program" ""
hold "scif_rma, from node 0 to 1" both 1 0 "$rma_program" ""
hold "scif_rma, from node 0 to 1, transfers that take their time" later 1 0 "$rma_program" ""
verdict
