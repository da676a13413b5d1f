# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Jobs on a DLB that a program sees as a PCI device: `slipway run`, and the checks that run them.
# Sourced after jobs.sh; the checks are run with served_jobs.sh and dsa_jobs.sh, too.
#
# All of them run as the least of users, in a directory of their own, without huge pages, and fail
# when anything is left behind there.

NOBODY=65534
# Who the least of users is, where root runs this.
SHIM_USER=nobody
# More for `slipway run`.
SHIM_OPTIONS=()
SHIM_ADDRESS=0000:7e:00.0

# shim_directory: set DIR to a directory that holds in bin what nobody needs of the build, which may
# lie where nobody can read; and AS_USER to what runs a command there, as nobody where we are root
shim_directory()
{
	DIR=$(mktemp -d) && mkdir "$DIR/bin" &&
		cp "$BUILD"/app/{slipway,libslipway_preload.so,slipway-test-event,bench-trap} \
			"$BUILD/drivers/$DRIVER" "$DIR/bin" || return
	chmod 755 "$DIR"
	AS_USER=(env --chdir "$DIR" SLIPWAY_DIR="$DIR/slipway" XDG_RUNTIME_DIR="$DIR" HOME="$DIR"
		PATH="$DIR/bin:$PATH" LD_LIBRARY_PATH="$DIR/bin")
	[ "$(id -u)" -eq 0 ] && [ $SHIM_USER = nobody ] || return 0
	chown -R $NOBODY "$DIR"
	AS_USER=(setpriv --reuid $NOBODY --regid $NOBODY --clear-groups "${AS_USER[@]}")
}

# as_caller JOB...: that job as the user who runs this
as_caller()
{
	SHIM_USER=caller
	"$@"
}

# left_behind: is anything left of the run in DIR?
left_behind()
{
	local left
	left=$(find "$DIR/slipway" -mindepth 2 2>/dev/null)
	[ -z "$left" ] && return 1
	say "left behind:" "$left"
}

# through_shim DEVICE LIMIT WORD COMMAND...: a stock program in front of a modelled PCI device
through_shim()
{
	local device=$1 limit=$2 word=$3 status
	shift 3
	shim_directory || return
	stock "$limit" "$word" "${AS_USER[@]}" slipway run --device "$device" \
		"${SHIM_OPTIONS[@]}" -- "$@"
	status=$?
	! left_behind || status=1
	rm -rf "$DIR"
	return $status
}

# shim_eal DRIVER MEGABYTES LCORES: set EAL for a program that finds the device on the PCI bus;
# DRIVER is stock, or our, which then comes first
shim_eal()
{
	PREFIX=slipway-$BASHPID
	EAL=(--no-huge -m "$2" --no-telemetry -a $SHIM_ADDRESS --file-prefix "$PREFIX"
		--lcores "(0-$(($3 - 1)))@($CPUS)")
	[ "$1" = stock ] || EAL+=(-d "$DRIVER")
}

# shim_test_eventdev DRIVER VERSION TEST ARGUMENT...: one run of dpdk-test-eventdev
shim_test_eventdev()
{
	local driver=$1 version=$2 test=$3
	shift 3
	shim_eal "$driver" 1024 3
	through_shim "dlb,version=$version" 60 'Result: Success' dpdk-test-eventdev "${EAL[@]}" -- \
		--test="$test" --plcores 1 --wlcores 2 --nb_pkts 100000 "$@"
}

# shim_selftest VERSION: the stock driver's own test
shim_selftest()
{
	shim_eal stock 1024 3
	through_shim "dlb,version=$1" 60 'Test OK' \
		env DPDK_TEST=eventdev_selftest_dlb2 dpdk-test "${EAL[@]}"
}

# shim_driver_tests DRIVER VERSION: app/test on that device
shim_driver_tests()
{
	local arguments=()
	[ "$1" = our ] || arguments=(-- --foreign)
	shim_eal "$1" 512 4
	through_shim "dlb,version=$2" 120 '' \
		slipway-test-event "${EAL[@]}" "${arguments[@]}"
}

# The same, by our driver, with workers that sleep on interrupts through VFIO
shim_sleep_tests()
{
	SHIM_ADDRESS=$SHIM_ADDRESS,wait=interrupt
	shim_driver_tests our 2.5
}

