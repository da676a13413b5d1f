#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Runs in the guest: what its kernel, its tools, DPDK's driver and ours make of the devices.

. /slipway/devtools/common.sh
. /slipway/devtools/checks.sh
. /slipway/devtools/jobs.sh
. /slipway/devtools/dsa_jobs.sh
ONLY=$(</slipway/only)
mkdir -p "$LOGS"

# DPDK's driver executes MOVDIR64B without asking; ours asks.
MOVDIR64B=$BUILD/app/movdir64b.so
# A multiple of the bursts that programs send.
EVENTS=10000
declare -A ID_OF=([2.0]=2710 [2.5]=2714)
# Of version, the address; of those that there are.
declare -A ADDRESS
for version in "${!ID_OF[@]}"; do
	address=$(lspci -Dnd "8086:${ID_OF[$version]}" | cut -d' ' -f1 | head -n 1)
	[ -z "$address" ] || ADDRESS[$version]=$address
done
DSA=$(lspci -Dnd 8086:0b25 | cut -d' ' -f1)
MIC=$(lspci -Dnd 8086:225c | cut -d' ' -f1)

# shows DEVICE PATTERN...: lspci says all of that of it; DEVICE as lspci's own option takes it
shows()
{
	local shown pattern
	shown=$(lspci -nnvv "$1")
	say "$shown"
	for pattern in "${@:2}"; do
		grep -q "$pattern" <<<"$shown" || return
	done
}

# named VERSION: lspci has a name for it, and shows both BARs and what a driver looks for
named()
{
	shows "-s${ADDRESS[$1]}" \
		"^.*Co-processor.*DLB $1 \[Dynamic Load Balancer\] \[8086:${ID_OF[$1]}\]" \
		'Region 0: Memory at .*64-bit.*size=64M' \
		'Region 2: Memory at .*64-bit.*size=4G' \
		'FLReset+' 'MSI-X: Enable- Count='
}

# mic_named: a MIC card is a coprocessor with an aperture over its memory, registers and vectors
mic_named()
{
	shows -d8086:225c '^.*Co-processor \[0b40\]: Intel .*\[8086:225c\] (rev 20)' \
		'Region 0: Memory at .*64-bit, prefetchable.*size=256M' \
		'Region 4: Memory at .*64-bit.*size=128K' 'MSI-X: Enable- Count=16'
}

# dsa_named: a DSA is a system peripheral with registers and portals
dsa_named()
{
	shows -d8086:0b25 '^.*System peripheral \[0880\]: Intel .*\[8086:0b25\]' \
		'Region 0: Memory at .*64-bit.*size=64K' \
		'Region 2: Memory at .*64-bit.*size=128K' \
		'FLReset+' 'MSI-X: Enable- Count='
}

# addresses VERSION...: set DEVICES
addresses()
{
	local version
	DEVICES=()
	for version in "$@"; do
		DEVICES+=("${ADDRESS[$version]}")
	done
}

# shown WORDS VERSION...: do these stand behind their addresses, in the list of dpdk-devbind.py? It
# takes seconds here, so it is asked once for all of them.
shown()
{
	local words=$1 device list
	shift
	addresses "$@"
	list=$(dpdk-devbind.py --status-dev event)
	say "$list"
	for device in "${DEVICES[@]}"; do
		grep -q "^$device .* $words" <<<"$list" || return
	done
}

# driver_of ADDRESS: as the kernel has it; nothing if there is none
driver_of()
{
	basename "$(readlink "/sys/bus/pci/devices/$1/driver")"
}

# listed VERSION...: dpdk-devbind.py knows them for event devices that no driver has
listed()
{
	shown 'unused=vfio-pci,uio_pci_generic' "$@"
}

# bound DRIVER VERSION...: dpdk-devbind.py gives them to a driver of the kernel, which has them then
bound()
{
	local driver=$1 device
	shift
	addresses "$@"
	dpdk-devbind.py --bind="$driver" "${DEVICES[@]}" && shown "drv=$driver" "$@" || return
	for device in "${DEVICES[@]}"; do
		[ "$(driver_of "$device")" = "$driver" ] || return
	done
}

# unbound VERSION...: and takes them away
unbound()
{
	local device
	addresses "$@"
	dpdk-devbind.py --unbind "${DEVICES[@]}" && listed "$@" || return
	for device in "${DEVICES[@]}"; do
		[ -z "$(driver_of "$device")" ] || return
	done
}

# eal DRIVER VERSION LCORES [DEVARGS]: set EAL for a program in front of the device, and WITH for
# what it needs in its environment; DRIVER is stock, or our, which then comes first
eal()
{
	PREFIX=slipway-$BASHPID
	EAL=(-m 256 --no-telemetry -a "${ADDRESS[$2]}${4:-}" --file-prefix "$PREFIX"
		--lcores "(0-$(($3 - 1)))@($CPUS)")
	WITH=(env)
	if [ "$1" = our ]; then
		EAL+=("${LOAD[@]}")
	else
		WITH=(env "LD_PRELOAD=$MOVDIR64B")
	fi
}

