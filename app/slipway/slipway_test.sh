#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# What `slipway run` shows to programs that open no device, what it leaves behind, and what
# `slipway regs` makes of files, good and bad. Needs python3; usage: slipway_test.sh PROGRAM

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
program=$(realpath "${1:?usage: slipway_test.sh PROGRAM}")
limit=30
# As an ordinary user below, too.
chmod 755 "$work"
export SLIPWAY_DIR=$work/dir
unset LD_PRELOAD SLIPWAY_TRACE
child=0

# Nothing is left of runs that ended.
nothing_left() {
	find "$SLIPWAY_DIR" -mindepth 1 2>/dev/null
	[ ! -e "$SLIPWAY_DIR" ] || [ -z "$(ls -A "$SLIPWAY_DIR")" ]
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

# background COMMAND...: starts slipway run on a shell script that says its pid when it is ready;
# sets slipway and child.
background() {
	rm -f "$work/ready"
	# Started by & it would ignore SIGINT and SIGQUIT, under nohup SIGHUP, and so would what it runs.
	python3 -c '
import os, signal, sys
for s in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    signal.signal(s, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$program" run -- "$@" >"$work/log" 2>&1 &
	slipway=$!
	eventually test -s "$work/ready" || { cat "$work/log"; return 1; }
	child=$(cat "$work/ready")
}

# A program that says when it is ready, and waits for signals. $1: what to do first.
sleeper() {
	cat <<-END
	$1
	echo \$\$ >$work/ready.new; mv $work/ready.new $work/ready
	while :; do sleep 0.05; done
	END
}

# ---- Exit statuses ----

run=("$program" run)
expect 'the status of the program' 7 'dlb 2.5 at 0000:7e:00.0' "${run[@]}" -- sh -c 'exit 7'
expect 'success' 0 '' "${run[@]}" true
expect 'the signal that ended the program' 139 '' "${run[@]}" -- sh -c 'kill -SEGV $$'
expect 'SIGKILL, too' 137 '' "${run[@]}" -- sh -c 'kill -KILL $$'
expect 'a program that is not there' 127 'no-such-program: No such file' "${run[@]}" \
	-- no-such-program
expect 'a file that is no program' 126 'Permission denied' "${run[@]}" -- /etc/passwd
hold 'nothing is left behind' nothing_left

# The status is there even where SIGCHLD is ignored.
expect 'SIGCHLD ignored' 7 '' python3 -c '
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "${run[@]}" -- sh -c 'exit 7'

# ---- Arguments ----

expect 'no command' 2 'no command to run' "${run[@]}" --
expect 'unknown model' 2 "'mlx': there are only the models dlb and dsa" "${run[@]}" --device mlx -- true
expect 'unknown version' 2 "'3.0' is not accepted, only 2.0 and 2.5" "${run[@]}" \
	--device dlb,version=3.0 -- true
expect 'unknown option of a model' 2 "'step=1' is not accepted" "${run[@]}" \
	--device dlb,step=1 -- true
expect 'a DSA' 0 'dsa 1.0 at 0000:7e:00.0, dsa 2.0 at 0000:7f:00.0' "${run[@]}" --device dsa \
	--device dsa,version=2.0,wqs=4 -- true
expect 'no such version of a DSA' 2 "'2.5' is not accepted, only 1.0 and 2.0" "${run[@]}" \
	--device dsa,version=2.5 -- true
expect 'too many work queues' 2 'wqs=65 is not accepted, only 1 to 64' "${run[@]}" \
	--device dsa,wqs=65 -- true
expect 'work queues of what has none' 2 "'wqs=4' is not accepted" "${run[@]}" \
	--device dlb,wqs=4 -- true
expect 'a DSA of the kernel' 0 "the kernel's dsa 1.0 at 0000:7e:00.0" "${run[@]}" \
	--device dsa,kernel=shared,wqs=2 -- sh -c 'grep -qx 63 /sys/bus/dsa/devices/wq0.1/threshold'
expect 'a DSA that is not divided' 0 'dsa 2.0' "${run[@]}" --device dsa,version=2.0,kernel=bare -- \
	sh -c 'grep -qx none /sys/bus/dsa/devices/wq0.7/type && ! ls /dev/dsa/wq0.7 2>/dev/null'
expect 'a strange kernel' 2 'only kernel=dedicated, kernel=shared and kernel=bare' "${run[@]}" \
	--device dsa,kernel=old -- true
expect 'a DLB of the kernel' 2 "'kernel' is not accepted" "${run[@]}" --device dlb,kernel -- true
expect 'portals of VFIO' 2 "'rawio=no' is not accepted" "${run[@]}" --device dsa,rawio=no -- true
# The size of the second BAR is its last digits plus 1.
expect 'the bars of a DSA' 0 '0000ffff .*2000fffff ' "${run[@]}" --device dsa,wqs=64 -- \
	sh -c 'cat $SYSFS_PCI_DEVICES/0000:7e:00.0/class >&2
		echo $(cut -d " " -f 2 $SYSFS_PCI_DEVICES/0000:7e:00.0/resource) >&2'
expect 'a version twice' 2 'once' "${run[@]}" --device dlb,version=2.0,version=2.0 -- true
expect 'unknown option' 2 'unknown option --devices' "${run[@]}" --devices dlb -- true
expect 'option without its value' 2 '--device needs a value' "${run[@]}" --device
many=()
for n in $(seq 16); do many+=(--device dlb); done
expect 'sixteen devices' 0 '0000:8d:00.0' "${run[@]}" "${many[@]}" -- true
expect 'one too many' 2 'accepted are 1 to 16' "${run[@]}" "${many[@]}" --device dlb -- true
expect 'unknown command' 2 'no command: there are run' "$program" fly
expect 'no command at all' 2 'there are run' "$program"
expect 'a trace that cannot be written' 125 'No such file' "${run[@]}" \
	--trace "$work/none/trace" -- true
for command in '' run regs; do
	expect "help $command" 0 'SYNOPSIS' "$program" $command --help
done

# ---- Devices that others serve ----

# What is served and seen to work is tested by devtools/shim_jobs.sh.
expect 'a socket that is not there' 125 "--at $work/none: No such file.*slipway serve" \
	"${run[@]}" --at "$work/none" -- true
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$work/dead"
expect 'a socket where nobody listens' 125 "nobody listens there any more" \
	"${run[@]}" --at "$work/dead" -- true
mv "$work/dead" "$work/a,b"
expect 'a socket with a comma' 125 "a,b: accepted is a path of up to 107 characters" \
	"${run[@]}" --at "$work/a,b" -- true
expect 'a socket too many' 2 'accepted are 1 to 16' "${run[@]}" "${many[@]}" --at "$work/a,b" -- true
cat >"$work/mute.py" <<'END'
# Takes a client, and hangs up at its first word.
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
open(sys.argv[1] + '.ready', 'w').close()
client, _ = s.accept()
client.recv(1)
END
python3 "$work/mute.py" "$work/mute" &
eventually test -e "$work/mute.ready"
expect 'a server that hangs up' 125 'has closed the connection' "${run[@]}" --at "$work/mute" -- true
hold 'nothing is left behind' nothing_left

# ---- What the program sees ----

two=("${run[@]}" --device dlb --device dlb,version=2.0)
expect 'both devices are announced' 0 \
	'^slipway: dlb 2.5 at 0000:7e:00.0, dlb 2.0 at 0000:7f:00.0$' "${two[@]}" -- true
expect 'devices and groups' 0 \
	'^0000:7e:00.0 9000 dlb,version=2.5;0000:7f:00.0 9001 dlb,version=2.0$' \
	"${two[@]}" -- printenv SLIPWAY_DEVICES
expect 'where sockets go' 0 "^$SLIPWAY_DIR/run$" "${run[@]}" -- printenv SLIPWAY_RUN_DIR
expect 'the library comes first' 0 "/libslipway_preload.so:/other.so$" \
	env LD_PRELOAD=/other.so "${run[@]}" -- printenv LD_PRELOAD
expect 'no trace unless asked for' 1 '' env SLIPWAY_TRACE=/x "${run[@]}" -- printenv SLIPWAY_TRACE
(cd "$work" && echo old >trace && expect 'a trace has its whole path' 0 "^$work/trace$" \
	"${run[@]}" --trace trace -- printenv SLIPWAY_TRACE)
hold 'and begins empty' test ! -s "$work/trace"

cat >"$work/tree.sh" <<'END'
cd "$SYSFS_PCI_DEVICES" || exit 1
for real in /sys/bus/pci/devices/*; do
	[ ! -e "$real" ] || [ "$(realpath "$real")" = "$(realpath "${real##*/}")" ] || exit 2