# shim_trace VERSION: a bus trace of the stock driver, from its probe to its end, in either form
shim_trace()
{
	local trace status
	trace=$(mktemp -d)
	# Nobody writes it.
	chmod 777 "$trace"
	shim_eal stock 1024 3
	SHIM_OPTIONS=(--trace "$trace/bus")
	through_shim "dlb,version=$1" 60 'Result: Success' dpdk-test-eventdev "${EAL[@]}" -- \
		--test=perf_queue --plcores 1 --wlcores 2 --nb_pkts 1000 --stlist a &&
		"$BUILD/app/slipway" trace "$trace/bus" >"$trace/text" &&
		grep -m 1 'CM_CFG_PM_PMCSR_DISABLE' "$trace/text" &&
		grep -m 1 'NEW queue 0 atomic' "$trace/text" &&
		"$BUILD/app/slipway" trace --json "$trace/json" "$trace/bus" &&
		python3 "$ROOT/app/slipway/trace_check.py" "$trace/json" any
	status=$?
	rm -rf "$trace"
	return $status
}

# shim_regs: look at the registers of a stock driver's device while it runs
shim_regs()
{
	local seen=no tick job
	shim_eal stock 1024 3
	shim_directory || return
	"${AS_USER[@]}" slipway run --device dlb -- dpdk-test-eventdev "${EAL[@]}" -- \
		--test=perf_queue --plcores 1 --wlcores 2 --nb_pkts 100000 --stlist a </dev/null &
	job=$!
	for ((tick = 0; tick < 200; tick++)); do
		kill -0 $job 2>/dev/null || break
		sleep 0.02
		"${AS_USER[@]}" slipway regs 2>/dev/null | grep -o '^[0-9]*\.0' >"$DIR/target" &&
			"${AS_USER[@]}" slipway regs "$(<"$DIR/target")" >"$DIR/regs" &&
			grep 'LSP_CQ2PRIOV\[.* V=1$' "$DIR/regs" && seen=yes && break
	done
	wait $job || seen=no
	! left_behind || seen=no
	rm -rf "$DIR"
	[ $seen = yes ]
}

# shim_missing: there is no shim here
shim_missing()
{
	say "slipway run is for x86-64; this is $(uname -m)"
	return 77
}

# shim_no_strays VERSION: does the stock driver touch anything in a BAR that has no name here? A
# register at a wrong offset often shows by nothing else.
shim_no_strays()
{
	local strays status
	shim_eal stock 512 4
	shim_directory || return
	stock 60 '' "${AS_USER[@]}" slipway run --trace "$DIR/trace" \
		--device "dlb,version=$1" -- \
		slipway-test-event "${EAL[@]}" -- --foreign 'a_link*' &&
		"$BUILD/app/slipway" trace "$DIR/trace" >"$DIR/text"
	status=$?
	strays=$(grep -o '\(read\|write\|post\) BAR[0-9]+[^:]*' "$DIR/text" | sort | uniq -c)
	[ -z "$strays" ] || {
		say "accesses to nowhere:" "$strays"
		status=1
	}
	rm -rf "$DIR"
	return $status
}

# shim_bench: what the shim costs
shim_bench()
{
	PREFIX=none
	through_shim dlb 60 'over the model' bench-trap
}

# shim_dma_sections LOG QUEUES NAME: has dmadev_autotest left out nothing of so many devices, NAME0
# and on?
shim_dma_sections()
{
	local q status=0
	for ((q = 0; q < $2; q++)); do
		dsa_accept "$3$q" "$1" || status=1
	done
	return $status
}

# shim_dma_autotest VERSION QUEUES [OPTION...]: the stock dma/idxd, which makes a DMA device of each
# work queue, under dmadev_autotest; OPTIONs are for slipway run
shim_dma_autotest()
{
	local version=$1 queues=$2 log status
	shift 2
	log=$(mktemp)
	SHIM_OPTIONS=("$@")
	SHIM_ADDRESS=$SHIM_ADDRESS,max_queues=$queues shim_eal stock 512 3
	# Its words are judged here, by device.
	BAD_WORDS='deadlock|insecure|IDXD:' through_shim "dsa,version=$version" 60 'Test OK' \
		env DPDK_TEST=dmadev_autotest dpdk-test "${EAL[@]}" --iova-mode=va >"$log"
	status=$?
	sed 's/.*\r//' "$log"
	shim_dma_sections "$log" "$queues" 0000:7e:00.0-q || status=1
	rm -f "$log"
	return $status
}

