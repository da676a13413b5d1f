# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Jobs on our device that both the tests and the demonstration run. Sourced after common.sh.
#
# DEV is an event device as --vdev names it, such as event_dlb0,version=2.0. What a job prints is
# its log; it returns 0 only when the work was seen to be done.

TRACES=$CACHE/traces
EXAMPLES=$CACHE/examples
DPDK_EXAMPLES=/usr/share/dpdk/examples
# What a stock program says when it did not do its work; its exit status is 0 all the same.
BAD_WORDS='deadlock|unsupported|insecure|skipping'
# The lines that count such cases, and found none.
GOOD_COUNTS='Tests (Skipped|Unsupported) *: *0$'

load_driver
# A program under way ends by the same key, in its own way.
trap 'rm -rf "$TRACES"/out.*; exit 130' INT

# The CPUs that we may run on, as EAL writes a set.
CPUS=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)

# eal_arguments MEGABYTES LCORES: set EAL to what every program gets. Lcores float: pinned ones that
# poll and share a CPU would starve each other.
eal_arguments()
{
	PREFIX=slipway-$BASHPID
	EAL=(--no-pci --no-huge -m "$1" --file-prefix "$PREFIX"
		--lcores "(0-$(($2 - 1)))@($CPUS)" "${LOAD[@]}")
}

# with_eal COMMAND...: a program of DPDK, and nothing of it is left in EAL's directory
with_eal()
{
	local status
	"$@" </dev/null
	status=$?
	rm -rf "$(eal_directory)/$PREFIX"
	return $status
}

# soon COMMAND...: until it succeeds, for ten seconds at most
soon()
{
	local tick
	for ((tick = 0; tick < 200; tick++)); do
		"$@" && return
		sleep 0.05
	done
	return 1
}

# accept LOG WORD: did the stock program that wrote LOG succeed?
accept()
{
	local log=$1 word=$2
	if grep -Ev "$GOOD_COUNTS" "$log" | grep -iE "$BAD_WORDS"; then
		echo "refused: the program's words above"
		return 1
	fi
	grep -q "$word" "$log" || {
		echo "refused: no word of success ('$word')"
		return 1
	}
}

# stock LIMIT WORD COMMAND...: run a stock program for LIMIT seconds at most; WORD is empty for one
# of ours, whose exit status tells
stock()
{
	local limit=$1 word=$2 log status
	shift 2
	log=$(mktemp)
	timeout -k 5 "$limit" "$@" </dev/null >"$log" 2>&1
	status=$?
	rm -rf "$(eal_directory)/$PREFIX"
	# Stock programs colour their verdicts.
	sed -i 's/\x1b\[[0-9;]*m//g' "$log"
	cat "$log"
	[ $status -eq 124 ] && echo "not finished after $limit s"
	[ $status -eq 0 ] && { [ -z "$word" ] || accept "$log" "$word"; } || status=1
	rm -f "$log"
	return $status
}

# dpdk_test SUITE DEV [MEGABYTES]: one suite of dpdk-test
dpdk_test()
{
	eal_arguments "${3:-512}" 3
	DPDK_TEST=$1 stock 45 'Test OK' dpdk-test "${EAL[@]}" --vdev="$2"
}

# dpdk_test_eventdev TEST DEV ARGUMENT...: one run of dpdk-test-eventdev
dpdk_test_eventdev()
{
	local test=$1 device=$2
	shift 2
	eal_arguments 1024 3
	stock 45 'Result: Success' dpdk-test-eventdev "${EAL[@]}" --vdev="$device" -- \
		--test="$test" --plcores 1 --wlcores 2 "$@"
}

# dpdk_test_eventdev_timer DEV: events made by timers; the timer adapter is a service, of lcore 3
dpdk_test_eventdev_timer()
{
	eal_arguments 1024 4
	stock 45 'Result: Success' dpdk-test-eventdev "${EAL[@]}" -S 3 --vdev="$1" -- \
		--test=perf_queue --plcores 1 --wlcores 2 --stlist a --prod_type_timerdev \
		--nb_timers 20000 --nb_pkts 20000
}

