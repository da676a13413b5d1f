# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Jobs on MIC cards, and the checks that run them. Sourced after jobs.sh and checks.sh.

MIC_DRIVER=librte_raw_mic.so
MIC_MEGABYTES=256

# with_card COMMAND...: what needs the card `job`, a process that is started for it and ended
with_card()
{
	local slipway=$BUILD/app/slipway work status
	work=$(mktemp -d)
	(
		export SLIPWAY_DIR=$work/run SLIPWAY_CONFIG_DIR=$work/config
		"$slipway" card config job time_scale=100 && "$slipway" card start job && "$@"
		status=$?
		"$slipway" card stop --off --quiet job
		exit $status
	)
	status=$?
	rm -rf "$work"
	return $status
}

# mic_quick_start: what the guide says that a user types first
mic_quick_start()
{
	local work status
	work=$(mktemp -d)
	(
		export SLIPWAY_DIR=$work/run SLIPWAY_CONFIG_DIR=$work/config
		PATH=$BUILD/app:$PATH
		slipway card start mic0 && slipway card boot mic0 && slipway card status mic0 |
			tee "$work/status" && grep -q '^mic0: online' "$work/status"
		status=$?
		slipway card stop --off mic0
		exit $status
	)
	status=$?
	rm -rf "$work"
	return $status
}

# mic_offload MEGABYTES [CARD]: a file of that size and smaller ones hashed by a card
mic_offload()
{
	timeout -k 5 300 "$ROOT/examples/card_offload/card_offload_test.sh" \
		"$BUILD/examples/card_offload" "$@"
}

# mic_bench_all: everything it can do for a moment, for what it checks and not for its figures
mic_bench_all()
{
	local status
	eal_arguments 256 2
	timeout -k 5 60 "$BUILD/app/bench-mic" "${EAL[@]/%$DRIVER/$MIC_DRIVER}" --log-level 4 \
		--vdev=raw_mic0,time_scale=1000 --vdev=raw_mic1,card=job -- --seconds 0.002 \
		--repeats 1 --boots 1 --sizes 64,4K,1M --depths 1,8 \
		--json "$LOGS/bench_mic.json" </dev/null &&
		"$ROOT/app/bench-mic/plot_bench.py" "$LOGS/bench_mic.json" "$LOGS"
	status=$?
	rm -rf "$(eal_directory)/$PREFIX"
	return $status
}

# mic_tests DEVICE [PATTERN]: app/test/mic on that card
mic_tests()
{
	local device=$1
	shift
	eal_arguments 512 3
	# Far up, so that no memory is where the SMPT leads by itself.
	with_eal timeout -k 5 120 "$BUILD/app/slipway-test-mic" "${EAL[@]/%$DRIVER/$MIC_DRIVER}" \
		--base-virtaddr 0x200000000000 --vdev="$device" -- "$@"
}

# mic_tests_socket: the same on the card of with_card, by its socket
mic_tests_socket()
{
	mic_tests "raw_mic0,at=vfu:$SLIPWAY_DIR/cards/job/card"
}

# mic_tests_killed: its process is killed under the driver
mic_tests_killed()
{
	SLIPWAY_TEST_VICTIM=$(cat "$SLIPWAY_DIR/cards/job/pid") \
		mic_tests raw_mic0,card=job 'a_card_that_is_killed*'
}

# mic_rawdev_autotest: the stock suite, which has every raw device test itself
mic_rawdev_autotest()
{
	eal_arguments 512 3
	EAL=("${EAL[@]/%$DRIVER/$MIC_DRIVER}")
	DPDK_TEST=rawdev_autotest stock 45 'raw_mic0) selftest: Passed' dpdk-test "${EAL[@]}" \
		--vdev=raw_mic0,time_scale=100
}

run_mic_tests()
{
	heading "Driver of MIC cards"
	check "slipway-test-mic" mic_tests raw_mic0,time_scale=100,ready_ms=1000
	check "slipway-test-mic step=manual" mic_tests \
		raw_mic0,time_scale=100,ready_ms=1000,step=manual
	check "slipway-test-mic at=vfu, a card that is a process" with_card mic_tests_socket
	check "slipway-test-mic card=, its owner" with_card mic_tests raw_mic0,card=job \
		'*owner*'
	check "stock rawdev_autotest on raw_mic0" mic_rawdev_autotest
}

# Its driver notices within a time that is measured.
run_mic_killed()
{
	check "slipway-test-mic, a card that is killed" with_card mic_tests_killed
}

run_mic_examples()
{
	heading "A card that is a process, and files hashed by cards"
	check "slipway card, as the guide begins" mic_quick_start
	check "a card's process, its hosts and its console" \
		timeout -k 5 120 "$ROOT/app/slipway/card_process_test.sh" "$BUILD/app/slipway" \
		"$BUILD/app/slipway-card-host"
	check "card_offload, $MIC_MEGABYTES MB, a card of its process" mic_offload "$MIC_MEGABYTES"
	check "card_offload, 16 MB, a card that is a process" with_card mic_offload 16 job
}

run_mic_bench()
{
	heading "Benchmark of MIC cards"
	check "bench-mic, every part" with_card mic_bench_all
}
