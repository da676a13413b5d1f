#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Does check-dlb find bugs? Each patch of devtools/plants puts one into the model of a copy of the
# tree. A run of the first hundred seeds has to fail there, by a rule that the patch names, and the
# script that it shrinks to has to break the same rule again.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

PLANTS=$ROOT/devtools/plants
SEEDS=100
# A device with a bug may also hang.
RUN_SECONDS=60
FLAGS=(-std=gnu11 -O1 -w -D_GNU_SOURCE '-DSLIPWAY_VERSION="planted"' -pthread)
FLAGS+=(-Ilib/spec -Ilib/bus -Ilib/model -Ilib/model/dlb -Ilib/check/dlb)

usage()
{
	cat <<-END
	Usage: devtools/plants.sh [NAME...]

	Plants bugs into copies of the model, one at a time: those of devtools/plants, or the named
	ones. check-dlb has to find each within $SEEDS seeds. Needs a build in $BUILD, which says
	what check-dlb is made of. The last line counts.

	  --help  this text
	END
}

# compile DIR SOURCE...: objects beside the sources
compile()
{
	(cd "$1" && shift && printf '%s\n' "$@" |
		xargs -P 2 -I{} "${CC:-gcc}" "${FLAGS[@]}" -c -o {}.o {})
}

# The tree without a bug, and its objects: what each bug starts from.
prepare()
{
	local source
	mkdir -p "$DIR/clean/app" "$DIR/clean/lib" || return
	cp -r "$ROOT/app/check-dlb" "$DIR/clean/app" || return
	cp -r "$ROOT"/lib/{bus,check,model,spec} "$DIR/clean/lib" || return
	while read -r source; do
		SOURCES+=("${source#../}")
	done < <(ninja -C "$BUILD" -t inputs app/check-dlb | grep '\.c$')
	[ ${#SOURCES[@]} -gt 0 ] || return
	compile "$DIR/clean" "${SOURCES[@]}"
}

# What a patch has to have built again: the source it changes, or, for a header, all of the model.
stale()
{
	local file=$1 source
	for source in "${SOURCES[@]}"; do
		case $file in
		*.h) [[ $source != lib/model/* ]] || printf '%s\n' "$source" ;;
		*) [ "$source" != "$file" ] || printf '%s\n' "$source" ;;
		esac
	done
}

# plant NAME: check-dlb with that bug, in $DIR/bug
plant()
{
	local patch=$PLANTS/$1.patch file sources
	rm -rf "$DIR/bug"
	cp -r "$DIR/clean" "$DIR/bug" || return
	if ! patch -s -p1 --fuzz=0 -d "$DIR/bug" <"$patch" >"$DIR/log" 2>&1; then
		REASON="the patch does not apply"
		return 1
	fi
	file=$(sed -n 's,^+++ b/,,p' "$patch")
	mapfile -t sources < <(stale "$file")
	REASON="does not build"
	compile "$DIR/bug" "${sources[@]}" >"$DIR/log" 2>&1 &&
		(cd "$DIR/bug" && "${CC:-gcc}" -pthread -o planted "${SOURCES[@]/%/.o}")
}

# search NAME: run, and replay the script: sets SEED, RULE, LENGTH, or REASON
search()
{
	local rules again failed
	rules=$(sed -n 's/^Rule: //p' "$PLANTS/$1.patch")
	REASON="not found within $SEEDS seeds"
	timeout "$RUN_SECONDS" "$DIR/bug/planted" --runs "$SEEDS" --save "$DIR/bug" >"$DIR/log" 2>&1
	[ $? -eq 1 ] || return
	failed=$(sed -n 's/^shrunk from [0-9]* to [0-9]* lines in [0-9]* runs: //p' "$DIR/log")
	SEED=$((16#$(sed -n 's/^seed 0x\([0-9a-f]*\),.*/\1/p' "$DIR/log")))
	RULE=${failed%%:*}
	REASON="found by '$RULE' instead of $rules"
	[[ $RULE =~ ^($rules)$ ]] || return
	LENGTH=$(grep -cv -e '^#' -e '^check-dlb script' "$DIR"/bug/check-dlb-*.script)
	again=$(timeout "$RUN_SECONDS" "$DIR/bug/planted" --replay "$DIR"/bug/check-dlb-*.script |
		sed -n '$s/^line [0-9]*: //p')
	REASON="its script breaks '${again%%:*}' instead of '$RULE'"
	[ "${again%%:*}" = "$RULE" ]
}

case ${1:-} in
--help) usage; exit 0 ;;
-*) usage >&2; die "no such option: '$1'" ;;
esac
NAMES=("$@")
if [ $# -eq 0 ]; then
	for file in "$PLANTS"/*.patch; do
		NAMES+=("$(basename "$file" .patch)")
	done
fi
[ -f "$BUILD/build.ninja" ] || die "no $BUILD: devtools/setup.sh makes it"

DIR=$(mktemp -d) || exit
trap 'rm -rf "$DIR"' EXIT
SOURCES=()
prepare || die "check-dlb does not build in a copy of the tree"
GOOD=0
BAD=0
printf '%-24s %4s  %-16s %5s\n' bug seed rule lines
for name in "${NAMES[@]}"; do
	if [ ! -f "$PLANTS/$name.patch" ]; then
		say "$name: no such bug in $PLANTS"
		BAD=$((BAD + 1))
	elif plant "$name" && search "$name"; then
		printf '%-24s %4u  %-16s %5u\n' "$name" "$SEED" "$RULE" "$LENGTH"
		GOOD=$((GOOD + 1))
	else
		printf '%-24s %s\n' "$name" "$REASON"
		tail -n 5 "$DIR/log"
		BAD=$((BAD + 1))
	fi
done
say "$GOOD passed, $BAD failed"
[ $BAD -eq 0 ]
