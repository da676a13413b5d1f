#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# `slipway card` and `slipway mpssd`: arguments and settings, full disks, answers of processes that
# lie, the life of a card, what is killed at every state, two cards, two owners, and BOOTS boots;
# with 100 and more also what takes long. Needs python3; usage: card_test.sh SLIPWAY [BOOTS]

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
program=$(realpath "${1:?usage: card_test.sh SLIPWAY [BOOTS]}")
boots=${2:-20}
limit=60
export SLIPWAY_DIR=$work/dir SLIPWAY_CONFIG_DIR=$work/config
mkdir "$SLIPWAY_DIR"
fake=

# pid_of FILE: the process that a lock names, if it lives
pid_of() {
	local pid
	pid=$(cat "$1" 2>/dev/null) && kill -0 "$pid" 2>/dev/null && echo "$pid"
}

finish() {
	local pid file
	for file in "$SLIPWAY_DIR"/mpssd.lock "$SLIPWAY_DIR"/cards/*/pid; do
		pid=$(pid_of "$file") && kill -9 "$pid"
	done
	[ -z "$fake" ] || kill -9 "$fake" 2>/dev/null
	mountpoint -q "$work/small" 2>/dev/null && umount "$work/small"
}

card() {
	"$program" card "$@"
}

# json NAME EXPRESSION: of card NAME as status --json has it; c is the card
json() {
	card status --json "$1" |
		python3 -c "import json, sys; c = json.load(sys.stdin)['cards'][0]; print($2)"
}

# same NAME EXPECTED COMMAND...: what the command prints
same() {
	local name=$1 expected=$2
	shift 2
	"$@" >"$work/said" 2>&1
	[ "$(cat "$work/said")" = "$expected" ]
	count $? "$name"
}

part() {
	[ -z "${TIMES:-}" ] || echo "$EPOCHREALTIME $1"
}

# ---- Arguments ----

part arguments
slipway=("$program" card)
expect 'no action' 2 "'' is no action: there are start, boot, stop" "${slipway[@]}"
expect 'an action there is not' 2 "'fly' is no action" "${slipway[@]}" fly mic0
expect 'help' 0 'EXIT STATUS' "${slipway[@]}" --help
expect 'help of an action' 0 'EXIT STATUS' "${slipway[@]}" boot --help
expect 'help of mpssd' 0 'hold the cards' "$program" mpssd --help
expect 'no card' 2 'start: which card' "${slipway[@]}" start
expect 'a word too many' 2 "'mic1' is one word too many" "${slipway[@]}" start mic0 mic1
expect 'a name that is a path' 2 'no name of a card: accepted are up to 24 letters' \
	"${slipway[@]}" start ../mic0
expect 'a name too long' 2 'no name of a card' "${slipway[@]}" start a234567890123456789012345
expect 'an option there is not' 2 'unknown option --fast' "${slipway[@]}" boot --fast mic0
expect 'no such time' 2 'accepted are seconds' "${slipway[@]}" wait --timeout 0 mic0 ready
for action in boot stop reset status log crash config delete; do
	expect "$action of no card" 3 'there is no such card' "${slipway[@]}" $action nic0
done
expect 'no cards' 0 'slipway card start NAME makes one' "${slipway[@]}" status
expect 'mpssd takes no words' 2 'accepted are no arguments' "$program" mpssd mic0
SLIPWAY_CONFIG_DIR=etc expect 'settings in no place' 1 'absolute path' "${slipway[@]}" list
SLIPWAY_DIR=$work/a2345678901234567890123456789012345678901234567890 \
	expect 'sockets too long' 1 'paths of more than 107' "${slipway[@]}" start abcdefghijklmnopqrst

# ---- Settings ----

part settings
expect 'settings before the first start' 0 '' "${slipway[@]}" config mic0 memory=64 time_scale=100
same 'kept' 'memory = 64' bash -c "'$program' card config mic0 | head -1"
expect 'listed' 0 'mic0  *off  *.*mic0.conf' "${slipway[@]}" list
expect 'listed as JSON' 0 '"runs":false' "${slipway[@]}" list --json
expect 'a bad value' 2 'memory = 65: accepted: a power of two' "${slipway[@]}" config mic0 memory=65
expect 'a bad key' 2 "'size' is no key: accepted are memory, era" "${slipway[@]}" config mic0 size=1
expect 'no value' 2 'accepted is KEY=VALUE' "${slipway[@]}" config mic0 memory
expect 'a file there is not' 1 'image = /none: No such file' "${slipway[@]}" config mic0 image=/none
same 'as before' 'memory = 64' bash -c "'$program' card config mic0 | head -1"
printf 'memory = 64\ntime_sc' >"$SLIPWAY_CONFIG_DIR/cards/half.conf"
expect 'settings cut off' 1 'half.conf: the file is cut off' "${slipway[@]}" start half
: >"$SLIPWAY_CONFIG_DIR/cards/half.conf"
printf 'mem\033[2Jory = 64\n' >"$SLIPWAY_CONFIG_DIR/cards/half.conf"
expect 'a key that a terminal would obey' 1 'half.conf:1: ?: a key is of printable' \
	"${slipway[@]}" start half
printf 'memory = 64\n\0era = d\n' >"$SLIPWAY_CONFIG_DIR/cards/half.conf"
expect 'settings with a hole' 1 'half.conf: the file is cut off' "${slipway[@]}" start half
printf 'cmdline = %40000s\n' x >"$SLIPWAY_CONFIG_DIR/cards/half.conf"
expect 'settings too long' 1 'half.conf: File too large' "${slipway[@]}" start half
: >"$SLIPWAY_CONFIG_DIR/cards/half.conf"
expect 'settings of no length' 1 'half.conf: the file is empty' "${slipway[@]}" config half era=a
expect 'deleted' 0 'half: deleted' "${slipway[@]}" delete half
: >"$work/cards"
for action in status list; do
	SLIPWAY_CONFIG_DIR=$work expect "$action where settings cannot be" 1 \
		"$work/cards: Not a directory" "${slipway[@]}" $action
done
expect 'a card that is off' 4 'is off; slipway card start mic0' "${slipway[@]}" boot mic0
expect 'its log' 4 'was not started yet' "${slipway[@]}" log mic0
expect 'its stop' 4 'is off' "${slipway[@]}" stop mic0
expect 'its status' 0 'mic0: off' "${slipway[@]}" status mic0
expect 'wait for no state' 2 'is no state: accepted are off' "${slipway[@]}" wait mic0 asleep
expect 'wait for it' 0 'mic0: off' "${slipway[@]}" wait mic0 off
expect 'wait in vain' 5 'not online after 0.1 s, but off' \
	"${slipway[@]}" wait --timeout 0.1 mic0 online

# ---- Full disks ----

part disks
mkdir "$work/small"
if mount -t tmpfs -o size=16k none "$work/small" 2>/dev/null; then
	export SLIPWAY_CONFIG_DIR=$work/small
	expect 'settings on a small disk' 0 '' "${slipway[@]}" config mic0 memory=64
	dd if=/dev/zero of="$work/small/rest" bs=1k status=none 2>/dev/null
	expect 'settings on a full disk' 1 'No space left on device; what was there is as it was' \
		"${slipway[@]}" config mic0 memory=128
	same 'as they were' 'memory = 64' bash -c "'$program' card config mic0 | head -1"
	expect 'an image on a full disk' 1 'No space left' "${slipway[@]}" start mic0
	same 'no part of it' 'mic0.conf' ls "$work/small/cards"
	export SLIPWAY_CONFIG_DIR=$work/config
	SLIPWAY_DIR=$work/small expect 'no room for a log or lock' 1 'No space left' \
		"${slipway[@]}" start mic0
	expect 'nobody is left' 0 'mic0: off' "${slipway[@]}" status mic0
	umount "$work/small"
else
	echo "no tmpfs may be mounted: full disks left out"
fi

# ---- Answers of processes that lie ----

# lying ANSWER [OWNER-ANSWER]: somebody stands in for the card's process, and for its owner
lying() {
	[ -z "$fake" ] || { kill -9 "$fake"; wait "$fake"; } 2>/dev/null
	rm -rf "$SLIPWAY_DIR/cards/fake"
	python3 "$here/card_fake.py" "$SLIPWAY_DIR/cards/fake" "$@" >"$work/fake" </dev/zero 2>&1 &
	fake=$!
	eventually grep -q ready "$work/fake"
	eventually test -S "$SLIPWAY_DIR/cards/fake/card.ctl"
}

part lies
card config fake memory=64
echo image >"$SLIPWAY_CONFIG_DIR/cards/fake.img"
up='{"power":"running","post_code":"FF","pid":0}'
lying 'not JSON'
expect 'no JSON' 0 'the answer is not JSON' "${slipway[@]}" status fake
lying '{"power":7,"post_code":[],"channels":{"a":1},"uptime":"x","pid":"y"}' '[1]'
expect 'of other types' 0 'fake: running' "${slipway[@]}" status fake
expect 'of other types, as JSON' 0 '"channels"' "${slipway[@]}" status --json fake
lying $'{"power":"ready","post_code":"\\u001b[","image":"\\u001b]0;x"}'
"$program" card status fake >"$work/said" 2>&1
! grep -q $'\033' "$work/said"
count $? 'nothing reaches a terminal as it is'
lying '{"error":"no \u001b day"}'
expect 'a refusal' 6 'no ? day' "${slipway[@]}" crash fake
lying '@close'
expect 'an end' 0 'no answer' "${slipway[@]}" status fake
lying "$up" '{"state":"flying"}'
expect 'a state there is not' 6 'accepted is one that is ready' "${slipway[@]}" boot fake
lying '{}' '{"state":"ready","boots":6,"restarts":5,"restarts_refused":1}'
expect 'restarts without end' 0 'asked for a restart once too often, after 5 of them' \
	"${slipway[@]}" status fake
lying "$up" '{"state":"reset_failed"}'
expect 'a reset that has failed' 6 'is reset_failed; .*slipway card reset fake resets it' \
	"${slipway[@]}" boot fake
lying '{"power":"ready","post_code":"12"}' '{"error":"boot: the disk is gone"}'
expect 'an owner that refuses' 1 'the disk is gone' "${slipway[@]}" boot fake
lying '{"power":"ready","post_code":"12"}' \
	'{"state":"ready","post_code":"12","last_error":"no image"}'
expect 'a boot that fails' 1 'the boot failed; it is ready, POST code 12 .*: no image' \
	"${slipway[@]}" boot fake
lying '{"power":"ready","post_code":"12"}' '{"state":"ready","post_code":"12"}'
expect 'a boot that does nothing' 5 'not online after 0.5 s, but ready' \
	"${slipway[@]}" boot --timeout 0.5 fake
: >"$SLIPWAY_CONFIG_DIR/cards/fake.img"
expect 'an empty image' 1 'the file is empty' "${slipway[@]}" boot fake
rm "$SLIPWAY_CONFIG_DIR/cards/fake.img"
expect 'an image that has vanished' 1 'fake.img: No such file' "${slipway[@]}" boot fake
expect 'a directory' 1 'this is no file' "${slipway[@]}" boot --image "$work" fake
expect 'a long command line' 2 'up to 2035 characters' \
	"${slipway[@]}" boot --cmdline "$(printf '%2036s' x)" fake
expect 'not deleted while it runs' 6 'runs, process' "${slipway[@]}" delete fake
kill -9 "$fake"
wait "$fake" 2>/dev/null
fake=
expect 'deleted when it does not' 0 'fake: deleted' "${slipway[@]}" delete fake

# ---- Life ----

part life
expect 'started' 0 'mic0: started' "${slipway[@]}" start mic0
expect 'started once' 0 'mic0: runs already' "${slipway[@]}" start mic0
expect 'a second process' 6 'runs already' "${slipway[@]}" run mic0
expect 'ready by itself' 0 'mic0: ready' "${slipway[@]}" wait mic0 ready
expect 'booted' 0 'mic0: online after' "${slipway[@]}" boot mic0
expect 'booted once' 6 'mic0 is online; accepted is one that is ready' "${slipway[@]}" boot mic0
expect 'in detail' 0 'POST code  FF, bootstrap finished' "${slipway[@]}" status mic0
expect 'who drives it' 0 'owner      slipway-mpssd' "${slipway[@]}" status mic0
expect 'in a line' 0 '^mic0  *online  *FF' "${slipway[@]}" status
expect 'listed' 0 'mic0  *runs' "${slipway[@]}" list
expect 'registers' 0 '^POSTCODE  *0x00004646' "$program" regs mic0
expect 'among devices' 0 '^mic0  *mic x100' "$program" regs
expect 'watched' 0 'mic0: MIC card, running' "$program" top -n 1 -d 0.1 mic0
expect 'its console' 0 '.' "${slipway[@]}" log mic0
expect 'its own log' 0 'command line: mem=64M' "${slipway[@]}" log --buffer mic0
expect 'new settings wait' 0 'the next start takes this over' \
	"${slipway[@]}" config mic0 restart=no
expect 'or are read by boot' 0 'the next boot takes this over' \
	"${slipway[@]}" config mic0 cmdline='a=1'
card config mic0 restart=yes cmdline= >/dev/null
expect 'not deleted' 6 'mic0 runs' "${slipway[@]}" delete mic0
expect 'stopped' 0 'mic0: ready after' "${slipway[@]}" stop mic0
grep -q 'mic0: shutting_down, powered off' "$SLIPWAY_DIR/mpssd.log"
count $? 'in order'
expect 'stopped already' 0 'is not booted' "${slipway[@]}" stop mic0
expect 'reset' 0 'mic0: ready after' "${slipway[@]}" reset mic0
expect 'let go of' 0 '' "${slipway[@]}" stop --release mic0
expect 'and is free' 0 'owner      none' "${slipway[@]}" status mic0

# Half of an image, or something else.
head -c 100 "$SLIPWAY_CONFIG_DIR/cards/mic0.img" >"$work/half.img"
expect 'half an image' 1 '' "${slipway[@]}" boot --image "$work/half.img" mic0
head -c 65536 /dev/urandom >"$work/noise.img"
expect 'no image at all' 1 '' "${slipway[@]}" boot --image "$work/noise.img" mic0
expect 'is ready after it' 0 '' "${slipway[@]}" wait mic0 ready
# Twice the memory of the card.
truncate -s 128M "$work/huge.img"
expect 'too large an image' 1 '' "${slipway[@]}" boot --image "$work/huge.img" mic0
expect 'boots after all that' 0 'online' "${slipway[@]}" boot --cmdline 'quiet a=1' mic0

# ---- The end of a card OS, and what mpssd makes of it (datasheet section 21.2) ----

part ends
for end in crash halt poweroff; do
	expect "$end" 0 "mic0: $end" "${slipway[@]}" crash mic0 $end
	expect "ready after $end" 0 '' "${slipway[@]}" wait mic0 ready
	expect "boots after $end" 0 online "${slipway[@]}" boot mic0
done
before=$(json mic0 "c['owner']['boots']")
expect 'restart' 0 'mic0: restart' "${slipway[@]}" crash mic0 restart
eventually bash -c "'$program' card status --json mic0 | grep -q '\"boots\":$((before + 1))'"
count $? 'boots again by itself'
expect 'is online again' 0 '' "${slipway[@]}" wait mic0 online
expect 'hangs' 0 'mic0: hang' "${slipway[@]}" crash mic0 hang
expect 'reset does it' 0 'ready after' "${slipway[@]}" reset mic0
expect 'boots after it hung' 0 online "${slipway[@]}" boot mic0

# ---- Requests that are none ----

part requests
# ask SOCKET REQUEST...: what it answers
ask() {
	timeout 20 python3 - "$@" >"$work/answer" 2>&1 <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.settimeout(5)
		for request in sys.argv[2:]:
		    s.sendall(request.encode() + b"\n")
		    print(s.recv(4096).decode().strip())
	END
	cat "$work/answer"
}
mpssd=$SLIPWAY_DIR/mpssd.ctl
for request in attach 'attach {' 'attach {"card":7}' 'attach {"card":"../x"}' \
	'attach {"card":"a","x":1}' 'detach {"card":"a","restart":2}'; do
	ask "$mpssd" "$request" >"$work/said"
	grep -q 'accepted are, as JSON, card' "$work/said"
	count $? "$request"
done
ask "$mpssd" 'attach {"card":"nobody"}' 'detach {"card":"nobody"}' 'attach {"card":"mic0"}' \
	"$(printf '%5000s' x)" >"$work/said"
grep -q 'nobody: cannot be taken: No such' "$work/said" &&
	grep -q 'nobody is not attached here' "$work/said" &&
	grep -q '"attached":"mic0"' "$work/said" && grep -q 'at most 4096 bytes' "$work/said"
count $? 'no such card, one that is not held, one that is, too long a request'

# ---- Killed ----

part kills
kill -9 "$(pid_of "$SLIPWAY_DIR/cards/mic0/pid")"
expect 'a card that is killed' 0 '' "${slipway[@]}" wait --timeout 5 mic0 off
expect 'which is told' 0 'has ended; slipway card log mic0 tells more' "${slipway[@]}" status mic0
expect 'cannot boot' 4 'its process [0-9]* has ended' "${slipway[@]}" boot mic0
expect 'starts again' 0 started "${slipway[@]}" start mic0
expect 'boots again' 0 online "${slipway[@]}" boot mic0
mpssd=$(pid_of "$SLIPWAY_DIR/mpssd.lock")
expect 'a second mpssd' 3 "process $mpssd runs already" "$program" mpssd
kill -9 "$mpssd"
expect 'a card without owner is reset' 0 '' "${slipway[@]}" wait --timeout 5 mic0 ready
expect 'the next mpssd finds it' 0 online "${slipway[@]}" boot mic0
kill "$(pid_of "$SLIPWAY_DIR/mpssd.lock")"
expect 'mpssd ends in order' 0 '' "${slipway[@]}" wait --timeout 5 mic0 ready
eventually test ! -e "$SLIPWAY_DIR/mpssd.ctl"
count $? 'and leaves no socket'
grep -q 'mpssd: ends by SIGTERM' "$SLIPWAY_DIR/mpssd.log"
count $? 'and a word in its log'

# At every state, and while it is on its way from one to the next: the command that waits for it
# ends, with the card or without, and the next start and boot work.
part states
card stop --off --quiet mic0
card config mic0 time_scale=20
# after DELAY COMMAND...: the command, and after the delay the card's process is killed
after() {
	local delay=$1 pid
	shift
	pid=$(pid_of "$SLIPWAY_DIR/cards/mic0/pid")
	timeout 20 "$@" >"$work/said" 2>&1 &
	sleep "$delay"
	kill -9 "$pid"
	wait $!
	local status=$?
	echo "exit status $status" >>"$work/said"
	[ $status -le 6 ]
	count $? "killed $delay s after ${*: -2:1}"
}
for delay in 0.02 0.3 0.5 0.55 0.6 0.7; do
	card start mic0 >/dev/null
	after $delay "$program" card boot mic0
done
for delay in 0 0.02 0.1 0.3; do
	for command in stop reset; do
		card start mic0 >/dev/null
		card boot --quiet mic0
		after $delay "$program" card $command mic0
	done
done
expect 'starts after all that' 0 started "${slipway[@]}" start mic0
expect 'boots after all that' 0 online "${slipway[@]}" boot mic0
card stop --off --quiet mic0
card config mic0 time_scale=100
card start mic0 >/dev/null

# ---- A program that holds it ----

part holders
driver=$(dirname "$program")/../drivers/librte_raw_mic.so
if command -v dpdk-test >/dev/null; then
	# holder FILE: a program that has the card, until its input ends
	holds() {
		mkfifo "$1.in"
		LD_LIBRARY_PATH=$(dirname "$driver") dpdk-test --no-pci --no-huge -m 256 --no-shconf \
			--no-telemetry --file-prefix "card-test-$$-${1##*/}" -l 0 --iova-mode=va \
			-d "$(basename "$driver")" --vdev=raw_mic0,card=mic0 \
			<"$1.in" >"$1" 2>&1 &
		holder=$!
	}
	holds "$work/first"
	exec 7>"$work/first.in"
	eventually test -S "$SLIPWAY_DIR/cards/mic0/owner.ctl"
	first=$holder
	expect 'a program is asked to boot it' 0 online "${slipway[@]}" boot mic0
	expect 'and is named' 0 "owner      dpdk-test $first" "${slipway[@]}" status mic0
	holds "$work/second"
	exec 8>"$work/second.in"
	eventually grep -q RTE "$work/second"
	exec 8>&-
	wait "$holder"
	cp "$work/second" "$work/said"
	grep -q "process $first drives it; accepted: one owner at a time" "$work/second"
	count $? 'a second owner is refused'
	kill -9 "$first"
	wait "$first" 2>/dev/null
	exec 7>&-
	expect 'a program that is killed' 0 '' "${slipway[@]}" wait --timeout 5 mic0 ready
	expect 'leaves the card to mpssd' 0 online "${slipway[@]}" boot mic0
	expect 'whose it is now' 0 'owner      slipway-mpssd' "${slipway[@]}" status mic0
	rm -rf /var/run/dpdk/card-test-$$-*
