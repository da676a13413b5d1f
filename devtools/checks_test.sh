#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# What devtools/checks.sh makes of checks that fail, die, hang or count nothing, several at a time
# and one by one, and what is left of them when it is interrupted.

. "$(dirname "${BASH_SOURCE[0]}")/shell_test.sh"

tree=$work/tree
mkdir -p "$tree/devtools" "$tree/.cache/log"
cp "$here"/{common,checks}.sh "$tree/devtools"

# HOW NAMES [LINE]: a run of those checks, at_once or one_by_one; LINE goes before
cat >"$tree/devtools/planted.sh" <<'END'
#!/bin/bash
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$ROOT/devtools/checks.sh"
# How many at once, on a machine with one CPU as well.
nproc() { echo 3; }
one_by_one() { "$@"; }
fine() { :; }
counts() { echo "3 passed, 0 failed, 1 skipped"; }
skips() { return 77; }
is_interrupted() { bash -c 'trap "exit 0" INT; kill -INT $$; exit 1'; }
fails() { echo "words of one that fails"; false; }
killed() { echo "words of one that is killed"; kill -9 $BASHPID; }
group_killed() { kill -9 0; }
runner_killed() { kill -9 "$(sed -n 's/^PPid:\t//p' "/proc/$BASHPID/status")"; sits; }
fails_after_its_word() { echo "3 passed, 0 failed"; return 1; }
lies() { echo "3 passed, 2 failed"; }
counts_nothing() { echo "0 passed, 0 failed"; }
cmocka_nothing() { echo '[  PASSED  ] 0 test(s).'; }
fails_early()
{
	echo '[  FAILED  ] a_case_of_many'
	seq 100
	return 1
}
sits() { exec bash -c 'echo $$ >>"$1"; exec sleep 30' bash "$ROOT/pids"; }
# One with a session of its own and no parent, one in a process group of its own, and then one more.
hangs()
{
	export -f sits
	export ROOT
	(setsid bash -c sits &)
	while :; do
		timeout 30 bash -c sits
	done
}
ran() { echo "$1" >>"$ROOT/ran"; "$1"; }
planted()
{
	local name
	heading Planted
	for name in $1; do
		check "$name" ran "$name"
	done
}
rm -rf "$LOGS" && mkdir -p "$LOGS"
: >"$ROOT/ran" >"$ROOT/pids"
eval "${3:-}"
$1 planted "$2"
verdict
END
chmod +x "$tree/devtools/planted.sh"

planted()
{
	# Away from us, whom a kill of its group is not meant for.
	setsid -w env --default-signal "$tree/devtools/planted.sh" "$@" >"$work/shown" 2>&1
	local status=$?
	cat "$work/shown"
	return $status
}

# once NAMES: each ran once, and was shown once
once()
{
	local name
	for name in $1; do
		[ "$(grep -cx "$name" "$tree/ran")" -eq 1 ] || return
		[ "$(grep -c "^  $name " "$work/shown")" -eq 1 ] || return
	done
}

sitting()
{
	[ "$(wc -l <"$tree/pids")" -ge "$1" ]
}

# none_sits: all that said who they are have ended
none_sits()
{
	local pid
	while read -r pid; do
		! grep -qs sleep "/proc/$pid/cmdline" || return
	done <"$tree/pids"
}

# interrupted HOW SIGNAL: while checks hang. Who runs us may have had signals ignored, which no script
# can undo.
interrupted()
{
	: >"$tree/pids"
	set -m
	env --default-signal "$tree/devtools/planted.sh" "$1" 'hangs fails' >"$work/shown" 2>&1 &
	set +m
	eventually sitting 2 || return
	kill "-$2" -- -$!
	eventually none_sits || kill -KILL -- -$!
	wait $!
	[ $? -gt 128 ] && none_sits
}

good='fine counts skips is_interrupted'
bad='fails killed group_killed runner_killed'
bad="$bad fails_after_its_word lies counts_nothing cmocka_nothing"
for how in at_once one_by_one; do
	expect "$how: good ones" 0 '^5 passed, 0 failed, 2 skipped$' planted $how "$good"
	hold "$how: good ones, once" once "$good"
	expect "$how: bad ones" 1 '^7 passed, 9 failed, 0 skipped$' planted $how "$bad fine"
	hold "$how: bad ones, once" once "$bad fine"
	hold "$how: what they said" grep '^    | words of one that is killed' "$work/shown"
	hold "$how: nothing is left of them" none_sits
	expect "$how: one that hangs" 1 '^    | not finished after 1 s' \
		planted $how 'hangs fine' CHECK_LIMIT=1
	hold "$how: nothing is left of it" none_sits
	for signal in INT TERM; do
		hold "$how: $signal ends all of it" interrupted $how $signal
	done
done
expect "which case failed, long before the end" 1 '^    | .  FAILED  . a_case_of_many$' \
	planted at_once fails_early
hold "and the end" grep '^    | 100$' "$work/shown"
expect "a pattern" 0 '^1 passed, 0 failed' planted at_once 'fine fails' "ONLY='fi*'"
expect "a name is all of it" 1 "^no check has a name like 'fin'$" planted at_once fine ONLY=fin
verdict
