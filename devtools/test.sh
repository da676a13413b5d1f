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
	  --long          with the long stress
	  --only PATTERN  only the checks whose name matches, as in --only '*perf_queue*'
	  --help          this text
	END
}

YES=()
STRESS_ENTRIES=10000000
while [ $# -gt 0 ]; do
	case $1 in
	-y) YES=(-y) ;;
	--long) STRESS_ENTRIES=1000000000 ;;
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

# Files of ours that carry a licence, whether git knows them or not.
sources()
{
	cd "$ROOT" &&
		find . -name '.?*' ! -name .ci -prune -o -path './build*' -prune -o -type f -print |
		grep -E '\.(c|h|def|map|py|rst|sh)$|meson.*(build|txt)$|/\.ci/'
}

spdx_present()
{
	local file bad=0
	cd "$ROOT" || return
	for file in $(sources); do
		[ -f "$file" ] || continue
		head -n 4 "$file" | grep -q 'SPDX-License-Identifier: BSD-3-Clause' &&
			head -n 5 "$file" | grep -q 'Copyright(c) 2026 The slipway authors' && continue
		say "$file: the first lines do not name licence and authors"
		bad=1
	done
	return $bad
}

# Every header compiles alone.
headers_alone()
{
	local header bad=0 flags
	cd "$ROOT" || return
	read -ra flags <<<"$(pkg-config --cflags libdpdk)"
	flags+=(-DALLOW_INTERNAL_API -DALLOW_EXPERIMENTAL_API -D_GNU_SOURCE
		-I".sdk/$(pkg-config --modversion libdpdk)"
		-Ilib/spec -Ilib/bus -Ilib/model -Ilib/access -Ilib/model/dlb)
	for header in $(sources | grep '\.h$'); do
		gcc -fsyntax-only -Wall -x c "${flags[@]}" -I"$(dirname "$header")" \
			-include "$header" /dev/null || bad=1
	done
	return $bad
}

# No source that the build has never heard of.
sources_built()
{
	local file bad=0
	for file in $(sources | grep '\.c$'); do
		grep -q "/${file#./}\"" "$BUILD/compile_commands.json" && continue
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

# driver_tests DEV: app/test on that device
driver_tests()
{
	local status
	eal_arguments 512 4
	timeout -k 5 90 "$BUILD/app/slipway-test-event" "${EAL[@]}" --vdev="$1" </dev/null
	status=$?
	rm -rf "$(eal_directory)/$PREFIX"
	return $status
}

docs_built()
{
	sphinx-build -q -W -b html "$ROOT/doc" "$CACHE/doc"
}

run_builds()
{
	heading "Builds, without warnings"
	check "gcc, release" compiled gcc "$ROOT/build-gcc"
	check "clang, debug" compiled clang "$ROOT/build-clang" --buildtype=debug
}

run_source_checks()
{
	heading "Source"
	check "includes follow the rules" "$ROOT/devtools/check-includes.sh"
	check "headers compile alone" headers_alone
	check "licence and authors named" spdx_present
	check "scripts parse" scripts_parse
	check "every source is built" sources_built
	check "documentation builds" docs_built
}

run_plain_tests()
{
	local name
	heading "Facts and model, plain C under the address and undefined sanitizers"
	for name in $(meson test -C "$BUILD" --list 2>/dev/null | grep -o '[a-z_]*_test$'); do
		check "$name" timeout 120 "$BUILD/lib/$name"
	done
	heading "Model, several threads under ThreadSanitizer"
	check "dlb_stress, $STRESS_ENTRIES entries" \
		under_tsan timeout $((STRESS_ENTRIES / 100000 + 60)) \
		"$BUILD/lib/dlb_stress" "$STRESS_ENTRIES"
}

run_driver_tests()
{
	local version arguments
	heading "Driver"
	for version in "${VERSIONS[@]}"; do
		for arguments in "" ,step=manual ,cq=sparse; do
			check "slipway-test-event version=$version$arguments" \
				driver_tests "event_dlb0,version=$version$arguments"
		done
	done
}

run_stock_suites()
{
	local version=$1 device=event_dlb0,version=$1
	heading "Stock programs, version $version"
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

say "Setting up"
if ! "$ROOT/devtools/setup.sh" "${YES[@]}" --test; then
	FAILED=1
	verdict
	exit 1
fi
# What it installed is needed from here on.
. "$ROOT/devtools/jobs.sh"
rm -rf "$LOGS" && mkdir -p "$LOGS"

run_builds
run_source_checks
run_plain_tests
run_driver_tests
for version in "${VERSIONS[@]}"; do
	run_stock_suites "$version"
	run_stock_eventdev "$version"
done
run_pcap_jobs
run_stock_examples
heading "Benchmark"
check "bench-event --quick" bench_quick

say "All done in $(seconds "$BEGUN")"
verdict
