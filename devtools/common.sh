# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# What the scripts of this directory share. Sourced, not run.

set -u

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
BUILD=$ROOT/build
CACHE=$ROOT/.cache
DRIVER=librte_event_dlb.so
# A Python that shadows the system's may lack what meson looks for.
PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH
# Programs under test read messages of others: keep those in one language.
export LC_ALL=C.UTF-8

say()
{
	printf '%s\n' "$*"
}

die()
{
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# seconds START: time since START, both as $EPOCHREALTIME gives them, to a tenth
seconds()
{
	awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }'
}

# task TEXT LOG COMMAND...: one line on the screen, the command's output in LOG, shown if it fails
task()
{
	local text=$1 log=$2 start=$EPOCHREALTIME
	shift 2
	printf '  %-62s' "$text"
	if "$@" >"$log" 2>&1; then
		printf '%10s\n' "$(seconds "$start")"
		return 0
	fi
	printf '%10s\n' FAILED
	tail -n 20 "$log" >&2
	die "$text: failed; the whole output is in $log"
}

# Is DIRECTORY, or one above it, writable for everybody? EAL refuses plugins there.
world_writable()
{
	local dir=$1
	while :; do
		if [ -n "$(find "$dir" -maxdepth 0 -perm -o+w)" ]; then
			return 0
		fi
		[ "$dir" = / ] && return 1
		dir=$(dirname "$dir")
	done
}

# load_driver: set LOAD to the EAL arguments that load our driver. Below a world-writable directory
# it goes by its bare name, which the ordinary library search finds.
load_driver()
{
	local dir=$BUILD/drivers
	if world_writable "$dir"; then
		export LD_LIBRARY_PATH=$dir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
		LOAD=(-d "$DRIVER")
	else
		LOAD=(-d "$dir/$DRIVER")
	fi
}

# Where EAL keeps the run-time files of its processes.
eal_directory()
{
	if [ "$(id -u)" -eq 0 ]; then
		echo /var/run/dpdk
	else
		echo "${XDG_RUNTIME_DIR:-/tmp}/dpdk"
	fi
}
