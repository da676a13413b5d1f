#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# `slipway serve` and the commands that ask a served device: what they refuse, how they begin and
# end, clients of the control socket that behave badly. Needs python3; usage: serve_test.sh PROGRAM

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
program=$(realpath "${1:?usage: serve_test.sh PROGRAM}")
server=
finish() {
	[ -z "$server" ] || kill -9 "$server" 2>/dev/null
}
export SLIPWAY_DIR=$work/dir
export RUNTIME_DIRECTORY=$work

# serve ARGUMENT...: a server in the background, with signals as they are in the foreground
serve() {
	rm -f "$work/log"
	python3 -c '
import os, signal, sys
for s in (signal.SIGINT, signal.SIGHUP):
    signal.signal(s, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$program" serve dlb "$@" >"$work/log" 2>&1 &
	server=$!
	eventually grep -q '^slipway: serving' "$work/log"
}

# ended SIGNAL: end it so; its exit status
ended() {
	local status
	kill "-$1" "$server"
	wait "$server" 2>/dev/null
	status=$?
	server=
	cp "$work/log" "$work/said"
	return $status
}

# client: a vfio-user client in the background, that goes when descriptor 8 is closed
client() {
	rm -f "$work/client"
	mkfifo "$work/client.in" 2>/dev/null
	python3 "$here/serve_client.py" "$SLIPWAY_DIR/dlb0" <"$work/client.in" >"$work/client" 2>&1 &
	exec 8>"$work/client.in"
	eventually grep -q domains "$work/client"
}

# ---- Arguments ----

expect 'help of serve' 0 'SYNOPSIS' "$program" serve --help
expect 'help of inject' 0 'FAULT' "$program" inject --help
expect 'no socket' 2 'accepted are a model and a socket' "$program" serve dlb
expect 'another model' 2 "'mlx': there are only the models dlb, dsa and mic" "$program" serve mlx x
expect 'an empty name' 2 'the socket has no name' "$program" serve dlb ''
expect 'a version' 2 '--version 3.0: accepted are 2.0 and 2.5' "$program" serve dlb x --version 3.0
expect 'permissions' 2 '--mode 888: accepted are 0 to 0777' "$program" serve dlb x --mode 888
expect 'more of them' 2 '--mode 1777: accepted' "$program" serve dlb x --mode 1777
expect 'a spin' 2 '--spin 1000000: accepted are 0 to 100000' "$program" serve dlb x --spin 1000000
expect 'an option' 2 'unknown option --loud' "$program" serve dlb x --loud
expect 'a long path' 1 'a path of at most' "$program" serve dlb "$work/$(printf 'x%.0s' {1..100})"
expect 'a directory that is not there' 1 'No such file' "$program" serve dlb "$work/none/x"
expect 'a trace that cannot be written' 1 '--trace /none/x: No such file' \
	"$program" serve dlb x --trace /none/x
hold 'nothing is left of those' test ! -e "$SLIPWAY_DIR"
expect 'nobody to inject into' 1 'no device is served there' "$program" inject dlb0 clear
expect 'nobody to record' 1 'no device is served there' "$program" trace --seconds 1 dlb0
expect 'no fault' 2 'a socket and a fault' "$program" inject dlb0
expect 'a fault and a list' 2 'a socket and a fault' "$program" inject dlb0 --list clear
expect 'a word of two' 2 'is no word of a fault' "$program" inject dlb0 'full-queue ldb:0'
expect 'a time' 2 '--seconds 0: accepted are 0.1 to 3600' "$program" trace --seconds 0 dlb0

# ---- Life ----

for signal in TERM INT HUP; do
	serve dlb0 --stats
	ended $signal
	[ $? -eq 0 ] && grep -q "ends by SIG$signal" "$work/said" && grep -q 'events in' "$work/said"
	count $? "SIG$signal ends it, with statistics"
	hold "nothing is left by SIG$signal" test ! -e "$SLIPWAY_DIR"
done

serve dlb0 --mode 640
hold 'permissions are as asked for' test \
	"$(stat -c %a "$SLIPWAY_DIR/dlb0" "$SLIPWAY_DIR/dlb0.ctl" | tr '\n' ' ')" = '640 640 '
expect 'somebody serves there' 1 'dlb0' "$program" serve dlb dlb0
expect 'and still does' 0 '^dlb0 *dlb 2.5 at' "$program" regs
{ kill -9 "$server"; wait "$server"; } 2>/dev/null
expect 'what a killed one leaves asks nobody' 1 'Connection refused' "$program" inject dlb0 clear
serve dlb0 --version 2.0
expect 'the next one replaces it' 0 '^dlb0 *dlb 2.0 at' "$program" regs
hold 'permissions are the usual ones' test "$(stat -c %a "$SLIPWAY_DIR/dlb0")" = 600
ended TERM
count $? 'and ends'

serve "$work/here" && hold 'a path is taken as it is' test -S "$work/here" -a -S "$work/here.ctl"
expect 'and found' 0 'DLB 2.5' "$program" top -n 1 -d 0.1 "$work/here"
expect 'by its control socket, too' 0 'DLB 2.5' "$program" top -n 1 -d 0.1 "$work/here.ctl"
ended TERM
count $? 'it ends'
hold 'and leaves nothing' test ! -e "$work/here" -a ! -e "$work/here.ctl"

# ---- A client ----

serve dlb0 --stats --trace "$work/trace"
client
cp "$work/client" "$work/said"
grep -q '^vendor 0x8086 device 0x2714 domains 32$' "$work/client"
count $? 'a client finds a DLB'
hold 'its coming is said' grep -q "client came: process [0-9]* (python3)" "$work/log"
expect 'registers' 0 '^SYS_TOTAL_VAS *0x00000020' "$program" regs --all --filter SYS_TOTAL_VAS dlb0
expect 'a view' 0 'client [0-9]* (by messages)' "$program" top -n 1 -d 0.1 dlb0
expect 'a fault' 0 'excess-tokens, by port ldb:63; SYS_ALARM_PF_SYND0 is 0x8502' \
	"$program" inject dlb0 alarm excess-tokens
expect 'a fault that cannot be' 1 'accepted are the queues in use: none' \
	"$program" inject dlb0 full-queue ldb:0
expect 'somebody records already' 1 'somebody records already' "$program" trace dlb0
exec 8>&-
hold 'its going is said' eventually grep -q 'device reset after process' "$work/log"
expect 'the device is reset' 1 'answers no register now' "$program" regs dlb0
client
cp "$work/client" "$work/said"
grep -q 'domains 32' "$work/client"
count $? 'the next client finds a DLB, too'
ended INT
exec 8>&-
hold 'clients are counted' grep -q '^  clients  *2$' "$work/log"
expect 'all of it is in the trace' 0 'read SYS_TOTAL_VAS' "$program" trace "$work/trace"

# ---- Recording while it works ----

serve dlb0
client
"$program" trace --seconds 20 -o "$work/short" dlb0 >"$work/said" 2>&1 &
tracer=$!
eventually test -s "$work/short"
expect 'one records at a time' 1 'somebody records already' "$program" trace dlb0
expect 'a view says so' 0 'recorded' "$program" top -n 1 -d 0.1 dlb0
"$program" regs dlb0 >/dev/null 2>&1
kill -INT $tracer
wait $tracer
count $? 'Ctrl-C ends a recording'
expect 'and it is whole' 0 'config read VENDOR_ID' "$program" trace "$work/short"
expect 'the next one may' 0 'traceEvents' "$program" trace --seconds 0.2 --json - dlb0
"$program" trace --seconds 20 dlb0 >/dev/null 2>&1 &
tracer=$!
sleep 0.2
kill -9 $tracer
wait $tracer 2>/dev/null
hold 'a recorder that is killed records no more' eventually sh -c \
	'! "$1" top -n 1 -d 0.1 dlb0 | grep -q recorded' - "$program"

# ---- Control clients, good and bad ----

cat >"$work/bad.py" <<'END'
# Clients of a control socket that are many, slow, long-winded or gone, and one that is served.
import array, os, socket, sys
path = sys.argv[1]

def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(path)
    return s

def ask(s, text):
    s.sendall(text)
    return s.makefile('rb').readline()

def served():
    s = connect()
    assert b'"requests"' in ask(s, b'help\n')
    s.close()

deaf = connect()                            # never reads what it asks for
deaf.setblocking(False)
try:
    for _ in range(100000):
        deaf.send(b'info\nstats\nregs\n')
except BlockingIOError:
    pass
served()
s = connect()                               # a line without an end
assert b'at most 4096' in ask(s, b'x' * 4096)
assert s.recv(1) == b''
served()
for size in range(12):                      # gone in the middle of a request
    s = connect()
    s.send(b'trace start\n'[:size] or b'\n')
    s.close()
served()
many = [connect() for _ in range(12)]       # several at once, each with its answer
for s in many:
    s.sendall(b'stats\n')
for s in many:
    assert b'"sockets"' in s.makefile('rb').readline()
served()
for text in (b'trace\n', b'trace stop\n', b'trace start\n', b'inject\n',
             b'inject ' + b'y ' * 99 + b'\n'):
    assert b'{"error":' in ask(many[0], text), text
read_end, write_end = os.pipe()             # descriptors that are no good
for fd in (read_end, write_end, os.open('/dev/null', os.O_RDWR | os.O_APPEND),
           os.open(path + '.py', os.O_RDWR | os.O_CREAT), os.open(path + '.py', os.O_RDONLY)):
    many[1].sendmsg([b'trace start\n'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                          array.array('i', [fd]))])
    assert b'{"error":"trace start: the ' in many[1].makefile('rb').readline()
os.unlink(path + '.py')
for n in range(50):                         # more descriptors than anybody wants
    many[2].sendmsg([b'help\n'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                   array.array('i', [0] * (n % 20 + 1)))])
    assert b'"requests"' in many[2].makefile('rb').readline()
served()
END
before=$(ls "/proc/$server/fd" | wc -l)
hold 'bad clients hold up nobody' timeout 30 python3 "$work/bad.py" "$SLIPWAY_DIR/dlb0.ctl"
hold 'and leave no descriptor' eventually sh -c '[ "$(ls "/proc/$1/fd" | wc -l)" -le "$2" ]' - \
	"$server" "$before"
exec 8>&-
sleep 0.2

# Nanoseconds on a CPU in a second: under 1 % of it.
ran() {
	cut -d' ' -f1 "/proc/$server/schedstat"
}
start=$(ran)
sleep 1
spent=$(($(ran) - start))
echo "$spent ns" >"$work/said"
[ "$spent" -lt 10000000 ]
count $? 'an idle server sleeps'
ended TERM
count $? 'it ends after all that'
hold 'and leaves nothing' test -z "$(ls -A "$SLIPWAY_DIR")"

verdict
