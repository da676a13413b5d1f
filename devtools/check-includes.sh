#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Who may include whom, in words. The build enforces most of it by the include directories that it
# gives each target; this names the line that breaks a rule, and sees system headers too.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT" || exit 1

# directory: the directories of ours it may include from, DPDK if it may use that, files by name
RULES='
lib/spec:
lib/bus: test_host.h
lib/model: lib/spec lib/bus
lib/model/dlb: lib/spec lib/bus lib/model fuzz_input.h
lib/model/dsa: lib/spec lib/bus lib/model fuzz_input.h
lib/model/mic: lib/spec lib/bus lib/model fuzz_input.h
lib/check/dlb: lib/spec lib/bus dlb_model.h
lib/check/dsa: lib/bus dsa_model.h
lib/check/mic: lib/bus mic_model.h card.h
lib/check/scif: lib/scif lib/scif/engine
lib/fuzz: lib/spec lib/bus lib/model lib/model/dlb
lib/card: lib/spec lib/bus lib/model/mic fuzz_input.h
lib/portal:
lib/verify: lib/spec lib/bus lib/model lib/model/dlb lib/verify/weave lib/scif lib/scif/client lib/scif/engine
lib/verify/weave:
lib/resource: lib/spec
lib/scif: lib/spec lib/scif/host lib/scif/engine lib/scif/client lib/ctl fuzz_input.h
lib/scif/engine: lib/spec lib/scif fuzz_input.h
lib/scif/host: lib/spec lib/scif lib/scif/engine lib/ctl
lib/scif/client: lib/spec lib/scif
lib/ctl: lib/spec
lib/share: lib/spec lib/bus lib/model lib/model/dlb lib/resource
lib/access: lib/bus lib/portal DPDK
drivers/common/mic: lib/spec lib/access lib/bus lib/portal DPDK
drivers/dma/dsa: lib/spec lib/access lib/bus lib/portal DPDK
drivers/event/dlb: lib/spec lib/resource lib/access lib/bus lib/portal DPDK
drivers/raw/mic: lib/spec lib/access lib/bus lib/portal lib/ctl drivers/common/mic DPDK
app/bench-common: DPDK
app/bench-dma: app/bench-common DPDK
app/bench-event: app/bench-common DPDK
app/bench-mic: app/bench-common rte_pmd_mic.h DPDK
app/test: app/test/common access_test.h rte_pmd_dlb.h DPDK
app/test/common: DPDK
app/test/dma: app/test/common access_test.h rte_pmd_dsa.h DPDK
app/test/mic: app/test/common access_test.h rte_pmd_mic.h DPDK
app/test/scif: lib/scif
app/check-dlb: lib/spec lib/bus lib/check/dlb
app/mpssd: lib/ctl rte_pmd_mic.h DPDK
app/packet-trace:
app/preload: lib/spec lib/bus lib/model lib/model/dlb lib/model/dsa lib/ctl lib/portal
app/scif-perf: app/bench-common
app/slipway: lib/spec lib/resource lib/bus lib/portal lib/model lib/model/dlb lib/model/dsa lib/model/mic lib/card lib/ctl lib/share lib/scif lib/scif/engine lib/scif/host
examples/card_offload: rte_pmd_mic.h DPDK
examples/dma_pipeline: rte_pmd_dsa.h DPDK
examples/packet_pipeline: DPDK
examples/scif_echo:
examples/scif_rma:
'
# The files of the seam that know what is behind it: one per device.
MODEL_SEAM_RULE='lib/spec lib/bus lib/portal DPDK'
# Plain C: no DPDK, no sockets, no threads.
PLAIN='lib/scif/engine lib/spec lib/resource lib/share lib/bus lib/model lib/model/dlb lib/model/dsa lib/model/mic lib/card lib/check/dlb'
# ... but for the checker's second poster, and for transports, which are sockets and no threads.
TWO_THREADS='lib/check/dlb/dlb_drive_meanwhile.c'
TRANSPORTS='lib/bus/vfu_*'
# Peers of tests run beside what they test.
PEERS='lib/bus/vfu_peer*'