done
cd 0000:7f:00.0 || exit 3
set -- vendor 0x8086 device 0x2710 subsystem_vendor 0x8086 subsystem_device 0x0000 \
	class 0x0b4000 max_vfs 0 numa_node 0
while [ $# -gt 0 ]; do
	[ "$(cat "$1")" = "$2" ] || { echo "$1: $(cat "$1")"; exit 4; }
	shift 2
done
[ "$(wc -l <resource)" = 7 ] || exit 5
awk '{ size = strtonum($2) - strtonum($1) + 1 }
	NR == 1 && size != 0x4000000 || NR == 3 && size != 0x100000000 { exit 1 }
	NR != 1 && NR != 3 && $3 != "0x0000000000000000" { exit 1 }' resource 2>/dev/null ||
	python3 - <<-'PY' || exit 6
	sizes = []
	for line in open('resource'):
	    start, end, flags = (int(word, 16) for word in line.split())
	    sizes.append(end - start + 1 if flags & 0x200 else 0)
	raise SystemExit(sizes != [0x4000000, 0, 0x100000000, 0, 0, 0, 0])
	PY
[ "$(basename "$(realpath driver)")" = vfio-pci ] || exit 7
[ "$(basename "$(realpath iommu_group)")" = 9001 ] || exit 8
[ "$(cat ../0000:7e:00.0/device)" = 0x2714 ] || exit 9
echo tree is right
END
expect 'the tree' 0 'tree is right' "${two[@]}" -- sh "$work/tree.sh"
hold 'nothing is left of it' nothing_left

# ---- Signals ----

for signal in TERM INT HUP QUIT USR1 USR2; do
	background bash -c "$(sleeper "trap 'exit 42' $signal")"
	kill -$signal "$slipway"
	wait "$slipway"
	status=$?
	cp "$work/log" "$work/said"
	[ "$status" -eq 42 ]
	count $? "SIG$signal is passed on (exit status $status)"
done
background bash -c "$(sleeper :)"
kill -TERM "$slipway"
wait "$slipway" 2>/dev/null
[ $? -eq 143 ]
count $? 'a program that SIGTERM ends'
hold 'nothing is left after signals' nothing_left

# The terminal sends to its foreground group. A program in it gets its own; one that has left gets
# none, and none that slipway passes on.
cat >"$work/terminal.py" <<'END'
import os, pty, sys, time
program = r'''
import os, signal, sys
if sys.argv[1] == 'alone':
    os.setpgid(0, 0)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
os.write(1, b'ready')
print('got', signal.sigtimedwait([signal.SIGINT], 1) is not None)'''
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], 'run', '--', sys.executable, '-c', program, sys.argv[2]])
text = b''
try:
    while piece := os.read(terminal, 1000):
        text += piece
        if b'ready' in piece:
            os.write(terminal, b'\x03')
