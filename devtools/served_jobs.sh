# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Jobs on a DLB that another process serves, which a program sees as a PCI device: `slipway serve`
# and `slipway run --at`. Sourced after shim_jobs.sh, and as the same least of users.

# What is served.
SERVED=dlb

# serve_begin VERSION OPTION...: a server at DIR/dlb; sets SERVER to its process
serve_begin()
{
	local version=$1
	shift
	shim_directory || return
	"${AS_USER[@]}" slipway serve "$SERVED" "$DIR/dlb" --version "$version" --stats "$@" \
		</dev/null >"$DIR/served" 2>&1 &
	SERVER=$!
	soon test -S "$DIR/dlb" && return
	cat "$DIR/served"
	return 1
}

# serve_end: stop it; what it said is shown, and it must have gone well: the device has reached the
# program's memory by itself
serve_end()
{
	local status
	kill "$SERVER"
	wait "$SERVER"
	status=$?
	cat "$DIR/served"
	[ -e "$DIR/dlb" ] && status=1
	grep -q 'memory written by message  *0$' "$DIR/served" || status=1
	! left_behind || status=1
	rm -rf "$DIR"
	return $status
}

# served_eventdev LIMIT TEST ARGUMENT...: one run of dpdk-test-eventdev with the stock driver
served_eventdev()
{
	local limit=$1 test=$2
	shift 2
	shim_eal stock 512 3
	stock "$limit" 'Result: Success' "${AS_USER[@]}" slipway run --at "$DIR/dlb" -- \
		dpdk-test-eventdev "${EAL[@]}" -- --test="$test" --plcores 1 --wlcores 2 \
		--nb_pkts 10000 "$@"
}

# served_stock VERSION OPTION...: two programs, one after the other, on one served device
served_stock()
{
	local status=0
	serve_begin "$@" || return
	served_eventdev 120 perf_queue --stlist a || status=1
	served_eventdev 120 order_queue || status=1
	serve_end || status=1
	return $status
}

# served_dma VERSION QUEUES OPTION...: the stock dma/idxd on a served DSA, in which it touches nothing
# that has no name
served_dma()
{
	local version=$1 queues=$2 log status SERVED=dsa SHIM_ADDRESS=$SHIM_ADDRESS,max_queues=$2
	shift 2
	log=$(mktemp)
	serve_begin "$version" "$@" || return
	shim_eal stock 512 3
	BAD_WORDS='deadlock|insecure|IDXD:' stock 60 'Test OK' "${AS_USER[@]}" \
		DPDK_TEST=dmadev_autotest slipway run --at "$DIR/dlb" -- \
		dpdk-test "${EAL[@]}" --iova-mode=va >"$log"
	status=$?
	sed 's/.*\r//' "$log"
	shim_dma_sections "$log" "$queues" 0000:7e:00.0-q || status=1
	serve_end >"$log" || status=1
	cat "$log"
	grep -q 'accesses of nothing  *0$' "$log" || status=1
	rm -f "$log"
	return $status
}

# served_sleepers: our driver there, with workers that sleep until the server raises a vector
served_sleepers()
{
	local SHIM_ADDRESS=$SHIM_ADDRESS,wait=interrupt status
	serve_begin 2.5 || return
	shim_eal our 512 4
	stock 60 '' "${AS_USER[@]}" slipway run --at "$DIR/dlb" -- \
		slipway-test-event "${EAL[@]}" -- '*_wakes'
	status=$?
	serve_end || status=1
	return $status
}

# lines_of FILE TEXT: how many lines have it
lines_of()
{
	grep -c -e "$2" "$1"
}

# served_lost: a server that is killed is told of once, and the program goes on
served_lost()
{
	local job tick status=1
	serve_begin 2.5 || return
	shim_eal stock 512 3
	"${AS_USER[@]}" slipway run --at "$DIR/dlb" -- dpdk-test-eventdev "${EAL[@]}" -- \
		--test=perf_queue --plcores 1 --wlcores 2 --nb_pkts 0 --stlist a \
		</dev/null >"$DIR/said" 2>&1 &
	job=$!
	# Until events flow.
	for ((tick = 0; tick < 300; tick++)); do
		grep -q mpps "$DIR/said" && break
		sleep 0.1
	done
	kill -KILL "$SERVER"
	wait "$SERVER" 2>/dev/null
	for ((tick = 0; tick < 100; tick++)); do
		grep -q 'closed the connection' "$DIR/said" && break
		sleep 0.1
	done
	sleep 1
	kill -0 $job && [ "$(lines_of "$DIR/said" 'restart it, then this program')" -eq 1 ] &&
		status=0
	# It waits for events that do not come.
	kill -KILL $job
	wait $job 2>/dev/null
	tail -n 5 "$DIR/said"
	rm -rf "$DIR" "$(eal_directory)/$PREFIX"
	return $status
}