# shim_dma_trace VERSION: what the stock dma/idxd does to a device that it finds, in words
shim_dma_trace()
{
	local trace status
	trace=$(mktemp -d)
	# Nobody writes it.
	chmod 777 "$trace"
	shim_eal stock 512 3
	SHIM_OPTIONS=(--trace "$trace/bus")
	through_shim "dsa,version=$1" 60 'Test OK' \
		env DPDK_TEST=version_autotest dpdk-test "${EAL[@]}" --iova-mode=va &&
		"$BUILD/app/slipway" trace "$trace/bus" >"$trace/text" &&
		grep -m 1 'write WQCFG_DW2\[0\]: .*MODE 1.*PRIORITY 1' "$trace/text" &&
		grep -m 1 'write CMD: .*CODE 1' "$trace/text" &&
		! grep -m 5 '\(read\|write\|post\) BAR[0-9]+' "$trace/text"
	status=$?
	rm -rf "$trace"
	return $status
}

# The driver that others wrote, and then ours, on a device that both find on the PCI bus.
run_shim()
{
	heading "A modelled PCI device, as an ordinary user"
	if [ ! -f "$BUILD/app/libslipway_preload.so" ]; then
		check "PCI, slipway run" shim_missing
		return
	fi
	at_once run_shim_programs
	check "bench-trap" shim_bench
	heading "A PCI device that another process serves"
	at_once run_shim_served
	check "PCI, stock driver, served: a server that is killed" served_lost
}

run_shim_programs()
{
	local driver version stages test
	for driver in stock our; do
		for stages in a o p; do
			check "PCI, $driver driver: perf_queue --stlist $stages 2.0" \
				shim_test_eventdev $driver 2.0 perf_queue --stlist $stages
		done
		check "PCI, $driver driver: perf_atq 2.0" \
			shim_test_eventdev $driver 2.0 perf_atq --stlist a
		for test in order_queue order_atq; do
			check "PCI, $driver driver: $test 2.0" shim_test_eventdev $driver 2.0 $test
		done
		check "PCI, $driver driver: perf_queue --stlist a 2.5" \
			shim_test_eventdev $driver 2.5 perf_queue --stlist a
	done
	for version in "${VERSIONS[@]}"; do
		check "PCI, stock driver: eventdev_selftest_dlb2 $version" shim_selftest "$version"
		check "PCI, stock driver: every register is known $version" shim_no_strays "$version"
		for driver in stock our; do
			check "PCI, $driver driver: slipway-test-event $version" \
				shim_driver_tests $driver "$version"
		done
	done
	check "PCI, our driver: slipway-test-event wait=interrupt" shim_sleep_tests
	check "PCI, stock driver: slipway regs, live" shim_regs
	for version in "${VERSIONS[@]}"; do
		check "PCI, stock driver: slipway trace $version" shim_trace "$version"
	done
	for driver in stock our; do
		check "PCI, $driver driver, as the caller: perf_queue --stlist a 2.5" as_caller \
			shim_test_eventdev $driver 2.5 perf_queue --stlist a
		check "PCI, $driver driver, as the caller: slipway-test-event 2.0" as_caller \
			shim_driver_tests $driver 2.0
	done
	check "PCI, stock dma/idxd: dmadev_autotest, 8 queues 1.0" shim_dma_autotest 1.0 8
	check "PCI, stock dma/idxd: dmadev_autotest, 1 queue 2.0" shim_dma_autotest 2.0 1
	for version in 1.0 2.0; do
		check "PCI, stock dma/idxd: slipway trace $version" shim_dma_trace "$version"
	done
}

run_shim_served()
{
	check "PCI, stock dma/idxd, served: dmadev_autotest, 2 queues 2.0" \
		served_dma 2.0 2 --threads 1
	check "PCI, stock driver, served: perf_queue, order_queue 2.5" served_stock 2.5
	check "PCI, stock driver, served, by messages: perf_queue, order_queue 2.0" \
		served_stock 2.0 --no-share
	check "PCI, our driver, served: sleepers wake" served_sleepers
}