except OSError:
    pass
print(text.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
expect 'Ctrl-C reaches the program' 0 'got True' python3 "$work/terminal.py" "$program" group
expect 'and is not passed on' 0 'got False' python3 "$work/terminal.py" "$program" alone

# ---- What is killed ----

background bash -c "$(sleeper :)"
kill -KILL "$child"
wait "$slipway" 2>/dev/null
[ $? -eq 137 ]
count $? 'the program is killed'
hold 'nothing is left of a killed program' nothing_left

background bash -c "$(sleeper :)"
kill -KILL "$slipway"
wait "$slipway" 2>/dev/null
hold 'slipway is killed: so is the program' eventually gone "$child"
hold 'its tree is still there' test -d "$SLIPWAY_DIR/run/$slipway"
# Sockets of dead processes go, too; other files are nobody's business.
python3 -c '
import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$SLIPWAY_DIR/run/$child.0.ctl"
touch "$SLIPWAY_DIR/run/other"
background bash -c "$(sleeper :)"
hold 'the next run sweeps the tree' test ! -e "$SLIPWAY_DIR/run/${slipway}0" -a \
	"$(ls "$SLIPWAY_DIR/run")" = "$slipway
other"
expect 'a run beside it leaves it alone' 0 '' "${run[@]}" -- true
hold 'its tree is there' test -e "$SLIPWAY_DIR/run/$slipway/devices/0000:7e:00.0/vendor"
kill -TERM "$slipway"
wait "$slipway" 2>/dev/null
rm "$SLIPWAY_DIR/run/other"
rmdir "$SLIPWAY_DIR/run" "$SLIPWAY_DIR"

# ---- Directories ----

expect 'a relative directory' 125 "SLIPWAY_DIR is 'here': accepted is an absolute path" \
	env SLIPWAY_DIR=here "${run[@]}" -- true
expect 'a path too long for sockets' 125 'must not exceed 87 characters' \
	env SLIPWAY_DIR="/$(printf 'x%.0s' $(seq 100))" "${run[@]}" -- true
expect 'a directory that cannot be made' 125 \
	'cannot write to /proc/none/run: .*; set SLIPWAY_DIR to a directory' \
	env SLIPWAY_DIR=/proc/none "${run[@]}" -- true
mkdir "$work/xdg" && chmod 700 "$work/xdg"
expect 'XDG_RUNTIME_DIR' 0 "^$work/xdg/slipway/run$" \
	env -u SLIPWAY_DIR XDG_RUNTIME_DIR="$work/xdg" "${run[@]}" -- printenv SLIPWAY_RUN_DIR
hold 'and nothing is left there' test -z "$(ls -A "$work/xdg")"
# An ordinary user must be able to run the program for these.
if [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 --clear-groups test -x "$program"; then
	nobody=(setpriv --reuid 65534 --clear-groups env -u XDG_RUNTIME_DIR)
	mkdir "$work/nobody" && chown 65534 "$work/nobody"
	expect 'an ordinary user' 7 '' "${nobody[@]}" SLIPWAY_DIR="$work/nobody" "${run[@]}" \
		-- sh -c 'exit 7'
	hold 'leaves nothing' test -z "$(ls -A "$work/nobody")"
	expect 'without a directory' 0 '^/tmp/slipway-65534/run$' "${nobody[@]}" \
		-u SLIPWAY_DIR "${run[@]}" -- printenv SLIPWAY_RUN_DIR
	hold 'leaves nothing in /tmp' test ! -e /tmp/slipway-65534
	mkdir -m 755 /tmp/slipway-65534
	expect "somebody else's directory in /tmp" 125 'not a directory that only you can use' \
		"${nobody[@]}" -u SLIPWAY_DIR "${run[@]}" -- true
	rmdir /tmp/slipway-65534
	expect "somebody else's directory" 125 "cannot write to $work/root/run: Permission" \
		"${nobody[@]}" SLIPWAY_DIR="$work/root" "${run[@]}" -- true
fi

# ---- Registers of a DSA from files ----

# Tables where no part has them: WQCFG at 0x500; an entry of it, and a register of 8 bytes of which
# one half is listed.
printf '%s' '{"device":"dsa","version":"1.0","msix":[9,8192,12288],"registers":
	[[0,0,256],[0,32,524416],[0,36,3866624],[0,48,221188],[0,56,4],[0,96,327683],[0,100,2],
	[0,1352,17],[0,196,3]]}' >"$work/dsa"
expect 'a table where OFFSETS says' 0 '^WQCFG_DW2\[2\]  *0x00000011  MODE=1 .*PRIORITY=1' \
	"$program" regs "$work/dsa"
expect 'a register of 8 bytes' 0 '^SWERROR0  *0x0000000300000000 .*OPERATION=3' \
	"$program" regs "$work/dsa"
hold 'saved' "$program" regs --save "$work/dsa2" "$work/dsa"
hold 'saved and read again' cmp <("$program" regs "$work/dsa") <("$program" regs "$work/dsa2")

# ---- Registers from files ----

regs=("$program" regs)
# SYS_TOTAL_VAS of 2.5, a mailbox word of a two-dimensional array, and what there is not.
good='{"device":"dlb","version":"2.5","registers":
	[[2,268435732,33],[0,69640,7],[2,12345,1]]}'
