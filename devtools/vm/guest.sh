#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Runs in the guest: what its kernel, its tools, DPDK's driver and ours make of the devices.

. /slipway/devtools/common.sh
. /slipway/devtools/checks.sh
. /slipway/devtools/jobs.sh
ONLY=$(</slipway/only)
mkdir -p "$LOGS"

# DPDK's driver executes MOVDIR64B without asking; ours asks.
MOVDIR64B=$BUILD/app/movdir64b.so
declare -A ID_OF=([2.0]=2710 [2.5]=2714)
# Of version, the address; of those that there are.
declare -A ADDRESS
for version in "${!ID_OF[@]}"; do
	address=$(lspci -Dnd "8086:${ID_OF[$version]}" | cut -d' ' -f1 | head -n 1)
	[ -z "$address" ] || ADDRESS[$version]=$address
done


# named VERSION: lspci has a name for it, and shows both BARs and what a driver looks for
named()
{
	local shown
	shown=$(lspci -nnvv -s "${ADDRESS[$1]}")
	say "$shown"
	grep -q "^.*Co-processor.*DLB $1 \[Dynamic Load Balancer\] \[8086:${ID_OF[$1]}\]" \
		<<<"$shown" &&
		grep -q 'Region 0: Memory at .*64-bit.*size=64M' <<<"$shown" &&
		grep -q 'Region 2: Memory at .*64-bit.*size=4G' <<<"$shown" &&
		grep -q 'FLReset+' <<<"$shown" &&
		grep -q 'MSI-X: Enable- Count=' <<<"$shown"
}

# listed VERSION: dpdk-devbind.py knows it for an event device that no driver has
listed()
{
	local shown
	shown=$(dpdk-devbind.py --status-dev event)
	say "$shown"
	grep -q "^${ADDRESS[$1]} .* unused=vfio-pci,uio_pci_generic" <<<"$shown"
}

# bound DRIVER VERSION...: dpdk-devbind.py gives them to a driver of the kernel, which has them then
bound()
{
	local driver=$1 version shown
	shift
	for version in "$@"; do
		dpdk-devbind.py --bind="$driver" "${ADDRESS[$version]}" || return
	done
	shown=$(dpdk-devbind.py --status-dev event)
	say "$shown"
	for version in "$@"; do
		grep -q "^${ADDRESS[$version]} .* drv=$driver" <<<"$shown" || return
		[ "$(basename "$(readlink "/sys/bus/pci/devices/${ADDRESS[$version]}/driver")")" \
			= "$driver" ] || return
	done
}

# unbound VERSION...: and takes them away
unbound()
{
	local version
	for version in "$@"; do
		dpdk-devbind.py --unbind "${ADDRESS[$version]}" || return
		[ ! -e "/sys/bus/pci/devices/${ADDRESS[$version]}/driver" ] || return
		listed "$version" || return
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

# eventdev DRIVER VERSION TEST ARGUMENT...: one run of dpdk-test-eventdev
eventdev()
{
	local driver=$1 version=$2 test=$3
	shift 3
	eal "$driver" "$version" 3
	stock 90 'Result: Success' "${WITH[@]}" dpdk-test-eventdev "${EAL[@]}" -- \
		--test="$test" --plcores 1 --wlcores 2 --nb_pkts 10000 "$@"
}

# selftest VERSION: the stock driver's own test
selftest()
{
	eal stock "$1" 3
	stock 120 'Test OK' "${WITH[@]}" env DPDK_TEST=eventdev_selftest_dlb2 \
		dpdk-test "${EAL[@]}"
}

# driver_tests DRIVER VERSION DEVARGS PATTERN: app/test on that device
driver_tests()
{
	local arguments=("$4")
	[ "$1" = our ] || arguments=(--foreign "$4")
	eal "$1" "$2" 4 "$3"
	stock 180 '' "${WITH[@]}" slipway-test-event "${EAL[@]}" -- "${arguments[@]}"
}

run_pci()
{
	local version
	heading "What the guest sees"
	for version in "${VERSIONS[@]}"; do
		check "lspci names DLB $version" named "$version"
		check "dpdk-devbind.py lists DLB $version" listed "$version"
	done
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
			check "$driver driver: order_queue $version" \
				eventdev $driver "$version" order_queue
		done
	done
	check "stock driver: perf_atq --stlist a,o $FIRST" \
		eventdev stock "$FIRST" perf_atq --stlist a,o
	check "our driver: perf_atq --stlist a,o $FIRST" eventdev our "$FIRST" perf_atq --stlist a,o
	check "our driver: slipway-test-event, interrupts, $FIRST" \
		driver_tests our "$FIRST" ,wait=interrupt 'sleep*'
	check "stock driver: eventdev_selftest_dlb2 $FIRST" selftest "$FIRST"
}

run_uio()
{
	local driver
	heading "uio_pci_generic, physical addresses"
	check "dpdk-devbind.py binds to uio_pci_generic" bound uio_pci_generic "${VERSIONS[@]}"
	for driver in stock our; do
		check "$driver driver: perf_queue --stlist a $FIRST" \
			eventdev $driver "$FIRST" perf_queue --stlist a
	done
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
verdict
