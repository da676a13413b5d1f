# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Checks of event devices: our driver, and stock programs on it. Sourced after jobs.sh and checks.sh.

# Both versions of the device.
VERSIONS=(2.5 2.0)

# driver_tests DEV: app/test on that device
driver_tests()
{
	eal_arguments 512 4
	with_eal timeout -k 5 180 "$BUILD/app/slipway-test-event" "${EAL[@]}" --vdev="$1"
}

# driver_tests_served VERSION: the same on a device that another process has
driver_tests_served()
{
	local dir server status
	dir=$(mktemp -d)
	"$BUILD/app/slipway" serve dlb "$dir/dlb" --version "$1" &
	server=$!
	soon test -S "$dir/dlb"
	driver_tests "event_dlb0,at=vfu:$dir/dlb,version=$1"
	status=$?
	kill "$server"
	wait "$server"
	rm -rf "$dir"
	return $status
}

# served_tests EAL-ARGUMENT...: servers that come and go
served_tests()
{
	eal_arguments 256 2
	with_eal timeout -k 5 90 "$BUILD/app/slipway-test-served" \
		"${EAL[@]/--no-huge/--no-telemetry}" "$@" -- "$BUILD/app/slipway"
}

# The same with huge pages, of which secondary processes see the same ones. Where none may be had,
# these cases are left out. A check has a shell of its own: however that ends, nothing is left.
served_tests_huge()
{
	local pages=/proc/sys/vm/nr_hugepages before dir
	before=$(cat $pages)
	dir=$(mktemp -d)
	# shellcheck disable=SC2064
	trap "{ umount -l $dir; rmdir $dir; [ $before -ge 160 ] || echo $before >$pages; } 2>/dev/null" \
		EXIT
	if ! { [ "$before" -ge 160 ] || echo 160 >$pages; } 2>/dev/null ||
		! mount -t hugetlbfs none "$dir"; then
		say "no huge pages to be had: root may set $pages; without, nothing to see here"
		return 77
	fi
	served_tests --huge-dir "$dir" --iova-mode=va
}

# Threads that sleep between two visits of an event: every wake-up has to come.
stress_sleep()
{
	eal_arguments 512 4
	with_eal timeout -k 5 $((STRESS_SLEEPS / 5000 + 60)) "$BUILD/app/slipway-stress-sleep" \
		"${EAL[@]}" --vdev="event_dlb0,version=$1" -- "$STRESS_SLEEPS" "$2"
}

# What a person who looks for a driver of a PCI device is told.
pmdinfo_shows_ids()
{
	local id shown
	shown=$(dpdk-pmdinfo.py "$BUILD/drivers/$DRIVER" | tee /dev/stderr | tr -d ' \n')
	for id in 2710 2714; do
		[[ $shown == *"\"vendor\":\"8086\",\"device\":\"$id\""* ]] || return
	done
}

run_driver_tests()
{
	local version arguments
	heading "Driver"
	check "dpdk-pmdinfo.py shows the PCI ids" pmdinfo_shows_ids
	for version in "${VERSIONS[@]}"; do
		for arguments in "" ,step=manual ,cq=sparse; do
			check "slipway-test-event version=$version$arguments" \
				driver_tests "event_dlb0,version=$version$arguments"
		done
	done
	for version in "${VERSIONS[@]}"; do
		check "slipway-test-event at=vfu, served, $version" driver_tests_served "$version"
	done
}

# Servers come and go at moments of their own, and sleepers are watched.
run_driver_loads()
{
	heading "Driver, its servers and its sleepers"
	check "slipway-test-served" served_tests --no-huge
	check "slipway-test-served, huge pages, secondary process" served_tests_huge
	check "slipway-stress-sleep, $STRESS_SLEEPS sleeps, 2 threads" stress_sleep 2.5 2
	check "slipway-stress-sleep, $STRESS_SLEEPS sleeps, 4 threads" stress_sleep 2.0 4
}

# Most of their time these programs wait: for resets, and for the second in which they say how fast
# they were.
run_stock_programs()
{
	local version
	for version in "${VERSIONS[@]}"; do
		heading "Stock programs, version $version"
		run_stock_suites "$version"
		run_stock_eventdev "$version"
	done
}

run_stock_suites()
{
	local version=$1 device=event_dlb0,version=$1
	check "eventdev_common_autotest $version" \
		dpdk_test eventdev_common_autotest "$device,max_queues=8"
	check "event_eth_rx_adapter_autotest $version" \
		dpdk_test event_eth_rx_adapter_autotest "$device" 4000
	check "event_eth_tx_adapter_autotest $version" \
		dpdk_test event_eth_tx_adapter_autotest "$device"
	check "event_crypto_adapter_autotest $version" \
		dpdk_test event_crypto_adapter_autotest "$device"
}

run_stock_eventdev()
{
	local version=$1 device=event_dlb0,version=$1 test stages
	for test in perf_queue perf_atq; do
		for stages in a o p o,a; do
			check "$test --stlist $stages $version" dpdk_test_eventdev $test "$device" \
				--stlist $stages --nb_pkts 1000000
		done
	done
	for test in order_queue order_atq; do
		check "$test $version" dpdk_test_eventdev $test "$device" --nb_pkts 1000000
	done
	check "perf_queue --prod_type_timerdev $version" \
		dpdk_test_eventdev_timer "$device"
}

run_pcap_jobs()
{
	local trace version stages workers
	heading "Packets, pcap to pcap through packet_pipeline"
	check "packet-trace: the checker sees what is wrong" \
		"$ROOT/app/packet-trace/packet_trace_test.sh" "$BUILD/app/packet-trace"
	check "200,000 generated packets" generated_trace
	check "captures of tcpdump's source package" captures_trace
	for trace in generated captures; do
		for version in "${VERSIONS[@]}"; do
			for stages in atomic ordered,atomic; do
				for workers in 1 2; do
					check "$trace, $stages, workers=$workers, $version" pcap_job \
						$trace "event_dlb0,version=$version" $stages $workers
				done
			done
		done
	done
}

run_stock_examples()
{
	heading "DPDK's examples, pcap to pcap"
	check "l2fwd-event builds" build_example l2fwd-event
	check "eventdev_pipeline builds" build_example eventdev_pipeline
	check "l2fwd-event, atomic, 2.5" stock_l2fwd event_dlb0 atomic
	check "l2fwd-event, ordered, 2.0" stock_l2fwd event_dlb0,version=2.0 ordered
	check "eventdev_pipeline, 2.5" stock_pipeline event_dlb0
	check "eventdev_pipeline, 2.0" stock_pipeline event_dlb0,version=2.0
}
