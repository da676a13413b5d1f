# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# What tests that are scripts share: a directory to work in, checks and their count, waiting. Such a
# test sources this first, and ends with verdict.

set -u

here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
passed=0
failed=0
skipped=0
# For so many seconds a command of expect may run, and eventually waits.
limit=20
patience=5

# However the test ends. What it has to end or remove by itself, it does in finish.
leave()
{
	[ "$(type -t finish)" != function ] || finish
	rm -rf "$work"
}
trap leave EXIT

# count STATUS NAME [LOG...]: a check that has just been made; if it failed, the end of the logs is
# shown, or of what was said
count()
{
	local status=$1 name=$2
	shift 2
	if [ "$status" -eq 0 ]; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "FAILED $name"
	[ $# -gt 0 ] || set -- "$work/said"
	tail -n 30 "$@" | cut -c 1-200 | sed 's/^/    /'
}

# hold NAME COMMAND...: the command succeeds
hold()
{
	local name=$1
	shift
	"$@" >"$work/said" 2>&1
	count $? "$name"
}

# expect NAME STATUS TEXT COMMAND...: the command's exit status, and a pattern in what it says; ''
# is no pattern
expect()
{
	local name=$1 status=$2 text=$3 got wrong within=()
	shift 3
	[ "$(type -t "$1")" != file ] || within=(timeout --foreground "$limit")
	# In braces, so that what the shell says of a killed program goes there, too.
	{ "${within[@]}" "$@"; } >"$work/said" 2>&1
	got=$?
	[ "$got" -eq "$status" ] && { [ -z "$text" ] || grep -q -e "$text" "$work/said"; }
	wrong=$?
	[ $wrong -eq 0 ] || echo "exit status $got, expected $status and '$text'" >>"$work/said"
	count $wrong "$name"
}

# eventually COMMAND...: until it succeeds; what it said at last is shown if it does not
eventually()
{
	local tick
	for ((tick = 0; tick < patience * 20; tick++)); do
		"$@" >"$work/tried" 2>&1 && return
		sleep 0.05
	done
	cat "$work/tried"
	echo "not after $patience s: $*"
	return 1
}

# verdict: the last line, and the exit status of the test
verdict()
{
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed -eq 0 ]
}