# every_event TEST LOG: perf_* say how many events came through, in hexadecimal digits; order_*
# check each one themselves, and count down to the word of success
every_event()
{
	[[ $1 != perf_* ]] || grep -q "^Worker 0 packets: $(printf %x $EVENTS) " "$2"
}

# eventdev DRIVER VERSION TEST ARGUMENT...: one run of dpdk-test-eventdev
eventdev()
{
	local driver=$1 version=$2 test=$3 log status
	shift 3
	log=$(mktemp)
	eal "$driver" "$version" 3
	stock 90 'Result: Success' "${WITH[@]}" dpdk-test-eventdev "${EAL[@]}" -- \
		--test="$test" --plcores 1 --wlcores 2 --nb_pkts $EVENTS "$@" >"$log" &&
		every_event "$test" "$log"
	status=$?
	cat "$log"
	rm -f "$log"
	return $status
}

# selftest VERSION: the stock driver's own test
selftest()
{
	eal stock "$1" 3
	stock 120 'Test OK' "${WITH[@]}" env DPDK_TEST=eventdev_selftest_dlb2 \
		dpdk-test "${EAL[@]}"
}

# alone_bound DRIVER ADDRESS: dpdk-devbind.py gives a device that is no event device to a driver of
# the kernel
alone_bound()
{
	dpdk-devbind.py --bind="$1" "$2" && [ "$(driver_of "$2")" = "$1" ]
}

# dsa_eal: set EAL for a program in front of the DSA, with our driver
dsa_eal()
{
	PREFIX=slipway-$BASHPID
	EAL=(-m 256 --no-telemetry -a "$DSA" --file-prefix "$PREFIX" --lcores "(0-2)@($CPUS)"
		"${LOAD[@]/%$DRIVER/$DSA_DRIVER}")
}

# dsa_asks_the_cpu: a portal takes 64 bytes at once, and QEMU's processor has no store of that size:
# our driver says so, and lets the device be
dsa_asks_the_cpu()
{
	local log
	log=$(mktemp)
	dsa_eal
	stock 60 '' slipway-test-dma "${EAL[@]}" -- 'the_info*' >"$log" && return 1
	cat "$log"
	grep -q "^$DSA: .*this CPU has no MOVDIR64B" "$log" &&
		grep -q "Requested device $DSA cannot be used" "$log"
}

# dsa_tests_guest PATTERN: what there is in app/test/dma that submits nothing, so the driver is told
# of an instruction that it does not get to. The others install handlers of their own for SIGILL,
# which the shim needs.
dsa_tests_guest()
{
	dsa_eal
	stock 120 '' env SLIPWAY_CPU=+movdir64b slipway-test-dma "${EAL[@]}" -- "$1"
}

# dsa_guest_autotest: the stock suite, errors included. The shim stores in pieces of 8 bytes, which
# the server is asked to gather.
dsa_guest_autotest()
{
	local log status
	log=$(mktemp)
	dsa_eal
	# Its words are judged by device.
	BAD_WORDS='deadlock|insecure' stock 120 'Test OK' env SLIPWAY_CPU=+movdir64b \
		"LD_PRELOAD=$MOVDIR64B" DPDK_TEST=dmadev_autotest dpdk-test "${EAL[@]}" >"$log"
	status=$?
	sed 's/.*\r//' "$log"
	dsa_accept "$DSA" "$log" || status=1
	rm -f "$log"
	return $status
}

# mic_eal: set EAL for a program in front of the card, with our driver
mic_eal()
{
	PREFIX=slipway-$BASHPID
	EAL=(-m 256 --no-telemetry -a "$MIC" --file-prefix "$PREFIX" --lcores "(0-2)@($CPUS)"
		"${LOAD[@]/%$DRIVER/librte_raw_mic.so}")
}

# mic_tests PATTERN...: app/test/mic on the card
mic_tests()
{
	mic_eal
	stock 300 '' slipway-test-mic "${EAL[@]}" -- "$@"
}

# mic_rawdev_autotest: the stock suite, on the card
mic_rawdev_autotest()
{
	mic_eal
	stock 90 "mic_$MIC) selftest: Passed" env DPDK_TEST=rawdev_autotest dpdk-test "${EAL[@]}"
}

# driver_tests DRIVER VERSION DEVARGS PATTERN: app/test on that device
driver_tests()
{
	local arguments=("$4")
	[ "$1" = our ] || arguments=(--foreign "$4")
	eal "$1" "$2" 4 "$3"
	stock 180 '' "${WITH[@]}" slipway-test-event "${EAL[@]}" -- "${arguments[@]}"
}