# An empty capture: the input of a port that receives nothing.
empty_pcap()
{
	printf '\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0'
}

# generated_trace: 200,000 packets of known flow and sequence
generated_trace()
{
	mkdir -p "$TRACES"
	[ -f "$TRACES/empty.pcap" ] || empty_pcap >"$TRACES/empty.pcap"
	[ -f "$TRACES/generated.pcap" ] && return
	"$BUILD/app/packet-trace" generate -o "$TRACES/new.pcap" --packets 200000 --flows 256 &&
		mv "$TRACES/new.pcap" "$TRACES/generated.pcap"
}

# captures_trace: the Ethernet packets of the captures in tcpdump's source package
captures_trace()
{
	mkdir -p "$TRACES"
	[ -f "$TRACES/captures.pcap" ] && return
	rm -rf "$CACHE/tcpdump"
	. "$ROOT/devtools/debian_source.sh"
	source_index libdpdk-dev "$(dpkg-query -W -f '${Version}' libdpdk-dev)" || return
	source_package tcpdump "$CACHE/tcpdump" || return
	tar -xaf "$CACHE"/tcpdump/tcpdump_*.orig.tar.?z -C "$CACHE/tcpdump" --wildcards \
		--transform 's|.*/||' '*/tests/*.pcap' '*/tests/*.pcapng' || return
	"$BUILD/app/packet-trace" merge -o "$TRACES/new.pcap" "$CACHE"/tcpdump/*.pcap* \
		>"$TRACES/captures.log" || return
	# Not the name it had while it was written.
	sed 's/, in .*//' "$TRACES/captures.log" >"$TRACES/captures.txt"
	cat "$TRACES/captures.txt"
	mv "$TRACES/new.pcap" "$TRACES/captures.pcap"
	rm -rf "$CACHE/tcpdump"
}

# pcap_job TRACE DEV STAGES WORKERS: TRACE through packet_pipeline, and every packet checked
pcap_job()
{
	local trace=$1 device=$2 stages=$3 workers=$4 routes out status flows=addresses
	[ "$trace" = generated ] && flows=payload
	routes=$ROOT/examples/packet_pipeline/routes.txt
	out=$(mktemp -d "$TRACES/out.XXXXXX")
	eal_arguments 1024 $((workers + 1))
	timeout -k 5 60 "$BUILD/examples/packet_pipeline" "${EAL[@]}" --vdev="$device" \
		--vdev="net_pcap0,rx_pcap=$TRACES/$trace.pcap,tx_pcap=$out/0.pcap" \
		--vdev="net_pcap1,rx_pcap=$TRACES/empty.pcap,tx_pcap=$out/1.pcap" \
		-- --routes "$routes" --stages "$stages" --workers "$workers" --idle-exit 300 \
		</dev/null &&
		"$BUILD/app/packet-trace" check --in "$TRACES/$trace.pcap" \
			--out "$out/0.pcap" "$out/1.pcap" --flows $flows --routes "$routes"
	status=$?
	rm -rf "$out" "$(eal_directory)/$PREFIX"
	return $status
}

# build_example NAME: one of the programs whose sources are in dpdk-doc
build_example()
{
	[ -x "$EXAMPLES/$1/build/$1" ] && return
	mkdir -p "$EXAMPLES"
	cp -r "$DPDK_EXAMPLES/$1" "$EXAMPLES/" && make -C "$EXAMPLES/$1"
}

# Bytes that may be missing in a capture while its writer runs: what stdio buffers.
UNWRITTEN=65536

# until_written FILE LIKE COMMAND...: run a program that never ends by itself, and interrupt it a
# second after FILE has got about as large as LIKE, or when nothing came for ten seconds
until_written()
{
	local file=$1 pid size last=-1 still=0 patience tick like
	like=$(stat -c %s "$2")
	shift 2
	"$@" </dev/null &
	pid=$!
	for ((tick = 0, patience = 100; tick < 600 && still < patience; tick++)); do
		sleep 0.1
		kill -0 $pid 2>/dev/null || break
		size=$(stat -c %s "$file" 2>/dev/null || echo 0)
		[ "$size" -eq "$last" ] && still=$((still + 1)) || still=0
		[ $((size + UNWRITTEN)) -ge "$like" ] && patience=10
		last=$size
	done
	kill -INT $pid 2>/dev/null
	wait $pid
}

