#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# Does packet-trace find what it should? Right outputs must hold, and each kind of damage must be
# called by its name. Needs python3; usage: packet_trace_test.sh PROGRAM

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
program=${1:?usage: packet_trace_test.sh PROGRAM}
routes=$here/../../examples/packet_pipeline/routes.txt

damage() {
	python3 "$here/packet_trace_damage.py" "$@"
}

check() {
	"$program" check --in "$work/in.pcap" --out "$work/0.pcap" "$work/1.pcap" \
		--routes "$routes" "$@"
}

# Fresh, right outputs of the trace at hand.
fresh() {
	cp "$work/right0.pcap" "$work/0.pcap"
	cp "$work/right1.pcap" "$work/1.pcap"
}

right() {
	damage route "$routes" "$work/in.pcap" "$work/right0.pcap" "$work/right1.pcap"
	fresh
}

# damaged NAME TEXT CHECK-OPTIONS -- DAMAGE...: after the damage, check must fail and say the text.
damaged() {
	local name=$1 text=$2 flows=$3
	shift 3
	fresh
	damage "$@"
	expect "$name, by $flows" 1 "$text" check --flows "$flows"
}

generated_trace() {
	expect "a trace is generated" 0 "2000 packets of 20 flows" \
		"$program" generate -o "$work/in.pcap" --packets 2000 --flows 20 --seed 7
	"$program" generate -o "$work/again.pcap" --packets 2000 --flows 20 --seed 7 >"$work/said"
	cmp -s "$work/in.pcap" "$work/again.pcap"
	count $? "the same seed makes the same trace"
	right
	expect "right outputs hold, by payload" 0 "^holds" check --flows payload
	expect "right outputs hold, by addresses" 0 "^holds" check --flows addresses
	local flows
	for flows in payload addresses; do
		damaged "a dropped packet" "missing: input packet" $flows drop "$work/0.pcap" 100
		damaged "a dropped first packet" "missing:" $flows drop "$work/1.pcap" 1
		damaged "a packet sent twice" "duplicate: input packet" $flows twice "$work/0.pcap" 50
		damaged "packets swapped within a flow" "reordered:" $flows swap "$work/1.pcap" 9
		damaged "an altered payload" "altered: input.*byte" $flows alter "$work/1.pcap" 77
		damaged "a longer packet" "altered: input.*bytes long" $flows longer "$work/0.pcap" 3
		damaged "a time to live not lowered" "altered: input.*byte 2[12] is" $flows \
			ttl "$work/0.pcap" 200
		damaged "a foreign Ethernet source" "altered: input.*Ethernet source" $flows \
			source "$work/0.pcap" 200
		damaged "a packet on another port" "misrouted: input.*belongs on port 0" $flows \
			move "$work/0.pcap" 60 "$work/1.pcap"
	done
	fresh
	expect "outputs in the wrong order" 1 "misrouted:" \
		"$program" check --in "$work/in.pcap" --out "$work/1.pcap" "$work/0.pcap" \
		--routes "$routes"
}

odd_trace() {
	damage odd "$work/in.pcap"
	right
	expect "odd packets hold" 0 "^holds" check
	expect "odd packets are no generated trace" 1 "carries no flow number" check --flows payload
	damaged "an altered unrouted packet" "altered: input" addresses alter "$work/0.pcap" 1
	damaged "a wrong header checksum" "altered: input.*checksum" addresses sum "$work/0.pcap" 7
	damaged "one of three equal packets dropped" "missing: input packet 13" addresses \
		drop "$work/0.pcap" 11
	damaged "one of three equal packets doubled" "duplicate: input" addresses \
		twice "$work/0.pcap" 10
	damaged "non-IP packets swapped" "reordered:" addresses swap "$work/0.pcap" 1
	damaged "an expired packet routed" "altered: input" addresses ttl "$work/0.pcap" 5
	damaged "an unrouted packet on another port" "misrouted:" addresses \
		move "$work/0.pcap" 1 "$work/1.pcap"
}

merged_captures() {
	mkdir "$work/captures"
	cp "$work/in.pcap" "$work/captures/b.pcap"
	cp "$work/in.pcap" "$work/captures/a.pcap"
	damage cut "$work/captures/a.pcap" 500
	echo "not a capture" >"$work/captures/c.pcap"
	echo "not looked at" >"$work/captures/c.txt"
	printf '\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x71\0\0\0' \
		>"$work/captures/cooked.pcapng"
	expect "captures are merged and counted" 0 "files    4: 2 read, 1 not readable, 1 not" \
		"$program" merge -o "$work/merged.pcap" "$work/captures"
	expect "a damaged capture is counted" 0 "damaged  1" \
		"$program" merge -o "$work/merged.pcap" "$work/captures"
	expect "what is left out is named" 0 "left out: .*c.pcap: unknown file format" \
		"$program" merge -v -o "$work/merged.pcap" "$work/captures"
	expect "a merge of nothing fails" 1 "no Ethernet packet" \
		"$program" merge -o "$work/merged.pcap" "$work/captures/c.pcap"
}

refusals() {
	fresh
	expect "too many flows are refused" 2 "accepted are 1 to 65536" \
		"$program" generate -o "$work/x.pcap" --flows 65537
	expect "a missing input is named" 1 "nowhere.pcap: cannot be read: No such file" \
		"$program" check --in "$work/nowhere.pcap" --out "$work/0.pcap"
	expect "a directory is no trace" 1 "not a regular file" \
		"$program" check --in "$work" --out "$work/0.pcap"
	expect "garbage is no trace" 1 "unknown file format" \
		"$program" check --in "$routes" --out "$work/0.pcap"
	expect "a missing output is asked for" 1 "belongs on port 1, and only 1" \
		"$program" check --in "$work/in.pcap" --out "$work/0.pcap" --routes "$routes"
	echo "10.0.0.0/33 0" >"$work/bad.txt"
	expect "a bad route is named" 1 "bad.txt:1: accepted prefix lengths" \
		"$program" check --in "$work/in.pcap" --out "$work/0.pcap" --routes "$work/bad.txt"
	damage cut "$work/0.pcap" 130
	expect "a truncated output is named" 1 "0.pcap: damaged after packet" check
}

# Whatever the bytes: an answer, not a crash.
noise() {
	local i wrong=0
	for i in $(seq 1 20); do
		fresh
		cp "$work/in.pcap" "$work/noise.pcap"
		damage flip "$work/noise.pcap" "$i" 20
		damage flip "$work/1.pcap" "$i" 20
		[ $((i % 3)) -eq 0 ] && damage cut "$work/noise.pcap" $((i * 90))
		"$program" check --in "$work/noise.pcap" --out "$work/0.pcap" "$work/1.pcap" \
			--routes "$routes" >"$work/said" 2>&1
		[ $? -le 1 ] || wrong=1
		"$program" merge -o "$work/merged.pcap" "$work/noise.pcap" "$work/1.pcap" \
			>>"$work/said" 2>&1
		[ $? -le 1 ] || wrong=1
		[ $wrong -eq 0 ] || break
	done
	count $wrong "noise in the files never crashes (round $i)"
}

generated_trace
odd_trace
merged_captures
refusals
noise
verdict