# killed DRIVER VERSION: a program that ends in the middle of its work is no harm to the next one
killed()
{
	local job tick
	eal "$1" "$2" 3
	"${WITH[@]}" dpdk-test-eventdev "${EAL[@]}" -- --test=perf_queue --plcores 1 --wlcores 2 \
		--stlist a --nb_pkts 0 </dev/null >"$OUT/killed" 2>&1 &
	job=$!
	for ((tick = 0; tick < 300; tick++)); do
		grep -q ' mpps avg 0\.[0-9]*[1-9]' "$OUT/killed" && break
		sleep 0.1
	done
	kill -KILL $job
	wait $job
	cat "$OUT/killed"
	[ $tick -lt 300 ] && eventdev "$1" "$2" perf_queue --stlist a
}

run_pci()
{
	local version
	heading "What the guest sees"
	for version in "${VERSIONS[@]}"; do
		check "lspci names DLB $version" named "$version"
	done
	check "lspci names the DSA" dsa_named
	check "lspci names the MIC" mic_named
	check "dpdk-devbind.py lists them" listed "${VERSIONS[@]}"
}

run_vfio()
{
	local version driver
	heading "vfio-pci, addresses translated by the guest's IOMMU"
	check "dpdk-devbind.py binds to vfio-pci" bound vfio-pci "${VERSIONS[@]}"
	for version in "${VERSIONS[@]}"; do
		for driver in stock our; do
			check "$driver driver: perf_queue --stlist a $version" \
				eventdev $driver "$version" perf_queue --stlist a
		done
	done
	for driver in stock our; do
		check "$driver driver: order_queue $FIRST" eventdev $driver "$FIRST" order_queue
		check "$driver driver: perf_atq --stlist a,o $FIRST" \
			eventdev $driver "$FIRST" perf_atq --stlist a,o
		check "$driver driver: killed at work, and again $FIRST" killed $driver "$FIRST"
	done
	check "stock driver: eventdev_selftest_dlb2 $FIRST" selftest "$FIRST"
	check "our driver: slipway-test-event, sleep and wake $FIRST" \
		driver_tests our "$FIRST" ,wait=interrupt '*wake*'
	check "dpdk-devbind.py binds the DSA to vfio-pci" alone_bound vfio-pci "$DSA"
	check "our driver: asks the CPU before it takes the DSA" dsa_asks_the_cpu
	check "our driver: slipway-test-dma on the DSA, what it says of itself" \
		dsa_tests_guest 'the_info*'
	check "our driver: slipway-test-dma on the DSA, what it refuses" dsa_tests_guest 'bad_c*'
	check "our driver: stock dmadev_autotest on the DSA" dsa_guest_autotest
	check "dpdk-devbind.py binds the MIC to vfio-pci" alone_bound vfio-pci "$MIC"
	check "our driver: slipway-test-mic" mic_tests
	check "our driver: stock rawdev_autotest on the MIC" mic_rawdev_autotest
}

run_uio()
{
	local driver
	heading "uio_pci_generic, physical addresses"
	check "dpdk-devbind.py binds to uio_pci_generic" bound uio_pci_generic "${VERSIONS[@]}"
	for driver in stock our; do
		check "$driver driver over uio: perf_queue --stlist a $FIRST" \
			eventdev $driver "$FIRST" perf_queue --stlist a
	done
	check "dpdk-devbind.py binds the DSA to uio_pci_generic" alone_bound uio_pci_generic "$DSA"
	check "our driver over uio: slipway-test-dma on the DSA, what it refuses" \
		dsa_tests_guest 'bad_c*'
	check "dpdk-devbind.py binds the MIC to uio_pci_generic" alone_bound uio_pci_generic "$MIC"
	check "our driver over uio: slipway-test-mic, copies" mic_tests 'copies_and*'
	check "our driver over uio: stock rawdev_autotest on the MIC" mic_rawdev_autotest
	check "dpdk-devbind.py binds back to vfio-pci" bound vfio-pci "${VERSIONS[@]}"
	check "our driver, once more: order_queue $FIRST" eventdev our "$FIRST" order_queue
	check "dpdk-devbind.py unbinds" unbound "${VERSIONS[@]}"
}

mapfile -t VERSIONS < <(printf '%s\n' "${!ADDRESS[@]}" | sort -r)
FIRST=${VERSIONS[0]:-}
if [ -z "$FIRST" ]; then
	lspci -nn
	die "no DLB on the PCI bus"
fi
run_pci
run_vfio
run_uio
# The verdict is spoken outside, where more is known.
echo "$PASSED $FAILED $SKIPPED" >"$OUT/counts"
printf '%s\n' "${FAILURES[@]}" >"$OUT/failures"
