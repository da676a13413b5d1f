#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# The process of a card killed with -9 while DMA runs, again and again: its driver notices within
# 100 ms, what was under way ends with an error, the next boot works, nothing is left behind.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage()
{
	cat <<-END
	Usage: devtools/kill_card.sh [KILLS [SEED]]

	Kills the process of a card with -9 while DMA runs, KILLS times (20 if it is not said), at
	moments drawn from SEED. Its driver has to notice within 100 ms, and the next boot to work.

	  --help  this text
	END
}

case ${1-} in
--help) usage; exit 0 ;;
-*) usage >&2; die "unknown argument '$1'" ;;
esac

KILLS=${1:-20}
SEED=${2:-$((EPOCHSECONDS % 32768))}
CARD=kill

WORK=$(mktemp -d)
export SLIPWAY_DIR=$WORK/dir SLIPWAY_CONFIG_DIR=$WORK/config

finish()
{
	local pid
	pid=$(cat "$SLIPWAY_DIR/cards/$CARD/pid" 2>/dev/null) && kill -9 "$pid" 2>/dev/null
	rm -rf "$WORK" "$(eal_directory)/slipway-kill-$$"
}
trap finish EXIT

mkdir "$SLIPWAY_DIR"
CPUS=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)
# The kill comes at its moment, not at that of a slow bootstrap.
"$BUILD/app/slipway" card config $CARD memory=256 time_scale=1000 || die "no settings"
say "$KILLS kills, seed $SEED"
timeout $((KILLS * 5 + 60)) "$BUILD/app/slipway-kill-card" --no-pci --no-huge -m 256 --no-shconf \
	--no-telemetry --iova-mode=va --file-prefix "slipway-kill-$$" --lcores "(0-1)@($CPUS)" \
	-- "$BUILD/app/slipway" $CARD "$KILLS" "$SEED" </dev/null ||
	die "failed; the log of the last card: $(tail -5 "$SLIPWAY_DIR/cards/$CARD/log")"
