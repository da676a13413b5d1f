#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# The DLB model's own code, and SCIF's, woven (lib/verify/dlb_weave.c, scif_weave.c): as it is, and
# with one thing of it done wrong, which has to be found out.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Deviations allowed: what is broken shows with few.
BOUND=4
BOUND_BROKEN=3

usage()
{
	cat <<-END
	Usage: devtools/verify_code.sh [DEVIATIONS]

	Weaves the threads of what is built in $BUILD with up to DEVIATIONS from the plain schedule,
	$BOUND when not said; of SCIF one fewer. The last line counts what was checked.

	  --help  this text
	END
}

# What is broken, where, and how: sed expressions.
MODEL=lib/model/dlb/dlb_model.c
DLB=(
	'who has left a note does not try again' $MODEL
	's/if (atomic_load(&m->waiting) != 0 || atomic_exchange(&m->lock, 1) != 0)/if (true)/'
	'who lets go does not look for a note' $MODEL
	's/if (atomic_load(&m->dirty) == 0 ||/if (true ||/'
	'the note is taken down after the lines were taken in' $MODEL
	's/^\t\tatomic_exchange(&m->dirty, 0);/\t\t;/
	 s/^\tdlb_model_schedule(m);/\tatomic_exchange(\&m->dirty, 0);&/'
	'the lock is let go with release, then the note is looked for' $MODEL
	's/atomic_store(&m->lock, 0)/atomic_store_explicit(\&m->lock, 0, memory_order_release)/'
	'without lines in the rings, nothing is left to be scheduled' $MODEL
	's/(scheduled && !dlb_model_posted(m))/!dlb_model_posted(m)/'
	'the lock is looked at and then taken, in two steps' $MODEL
	's/^\t       atomic_exchange(&m->lock, 1) == 0;/\t       (atomic_store(\&m->lock, 1), true);/'
	'a full ring is drained without the lock' $MODEL
	'/^post_make_room/,/^}/s/lock_wait(m);//'
	'a full ring is written to' $MODEL
	's/!line_ring_has_room(&port->poster)/false/'
)

SCIF=(
	'who changes something looks for sleepers before that is seen' lib/scif/client/client_stream.c
	's/^\tatomic_thread_fence(memory_order_seq_cst);/\t;/'
	'who is to sleep does not say so before it looks' lib/scif/client/client_wait.c
	's/^\tatomic_fetch_add(sleepers, 1);/\t;/'
	'the bell is looked at after what it rings for' lib/scif/client/client_wait.c
	'/^\t\twas = atomic_load(bell);/d
	 s/^\t\tclient_futex_wait(bell, was/\t\twas = atomic_load(bell);&/'
	'a bell rings and does not change' lib/scif/client/client_stream.c
	's/^\t\tatomic_fetch_add(&peer->bell, 1);/\t\t;/'
	'who polls looks at bells after what they ring for' lib/scif/client/client_poll.c
	'/^\t\tn = collect(all, count, words);/d
	 s/^\t\tif (sleep_on(words, n/\t\tn = collect(all, count, words);&/'
	'who polls does not say that it sleeps' lib/scif/client/client_poll.c
	's/^\t\tatomic_fetch_add(all\[i\]\.sleepers, 1);/\t\t;/'
	'the engine is told before there is anything to see' lib/scif/client/client.c
	'/^\tif (atomic_load(&board->asleep) != 0/,/^\t\tep->client->link->tell/d
	 s/^\tatomic_fetch_or(&board->tell\[word\],/\tif (atomic_exchange(\&board->asleep, 0) != 0) ep->client->link->tell(ep->client->link);&/'
	'the engine rings before the state has changed' lib/scif/engine/scif_endpoint.c
	'/^\tatomic_store(&ep->ctl->state, state);/d
	 s/^\tscif_endpoint_ring(ep);/&atomic_store(\&ep->ctl->state, ep->state);/'
	'a close is seen before what was sent before it' lib/scif/client/client_stream.c
	's/^\tif (ret == -ECONNRESET && scif_consumer_used(&ep->rx, 1) > 0)/\tif (0)/'
	'who has left what came to be shared does not look again' lib/scif/client/client_stream.c
	's/^\t\tleft_shared(ep, &ep->rx_lock);/\t\t;/'
)

INCLUDES=()
for dir in verify/weave spec bus model model/dlb scif scif/client scif/engine; do
	INCLUDES+=(-I"$ROOT/lib/$dir")
done

# broken PROGRAM FILE EXPRESSION BOUND: build it with that file broken, and weave: 0 when it was
# found out
broken()
{
	local program=$1 file=$2 expression=$3 bound=$4 object objects=()
	sed -e "$expression" "$ROOT/$file" >"$DIR/broken.c" || return
	if cmp -s "$ROOT/$file" "$DIR/broken.c"; then
		say "  the expression no longer meets the code"
		return 1
	fi
	for object in "$BUILD/lib/$program".p/*.o; do
		[[ $object == *[/_]$(basename "$file").o ]] || objects+=("$object")
	done
	gcc -O1 -w -D_GNU_SOURCE '-Dsyscall(...)=weave_syscall(__VA_ARGS__)' "${INCLUDES[@]}" \
		-o "$DIR/broken" "$DIR/broken.c" "${objects[@]}" || return
	timeout 60 "$DIR/broken" "$bound" >"$DIR/log" 2>&1
	[ $? -eq 1 ] && tail -n 2 "$DIR/log" | head -n 1
}

# verify PROGRAM BOUND BOUND_BROKEN [WHAT FILE EXPRESSION]...
verify()
{
	local program=$1 bound=$2 bound_broken=$3
	shift 3
	if "$BUILD/lib/$program" "$bound"; then
		GOOD=$((GOOD + 1))
	else
		BAD=$((BAD + 1))
	fi
	while [ $# -gt 0 ]; do
		say "broken: $1"
		if broken "$program" "$2" "$3" "$bound_broken"; then
			GOOD=$((GOOD + 1))
		else
			say "  not found out"
			BAD=$((BAD + 1))
		fi
		shift 3
	done
}

case ${1:-} in
--help) usage; exit 0 ;;
*[!0-9]*) usage >&2; die "no number of deviations: '$1'" ;;
*) BOUND=${1:-$BOUND} ;;
esac
for program in dlb_weave scif_weave; do
	[ -x "$BUILD/lib/$program" ] || die "no $BUILD/lib/$program: devtools/setup.sh builds it"
done

DIR=$(mktemp -d) || exit
trap 'rm -rf "$DIR"' EXIT
GOOD=0
BAD=0
verify dlb_weave "$BOUND" $BOUND_BROKEN "${DLB[@]}"
verify scif_weave $((BOUND > 1 ? BOUND - 1 : 1)) $((BOUND_BROKEN - 1)) "${SCIF[@]}"
say "$GOOD passed, $BAD failed"
[ $BAD -eq 0 ]
