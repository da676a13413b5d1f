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

# check NAME COMMAND...: run one check and print one line about it
check()
{
	local name=$1 start=$EPOCHREALTIME log status verdict
	shift
	# shellcheck disable=SC2053
	[[ $name = $ONLY ]] || return 0
	[ -z "$HEADING" ] || say "$HEADING"
	HEADING=
	log=$LOGS/${name//[^A-Za-z0-9_.=-]/_}.log
	printf '  %-64s' "$name"
	("$@") >"$log" 2>&1
	status=$?
	count "$log" $status
	PASSED=$((PASSED + COUNT[0]))
	FAILED=$((FAILED + COUNT[1]))
	SKIPPED=$((SKIPPED + COUNT[2]))
	verdict=$(printf '%s passed' "${COUNT[0]}")
	[ "${COUNT[2]}" -eq 0 ] || verdict="skipped"
	[ "${COUNT[1]}" -eq 0 ] || verdict="FAILED"
	printf '%10s %9s\n' "$verdict" "$(seconds "$start")"
	if [ "${COUNT[1]}" -gt 0 ]; then
		FAILURES+=("$name: $log")
		tail -n 25 "$log" | sed 's/^/    | /'
		say "    the whole log: $log"
	elif [ "${COUNT[2]}" -gt 0 ]; then
		tail -n 1 "$log" | sed 's/^/    | /'
	fi
}

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
