#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# The model's own code, woven (lib/verify/dlb_weave.c): as it is, and with one thing of
# lib/model/dlb/dlb_model.c done wrong, which has to be found out.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

MODEL=$ROOT/lib/model/dlb/dlb_model.c
OBJECTS=$BUILD/lib/dlb_weave.p
# Deviations allowed: what is broken shows with few.
BOUND=4
BOUND_BROKEN=3

usage()
{
	cat <<-END
	Usage: devtools/verify_code.sh [DEVIATIONS]

	Weaves the threads of the model built in $BUILD with up to DEVIATIONS from the plain schedule,
	$BOUND when not said. The last line counts what was checked.

	  --help  this text
	END
}

# What is broken, and how: sed expressions.
BROKEN=(
	'who has left a note does not try again'
	's/if (atomic_load(&m->waiting) != 0 || atomic_exchange(&m->lock, 1) != 0)/if (true)/'
	'who lets go does not look for a note'
	's/if (atomic_load(&m->dirty) == 0 ||/if (true ||/'
	'the note is taken down after the lines were taken in'
	's/^\t\tatomic_exchange(&m->dirty, 0);/\t\t;/
	 s/^\tdlb_model_schedule(m);/\tatomic_exchange(\&m->dirty, 0);&/'
	'the lock is let go with release, then the note is looked for'
	's/atomic_store(&m->lock, 0)/atomic_store_explicit(\&m->lock, 0, memory_order_release)/'
	'without lines in the rings, nothing is left to be scheduled'
	's/(scheduled && !dlb_model_posted(m))/!dlb_model_posted(m)/'
	'the lock is looked at and then taken, in two steps'
	's/^\t       atomic_exchange(&m->lock, 1) == 0;/\t       (atomic_store(\&m->lock, 1), true);/'
	'a full ring is drained without the lock'
	'/^post_make_room/,/^}/s/lock_wait(m);//'
	'a full ring is written to'
	's/!line_ring_has_room(&port->poster)/false/'
)

# broken EXPRESSION: build the model with it and weave that: 0 when it was found out
broken()
{
	local dir=$1 expression=$2 object objects=()
	sed -e "$expression" "$MODEL" >"$dir/broken.c" || return
	if cmp -s "$MODEL" "$dir/broken.c"; then
		say "  the expression no longer meets the code"
		return 1
	fi
	for object in "$OBJECTS"/*.o; do
		[[ $object == *_dlb_model.c.o ]] || objects+=("$object")
	done
	gcc -O1 -w -D_GNU_SOURCE -I"$ROOT/lib/verify/weave" -I"$ROOT/lib/spec" -I"$ROOT/lib/bus" \
		-I"$ROOT/lib/model" -I"$ROOT/lib/model/dlb" -o "$dir/broken" "$dir/broken.c" \
		"${objects[@]}" || return
	timeout 60 "$dir/broken" $BOUND_BROKEN >"$dir/log" 2>&1
	[ $? -eq 1 ] && tail -n 2 "$dir/log" | head -n 1
}

case ${1:-} in
--help) usage; exit 0 ;;
*[!0-9]*) usage >&2; die "no number of deviations: '$1'" ;;
*) BOUND=${1:-$BOUND} ;;
esac
[ -x "$BUILD/lib/dlb_weave" ] || die "no $BUILD/lib/dlb_weave: devtools/setup.sh builds it"

DIR=$(mktemp -d) || exit
trap 'rm -rf "$DIR"' EXIT
GOOD=0
BAD=0
if "$BUILD/lib/dlb_weave" "$BOUND"; then
	GOOD=1
else
	BAD=1
fi
for ((i = 0; i < ${#BROKEN[@]}; i += 2)); do
	say "broken: ${BROKEN[$i]}"
	if broken "$DIR" "${BROKEN[$((i + 1))]}"; then
		GOOD=$((GOOD + 1))
	else
		say "  not found out"
		BAD=$((BAD + 1))
	fi
done
say "$GOOD passed, $BAD failed"
[ $BAD -eq 0 ]
