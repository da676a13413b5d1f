#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# The benchmarks of the guide: every table and figure of doc/tools/bench_event.rst in one go, of
# doc/dmadevs/bench_dma.rst, of doc/rawdevs/bench_mic.rst, or of doc/scif/bench_scif.rst.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage()
{
	cat <<-END
	Usage: devtools/bench.sh [--dma | --mic | --scif] [--out DIRECTORY] [--rounds N]

	Measures event devices side by side on two CPUs: bench-event --full, then DPDK's own
	perf_queue. Takes about ten minutes, in which the machine should do nothing else.

	  --dma            DMA devices instead: bench-dma --full, about a minute
	  --mic            MIC cards instead: bench-mic, on a card of its own process and on one
	                   that is a process, about a minute
	  --scif           SCIF between processes instead: slipway scif-perf, about a minute and a half
	  --out DIRECTORY  where the figures and the tables go, and the JSON file that they are made
	                   of; default: the guide
	  --rounds N       samples of each device in each cell, and half as many runs of perf_queue;
	                   default 7
	  --help           this text
	END
}

OUT=
ROUNDS=7
WHAT=event
while [ $# -gt 0 ]; do
	case $1 in
	--out | --rounds)
		[ $# -gt 1 ] || die "$1 needs a value"
		[ "$1" = --out ] && OUT=$2 || ROUNDS=$2
		shift
		;;
	--dma | --mic | --scif) WHAT=${1#--} ;;
	--help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument '$1'" ;;
	esac
	shift
done
[[ $ROUNDS =~ ^[1-9][0-9]?$ ]] || die "--rounds $ROUNDS: must be a number from 1 to 99"

# The first two CPUs that we may run on.
mapfile -t CPUS < <(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status | tr , '\n' |
	while IFS=- read -r first last; do seq "$first" "${last:-$first}"; done | head -n 2)
[ ${#CPUS[@]} -eq 2 ] || die "two CPUs are needed, there is one"

# prepare PROGRAM DIRECTORY: where to write, and what to measure with
prepare()
{
	[ -x "$BUILD/app/$1" ] || die "not built yet: devtools/setup.sh"
	OUT=${OUT:-$ROOT/doc/$2}
	mkdir -p "$OUT" || die "cannot write to $OUT"
	PREFIX=slipway-bench-$$
	load_driver
	EAL=(--no-pci --no-huge -m 512 --file-prefix "$PREFIX" --log-level 4
		--lcores "0@${CPUS[0]},1@${CPUS[1]}" "${LOAD[@]}")
	trap 'rm -rf "$(eal_directory)/$PREFIX"' EXIT
}

bench_event()
{
	prepare bench-event tools
	"$BUILD/app/bench-event" "${EAL[@]}" -- --full --seconds 0.15 --repeats "$ROUNDS" \
		--json "$OUT/bench_event.json" </dev/null || die "bench-event failed, see above"
	"$ROOT/app/bench-event/perf_queue.py" "$OUT/bench_event.json" "${LOAD[1]}" \
		"$BUILD/app/bench-event" "${CPUS[@]}" $(((ROUNDS + 1) / 2)) || exit 1
	"$ROOT/app/bench-event/plot_bench.py" "$OUT/bench_event.json" "$OUT" || exit 1
	say "written to $OUT: bench_event.json, bench_*.svg, bench_tables.inc"
}

bench_dma()
{
	DRIVER=librte_dma_dsa.so
	prepare bench-dma dmadevs
	"$BUILD/app/bench-dma" "${EAL[@]}" -- --full --seconds 0.01 --repeats "$ROUNDS" \
		--json "$OUT/bench_dma.json" </dev/null || die "bench-dma failed, see above"
	"$ROOT/app/bench-dma/plot_bench.py" "$OUT/bench_dma.json" "$OUT" || exit 1
	say "written to $OUT: bench_dma.json, bench_dma_*.svg, bench_dma_tables.inc"
}

# What a card of bench_mic has written on: its directories, and itself.
leave_card()
{
	"$BUILD/app/slipway" card stop --off --quiet bench 2>/dev/null
	rm -rf "$RUN" "$(eal_directory)/$PREFIX"
}

# A card that is a process, on the second CPU; and how much it takes when it has nothing to do.
bench_mic()
{
	local slipway=$BUILD/app/slipway model=at=model,memory=1024,time_scale=100
	DRIVER=librte_raw_mic.so
	prepare bench-mic rawdevs
	RUN=$(mktemp -d)
	export SLIPWAY_DIR=$RUN/run SLIPWAY_CONFIG_DIR=$RUN/config
	trap leave_card EXIT
	"$slipway" card config bench memory=1024 time_scale=100 "cpu=${CPUS[1]}" >/dev/null &&
		"$slipway" card start bench || exit 1
	"$BUILD/app/bench-mic" "${EAL[@]}" "--vdev=raw_mic0,$model" --vdev=raw_mic1,card=bench -- \
		--seconds 0.02 --repeats "$ROUNDS" --json "$OUT/bench_mic.json" </dev/null ||
		die "bench-mic failed, see above"
	"$slipway" card boot --quiet bench || die "the card does not boot for slipway mpssd"
	"$ROOT/app/bench-mic/idle.py" "$OUT/bench_mic.json" 5 "$slipway" bench || exit 1
	"$ROOT/app/bench-mic/plot_bench.py" "$OUT/bench_mic.json" "$OUT" || exit 1
	say "written to $OUT: bench_mic.json, bench_mic_*.svg, bench_mic_tables.inc"
}

bench_scif()
{
	[ -x "$BUILD/app/slipway-scif-perf" ] || die "not built yet: devtools/setup.sh"
	OUT=${OUT:-$ROOT/doc/scif}
	mkdir -p "$OUT" || die "cannot write to $OUT"
	"$BUILD/app/slipway" scif-perf --cpus "${CPUS[0]},${CPUS[1]}" --repeats "$ROUNDS" \
		--json "$OUT/bench_scif.json" || die "slipway scif-perf failed, see above"
	"$ROOT/app/scif-perf/plot_bench.py" "$OUT/bench_scif.json" "$OUT" || exit 1
	say "written to $OUT: bench_scif.json, bench_scif_*.svg, bench_scif_tables.inc"
}

"bench_$WHAT"