printf '%s' "$good" >"$work/good"
expect 'a register by name' 0 '^SYS_TOTAL_VAS  *0x00000021  TOTAL_VAS=33$' \
	"${regs[@]}" "$work/good"
expect 'an array of arrays' 0 '^PF_VF2PF_MAILBOX\[1\]\[2\]  *0x00000007  MSG=7$' \
	"${regs[@]}" "$work/good"
expect 'an unknown register' 0 '^BAR2+0x3039  *0x00000001$' "${regs[@]}" "$work/good"
expect 'the same, as JSON' 0 'right' python3 - "${regs[@]}" --json "$work/good" <<'END'
import json, subprocess, sys
registers = json.loads(subprocess.check_output(sys.argv[1:]))['registers']
assert [r['name'] for r in registers] == ['PF_VF2PF_MAILBOX[1][2]', 'SYS_TOTAL_VAS',
                                          'BAR2+0x3039']
assert registers[1] == {'name': 'SYS_TOTAL_VAS', 'bar': 2, 'offset': 268435732, 'value': 33,
                        'reset': 32, 'fields': {'TOTAL_VAS': 33}}
print('right')
END
lines() {
	"${regs[@]}" "$@" | wc -l
}
hold 'only what differs from reset' test "$(lines "$work/good")" -eq 4
hold 'all of them' test "$(lines --all "$work/good")" -gt 20000
expect 'a filter' 0 '^SYS_TOTAL_DIR_QID .*=96$' "${regs[@]}" --all \
	--filter 'sys_total_*' "$work/good"
