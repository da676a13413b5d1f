# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Checks of SCIF: its commands, its examples, its benchmark. Sourced, not run.

# Every part once: figures of so short a run say nothing, but every byte is compared.
scif_bench_all()
{
	local dir status
	dir=$(mktemp -d)
	timeout -k 5 60 "$BUILD/app/slipway" scif-perf --repeats 1 --seconds 0.001 \
		--lasting 0.001 --endpoints 1000 --copies 1K,64K,4M --json "$dir/result.json" &&
		"$ROOT/app/scif-perf/plot_bench.py" "$dir/result.json" "$dir" &&
		[ -s "$dir/bench_scif_rma.svg" ] && [ -s "$dir/bench_scif_trip.svg" ] &&
		[ -s "$dir/bench_scif_tables.inc" ]
	status=$?
	rm -rf "$dir"
	return $status
}

# scif_statements SETTING: the list of conformance, from the datasheet, in that setting
scif_statements()
{
	timeout -k 5 300 "$BUILD/app/slipway-test-scif" "* $1"
}

# scif_polled: the same, between nodes that ring no doorbells
scif_polled()
{
	timeout -k 5 600 "$BUILD/app/slipway-test-scif" --poll '* nodes'
}

# scif_soak: random programs on two nodes, some of which are killed, for $SCIF_SOAK_SECONDS
scif_soak()
{
	timeout -k 5 $((SCIF_SOAK_SECONDS + 300)) "$BUILD/app/slipway-soak-scif" \
		--seconds "$SCIF_SOAK_SECONDS"
}

# scif_oracle SEED: registrations, transfers, mappings and signals, against a model
scif_oracle()
{
	SLIPWAY_SCIF_ORACLE=1000000,$1 timeout -k 5 600 "$BUILD/lib/scif/scif_oracle_test"
}

# With the machine to itself: dozens of threads, beside which a wait of 300 ms may come too late.
run_scif_soak()
{
	local seed
	heading "SCIF, random programs and calls"
	check "slipway-soak-scif, $SCIF_SOAK_SECONDS s" scif_soak
	[ "$LONG" = yes ] || return
	for seed in 2 3 4; do
		check "scif_oracle_test, 1000000 operations, seed $seed" scif_oracle "$seed"
	done
}

run_scif_tests()
{
	local setting
	heading "SCIF"
	for setting in threads processes nodes; do
		check "slipway-test-scif, $setting" scif_statements $setting
	done
	check "slipway-test-scif, nodes without doorbells" scif_polled
	check "slipway scifd and scif" timeout -k 5 60 "$ROOT/app/slipway/scif_test.sh" \
		"$BUILD/app/slipway" "$BUILD/lib/libscif.so"
	check "scif_echo and scif_rma" timeout -k 5 120 \
		"$ROOT/examples/scif_rma/scif_examples_test.sh" "$BUILD/app/slipway" \
		"$BUILD/examples/scif_echo" "$BUILD/examples/scif_rma"
	check "scif_echo and scif_rma, built by -lscif alone" timeout -k 5 60 \
		"$ROOT/examples/scif_rma/scif_build_test.sh" "$ROOT/lib/scif/scif.h" \
		"$BUILD/lib/libscif.so"
	check "scif_echo, built with what meson install left" timeout -k 5 120 \
		"$ROOT/examples/scif_rma/scif_install_test.sh" "$BUILD"
}

run_scif_bench()
{
	heading "Benchmark of SCIF"
	check "slipway scif-perf, every part" scif_bench_all
}