else
	echo "there is no dpdk-test: programs that hold a card left out"
	card boot --quiet mic0
fi

# ---- One that is stopped ----

part stopped
stopped=$(pid_of "$SLIPWAY_DIR/cards/mic0/pid")
kill -STOP "$stopped"
# Whoever waits for an answer waits for 5 s.
begun=$EPOCHREALTIME
expect 'a process that is stopped' 0 "$stopped is stopped, and gives no answer; kill -CONT" \
	"${slipway[@]}" status mic0
grep -q '^mic0: online' "$work/said" && grep -q 'owner  *slipway-mpssd' "$work/said"
count $? 'its owner knows how it was'
for command in boot stop reset; do
	expect "$command says so" 6 "process $stopped is stopped; kill -CONT" \
		"${slipway[@]}" $command mic0
done
expect 'so do the other tools' 1 "process $stopped is stopped; kill -CONT" "$program" regs mic0
awk -v s="$begun" -v e="$EPOCHREALTIME" 'BEGIN { print e - s " s"; exit e - s > 4 }' \
	>"$work/said"
count $? 'all of them at once'
kill -CONT "$stopped"
same 'it goes on where it was' online json mic0 "c['state']"
kill -STOP "$stopped"
expect 'one that is stopped can be ended' 0 'mic0: off' "${slipway[@]}" stop --off mic0
card start mic0 >/dev/null && card boot --quiet mic0