ERRORS=0

# Of each directory, its rule; of each header, the directories of ours that hold one of that name.
declare -A RULE OWNERS

read_rules()
{
	local dir rule
	while IFS=: read -r dir rule; do
		[ -z "$dir" ] || RULE[$dir]=" $rule "
	done <<<"$RULES"
}

find_owners()
{
	local path
	for path in $(find lib drivers app examples -name '*.h'); do
		OWNERS[${path##*/}]+=" ${path%/*}"
	done
}

complain()
{
	say "$1: $2"
	ERRORS=$((ERRORS + 1))
}

# allow FILE DIRECTORY: set ALLOWED to what a file may include from
allow()
{
	local device
	case $1 in
	lib/access/access_model_mic.c)
		ALLOWED=" $MODEL_SEAM_RULE lib/model/mic lib/card "
		;;
	lib/access/access_model_*.c)
		device=${1#*_model_}
		ALLOWED=" $MODEL_SEAM_RULE lib/model/${device%.c} "
		;;
	*)
		ALLOWED=${RULE[$2]}
		;;
	esac
}

# check_line DIRECTORY HEADER WHERE: may a file there include HEADER of ours?
check_line()
{
	local dir=$1 header=$2 where=$3 from owners=${OWNERS[$2]-}
	[ -f "$dir/$header" ] && return
	if [ -z "$owners" ]; then
		complain "$where" "no directory of ours has \"$header\""
		return
	fi
	[[ $ALLOWED == *" $header "* ]] && return
	for from in $owners; do
		[[ $ALLOWED == *" $from "* ]] && return
	done
	complain "$where" "$dir may not include \"$header\" of${owners}"
}

# check_system FILE DIRECTORY HEADER WHERE: may FILE include that system header?
check_system()
{
	local file=$1 dir=$2 header=$3 where=$4
	case $header in
	rte_*)
		[[ $ALLOWED == *" DPDK "* ]] || complain "$where" "$dir does not use DPDK"
		;;
	sys/socket.h | pthread.h | threads.h)
		# Tests may start threads on what starts none.
		[ "$file" = "$TWO_THREADS" ] && return
		# shellcheck disable=SC2053 # patterns
		[[ $file == $PEERS ]] && return
		# shellcheck disable=SC2053
		[[ $file == $TRANSPORTS && $header = sys/socket.h ]] && return
		[[ " $PLAIN " == *" $dir "* && $file != *_test.c && $file != *_test_rig.h &&
			$file != *_stress.c && $file != *_stress_*.c ]] &&
			complain "$where" "$dir has no sockets and no threads"
		;;
	esac
}

# check_include FILE NUMBER LINE
check_include()
{
	local file=$1 dir=${1%/*} where=$1:$2
	[[ $3 =~ ^#\ *include\ *([\<\"])([^\>\"]*) ]] || return
	allow "$file" "$dir"
	if [ "${BASH_REMATCH[1]}" = '"' ]; then
		check_line "$dir" "${BASH_REMATCH[2]}" "$where"
	else
		check_system "$file" "$dir" "${BASH_REMATCH[2]}" "$where"
	fi
}

read_rules
find_owners
for dir in $(find lib drivers app examples -name '*.[ch]' -printf '%h\n' | sort -u); do
	[ -n "${RULE[$dir]-}" ] || complain "$dir" "has no rule: add one to devtools/check-includes.sh"
done
while IFS=: read -r file number line; do
	[ -z "${RULE[${file%/*}]-}" ] || check_include "$file" "$number" "$line"
done < <(find lib drivers app examples -name '*.[ch]' | sort |
	xargs grep -nE '^# *include *[<"]')
[ $ERRORS -eq 0 ] || { say "$ERRORS wrong includes"; exit 1; }
say "all includes follow the rules"