# stock_forwarder NAME OUT-PORT DEV LCORES EAL-OR-PROGRAM-ARGUMENT...: the generated trace through
# one of DPDK's example programs, which must hand on every packet as it is, at OUT-PORT
stock_forwarder()
{
	local name=$1 port=$2 device=$3 lcores=$4 out status
	shift 4
	out=$(mktemp -d "$TRACES/out.XXXXXX")
	eal_arguments 1024 "$lcores"
	build_example "$name" &&
		until_written "$out/$port.pcap" "$TRACES/generated.pcap" \
			"$EXAMPLES/$name/build/$name" "${EAL[@]}" \
			--vdev="$device" \
			--vdev="net_pcap0,rx_pcap=$TRACES/generated.pcap,tx_pcap=$out/0.pcap" \
			--vdev="net_pcap1,rx_pcap=$TRACES/empty.pcap,tx_pcap=$out/1.pcap" "$@"
	"$BUILD/app/packet-trace" check --in "$TRACES/generated.pcap" \
		--out "$out/0.pcap" "$out/1.pcap" --flows payload --default-port "$port"
	status=$?
	rm -rf "$out" "$(eal_directory)/$PREFIX"
	return $status
}

# stock_l2fwd DEV TYPE: l2fwd-event, from port 0 to port 1; its adapters are services of lcore 2
stock_l2fwd()
{
	stock_forwarder l2fwd-event 1 "$1" 3 -S 2 -- \
		-p 0x3 --mode=eventdev --eventq-sched="$2" --no-mac-updating
}

# stock_pipeline DEV: eventdev_pipeline, two stages and two workers, back out of the port where the
# packets came in; the addresses it swaps in each stage end up as they were
stock_pipeline()
{
	stock_forwarder eventdev_pipeline 0 "$1" 4 -- \
		-r 0x2 -t 0x2 -e 0x2 -w 0xc -s 2 -n 200000 -W 0
}

# bench LIMIT LCORES ARGUMENT...: our device beside DPDK's own
bench()
{
	local limit=$1 lcores=$2
	shift 2
	eal_arguments 512 "$lcores"
	with_eal timeout -k 5 "$limit" "$BUILD/app/bench-event" "${EAL[@]}" -- "$@"
}

# bench_quick: a quarter of a minute of it, on one thread
bench_quick()
{
	bench 90 1 --quick
}

# bench_layouts: every layout for a moment, for what the bench checks and not for its figures
bench_layouts()
{
	bench 90 2 --seconds 0.01 --repeats 1 --stages a,oa --burst 1,32 --json "$LOGS/bench.json" \
		--layouts cooperative,pair,two-worker,latency,latency-flushed,parts &&
		python3 -m json.tool "$LOGS/bench.json" >/dev/null
}

# serve_domains: several processes on one served device
serve_domains()
{
	timeout -k 5 150 "$ROOT/app/slipway/serve_domains_test.sh" "$BUILD/app/slipway" \
		"$BUILD/app/bench-event" --no-huge -m 256 "${LOAD[@]}"
}

# dlb_tools: slipway dlb and top, on a program with two domains of a device
dlb_tools()
{
	eal_arguments 512 2
	with_eal timeout -k 5 90 "$ROOT/app/slipway/dlb_test.sh" "$BUILD/app/slipway" "$PREFIX" \
		"$BUILD/examples/packet_pipeline" "${EAL[@]}"
}

# serve_tools: what asks a served device, while a program in another process keeps it busy
serve_tools()
{
	eal_arguments 512 1
	with_eal timeout -k 5 90 "$ROOT/app/slipway/serve_load_test.sh" "$BUILD/app/slipway" \
		"$BUILD/app/bench-event" "${EAL[@]}"
}