# ---- Two cards ----

part two
card config mic1 memory=64 time_scale=20 restart=no
expect 'a second card' 0 started "${slipway[@]}" start mic1
card stop --quiet mic0
for name in mic0 mic1; do
	card boot --quiet $name &
done
wait
same 'both are online' 'online online' bash -c "'$program' card status --json mic0 mic1 |
	python3 -c 'import json, sys; print(*[c[\"state\"] for c in json.load(sys.stdin)[\"cards\"]])'"
same 'by one owner' True python3 - <<-END
	import json, subprocess
	out = subprocess.run(["$program", "card", "status", "--json"], capture_output=True)
	print(len({c["owner"]["pid"] for c in json.loads(out.stdout)["cards"]}) == 1)
END
expect 'one that may not restart' 0 'mic1: restart' "${slipway[@]}" crash mic1 restart
expect 'is reset' 0 '' "${slipway[@]}" wait mic1 ready
sleep 0.3
same 'and only that' 'ready 1' json mic1 "c['state'], c['owner']['boots']"
card boot --quiet mic1
# again NAME: the other card stops and boots within 3 s, whatever one of them does
again() {
	local begun=$EPOCHREALTIME
	{ card stop --quiet mic0 && card boot --quiet mic0; } >"$work/said" 2>&1 &&
		awk -v s="$begun" -v e="$EPOCHREALTIME" 'BEGIN { print e - s; exit e - s > 3 }' \
			>>"$work/said"
	count $? "$1"
}
# Its shutdown is waited for, 3 s of our time.
card crash mic1 hang >/dev/null
ask "$SLIPWAY_DIR/mpssd.ctl" 'detach {"card":"mic1"}' cards 'attach {"card":"mic1"}' >"$work/said"
grep -q '"detached":"mic1"' "$work/said" && grep -q '"leaves":true' "$work/said" &&
	grep -q 'mic1: is being let go' "$work/said"
