# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Jobs on a DSA that the kernel's idxd has, as a program sees it under `slipway run --device
# dsa,kernel`, and the checks that run them. Sourced after shim_jobs.sh and dsa_jobs.sh.
#
# DEVICE is what --device gets: dsa,kernel=dedicated,wqs=2 and the like. All of them run as the
# least of users, without huge pages.

# Queues that DPDK's own driver would take, too, by their names.
KERNEL_NOT_STOCK=(-b wq0.0 -b wq0.1)

# kernel_eal MEGABYTES LCORES: set EAL for a program that finds work queues of the kernel's
kernel_eal()
{
	PREFIX=slipway-$BASHPID
	EAL=(--no-pci --no-huge -m "$1" --iova-mode=va --no-telemetry --file-prefix "$PREFIX"
		--lcores "(0-$(($2 - 1)))@($CPUS)")
}

# kernel_run DEVICE LIMIT WORD COMMAND...: a program in front of such a device; its log on stdout
kernel_run()
{
	local device=$1 limit=$2 word=$3 status
	shift 3
	shim_directory &&
		cp "$BUILD/app/slipway-test-dma" "$BUILD/drivers/$DSA_DRIVER" "$DIR/bin" &&
		chmod -R a+rX "$DIR/bin" || return
	stock "$limit" "$word" "${AS_USER[@]}" slipway run --device "$device" -- "$@"
	status=$?
	! left_behind || status=1
	rm -rf "$DIR"
	return $status
}

# kernel_autotest DEVICE: dmadev_autotest by DPDK's own driver for the kernel's queues, errors
# included, of both queues
kernel_autotest()
{
	local log status queue
	log=$(mktemp)
	kernel_eal 512 2
	BAD_WORDS='deadlock|insecure' kernel_run "$1" 60 'Test OK' \
		env DPDK_TEST=dmadev_autotest dpdk-test "${EAL[@]}" >"$log"
	status=$?
	sed 's/.*\r//' "$log"
	for queue in wq0.0 wq0.1; do
		dsa_accept $queue "$log" || status=1
	done
	rm -f "$log"
	return $status
}

# kernel_driver_tests DEVICE [CPU]: app/test of our driver; CPU as SLIPWAY_CPU has it
kernel_driver_tests()
{
	kernel_eal 512 3
	SLIPWAY_CPU=${2:-} kernel_run "$1" 90 ' 0 failed' slipway-test-dma "${EAL[@]}" \
		"${KERNEL_NOT_STOCK[@]}" -d "$DSA_DRIVER" --vdev=dma_dsa0,at=/dev/dsa/wq0.0
}

# What an administrator types, from a device that is only found to a queue for programs.
KERNEL_SESSION='
set -e
accel-config config-engine dsa0/engine0.0 --group-id=0
accel-config config-wq dsa0/wq0.0 --group-id=0 --mode=shared --wq-size=16 --threshold=15 \
	--priority=10 --type=user --name=myapp --driver-name=user
accel-config enable-device dsa0
accel-config enable-wq dsa0/wq0.0
accel-config list
test -e /dev/dsa/wq0.0
test "$(cat /sys/bus/dsa/devices/wq0.0/state)" = enabled
accel-config disable-wq dsa0/wq0.0
accel-config disable-device dsa0
test ! -e /dev/dsa/wq0.0
! accel-config enable-wq dsa0/wq0.0
echo session done
'

# Debian's accel-config lists what there is, configures, enables and disables
kernel_accel_config()
{
	PREFIX=none
	kernel_run dsa,kernel=shared,wqs=2 20 '"dev":"wq0.1"' accel-config list &&
		kernel_run dsa,kernel=bare,wqs=2 30 'session done' sh -c "$KERNEL_SESSION" |
			tee /dev/stderr | grep -A3 '"dev":"wq0.0"' | grep -q '"size":16'
}

# What our driver says of a queue that nobody has set up: every attribute that is wrong
kernel_says_why()
{
	local log word bad=0
	log=$(mktemp)
	kernel_eal 64 1
	kernel_run dsa,kernel=bare,wqs=2 20 '' slipway-test-dma "${EAL[@]}" -d "$DSA_DRIVER" \
		--vdev=dma_dsa0,at=/dev/dsa/wq0.0 >"$log"
	cat "$log"
	for word in 'state of dsa0 is "disabled"' 'type of wq0.0 is "none"' \
		'driver_name of wq0.0 is ""' 'state of wq0.0 is "disabled"' \
		'group_id of wq0.0 is "-1"' 'name of wq0.0 is ""' 'size of wq0.0 is "0"' \
		'threshold of wq0.0 is "0"'; do
		grep -q "sysfs $word; accepted: " "$log" || { echo "not said: $word"; bad=1; }
	done
	rm -f "$log"
	return $bad
}

run_dsa_kernel()
{
	local version mode
	heading "DSA work queues of the kernel's driver, as an ordinary user"
	if [ ! -f "$BUILD/app/libslipway_preload.so" ]; then
		check "DSA of the kernel's, slipway run" shim_missing
		return
	fi
	for version in "${DSA_VERSIONS[@]}"; do
		check "kernel, stock driver: dmadev_autotest $version" \
			kernel_autotest "dsa,version=$version,kernel=dedicated,wqs=2"
		for mode in "${DSA_MODES[@]}"; do
			check "kernel, our driver: slipway-test-dma $mode $version" \
				kernel_driver_tests "dsa,version=$version,kernel=$mode,wqs=2"
		done
	done
	for mode in "${DSA_MODES[@]}"; do
		check "kernel, our driver: slipway-test-dma $mode, no portals" \
			kernel_driver_tests "dsa,kernel=$mode,rawio=no,wqs=2"
	done
	check "kernel, our driver: slipway-test-dma shared, CPU without ENQCMD" \
		kernel_driver_tests dsa,kernel=shared,wqs=2 -enqcmd
	check "kernel, our driver: says which attribute is wrong" kernel_says_why
	check "kernel, accel-config" kernel_accel_config
}