hold 'and no more than that' test "$(lines --all --filter 'sys_total_*' "$work/good")" -eq 7
expect 'an index in a filter' 0 '^SYS_DIR_PP_V\[3\]' "${regs[@]}" --all \
	--filter 'SYS_DIR_PP_V[3]' "$work/good"
expect 'a filter of no register' 1 'dlb 2.5 has no register of such a name' \
	"${regs[@]}" --filter nothing "$work/good"
expect 'saved' 0 '' "${regs[@]}" --save "$work/saved" "$work/good"
expect 'saved and read again' 0 'right' python3 - "$work" <<'END'
import json, sys
good, saved = (json.load(open(f'{sys.argv[1]}/{name}')) for name in ('good', 'saved'))
assert good == saved
print('right')
END
printf '{"device":"dlb","version":"2.0","registers":[]}' >"$work/reset"
expect 'a device after reset' 0 'no register differs' "${regs[@]}" "$work/reset"

# A file that changes while it is watched.
cp "$work/good" "$work/watched"
timeout 20 "${regs[@]}" --watch 0.2 "$work/watched" >"$work/said" 2>&1 &
# After its first look, however long that takes to come, and until it has seen the change.
eventually grep -q 'SYS_TOTAL_VAS  *0x00000021' "$work/said"
sed 's/,33/,34/' "$work/good" >"$work/watched.new" && mv "$work/watched.new" "$work/watched"
eventually grep -q 'SYS_TOTAL_VAS  *0x00000022' "$work/said"
kill $!
wait $! 2>/dev/null
grep -q '^\* SYS_TOTAL_VAS  *0x00000022' "$work/said" &&
	[ "$(grep -c '^\*' "$work/said")" -eq 1 ]