count $? 'one that hangs is let go, which takes a while'
again 'the other is served meanwhile'
expect 'it is reset in the end' 0 '' "${slipway[@]}" wait --timeout 10 mic1 ready
expect 'it boots again' 0 online "${slipway[@]}" boot mic1
# Who has its owner reset it waits for its registers, and for 5 s.
kill -STOP "$(pid_of "$SLIPWAY_DIR/cards/mic1/pid")"
timeout 30 python3 - "$SLIPWAY_DIR" >"$work/said" 2>&1 <<-'END'
	import socket, sys, time
	owners = [socket.socket(socket.AF_UNIX) for _ in range(2)]
	for n, owner in enumerate(owners):
	    owner.connect(f"{sys.argv[1]}/cards/mic{n}/owner.ctl")
	owners[1].sendall(b"reset\n")
	time.sleep(0.2)
	begun = time.monotonic()
	owners[0].sendall(b"status\n")
	owners[0].recv(4096)
	seconds = time.monotonic() - begun
	print(f"the other one answers after {seconds:.2f} s")
	sys.exit(seconds > 3)
END
count $? 'nor does one that gives no answer hold it up'
kill -9 "$(pid_of "$SLIPWAY_DIR/cards/mic1/pid")"
expect 'one is killed' 0 '' "${slipway[@]}" wait mic1 off
same 'the other does not notice' online json mic0 "c['state']"
card config mic1 era=d
card start mic1 >/dev/null
expect 'a card of era d does not connect' 1 'is up, and has not connected by SCIF' \
	"${slipway[@]}" boot mic1
