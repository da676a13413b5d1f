#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Every test there is. The last line counts them; the exit status is 0 when none failed.

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
	                  the DSA, and a QEMU guest
	  --only PATTERN  only the checks whose name matches, as in --only '*perf_queue*'
	  --help          this text
	END
}

YES=()
STRESS_ENTRIES=4000000
STRESS_SLEEPS=100000
# In batches of FUZZ_BATCH inputs, so that there is something to see meanwhile.
FUZZ_BATCHES=0
LONG=no
CHECK_RUNS=30
FUZZ_BATCH=1000000
WEAVE_DEVIATIONS=4
KILLS=50
CARD_KILLS=20
CARD_BOOTS=40
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
		CHECK_RUNS=1000
		DSA_MEGABYTES=1024
		DSA_COPIES=1000000
		DSA_LENGTHY=(--long)
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

# Both versions of the device.
VERSIONS=(2.5 2.0)
BEGUN=$EPOCHREALTIME

# compiled COMPILER DIRECTORY MESON-ARGUMENT...: the tree builds without a warning
compiled()
{
	local compiler=$1 dir=$2
	shift 2
	[ -f "$dir/build.ninja" ] ||
		CC=$compiler meson setup "$dir" "$ROOT" -Dwerror=true "$@" || return
	ninja -C "$dir"
}

# The build that is tested will do, where it is by gcc and warnings are errors in it.
compiled_gcc()
{
	if tr -d ' \n' <"$BUILD/meson-info/intro-buildoptions.json" |
		grep -q '"name":"werror","value":true' &&
		grep -q '"command": "g\?cc ' "$BUILD/compile_commands.json"; then
		ninja -C "$BUILD"
	else
		compiled gcc "$ROOT/build-gcc"
	fi
}

# Files of ours that carry a licence, whether git knows them or not.
sources()
{
	cd "$ROOT" &&
		find . -name '.?*' ! -name .ci -prune -o -path './build*' -prune -o -type f -print |
		grep -E '\.(c|h|def|inc|map|pml|py|rst|sh)$|meson.*(build|txt)$|/\.ci/'
}

spdx_present()
{
	cd "$ROOT" || return
	sources | xargs awk '
		FNR == 1 { licence = 0 }
		FNR > 5 { nextfile }
		FNR <= 4 && /SPDX-License-Identifier: BSD-3-Clause/ { licence = 1 }
		licence && /Copyright\(c\) 2026 The slipway authors/ { print FILENAME; nextfile }' |
		grep -vxFf - <(sources) | sed 's/$/: the first lines do not name licence and authors/'
	[ "${PIPESTATUS[2]}" -eq 1 ]
}

# Every header compiles alone.
headers_alone()
{
	local flags
	cd "$ROOT" || return
	read -ra flags <<<"$(pkg-config --cflags libdpdk)"
	flags+=(-DALLOW_INTERNAL_API -DALLOW_EXPERIMENTAL_API -D_GNU_SOURCE
		-I".sdk/$(pkg-config --modversion libdpdk)"
		-Ilib/spec -Ilib/resource -Ilib/bus -Ilib/model -Ilib/portal -Ilib/access
		-Ilib/model/dlb -Ilib/model/dsa -Ilib/check/dlb -Ilib/ctl -Ilib/share
		-Ilib/model/mic -Ilib/card -Idrivers/common/mic -Idrivers/raw/mic
		-Ilib/scif -Ilib/scif/engine -Ilib/scif/host -Iapp/bench-common
		-Iapp/test/common -Idrivers/dma/dsa)
	sources | grep '\.h$' | xargs -P "$(nproc)" -I{} sh -c \
		'gcc -fsyntax-only -Wall -x c "$@" -I"$(dirname "{}")" -include "{}" /dev/null' \
		sh "${flags[@]}"
}

# No source that the build has never heard of.
sources_built()
{
	local file bad=0
	for file in $(sources | grep '\.c$'); do
		grep -q "/${file#./}\"" {"$BUILD","$ROOT/build-fuzz"}/compile_commands.json && continue
		say "$file: no meson.build names it"
		bad=1
	done
	return $bad
}

scripts_parse()
{
	local file bad=0
	cd "$ROOT" || return
	for file in $(sources | grep '\.sh$') .ci/run; do
		bash -n "$file" || bad=1
	done
	return $bad
}

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

# The fuzz target, in a build of its own.
fuzz_built()
{
	local dir=$ROOT/build-fuzz
	[ -f "$dir/build.ninja" ] ||
		CC=clang meson setup "$dir" "$ROOT" -Dwerror=true -Dfuzz=true || return
	ninja -C "$dir" lib/{dlb,dsa,mic,card}_fuzz lib/scif/scif_fuzz lib/vfu_{message,session,client}_fuzz
}

