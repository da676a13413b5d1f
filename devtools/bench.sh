#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# The benchmark of the guide: every table and figure of doc/tools/bench_event.rst, in one go.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage()
{
	cat <<-END
	Usage: devtools/bench.sh [--out DIRECTORY] [--rounds N]

	Measures event devices side by side on two CPUs: bench-event --full, then DPDK's own
	perf_queue. Takes about ten minutes, in which the machine should do nothing else.

	  --out DIRECTORY  where bench_event.json, the figures and the tables go; default: the guide
	  --rounds N       samples of each device in each cell, and half as many runs of perf_queue;
	                   default 7
	  --help           this text
	END
}

OUT=$ROOT/doc/tools
ROUNDS=7
while [ $# -gt 0 ]; do
	case $1 in
	--out | --rounds)
		[ $# -gt 1 ] || die "$1 needs a value"
		[ "$1" = --out ] && OUT=$2 || ROUNDS=$2
		shift
		;;
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

[ -x "$BUILD/app/bench-event" ] || die "not built yet: devtools/setup.sh"
mkdir -p "$OUT" || die "cannot write to $OUT"
JSON=$OUT/bench_event.json
PREFIX=slipway-bench-$$
load_driver
trap 'rm -rf "$(eal_directory)/$PREFIX"' EXIT

"$BUILD/app/bench-event" --no-pci --no-huge -m 512 --file-prefix "$PREFIX" --log-level 4 \
	--lcores "0@${CPUS[0]},1@${CPUS[1]}" "${LOAD[@]}" -- --full --seconds 0.15 \
	--repeats "$ROUNDS" --json "$JSON" </dev/null || die "bench-event failed, see above"
"$ROOT/app/bench-event/perf_queue.py" "$JSON" "${LOAD[1]}" "$BUILD/app/bench-event" \
	"${CPUS[@]}" $(((ROUNDS + 1) / 2)) || exit 1
"$ROOT/app/bench-event/plot_bench.py" "$JSON" "$OUT" || exit 1
say "written to $OUT: bench_event.json, bench_*.svg, bench_tables.inc"