count $? 'watching marks what changed, once'

# broken NAME TEXT CONTENT
broken() {
	printf '%s' "$3" >"$work/bad"
	expect "$1" 1 "$2" "${regs[@]}" "$work/bad"
}
broken 'an empty file' 'bad:1:0:' ''
broken 'a file cut short' 'bad:2:' "${good:0:50}"
broken 'not a register file' 'not a register file' '[1]'
broken 'another device' 'device "mlx"; accepted are dlb, dsa and mic' \
	'{"device":"mlx","version":"2.5","registers":[]}'
broken 'another version of a DSA' 'version "2.5" of dsa; accepted: 1.0 and 2.0' \
	'{"device":"dsa","version":"2.5","registers":[]}'
broken 'vectors that are none' '"msix" is not three numbers' \
	'{"device":"dsa","version":"1.0","msix":[1,2],"registers":[]}'
broken 'another version' 'version "2.1" of dlb; accepted: 2.0 and 2.5' \
	'{"device":"dlb","version":"2.1","registers":[]}'
broken 'no version' 'accepted: 2.0 and 2.5' '{"device":"dlb","registers":[]}'
for entry in '[2,3]' '[2,3,4,5]' '7' '[2,"3",4]' '[2,3,4.5]' 'null'; do
	broken "the entry $entry" 'registers\[1\] is not \[bar, offset, value\]' \
		'{"device":"dlb","version":"2.5","registers":[[0,4096,1],'"$entry"']}'
done
broken 'a bar' 'registers\[0\]: bar 6; accepted are 0 to 5' \
	'{"device":"dlb","version":"2.5","registers":[[6,0,0]]}'
broken 'an offset' 'offset -4; accepted' '{"device":"dlb","version":"2.5","registers":[[2,-4,0]]}'
broken 'a value' 'value 4294967296; accepted are 0 to 4294967295' \
	'{"device":"dlb","version":"2.5","registers":[[2,0,4294967296]]}'
expect 'damaged files crash nothing' 0 '' python3 - "$work/bad" "${regs[@]}" "$work/bad" <<'END'
import random, subprocess, sys
good = b'{"device":"dlb","version":"2.5","registers":[[2,268435732,33],[0,69640,7]]}'
random.seed(1)
for n in range(100):
    text = bytearray(good)
    for i in range(random.randint(1, 4)):
        text[random.randrange(len(text))] = random.choice(b'[]{},:"0-9e.\\\xff\x00\x1b')
    open(sys.argv[1], 'wb').write(text)
    done = subprocess.run(sys.argv[2:], capture_output=True)
    assert done.returncode in (0, 1), (text, done)
    assert done.returncode == 0 or done.stderr.count(b'\n') == 1, (text, done)
    assert b'\x1b' not in done.stderr, (text, done)
END
expect 'a file that is not there' 1 'none: No such file' "${regs[@]}" "$work/none"
expect 'a directory' 1 'Is a directory' "${regs[@]}" "$work"
expect 'a process without devices' 1 'no process of this number' "${regs[@]}" 999999999
expect 'a program without telemetry' 1 'dpdk_telemetry.v2: No such file' \
	env RUNTIME_DIRECTORY="$work" "${regs[@]}" telemetry:none
expect 'nothing to show' 0 'no device runs' env RUNTIME_DIRECTORY="$work" "${regs[@]}"
expect 'two targets' 2 'accepted is one target' "${regs[@]}" a b
expect 'an interval' 2 '--watch 0: accepted are 0.1 to 3600' "${regs[@]}" --watch 0 "$work/good"
expect 'no target' 2 'options need a target' "${regs[@]}" --all
expect 'a full disk' 1 'No space left' sh -c '"$@" >/dev/full' - "${regs[@]}" "$work/good"
expect 'a full disk to save on' 1 'No space left' "${regs[@]}" --save /dev/full "$work/good"