# One batch of inputs, half of it by each of two processes. What they learn stays for the next; an
# input that breaks something is left beside the logs.
fuzz_batch()
{
	local half learned pid pids=() status=0
	for half in 1 2; do
		learned=$CACHE/fuzz/$half
		mkdir -p "$learned" || return
		timeout 3600 "$ROOT/build-fuzz/lib/dlb_fuzz" -runs=$((FUZZ_BATCH / 2)) \
			-max_len=2048 -verbosity=0 -print_final_stats=1 \
			-artifact_prefix="$LOGS/" "$learned" "$ROOT/lib/model/dlb/corpus" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || status=1
	done
	return $status
}

# dsa_fuzz_batch INPUTS: the same on the DSA
dsa_fuzz_batch()
{
	local learned=$CACHE/fuzz/dsa
	mkdir -p "$learned" || return
	timeout 3600 "$ROOT/build-fuzz/lib/dsa_fuzz" -runs="$1" -max_len=1024 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$LOGS/" "$learned" \
		"$ROOT/lib/model/dsa/corpus"
}

# mic_fuzz_batch INPUTS: the same on the MIC
mic_fuzz_batch()
{
	local learned=$CACHE/fuzz/mic
	mkdir -p "$learned" || return
	timeout 3600 "$ROOT/build-fuzz/lib/mic_fuzz" -runs="$1" -max_len=1024 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$LOGS/" "$learned" \
		"$ROOT/lib/model/mic/corpus"
}

# card_fuzz_batch INPUTS: the same on a card that runs
card_fuzz_batch()
{
	local learned=$CACHE/fuzz/card
	mkdir -p "$learned" || return
	timeout 3600 "$ROOT/build-fuzz/lib/card_fuzz" -runs="$1" -max_len=512 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$LOGS/" "$learned" "$ROOT/lib/card/corpus"
}

# scif_fuzz_batch INPUTS: the same on the engine of a SCIF node
scif_fuzz_batch()
{
	local learned=$CACHE/fuzz/scif
	mkdir -p "$learned" || return
	timeout 3600 "$ROOT/build-fuzz/lib/scif/scif_fuzz" -runs="$1" -max_len=1024 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$LOGS/" "$learned" \
		"$ROOT/lib/scif/engine/corpus"
}

