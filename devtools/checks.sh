# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Running checks and counting them. Sourced after common.sh.

PASSED=0
FAILED=0
SKIPPED=0
FAILURES=()
HEADING=
LOGS=$CACHE/log/test
# Only checks whose name matches this pattern run.
ONLY='*'
# So many run at once: those whose result does not depend on how long something takes may.
AT_ONCE=1
# Those that run at once and are not yet shown, in their order, and the headings above them.
BEGUN_CHECKS=()
BEGUN_HEADINGS=()

# heading TEXT: what the checks that follow are about; shown when one of them runs
heading()
{
	HEADING=$*
}

# count LOG STATUS: set COUNT to what a check's log says: passed, failed, skipped. A suite says so
# itself; anything else counts as one.
count()
{
	local log=$1 status=$2 line
	line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
	if [ -n "$line" ]; then
		read -ra COUNT <<<"$(tr -cs '0-9' ' ' <<<"$line") 0"
	elif grep -aqE '^\[ {2}(PASSED|FAILED) {2}\] [0-9]+ test\(s\)' "$log"; then
		COUNT=("$(cmocka_sum PASSED "$log")" "$(cmocka_sum FAILED "$log")"
			"$(cmocka_sum SKIPPED "$log")")
	else
		case $status in
		0) COUNT=(1 0 0) ;;
		77) COUNT=(0 0 1) ;;
		*) COUNT=(0 1 0) ;;
		esac
	fi
	# A program that fails after its last word has failed.
	case $status in
	0 | 77) ;;
	*) [ "${COUNT[1]}" -gt 0 ] || COUNT[1]=1 ;;
	esac
}

# cmocka_sum WORD LOG: over all groups of tests in the log
cmocka_sum()
{
	sed -nE "s/^\[  $1  \] ([0-9]+) test\(s\).*/\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'
}

# log_of NAME: where that check writes
log_of()
{
	echo "$LOGS/${1//[^A-Za-z0-9_.=-]/_}.log"
}

# run_check LOG COMMAND...: set aside how it ended and how long it took, in LOG.end
run_check()
{
	local log=$1 start=$EPOCHREALTIME status
	shift
	("$@") >"$log" 2>&1 </dev/null
	status=$?
	echo "$status $(seconds "$start")" >"$log.new" && mv "$log.new" "$log.end"
}

# name_check HEADING NAME: the beginning of its line
name_check()
{
	[ -z "$1" ] || say "$1"
	printf '  %-64s' "$2"
}

# show_check NAME: the rest of the line of a check that has ended
show_check()
{
	local name=$1 log status took verdict
	log=$(log_of "$name")
	read -r status took <"$log.end"
	rm -f "$log.end"
	count "$log" "$status"
	PASSED=$((PASSED + COUNT[0]))
	FAILED=$((FAILED + COUNT[1]))
	SKIPPED=$((SKIPPED + COUNT[2]))
	verdict=$(printf '%s passed' "${COUNT[0]}")
	[ "${COUNT[2]}" -eq 0 ] || verdict="skipped"
	[ "${COUNT[1]}" -eq 0 ] || verdict="FAILED"
	printf '%10s %9s\n' "$verdict" "$took"
	if [ "${COUNT[1]}" -gt 0 ]; then
		FAILURES+=("$name: $log")
		tail -n 25 "$log" | sed 's/^/    | /'
		say "    the whole log: $log"
	elif [ "${COUNT[2]}" -gt 0 ]; then
		tail -n 1 "$log" | sed 's/^/    | /'
	fi
}

# show_ended: the lines of checks that have ended, as far as those before them have
show_ended()
{
	local name
	while [ ${#BEGUN_CHECKS[@]} -gt 0 ]; do
		name=${BEGUN_CHECKS[0]}
		[ -f "$(log_of "$name").end" ] || return
		name_check "${BEGUN_HEADINGS[0]}" "$name"
		show_check "$name"
		BEGUN_CHECKS=("${BEGUN_CHECKS[@]:1}")
		BEGUN_HEADINGS=("${BEGUN_HEADINGS[@]:1}")
	done
}

# begin_check NAME COMMAND...: as soon as fewer than AT_ONCE others run, in the background
begin_check()
{
	local name=$1
	shift
	while [ "$(jobs -rp | wc -l)" -ge "$AT_ONCE" ]; do
		wait -n
	done
	show_ended
	# A process group of its own, to be ended as one.
	set -m
	run_check "$(log_of "$name")" "$@" &
	set +m
	BEGUN_CHECKS+=("$name")
	BEGUN_HEADINGS+=("$HEADING")
	HEADING=
}

# check NAME COMMAND...: run one check and print one line about it
check()
{
	local name=$1
	# shellcheck disable=SC2053
	[[ $name = $ONLY ]] || return 0
	shift
	if [ "$AT_ONCE" -gt 1 ]; then
		begin_check "$name" "$@"
		return
	fi
	name_check "$HEADING" "$name"
	HEADING=
	run_check "$(log_of "$name")" "$@"
	show_check "$name"
}

# at_once COMMAND...: the checks in it run as many at a time as there are CPUs. More than four are
# too many for the memory of a small machine.
at_once()
{
	local name
	AT_ONCE=$(nproc)
	[ "$AT_ONCE" -le 4 ] || AT_ONCE=4
	"$@"
	wait
	for name in "${BEGUN_CHECKS[@]}"; do
		[ -f "$(log_of "$name").end" ] || echo '1 ended' >"$(log_of "$name").end"
	done
	show_ended
	AT_ONCE=1
}

# end_checks: what runs at once does not outlive this script
end_checks()
{
	local pid
	for pid in $(jobs -rp); do
		kill -- "-$pid" 2>/dev/null
	done
}
trap end_checks EXIT

# verdict: the last lines, and the exit status
verdict()
{
	local failure
	for failure in "${FAILURES[@]}"; do
		say "failed: $failure"
	done
	say "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	[ "$FAILED" -eq 0 ]
}