# ---- Registers from sockets ----

cat >"$work/peer.py" <<'END'
# A control socket, or a DPDK program's telemetry, that answers what it is told to.
import json, os, socket, sys
path, kind, answers = sys.argv[1], sys.argv[2], [a.encode() for a in sys.argv[3:]]
server = socket.socket(socket.AF_UNIX, getattr(socket, kind))
server.bind(path)
server.listen()
client, _ = server.accept()
if kind == 'SOCK_SEQPACKET':
    client.send(b'{"version":"DPDK","pid":1,"max_output_len":16384}')
for answer in answers:
    print(client.recv(4096).decode().strip(), flush=True)
    client.send(answer)
client.close()
END
# peer STATUS TEXT NAME KIND PATH TARGET ANSWER...
peer() {
	local status=$1 text=$2 name=$3 kind=$4 path=$5 target=$6
	shift 6
	rm -f "$path"
	python3 "$work/peer.py" "$path" "$kind" "$@" >"$work/asked" &
	eventually test -S "$path"
	expect "$name" "$status" "$text" env RUNTIME_DIRECTORY="$work" "${regs[@]}" \
		${target:+"$target"}
	kill $! 2>/dev/null
	wait $! 2>/dev/null
}
mkdir -p "$work/dpdk/rte" "$work/dpdk/app"
ctl=$work/device.ctl
peer 0 'TOTAL_VAS=33' 'a control socket' SOCK_STREAM "$ctl" "$ctl" "$(tr -d '\n' <"$work/good")
"
hold 'it was asked for registers' grep -q '^regs$' "$work/asked"
peer 1 'no such thing' 'one that refuses' SOCK_STREAM "$ctl" "$ctl" '{"error":"no such thing"}
'
peer 1 'no answer' 'one that goes away' SOCK_STREAM "$ctl" "$ctl" '{"dev'
peer 1 'not JSON' 'one that talks nonsense' SOCK_STREAM "$ctl" "$ctl" '?
'
peer 1 'no control socket' 'another kind of socket' SOCK_SEQPACKET "$ctl" "$ctl"
rte=$work/dpdk/rte/dpdk_telemetry.v2
list='{"/slipway/dlb/list":{"1":"event_dlb0"}}'
peer 0 'TOTAL_VAS=33' 'telemetry' SOCK_SEQPACKET "$rte" telemetry: "$list" \
	'{"/slipway/dlb/regs":{"version":"2.5","next":7,"values":[8858370324,33]}}' \
	'{"/slipway/dlb/regs":{"version":"2.5","next":0,"values":[69640,7]}}'
hold 'all parts were asked for' test "$(tr '\n' ' ' <"$work/asked")" = \
	'/slipway/dlb/list /slipway/dlb/regs,1,0 /slipway/dlb/regs,1,7 '
peer 0 'telemetry:rte:1 *dlb, event_dlb0' 'telemetry is listed' SOCK_SEQPACKET "$rte" \
	'' "$list"
peer 1 'no device of slipway with the id 5' 'another id' SOCK_SEQPACKET "$rte" telemetry:rte:5 "$list"
peer 1 'has 2 devices; name one' 'several devices' SOCK_SEQPACKET \
	"$work/dpdk/app/dpdk_telemetry.v2" telemetry:app \
	'{"/slipway/dlb/list":{"1":"event_dlb0","2":"event_dlb1"}}'
peer 1 'no device of slipway' 'a program without devices' SOCK_SEQPACKET "$rte" \
	telemetry:rte '{"/slipway/dlb/list":null}'
peer 1 'is not what' 'a cursor that does not move' SOCK_SEQPACKET "$rte" telemetry:rte "$list" \
	'{"/slipway/dlb/regs":{"version":"2.5","next":7,"values":[]}}' \
	'{"/slipway/dlb/regs":{"version":"2.5","next":7,"values":[]}}'

verdict
