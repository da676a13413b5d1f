# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# The tree for aarch64: it compiles without a warning, and its tests run under QEMU's user mode.
# Sourced after jobs.sh and checks.sh.
#
# What shows here is what another CPU's instructions, calls and sizes change. Orders of memory do
# not: QEMU keeps those of this machine.

. "$ROOT/devtools/aarch64/common.sh"

# aarch64_beyond_qemu NAME: why QEMU 7.2's user mode cannot run that suite, or nothing
aarch64_beyond_qemu()
{
	case $1 in
	portal_level_test | scif_far_test | scif_far_memory_test | scif_hostile_test | \
	scif_stopped_test)
		say "it starts programs, and the kernel starts those of its own CPU only" ;;
	scif_area_test | scif_cancel_test | scif_convert_test | scif_copy_test | \
	scif_descriptor_test | scif_ended_test | scif_errno_test | scif_fence_test | \
	scif_fork_test | scif_heap_test | scif_local_test | scif_memory_test | \
	scif_oracle_test | scif_refused_test | scif_rma_test | dsa_settle_test)
		say "there are no process_vm_readv() and userfaultfd()" ;;
	vfu_client_share_test) say "there is no MAP_FIXED_NOREPLACE" ;;
	vfu_conn_test | vfu_peer_header_test) say "there is no MSG_CTRUNC" ;;
	vfu_peer_map_test) say "it counts mappings, of which QEMU shows its own" ;;
	dlb_wakeup_test) say "its threads, 50,000 one after the other, take minutes" ;;
	esac
}

# aarch64_unit_test NAME: leaks are looked for by ptrace, which is not there
aarch64_unit_test()
{
	local why
	why=$(aarch64_beyond_qemu "$1")
	if [ -n "$why" ]; then
		say "not under QEMU's user mode: $why"
		return 77
	fi
	ASAN_OPTIONS=detect_leaks=0 "$ROOT/devtools/unit-test.py" "$AARCH64_BUILD" "$1" \
		"$AARCH64/bin/run"
}

# aarch64_driver_tests PROGRAM DRIVER DEV EAL-ARGUMENT...: a driver's tests on a model in process
aarch64_driver_tests()
{
	local program=$1 driver=$2 device=$3
	shift 3
	PREFIX=slipway-$BASHPID
	with_eal timeout -k 5 600 "$AARCH64/bin/run" "$AARCH64_BUILD/app/$program" --no-pci \
		--no-huge -m 512 --no-telemetry --file-prefix "$PREFIX" --lcores "(0-3)@($CPUS)" \
		-d "$AARCH64_BUILD/drivers/$driver" --vdev="$device" "$@"
}

# Longer than the rest of a test without --long, so only where it is asked for.
aarch64_wanted()
{
	[ $LONG = yes ] || [[ $ONLY = *aarch64* ]]
}

# The build comes first whatever the pattern, and the tests only where it passed.
run_aarch64()
{
	local before=$PASSED
	aarch64_wanted || return
	heading "For aarch64"
	ONLY='*' check "aarch64: builds, without warnings" \
		"$ROOT/devtools/aarch64/build.sh" -Dwerror=true
	[ "$PASSED" -gt "$before" ] && at_once run_aarch64_tests
}

run_aarch64_tests()
{
	local name version
	for name in $("$ROOT/devtools/unit-test.py" "$AARCH64_BUILD"); do
		check "aarch64: $name" aarch64_unit_test "$name"
	done
	for version in 2.0 2.5; do
		check "aarch64: slipway-test-event $version" aarch64_driver_tests \
			slipway-test-event librte_event_dlb.so "event_dlb0,version=$version"
	done
	for version in 1.0 2.0; do
		check "aarch64: slipway-test-dma $version" aarch64_driver_tests \
			slipway-test-dma librte_dma_dsa.so "dma_dsa0,version=$version"
	done
	# Far up, as in mic_jobs.sh.
	check "aarch64: slipway-test-mic" aarch64_driver_tests slipway-test-mic \
		librte_raw_mic.so raw_mic0,time_scale=100,ready_ms=1000 \
		--base-virtaddr 0x200000000000
}
