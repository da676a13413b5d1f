#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Real packets through a Dynamic Load Balancer that exists only in software: our own pipeline, stock
# DPDK programs, and how fast it is beside DPDK's own software event devices.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage()
{
	cat <<-END
	Usage: devtools/demo.sh [-y]

	Sets everything up as devtools/setup.sh does, then shows slipway at work.

	  -y      do not ask before installing packages
	  --help  this text
	END
}

YES=()
while [ $# -gt 0 ]; do
	case $1 in
	-y) YES=(-y) ;;
	--help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument '$1'" ;;
	esac
	shift
done

BEGUN=$EPOCHREALTIME
LOGS=$CACHE/log/demo
DEV=event_dlb0
SUMMARY=()

# last LOG PATTERN: the last line of a log that matches
last()
{
	grep -aE "$2" "$1" | tail -n 1
}

# show LOG PATTERN: those lines of a log, indented
show()
{
	grep -aE "$2" "$1" | sed 's/^/      /'
}

# summary TEXT VALUE
summary()
{
	SUMMARY+=("$(printf '%-27s %s' "$1" "$2")")
}

# packets TRACE TEXT: that trace through the pipeline
packets()
{
	local log=$LOGS/$1.log
	task "$2: through packet_pipeline, and checked" "$log" \
		pcap_job "$1" $DEV atomic,ordered 2
	show "$log" '^(port  |[01] +net_pcap|received|missing|holds)'
	summary "$2" "$(last "$log" '^right' | tr -cd 0-9) came out right: $(last "$log" '^missing')"
}

show_packets()
{
	say
	say "Packets: pcap in, route lookup, per-flow state, ordered stage, pcap out; two workers"
	task "a trace of 256 flows, IMIX sizes" "$LOGS/generate.log" generated_trace
	task "the captures of Debian's tcpdump source package" "$LOGS/merge.log" captures_trace
	sed 's/^/      /' "$TRACES/captures.txt"
	packets generated "200,000 generated packets"
	packets captures "captured packets"
}

show_stock()
{
	local test
	say
	say "Stock DPDK programs, unmodified, with our driver loaded"
	for test in perf_queue perf_atq; do
		task "dpdk-test-eventdev $test, stages o,a" "$LOGS/$test.log" \
			dpdk_test_eventdev $test $DEV --stlist o,a --nb_pkts 1000000
	done
	task "dpdk-test-eventdev order_queue" "$LOGS/order_queue.log" \
		dpdk_test_eventdev order_queue $DEV --nb_pkts 1000000
	task "dpdk-test eventdev_common_autotest" "$LOGS/common.log" \
		dpdk_test eventdev_common_autotest $DEV,max_queues=8
	task "building l2fwd-event" "$LOGS/l2fwd-build.log" build_example l2fwd-event
	task "building eventdev_pipeline" "$LOGS/pipeline-build.log" build_example eventdev_pipeline
	task "l2fwd-event: 200,000 packets, checked" "$LOGS/l2fwd.log" stock_l2fwd $DEV atomic
	task "eventdev_pipeline: 200,000 packets, checked" "$LOGS/pipeline.log" \
		stock_pipeline $DEV
	summary "stock programs" "dpdk-test-eventdev, dpdk-test, l2fwd-event, eventdev_pipeline"
}

show_shim()
{
	[ -f "$BUILD/app/libslipway_preload.so" ] || return 0
	say
	say "DPDK's driver for the silicon, unmodified, on a modelled PCI device: slipway run, as nobody"
	task "dpdk-test-eventdev perf_queue, stages o,a" "$LOGS/shim-perf_queue.log" \
		shim_test_eventdev stock 2.5 perf_queue --stlist o,a
	task "dpdk-test-eventdev order_queue" "$LOGS/shim-order_queue.log" \
		shim_test_eventdev stock 2.5 order_queue
	task "its own self test" "$LOGS/shim-selftest.log" shim_selftest 2.0
	show "$LOGS/shim-selftest.log" '^(slipway:|.*Probe PCI driver|\*\*\* Running|Selftest passed)'
	summary "stock driver, PCI" "$(last "$LOGS/shim-selftest.log" '^Selftest passed')"
}

show_bench()
{
	say
	say "Speed: one thread produces, schedules and works; million events delivered each second"
	task "bench-event --quick" "$LOGS/bench.log" bench_quick
	sed -n '/^$/,$p' "$LOGS/bench.log"
	# The first ratio of a row is that to event_sw.
	summary "speed beside event_sw" "$(awk '$1 ~ /^(a|p|o|oa)$/ { print $1, $7 }' \
		"$LOGS/bench.log" | paste -s -d ' ')"
}

show_dsa()
{
	local log=$LOGS/dma_pipeline.log
	say
	say "A Data Streaming Accelerator, too: a file through it, with its CRC, and DPDK's own test"
	task "64 MB and smaller files through dma_pipeline, and checked" "$log" \
		dsa_pipeline 64 dma_dsa0 device
	task "dpdk-test dmadev_autotest, shared work queues" "$LOGS/dmadev.log" \
		dsa_autotest dma_dsa0,mode=shared
	summary "a file through the DSA" "$(last "$log" '^CRC32C' | cut -d , -f 1), as it was read"
}

show_summary()
{
	say
	say "It all worked, in $(seconds "$BEGUN"):"
	printf '  %s\n' "${SUMMARY[@]}"
	cat <<-END

	Where to go on:
	  README.md                       what this is, and a map of the tree
	  doc/tour.md                     how one event travels, from enqueue to dequeue
	  doc/getting_started.rst         your own program on the software DLB
	  examples/packet_pipeline/       the pipeline you just saw
	  devtools/test.sh                every test
	  $LOGS
	                                  what the programs printed
	END
}

say "slipway: a Dynamic Load Balancer that exists only in software, and real packets through it"
say
say "Setting up"
"$ROOT/devtools/setup.sh" "${YES[@]}" || exit 1
. "$ROOT/devtools/jobs.sh"
. "$ROOT/devtools/shim_jobs.sh"
. "$ROOT/devtools/dsa_jobs.sh"
rm -rf "$LOGS" && mkdir -p "$LOGS"
show_packets
show_stock
show_shim
show_dsa
show_bench
show_summary
