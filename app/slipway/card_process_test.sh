#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# A card's process: hosts that are plugged in, go and are killed, its console, two of one name, what
# it leaves behind; and images that mkimage makes, or does not. No DPDK, no root; usage:
#   card_process_test.sh PROGRAM HOST [KILLS]

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
[ $# -ge 2 ] || { echo 'usage: card_process_test.sh PROGRAM HOST [KILLS]'; exit 2; }
program=$(realpath "$1")
host=$(realpath "$2")
kills=${3:-10}
limit=30
card=
finish() {
	[ -z "$card" ] || kill -9 "$card" 2>/dev/null
}
export SLIPWAY_DIR=$work/dir SLIPWAY_CONFIG_DIR=$work/conf
socket=$SLIPWAY_DIR/cards/mic0/card

# ask REQUEST: the answer of the card's control socket
ask() {
	python3 - "$socket.ctl" "$1" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.settimeout(10)
	s.connect(sys.argv[1])
	s.sendall(sys.argv[2].encode() + b"\n")
	answer = b""
	while not answer.endswith(b"\n"):
	    more = s.recv(65536)
	    if not more:
	        break
	    answer += more
	sys.stdout.write(answer.decode())
	END
}

# stat EXPRESSION: is it true of the card's stats (v)?
stat_is() {
	ask stats | python3 -c "
import json, sys
v = json.load(sys.stdin)
raise SystemExit(not ($1))"
}

# answers NAME TEXT REQUEST: a pattern in the answer
answers() {
	ask "$3" >"$work/said" 2>&1
	grep -q -e "$2" "$work/said"
	count $? "$1"
}

descriptors() {
	find "/proc/$card/fd" -type l | wc -l
}

# Pages of memory it has, of the card's memory and of its own.
resident() {
	cut -d ' ' -f 2 "/proc/$card/statm"
}

busy_ticks() {
	cut -d ' ' -f 14,15 "/proc/$card/stat" | tr ' ' '+'
}

start_card() {
	"$program" card run mic0 >"$work/log" 2>&1 &
	card=$!
	eventually grep -q 'connect with --vdev=raw_mic0,card=mic0' "$work/log"
}

# ---- Images ----

expect 'an image is made' 0 'image of 1048576 bytes, slipway-card test' \
	"$program" card mkimage --build test "$work/img"
expect 'and smaller ones' 0 'of 65536 bytes' "$program" card mkimage --size 64K "$work/small"
expect 'a size that cannot be' 2 'accepted are 8192 to' \
	"$program" card mkimage --size 100 "$work/none"
expect 'a size that is no number' 2 'accepted are 8192 to' \
	"$program" card mkimage --size 1Q "$work/none"
expect 'a build with spaces' 2 'accepted are up to 48' \
	"$program" card mkimage --build 'a b' "$work/none"
expect 'a place where nothing can be' 1 'No such file' \
	"$program" card mkimage "$work/no/such/place"
hold 'refused ones leave nothing' test ! -e "$work/none"
expect 'a ramdisk and a System.map with it' 0 '' "$program" card mkimage \
	--ramdisk "$work/rd" --ramdisk-size 4K --map "$work/map" --build test "$work/img"
hold 'a ramdisk is a cpio archive' test "$(head -c 6 "$work/rd")" = 070701
hold 'the map names the log' grep -q '^ffffffff80101000 B __log_buf$' "$work/map"
full() {
	# A device without room: nothing is left half done there, nor beside.
	! "$program" card mkimage /dev/full 2>"$work/said" && [ -c /dev/full ]
}
[ "$(id -u)" -ne 0 ] && hold 'a full disk' full

# ---- A card and its hosts ----

"$program" card config mic0 time_scale=100 memory=64 >/dev/null
hold 'the process of a card' start_card
expect 'is one of a kind' 6 "runs already, as process $card" "$program" card run mic0
expect 'a host boots it, calls functions, shuts it down' 0 '^ok$' "$host" "$socket" "$work/img" boot
hold 'it said so' grep -q 'command line: mem=256M host=slipway-card-host' "$work/log"
hold 'and what image that was' grep -q 'slipway-card test' "$work/log"
# CRC-32C and XXH64 of 4096 times "a", computed by programs of others.
expect 'hashes are those of others' 0 '^hash 26c74ca2 89a55a10892c1603$' \
	"$host" "$socket" "$work/img" boot
expect 'the same by messages only' 0 '^ok$' "$host" "$socket" "$work/small" boot message
eventually stat_is "v['power'] == 'ready' and v['boots'] == 3 and v['os'] == 'off'"
count $? 'between hosts it is as switched on'
hold 'a host that goes takes the card OS along' grep -q 'device reset after process' "$work/log"

# ---- The console ----

stay() {
	: >"$work/host" # not what the host before said
	"$host" "$socket" "$work/img" stay >"$work/host" 2>&1 &
	guest=$!
	eventually grep -q '^up$' "$work/host"
}

gone() {
	kill -9 "$guest"
	wait "$guest" 2>/dev/null
	eventually stat_is "v['sockets'][0]['client'] == 0"
}

answers 'nobody to type at' 'accepted while the card OS is starting or up; it is off' halt
for command in halt poweroff restart crash hang; do
	hold "a host for $command" stay
	answers "$command" '"typed"' $command
	want=down
	[ $command = hang ] && want=hung
	eventually stat_is "v['os'] == '$want'"
	count $? "$command makes the card OS $want"
	answers "the log tells of $command" '"log":\[".*image of' log
	hold "the host goes after $command" gone
done
hold 'crashes are counted' stat_is "v['crashes'] == 1"
answers 'an unknown word' 'unknown request; accepted are .* halt' boil

# ---- Images that are not good ----

wrong_image() {
	"$host" "$socket" "$1" stay >"$work/said" 2>&1 &
	guest=$!
	eventually stat_is "v['power'] == 'refused' and v['post_code'] == 'nA' and '$2' in v['boot_error']"
	local status=$?
	ask stats >>"$work/said"
	gone || status=1
	return $status
}

head -c 500000 "$work/img" >"$work/cut"
cat "$work/small" "$work/small" >"$work/long"
{ head -c 30000 "$work/small"; printf 'x'; tail -c +30002 "$work/small"; } >"$work/bad"
head -c 65536 /dev/zero >"$work/zero"
hold 'an image cut short' wrong_image "$work/cut" 'cut short'
hold 'an image too long' wrong_image "$work/long" 'more bytes'
hold 'an image with a wrong byte' wrong_image "$work/bad" 'damaged'
hold 'what is no image' wrong_image "$work/zero" HdrS
expect 'and a good one after them' 0 '^ok$' "$host" "$socket" "$work/img" boot

# ---- Hosts that are killed ----

eventually stat_is "v['sockets'][0]['client'] == 0"
descriptors_before=$(descriptors)
for n in $(seq "$kills"); do
	stay && gone || break
done
count $? "hosts killed in the middle of calls, $n times"
hold 'no descriptor stays' test "$(descriptors)" -le "$descriptors_before"
expect 'and the next host' 0 '^ok$' "$host" "$socket" "$work/img" boot

# ---- Rest ----

sleep 0.5
ticks=$(busy_ticks)
pages=$(resident)
sleep 2
hold 'a card without a host takes no time' test $((($(busy_ticks)) - ($ticks))) -le 2
hold 'and has given its memory back' test "$pages" -le 4096
hold 'a booted card' stay
kill -STOP "$guest"
sleep 0.3
ticks=$(busy_ticks)
sleep 2
hold 'that nobody calls takes no time' test $((($(busy_ticks)) - ($ticks))) -le 2
kill -CONT "$guest"
hold 'its host goes' gone

# ---- The end ----

kill -TERM "$card"
wait "$card"
hold 'it ends well' test $? -eq 0
card=
hold 'its sockets are gone' test ! -e "$socket" -a ! -e "$socket.ctl"
hold 'a card again' start_card
kill -9 "$card"
wait "$card" 2>/dev/null
hold 'one that was killed leaves its socket' test -S "$socket"
hold 'which makes way for the next' start_card
expect 'that works' 0 '^ok$' "$host" "$socket" "$work/img" boot
kill -TERM "$card"
wait "$card"
card=

verdict