# vfu_fuzz_batch TARGET INPUTS: the same on the sockets
vfu_fuzz_batch()
{
	local learned=$CACHE/fuzz/vfu-$1
	mkdir -p "$learned" || return
	timeout 3600 "$ROOT/build-fuzz/lib/vfu_$1_fuzz" -runs="$2" -max_len=2048 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$LOGS/" "$learned" \
		"$ROOT/lib/fuzz/corpus/$1"
}

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
# these cases are left out.
served_tests_huge()
{
	local pages=/proc/sys/vm/nr_hugepages before dir status
	before=$(cat $pages)
	dir=$(mktemp -d)
	if ! { [ "$before" -ge 160 ] || echo 160 >$pages; } 2>/dev/null ||
		! mount -t hugetlbfs none "$dir"; then
		say "no huge pages to be had: root may set $pages; without, nothing to see here"
		rmdir "$dir"
		return 0
	fi
	served_tests --huge-dir "$dir" --iova-mode=va
	status=$?
	umount "$dir" && rmdir "$dir"
	[ "$before" -ge 160 ] || echo "$before" >$pages
	return $status
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

docs_built()
{
	sphinx-build -q -W -b html "$ROOT/doc" "$CACHE/doc"
}

run_builds()
{
	heading "Builds, without warnings"
	check "gcc, release" compiled_gcc
	check "clang, every source" "$ROOT/devtools/check-clang.py" "$BUILD"
	[ $LONG = no ] || check "clang, debug" compiled clang "$ROOT/build-clang" --buildtype=debug
	check "clang, fuzz target" fuzz_built
}

run_source_checks()
{
	heading "Source"
	check "includes follow the rules" "$ROOT/devtools/check-includes.sh"
	check "headers compile alone" headers_alone
	check "licence and authors named" spdx_present
	check "scripts parse" scripts_parse
	check "every source is built" sources_built
	check "every test of the conformance table is there" \
		"$ROOT/devtools/check-conformance.py"
	check "documentation builds" docs_built
}

run_plain_tests()
{
	local name
	heading "Facts, model, shim and tools: plain C, under the address and undefined sanitizers"
	for name in $("$ROOT/devtools/unit-test.py" "$BUILD"); do
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
	check "mic_stress, $((STRESS_ENTRIES / 10000)) rounds" \
		under_tsan timeout $((STRESS_ENTRIES / 100000 + 60)) \
		"$BUILD/lib/mic_stress" "$((STRESS_ENTRIES / 10000))"
	check "card_stress, $((STRESS_ENTRIES / 10000)) rounds" \
		under_tsan timeout $((STRESS_ENTRIES / 100000 + 60)) \
		"$BUILD/lib/card_stress" "$((STRESS_ENTRIES / 10000))"
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

run_check()
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

run_fuzz()
{
	local batch
	heading "Model, hostile driver and host by libFuzzer"
	for ((batch = 1; batch <= FUZZ_BATCHES; batch++)); do
		check "dlb_fuzz, $((batch * FUZZ_BATCH)) inputs" fuzz_batch
	done
	for ((batch = 1; batch <= FUZZ_BATCHES; batch++)); do
		check "dsa_fuzz, $((batch * FUZZ_BATCH)) inputs" dsa_fuzz_batch "$FUZZ_BATCH"
	done
	for ((batch = 1; batch <= FUZZ_BATCHES; batch++)); do
		check "mic_fuzz, $((batch * FUZZ_BATCH)) inputs" mic_fuzz_batch "$FUZZ_BATCH"
	done
	# Each boots a card, twice: fewer of them.
	for ((batch = 1; batch <= FUZZ_BATCHES; batch++)); do
		check "card_fuzz, $((batch * FUZZ_BATCH / 20)) inputs" \
			card_fuzz_batch $((FUZZ_BATCH / 20))
	done
	# Each maps a client's board, which is large: fewer of them.
	for ((batch = 1; batch <= FUZZ_BATCHES; batch++)); do
		check "scif_fuzz, $((batch * FUZZ_BATCH / 50)) inputs" \
			scif_fuzz_batch $((FUZZ_BATCH / 50))
	done
	heading "Sockets, hostile clients, sessions and servers by libFuzzer"
	for ((batch = 1; batch <= FUZZ_BATCHES; batch++)); do
		check "vfu_message_fuzz, $((batch * FUZZ_BATCH * 8 / 10)) inputs" \
			vfu_fuzz_batch message $((FUZZ_BATCH * 8 / 10))
		check "vfu_session_fuzz, $((batch * FUZZ_BATCH * 2 / 10)) inputs" \
			vfu_fuzz_batch session $((FUZZ_BATCH * 2 / 10))
		check "vfu_client_fuzz, $((batch * FUZZ_BATCH * 5 / 10)) inputs" \
			vfu_fuzz_batch client $((FUZZ_BATCH * 5 / 10))
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

run_killed_clients()
{
	heading "Clients of a served device, and cards, killed"
	check "$KILLS clients killed" timeout $((KILLS * 2 + 60)) \
		"$ROOT/devtools/kill_client.sh" "$KILLS"
	check "$CARD_KILLS cards killed" "$ROOT/devtools/kill_card.sh" "$CARD_KILLS"
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

make_pcap_traces()
{
	heading "Packets, pcap to pcap through packet_pipeline"
	check "packet-trace: the checker sees what is wrong" \
		"$ROOT/app/packet-trace/packet_trace_test.sh" "$BUILD/app/packet-trace"
	check "200,000 generated packets" generated_trace
	check "captures of tcpdump's source package" captures_trace
}

run_pcap_jobs()
{
	local trace version stages workers
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

build_stock_examples()
{
	heading "DPDK's examples, pcap to pcap"
	check "l2fwd-event builds" build_example l2fwd-event
	check "eventdev_pipeline builds" build_example eventdev_pipeline
}

run_stock_examples()
{
	check "l2fwd-event, atomic, 2.5" stock_l2fwd event_dlb0 atomic
	check "l2fwd-event, ordered, 2.0" stock_l2fwd event_dlb0,version=2.0 ordered
	check "eventdev_pipeline, 2.5" stock_pipeline event_dlb0
	check "eventdev_pipeline, 2.0" stock_pipeline event_dlb0,version=2.0
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
. "$ROOT/devtools/jobs.sh"
. "$ROOT/devtools/shim_jobs.sh"
. "$ROOT/devtools/served_jobs.sh"
. "$ROOT/devtools/dsa_jobs.sh"
. "$ROOT/devtools/dsa_kernel_jobs.sh"
. "$ROOT/devtools/mic_jobs.sh"
. "$ROOT/devtools/scif_jobs.sh"
rm -rf "$LOGS" && mkdir -p "$LOGS"

run_builds
at_once run_source_checks
at_once run_plain_tests
run_stress
at_once run_searches
at_once run_check
at_once run_tool_tests
run_tool_loads
run_fuzz
at_once run_driver_tests
run_driver_loads
at_once run_dma_tests
run_killed_clients
at_once run_stock_programs
run_shim
run_guest
make_pcap_traces
at_once run_pcap_jobs
build_stock_examples
at_once run_stock_examples
at_once run_dsa_stock_suites
at_once run_dsa_kernel
at_once run_dsa_examples
run_dsa_processes
at_once run_mic_tests
run_mic_killed
at_once run_mic_examples
at_once run_scif_tests
heading "Benchmark"
check "bench-event, every layout" bench_layouts
run_dsa_bench
run_mic_bench
run_scif_bench

say "All done in $(seconds "$BEGUN")"
verdict
