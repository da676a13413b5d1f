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
# A check that takes longer than so many seconds hangs: none needs more than two minutes.
CHECK_LIMIT=1800
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
	# A program that fails after its last word has failed, as has one that has counted nothing.
	case $status in
	0 | 77) [ "${COUNT[*]:0:3}" != '0 0 0' ] || COUNT[1]=1 ;;
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

# offspring PID: the processes below that one, parents first, but not who looks
offspring()
{
	local self=$BASHPID
	sed 's/^\([0-9]*\) (.*) \([A-Z]\) \([0-9]*\) .*/\1 \2 \3/' /proc/[0-9]*/stat 2>/dev/null |
		awk -v root="$1" -v self="$self" '
			$2 != "Z" { parent[$1] = $3 }
			END {
				for (pid in parent) {
					depth = 0
					for (p = pid; p > 0 && p != root && p != self; p = parent[p])
						depth++
					if (p == root && depth > 0)
						print depth, pid
				}
			}' | sort -n | cut -d ' ' -f 2
}

# astray: programs that checks have started, by their environment, wherever they went
astray()
{
	grep -lsz "^SLIPWAY_CHECKS=.*:$$:" /proc/[0-9]*/environ | tr -cs 0-9 '\n'
}

# end_processes COMMAND...: ask those that it lists to end, and make them five seconds later.
# Parents are asked first: without their children they would go on.
end_processes()
{
	local tick pids
	for ((tick = 0; tick < 50; tick++)); do
		# shellcheck disable=SC2207
		pids=($("$@"))
		[ ${#pids[@]} -gt 0 ] && kill "${pids[@]}" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -9 "${pids[@]}" 2>/dev/null
}

# check_processes PID: that one, and those below it
check_processes()
{
	echo "$1"
	offspring "$1"
}

# all_processes: those of every check
all_processes()
{
	offspring $$
	astray
}

# run_check LOG COMMAND...: set aside how it ended and how long it took, in LOG.end
run_check()
{
	local log=$1 start=$EPOCHREALTIME check alarm ended status
	shift
	export SLIPWAY_CHECKS=${SLIPWAY_CHECKS-}:$$:
	("$@") >"$log" 2>&1 </dev/null &
	check=$!
	sleep "$CHECK_LIMIT" &
	alarm=$!
	wait -n -p ended "$check" "$alarm"
	status=$?
	if [ "$ended" = "$alarm" ] && [ $status -eq 0 ]; then
		end_processes check_processes "$check"
		echo "not finished after $CHECK_LIMIT s" >>"$log"
		status=124
	fi
	kill "$alarm" 2>/dev/null
	echo "$status $(seconds "$start")" >"$log.new" && mv "$log.new" "$log.end"
}

# start_check LOG COMMAND...: in the background, in a process group of its own; with jobs, since what
# runs in the background without them never sees an interrupt
start_check()
{
	set -m
	run_check "$@" &
	set +m
}

# name_check HEADING NAME: the beginning of its line
name_check()
{
	[ -z "$1" ] || say "$1"
	printf '  %-64s' "$2"
}

# show_failure LOG: its end, after what cmocka said of failures before that
show_failure()
{
	head -n -25 "$1" | grep -aE '^\[ +(ERROR|LINE|FAILED) +\]' | head -n 10
	tail -n 25 "$1"
}

# show_check NAME: the rest of the line of a check that has ended
show_check()
{
	local name=$1 log status took verdict
	log=$(log_of "$name")
	[ -f "$log.end" ] || echo '1 ended' >"$log.end"
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
		show_failure "$log" | sed 's/^/    | /'
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
	start_check "$(log_of "$name")" "$@"
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
	# Waiting is what a key ends at once.
	start_check "$(log_of "$name")" "$@"
	wait $!
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

# end_checks: nothing of them outlives this script
end_checks()
{
	end_processes all_processes
}
trap end_checks EXIT

# verdict: the last lines, and the exit status
verdict()
{
	local failure
	for failure in "${FAILURES[@]}"; do
		say "failed: $failure"
	done
	if [ $((PASSED + FAILED + SKIPPED)) -eq 0 ]; then
		say "no check has a name like '$ONLY'"
		FAILED=1
	fi
	say "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	[ "$FAILED" -eq 0 ]
}
