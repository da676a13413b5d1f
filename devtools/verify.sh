#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Every interleaving of the small concurrent pieces: the Promela models of lib/verify, by spin. Each
# model names its variants in its first comment. A good one must hold in every state that can be
# reached; a broken one, in which one thing is done wrong, must be found out.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

MODELS=$ROOT/lib/verify
# A search that needs more than this is one that grew by mistake.
MEGABYTES=1024
DEPTH=1000000

usage()
{
	cat <<-END
	Usage: devtools/verify.sh [MODEL...]

	Checks the models of lib/verify, or those named, such as post_ring. The last line counts
	variants.

	  --help  this text
	END
}

# variants FILE: a line for each, as in "good|-DHOSTILE|text"
variants()
{
	sed -nE 's/^ \* (good|broken): *(.*)$/\1|\2/p' "$1" | sed -E 's/ *-- */|/'
}

# search FILE FLAG...: build the verifier here and let it look everywhere: 0 holds, 1 broken, 2
# neither can be said
search()
{
	local file=$1
	shift
	spin -a "$@" "$file" >spin.log 2>&1 && [ -s pan.c ] || { cat spin.log; return 2; }
	# To optimise it would take longer than nearly all of the searches do.
	gcc -O0 -w -DSAFETY -DVECTORSZ=2048 -DMEMLIM=$MEGABYTES -o pan pan.c || return 2
	./pan -m$DEPTH -w20 >pan.log 2>&1
	grep -q 'errors: [1-9]' pan.log && return 1
	# What was cut short proves nothing.
	grep -q 'errors: 0' pan.log &&
		! grep -qE 'search depth too small|Search not completed' pan.log && return 0
	cat pan.log
	return 2
}

# variant FILE KIND FLAGS TEXT: in a directory of its own, which is left empty
variant()
{
	local file=$1 kind=$2 flags=$3 text=$4 dir found words=([0]=holds [1]=found [2]=unknown)
	dir=$(mktemp -d) || return
	# shellcheck disable=SC2086
	(cd "$dir" && search "$file" $flags)
	found=$?
	printf '%-12s %-7s %-8s %9s states  %s\n' "$(basename "$file" .pml)" "$kind" \
		"${words[$found]}" "$(awk '/states, stored/ { print $1 }' "$dir/pan.log")" \
		"${flags//-D/}${text:+: $text}"
	grep -oE 'pan:[0-9]*: .*' "$dir/pan.log" | sed 's/^pan:[0-9]*: /    /'
	# The way into an error that nobody asked for.
	if [ $found -eq 1 ] && [ "$kind" = good ]; then
		(cd "$dir" && ./pan -r | tail -n 60)
	fi
	rm -rf "$dir"
	[ "$kind$found" = good0 ] || [ "$kind$found" = broken1 ]
}

NAMES=()
while [ $# -gt 0 ]; do
	case $1 in
	--help) usage; exit 0 ;;
	-*) usage >&2; die "unknown argument '$1'" ;;
	*) NAMES+=("$1") ;;
	esac
	shift
done
command -v spin >/dev/null || die "no spin here: devtools/setup.sh --test installs it"
if [ ${#NAMES[@]} -eq 0 ]; then
	for file in "$MODELS"/*.pml; do
		NAMES+=("$(basename "$file" .pml)")
	done
fi

GOOD=0
BAD=0
for name in "${NAMES[@]}"; do
	file=$MODELS/$name.pml
	[ -f "$file" ] || die "no model '$name': there are $(cd "$MODELS" && echo *.pml)"
	while IFS='|' read -r kind flags text; do
		if variant "$file" "$kind" "$flags" "$text"; then
			GOOD=$((GOOD + 1))
		else
			BAD=$((BAD + 1))
		fi
	done < <(variants "$file")
done
say "$GOOD passed, $BAD failed"
[ $GOOD -gt 0 ] && [ $BAD -eq 0 ]
