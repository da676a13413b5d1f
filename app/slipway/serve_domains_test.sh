#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# Several processes on one served device: `slipway serve --domains`. Each passes a million events and
# sees nothing of the others; one that is killed frees its domain. Needs python3, and as root setpriv
# of util-linux; usage: serve_domains_test.sh SLIPWAY BENCH_EVENT [EAL ARGUMENT]...
#
# The EAL arguments are those of one process: what loads the driver, and --no-huge.

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
slipway=$(realpath "${1:?usage: serve_domains_test.sh SLIPWAY BENCH_EVENT [EAL ARGUMENT]...}")
bench=$(realpath "${2:?usage: serve_domains_test.sh SLIPWAY BENCH_EVENT [EAL ARGUMENT]...}")
shift 2
eal=("$@")
patience=10
socket=$work/dlb
server=

finish() {
	[ -z "$server" ] || kill -9 "$server" 2>/dev/null
	rm -rf "${XDG_RUNTIME_DIR:-/var/run}/dpdk/domains$$."*
}

# serve ARGUMENT...: a server in the background
serve() {
	"$slipway" serve dlb "$socket" "$@" >"$work/serve" 2>&1 &
	server=$!
	eventually grep -q '^slipway: serving' "$work/serve"
}

ended() {
	kill "$server"
	wait "$server" 2>/dev/null
	server=
}

# client DOMAIN SECONDS NAME: events round and round for so long, each accounted for
client() {
	exec "$bench" "${eal[@]}" --no-pci --file-prefix "domains$$.$3" --lcores '0@(0-1)' \
		--vdev="event_dlb0,at=vfu:$socket.d$1" -- --layouts cooperative --stages a \
		--seconds "$2" --repeats 1 --json "$work/$3.json" >"$work/$3" 2>&1
}

# rejects TEXT ARGUMENTS [VDEV]: does the driver refuse a part of a device with these?
rejects() {
	timeout 30 "$bench" "${eal[@]}" --no-pci --file-prefix "domains$$.rejects" \
		--lcores '0@(0-1)' --vdev="event_dlb0,at=vfu:$socket.d0$2" ${3:+--vdev="$3"} \
		-- --layouts cooperative --stages a --seconds 0.01 --repeats 1 \
		>"$work/rejected" 2>&1
	grep -q -e "$1" "$work/rejected"
}

# events NAME: how many that were
events() {
	python3 -c '
import json, sys
run = json.load(open(sys.argv[1]))
print(int(sum(s["mps"] for c in run["cells"] for r in c["results"] for s in r["samples"])
          * run["seconds"] * 1e6))' "$work/$1.json"
}

has_million() {
	[ "$(events "$1")" -ge 1000000 ]
}

# million DOMAIN NAME: a million events, in a run that is long enough for it on this machine
million() {
	local seconds
	for seconds in 3 12 48; do
		(client "$1" "$seconds" "$2") || return 1
		has_million "$2" && return
	done
	return 1
}

refuses() {
	"$slipway" serve dlb "$socket" "$@" >"$work/said" 2>&1
	[ $? -eq 2 ]
}

# ---- Arguments ----

for arguments in '--domains 0' '--domains 33' '--domains x' '--domain 0:ldb_ports=4' \
	'--domains 2 --domain 2:ldb_ports=4' '--domains 2 --domain 0:ldb_ports=65' \
	'--ordered 4' '--domains 2 --ordered 0' '--domains 2 --domain 0:ports=4' '--domains 2 --domain 0:ldb_ports' \
	"--domains 2 --trace $work/trace"; do
	# shellcheck disable=SC2086 # words
	refuses $arguments && grep -q accepted "$work/said"
	count $? "refused: $arguments" "$work/said"
done
! timeout 5 "$slipway" serve dlb "$socket" --domains 2 --domain 0:ldb_ports=60 \
	--domain 1:ldb_ports=5 >"$work/said" 2>&1 && grep -q 'accepted: 0..4' "$work/said"
