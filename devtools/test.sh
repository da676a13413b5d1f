#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Every test there is, in the order at the end of this file; the groups are in devtools/*_jobs.sh.
# The last line counts them; the exit status is 0 when none failed.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$ROOT/devtools/checks.sh"

usage()
{
	cat <<-END
	Usage: devtools/test.sh [-y] [--long] [--only PATTERN]

	Sets everything up as devtools/setup.sh does, then runs every test.

	  -y              do not ask before installing packages
	  --long          with the long stress, ten million inputs by the fuzzer, more schedules,
	                  a thousand seeds of the reference checker, a file of 1 GB through
	                  the DSA, ten minutes of SCIF programs, a QEMU guest, and all of it
	                  for aarch64
	  --only PATTERN  only the checks whose name matches, as in --only '*perf_queue*'
	  --help          this text
	END
}

YES=()
STRESS_ENTRIES=4000000
STRESS_SLEEPS=100000
FUZZ_BATCHES=0
LONG=no
CHECK_RUNS=30
WEAVE_DEVIATIONS=4
KILLS=50
CARD_KILLS=20
CARD_BOOTS=40
SCIF_SOAK_SECONDS=20
DSA_MEGABYTES=64
DSA_COPIES=100000
DSA_LENGTHY=()
while [ $# -gt 0 ]; do
	case $1 in
	-y) YES=(-y) ;;
	--long)
		STRESS_ENTRIES=100000000
		STRESS_SLEEPS=10000000
		FUZZ_BATCHES=10
		WEAVE_DEVIATIONS=5
		KILLS=500
		CARD_KILLS=100
		CARD_BOOTS=200
		SCIF_SOAK_SECONDS=600
		CHECK_RUNS=1000
		DSA_MEGABYTES=1024
		DSA_COPIES=1000000
		DSA_LENGTHY=(--long)
		CHECK_LIMIT=7200
		LONG=yes
		;;
	--only)
		[ $# -gt 1 ] || die "--only needs a pattern"
		ONLY=$2
		shift
		;;
	--help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument '$1'" ;;
	esac
	shift
done

BEGUN=$EPOCHREALTIME

# under_tsan COMMAND...: where the kernel spreads addresses wider than ThreadSanitizer can map, ask
# it not to
under_tsan()
{
	local log status
	log=$(mktemp)
	"$@" 2>&1 | tee "$log"
	status=${PIPESTATUS[0]}
	if [ "$status" -ne 0 ] && grep -q 'unexpected memory mapping' "$log"; then
		setarch -R "$@"
		status=$?
	fi
	rm -f "$log"
	return "$status"
}

run_plain_tests()
{
	local name names
	heading "Facts, model, shim and tools: plain C, under the address and undefined sanitizers"
	names=$("$ROOT/devtools/unit-test.py" "$BUILD")
	for name in ${names:-unit-tests-listed}; do
		check "$name" "$ROOT/devtools/unit-test.py" "$BUILD" "$name"
	done
}

run_stress()
{
	heading "Model, several threads under ThreadSanitizer"
	check "dlb_stress, $STRESS_ENTRIES entries" \
		under_tsan timeout $((STRESS_ENTRIES / 100000 + 60)) \
		"$BUILD/lib/dlb_stress" "$STRESS_ENTRIES"
	# A hundredth of the entries: each command is settled by several threads.
	check "dsa_stress, $((STRESS_ENTRIES / 100)) commands" \
		under_tsan timeout $((STRESS_ENTRIES / 100000 + 60)) \
		"$BUILD/lib/dsa_stress" "$((STRESS_ENTRIES / 100))"
	check "dsa_stress_regs, $((STRESS_ENTRIES / 20000)) rounds" \
		under_tsan timeout $((STRESS_ENTRIES / 100000 + 60)) \
		"$BUILD/lib/dsa_stress_regs" "$((STRESS_ENTRIES / 20000))"
	check "dsa_stress_irq, $((STRESS_ENTRIES / 200)) rounds" \
		under_tsan timeout $((STRESS_ENTRIES / 100000 + 60)) \
		"$BUILD/lib/dsa_stress_irq" "$((STRESS_ENTRIES / 200))"
	# And as it is: the sanitizer's own fences hide what may be lost.
	check "dsa_stress_irq_plain, $((STRESS_ENTRIES / 50)) rounds" \
		timeout $((STRESS_ENTRIES / 100000 + 60)) \
		"$BUILD/lib/dsa_stress_irq_plain" "$((STRESS_ENTRIES / 50))"
	check "mic_stress, $((STRESS_ENTRIES / 10000)) rounds" \
		under_tsan timeout $((STRESS_ENTRIES / 100000 + 60)) \
		"$BUILD/lib/mic_stress" "$((STRESS_ENTRIES / 10000))"
	check "mic_dma_stress, $((STRESS_ENTRIES / 1000)) jobs of each channel" \
		under_tsan timeout $((STRESS_ENTRIES / 100000 + 60)) \
		"$BUILD/lib/mic_dma_stress" "$((STRESS_ENTRIES / 1000))"
	check "card_stress, $((STRESS_ENTRIES / 10000)) rounds" \
		under_tsan timeout $((STRESS_ENTRIES / 100000 + 60)) \
		"$BUILD/lib/card_stress" "$((STRESS_ENTRIES / 10000))"
	check "scif_stress, $((STRESS_ENTRIES / 10000)) rounds" \
		under_tsan timeout $((STRESS_ENTRIES / 100000 + 60)) \
		"$BUILD/lib/scif/scif_stress" "$((STRESS_ENTRIES / 10000))"
}

run_searches()
{
	local file
	heading "Interleavings of the small concurrent pieces"
	for file in "$ROOT"/lib/verify/*.pml; do
		check "$(basename "$file" .pml)" "$ROOT/devtools/verify.sh" \
			"$(basename "$file" .pml)"
	done
	check "the model's own code, $WEAVE_DEVIATIONS deviations" \
		"$ROOT/devtools/verify_code.sh" "$WEAVE_DEVIATIONS"
}

run_checker()
{
	heading "Model, against the reference interpreter"
	check "check-dlb, $CHECK_RUNS seeds" timeout $((CHECK_RUNS / 2 + 60)) \
		"$BUILD/app/check-dlb" --runs "$CHECK_RUNS" --seed 1 --keep-going --save "$LOGS"
	check "planted bugs are caught" "$ROOT/devtools/plants.sh"
}

run_tool_tests()
{
	heading "slipway, the command"
	check "slipway run and regs" "$ROOT/app/slipway/slipway_test.sh" "$BUILD/app/slipway"
	check "slipway trace" "$ROOT/app/slipway/trace_test.sh" "$BUILD/app/slipway" \
		"$BUILD/app/slipway-trace-generate"
	check "slipway serve" "$ROOT/app/slipway/serve_test.sh" "$BUILD/app/slipway"
	check "slipway serve dsa, slipway dsa" "$ROOT/app/slipway/serve_dsa_test.sh" \
		"$BUILD/app/slipway"
	check "slipway card and mpssd, $CARD_BOOTS boots" timeout 300 \
		"$ROOT/app/slipway/card_test.sh" "$BUILD/app/slipway" "$CARD_BOOTS"
	check "slipway doctor" "$ROOT/app/slipway/doctor_test.sh" "$BUILD/app/slipway"
}

# Programs that pass events as fast as they can: one at a time.
run_tool_loads()
{
	heading "slipway, and programs at work"
	check "slipway dlb and top" dlb_tools
	check "slipway serve --domains" serve_domains
	check "slipway serve at work" serve_tools
}

run_killed_clients()
{
	heading "Clients of a served device, and cards, killed"
	check "$KILLS clients killed" timeout $((KILLS * 2 + 60)) \
		"$ROOT/devtools/kill_client.sh" "$KILLS"
	check "$CARD_KILLS cards killed" "$ROOT/devtools/kill_card.sh" "$CARD_KILLS"
}

# Both drivers in a guest's kernel; skipped where its packages cannot be had.
run_guest()
{
	[ $LONG = yes ] || return
	heading "QEMU guest"
	check "both drivers in a guest" "$ROOT/devtools/vm/run.sh"
}

say "Setting up"
if ! "$ROOT/devtools/setup.sh" "${YES[@]}" --test; then
	FAILED=1
	verdict
	exit 1
fi
# What it installed is needed from here on.
. "$ROOT/devtools/source_jobs.sh"
. "$ROOT/devtools/fuzz_jobs.sh"
. "$ROOT/devtools/jobs.sh"
. "$ROOT/devtools/event_jobs.sh"
. "$ROOT/devtools/shim_jobs.sh"
. "$ROOT/devtools/served_jobs.sh"
. "$ROOT/devtools/dsa_jobs.sh"
. "$ROOT/devtools/dsa_kernel_jobs.sh"
. "$ROOT/devtools/mic_jobs.sh"
. "$ROOT/devtools/scif_jobs.sh"
. "$ROOT/devtools/aarch64_jobs.sh"
rm -rf "$LOGS" && mkdir -p "$LOGS"

# What needs least comes first. Groups whose result does not hang on how long something takes run
# their checks at_once.
run_builds
at_once run_source_checks
at_once run_plain_tests
run_stress
at_once run_searches
at_once run_checker
at_once run_tool_tests
run_tool_loads
at_once run_fuzz
at_once run_driver_tests
run_driver_loads
at_once run_dma_tests
run_killed_clients
at_once run_stock_programs
run_shim
run_guest
run_pcap_jobs
run_stock_examples
at_once run_dsa_stock_suites
at_once run_dsa_kernel
at_once run_dsa_examples
run_dsa_processes
at_once run_mic_tests
run_mic_killed
at_once run_mic_examples
at_once run_scif_tests
run_scif_soak
run_aarch64
heading "Benchmark"
check "bench-event, every layout" bench_layouts
run_dsa_bench
run_mic_bench
run_scif_bench

say "All done in $(seconds "$BEGUN")"
verdict