card stop --off --quiet mic1
card config mic1 era=a >/dev/null

# ---- Again and again ----

part boots
# held PID: its descriptors, mapped files and sockets; own memory in MB
held() {
	echo "$(find "/proc/$1/fd" -mindepth 1 | wc -l) descriptors," \
		"$(grep -c 'memfd:\|/dev/shm' "/proc/$1/maps") mapped files"
}
resident() {
	awk '/^RssAnon/ { print $2 }' "/proc/$1/status"
}
card stop --quiet mic0
mpssd=$(pid_of "$SLIPWAY_DIR/mpssd.lock")
mic=$(pid_of "$SLIPWAY_DIR/cards/mic0/pid")
before=$(held "$mpssd"; held "$mic")
memory=$(($(resident "$mpssd") + $(resident "$mic")))
begun=$EPOCHREALTIME
for ((n = 1; n <= boots; n++)); do
	{ card boot --quiet mic0 || break; card stop --quiet mic0 || break; } 2>"$work/said"
done
[ $n -gt "$boots" ]
count $? "$boots boots, stopped at $n"
same 'no descriptor or mapping is left of them' "$before" bash -c "$(declare -f held)
	held $mpssd; held $mic"
[ $(($(resident "$mpssd") + $(resident "$mic"))) -le $((memory + 2048)) ]
count $? "nor memory: $memory kB before, $(($(resident "$mpssd") + $(resident "$mic"))) kB after"
# 200 within 60 s.
awk -v n="$boots" -v s="$begun" -v e="$EPOCHREALTIME" 'BEGIN {
	printf "%d boots in %.1f s\n", n, e - s
	exit e - s > n * 0.3 }' >"$work/said"
count $? 'not slowly'
cat "$work/said"

# ---- The end ----

part end
expect 'switched off' 0 'mic0: off' "${slipway[@]}" stop --off mic0
expect 'twice' 0 '' "${slipway[@]}" stop --off mic0
expect 'mic0 deleted' 0 deleted "${slipway[@]}" delete mic0
expect 'started for its end' 0 started "${slipway[@]}" start mic1
expect 'deleted as it runs' 0 deleted "${slipway[@]}" delete --force mic1
same 'no card is left' '' ls "$SLIPWAY_CONFIG_DIR/cards"
same 'nor anything of one' '' ls "$SLIPWAY_DIR/cards"
eventually test ! -e "$SLIPWAY_DIR/mpssd.lock"
count $? 'mpssd ends when it has no card'

verdict
