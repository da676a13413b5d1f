#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Clients of a served DLB killed with -9 at random moments: the server lives, the next client passes
# its events, and the server's descriptors, mappings and memory return to what they were.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage()
{
	cat <<-END
	Usage: devtools/kill_client.sh [KILLS [SEED]]

	Kills clients of a served DLB with -9, KILLS of them (50 if it is not said), at moments drawn
	from SEED. The server has to live on, and to give back what it held for them.

	  --help  this text
	END
}

case ${1-} in
--help) usage; exit 0 ;;
-*) usage >&2; die "unknown argument '$1'" ;;
esac

KILLS=${1:-50}
SEED=${2:-$((EPOCHSECONDS % 32768))}
# A client of ours through EAL takes a second to start: one kill in so many.
THROUGH_EAL=10
EVENTS=20
# Memory that an allocator may keep, kB.
SLACK=4096

WORK=$(mktemp -d)
SOCKET=$WORK/dlb
TRAFFIC=$BUILD/lib/vfu_traffic
SERVER=
CLIENT=
trap 'kill -9 $CLIENT $SERVER 2>/dev/null; rm -rf "$WORK"' EXIT

fail()
{
	say "kill_client: $1 (kill $N of $KILLS, seed $SEED)"
	tail -20 "$WORK/log"
	exit 1
}

# held: descriptors and mappings of the server
held()
{
	echo "$(find "/proc/$SERVER/fd" -mindepth 1 | wc -l) descriptors," \
		"$(grep -c 'memfd:\|/dev/shm' "/proc/$SERVER/maps") mapped files"
}

# resident: memory of the server's own, kB
resident()
{
	awk '/^RssAnon/ { print $2 }' "/proc/$SERVER/status"
}

# returned HELD: does it hold that, once it has seen its client go?
returned()
{
	local n
	for n in {1..100}; do
		[ "$(held)" = "$1" ] && return
		sleep 0.05
	done
	return 1
}

# through_eal: a client that is a program of DPDK
through_eal()
{
	load_driver
	exec "$BUILD/app/slipway-test-event" --no-pci --no-huge -m 256 --no-shconf --no-telemetry \
		--file-prefix "slipway-kill-$$" --lcores "(0-3)@($CPUS)" "${LOAD[@]}" \
		--vdev="event_dlb0,at=vfu:$SOCKET"
}

CPUS=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)
RANDOM=$SEED
N=0
"$BUILD/app/slipway" serve dlb "$SOCKET" >"$WORK/log" 2>&1 &
SERVER=$!
for n in {1..100}; do
	[ -S "$SOCKET" ] && break
	sleep 0.05
done
# What the first clients bring into being stays.
for share in '' share '' share; do
	timeout 60 "$TRAFFIC" "$SOCKET" $EVENTS $share >>"$WORK/log" 2>&1 || fail "no first client"
done
sleep 0.5
HELD=$(held)
RESIDENT=$(resident)
say "server: $HELD, $RESIDENT kB; seed $SEED"

for ((N = 1; N <= KILLS; N++)); do
	if [ $((N % THROUGH_EAL)) -eq 0 ]; then
		through_eal >"$WORK/eal" 2>&1 </dev/null &
		moment=$((RANDOM % 3000))
	else
		[ $((RANDOM % 2)) -eq 0 ] && share=share || share=
		"$TRAFFIC" "$SOCKET" 0 $share >>"$WORK/log" 2>&1 &
		moment=$((RANDOM % 200))
	fi
	CLIENT=$!
	sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
	kill -9 "$CLIENT" 2>/dev/null
	wait "$CLIENT" 2>/dev/null
	# 128 and the signal's number.
	[ $? -eq 137 ] || fail "a client ended by itself within $moment ms"
	CLIENT=
	kill -0 "$SERVER" 2>/dev/null || fail "the server is gone"
	returned "$HELD" || fail "the server holds $(held) instead of $HELD"
	timeout 60 "$TRAFFIC" "$SOCKET" $EVENTS >>"$WORK/log" 2>&1 ||
		fail "the next client is not served"
done
returned "$HELD" || fail "the server holds $(held) instead of $HELD"
[ "$(resident)" -le $((RESIDENT + SLACK)) ] ||
	fail "the server has grown from $RESIDENT kB to $(resident) kB"
say "$KILLS clients killed: $(held), $(resident) kB"
kill -TERM "$SERVER"
wait "$SERVER"
status=$?
SERVER=
[ $status -eq 0 ] || fail "the server ended with status $status"