count $? 'more than there is' "$work/said"

# Room for all clients' descriptors is made, where a shell's limit is lower.
bash -c 'ulimit -Sn 64; exec "$@"' - "$slipway" serve dlb "$socket" --domains 32 \
	>"$work/serve" 2>&1 &
server=$!
eventually grep -q '^slipway: serving' "$work/serve"
count $? 'more domains than descriptors at first' "$work/serve"
ended

# ---- Two processes, a domain each ----

serve --domains 2 --domain 0:ldb_ports=40
count $? 'the server starts' "$work/serve"
million 0 left &
left=$!
million 1 right &
right=$!
wait $left
count $? 'a million events in domain 0' "$work/left" "$work/serve"
wait $right
count $? 'a million events in domain 1' "$work/right" "$work/serve"
! timeout 10 "$slipway" serve dlb "$socket" >"$work/said" 2>&1 &&
	grep -q 'somebody serves' "$work/said" && "$slipway" regs "$socket" >/dev/null 2>&1
count $? 'a second server leaves the control socket alone' "$work/said"
! grep -q 'refused' "$work/serve"
count $? 'neither touched what is not its own' "$work/serve"

# What a client may not settle for the others, or have more of than its part.
for argument in cq=dense sn=64:64 cos_bw=10:20:30:40; do
	rejects "device argument $argument: the server at .* shares its device out" \
		",$argument"
	count $? "refused: $argument" "$work/rejected"
done
rejects 'LDB_PORTS_UNAVAILABLE: 41 load-balanced ports; accepted: 0..40' ,ldb_ports=41
count $? 'more ports than the part has' "$work/rejected"
rejects 'DOMAIN_UNAVAILABLE; accepted: up to 1 domains' '' event_dlb1,device=event_dlb0
count $? 'a second domain of a part' "$work/rejected"

# ---- One of them is killed ----

million 0 stays &
stays=$!
(client 1 60 killed) &
killed=$!
eventually sh -c '[ "$(grep -c "d1: client came" "$1")" -gt "$2" ]' - "$work/serve" \
	"$(grep -c 'd1: client gone' "$work/serve")"
sleep 1
"$slipway" top --count 1 --json "$socket" >"$work/said" 2>&1
grep -q '"lines": *[1-9]' "$work/said"
count $? 'top sees lines in rings of domains' "$work/said"
# Events stay in its queue; the reset gets them out all the same.
"$slipway" inject "$socket" full-queue ldb:16 >"$work/said" 2>&1
count $? 'a fault in one domain' "$work/said"
gone=$(grep -c 'd1: device reset\|d1: client gone' "$work/serve")
kill -9 $killed
wait $killed 2>/dev/null
eventually sh -c '[ "$(grep -c "d1: device reset\|d1: client gone" "$1")" -gt "$2" ]' - \
	"$work/serve" "$gone"
count $? 'a killed client frees its domain' "$work/serve"
"$slipway" inject "$socket" clear >/dev/null
(client 1 0.5 next)
count $? 'the next client passes events' "$work/next" "$work/serve"
wait $stays
count $? 'the other one never noticed' "$work/stays" "$work/serve"
! grep -q 'FAILED' "$work/serve"
count $? 'no reset failed' "$work/serve"
ended

# ---- Who may connect ----

nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@" >"$work/said" 2>&1
}

# connects: may an ordinary user?
connects() {
	nobody /usr/bin/python3 -c '
import socket, sys
socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$socket.d0"
}

if [ "$(id -u)" -eq 0 ] && nobody /usr/bin/python3 -c ''; then
	chmod 755 "$work"
	serve --domains 2
	! connects && grep -q 'PermissionError' "$work/said"
	count $? 'without rights nobody connects' "$work/said"
	ended
	serve --domains 2 --mode 0666
	connects
	count $? 'with rights anybody does' "$work/said"
	ended
else
	echo 'who may connect is not tested: root can be somebody else, with /usr/bin/python3'
fi

verdict
