#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# `slipway dlb` and `slipway top`: plans good and bad, programs that answer nonsense, and a real one
# with two domains on a device. Needs python3; usage:
#   dlb_test.sh PROGRAM PREFIX PIPELINE EAL-ARGUMENT...
# PIPELINE is packet_pipeline, which EAL-ARGUMENTS run with --file-prefix PREFIX.

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
[ $# -ge 3 ] || { echo 'usage: dlb_test.sh PROGRAM PREFIX PIPELINE EAL-ARGUMENT...'; exit 2; }
program=$(realpath "$1")
prefix=$2
pipeline=$3
shift 3
pid=
finish() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
}

# ---- Plans ----

config=("$program" dlb config)
expect 'help' 0 '^NAME' "$program" dlb --help
expect 'no action' 2 "accepted are list and config" "$program" dlb
expect 'another action' 2 "'show'" "$program" dlb show
expect 'no domain' 2 'either domains or --plan' "${config[@]}"
expect 'a version there is not' 2 '2.0 and 2.5' "${config[@]}" --version 3.0 -
expect 'windows there are not' 2 'from 64 to 1024' "${config[@]}" --sn 64:100 -
expect 'a key there is not' 2 'accepted are ldb_queues' "${config[@]}" queues=1
expect 'a value out of range' 2 'domain 1: ldb_ports=65: accepted: 0..64' \
	"${config[@]}" - ldb_ports=65
expect 'fewer ports than in classes' 2 'accepted: 4..64' "${config[@]}" ldb_ports=3,cos=1:1:1:1
expect 'nothing asked for: everything' 0 '^credits *16384 *16384 *16384' "${config[@]}" -
expect 'even shares' 0 '^dir_ports *64 *64 *32 *32' "${config[@]}" --version 2.0 - -
expect 'what is reserved is taken off' 0 '^history *2048 *2000 *48\* *2000' \
	"${config[@]}" history=48 -
expect 'classes' 0 'class 2 *16 *13 *0 *3' "${config[@]}" - cos=0:0:3:0
expect 'arguments of a virtual device' 0 \
	'^--vdev=event_dlb1,device=event_dlb0,ldb_queues=3$' "${config[@]}" - ldb_queues=3
expect 'arguments of one on a bus' 0 '^-a 0000:6d:00.0,credits=9,sn=64:128$' \
	"${config[@]}" --device 0000:6d:00.0 --sn 64:128 credits=9 -
expect 'arguments of one that joins it' 0 '^--vdev=event_dlb1,device=0000:6d:00.0$' \
	"${config[@]}" --device 0000:6d:00.0 credits=9 -

# refused NAME DOMAIN...: a plan for 2.5 that does not fit, by the document's name
refused() {
	expect "$1" 1 "$1:" "${config[@]}" "${@:2}"
}
refused LDB_QUEUES_UNAVAILABLE ldb_queues=30 ldb_queues=3
refused LDB_PORTS_UNAVAILABLE ldb_ports=60 - ldb_ports=5
refused LDB_PORTS_UNAVAILABLE cos=0:9:0:0 cos=0:8:0:0
refused DIR_PORTS_UNAVAILABLE dir_ports=90 dir_ports=7
refused CREDITS_UNAVAILABLE credits=16000 credits=400
refused DIR_CREDITS_UNAVAILABLE dir_credits=1
refused HIST_LIST_ENTRIES_UNAVAILABLE history=2000 history=49
refused ATOMIC_INFLIGHTS_UNAVAILABLE atomic=2000 atomic=49
refused LDB_PORT_REQUIRED_FOR_LDB_QUEUES ldb_queues=1,ldb_ports=0
refused DOMAIN_UNAVAILABLE $(yes -- - | head -33)
expect 'more than 2.0 has' 1 LDB_CREDITS_UNAVAILABLE "${config[@]}" --version 2.0 credits=8193

printf '# two domains\nldb_queues=5 # one\n\n-\n' >"$work/plan"
expect 'a plan file' 0 '^ldb_queues *32 *27 *5\* *27' "${config[@]}" --plan "$work/plan"
expect 'a plan from standard input' 0 'event_dlb1' "${config[@]}" --plan - <"$work/plan"
echo 'ldb_queues=5 ldb_ports=5' >"$work/bad"
expect 'two words on a line' 2 "'ldb_ports=5': accepted is one" "${config[@]}" --plan "$work/bad"
: >"$work/empty"
expect 'an empty plan' 2 'one domain or more' "${config[@]}" --plan "$work/empty"
expect 'no plan' 2 'No such file' "${config[@]}" --plan "$work/none"
expect 'a plan as JSON' 0 'right' python3 - "${config[@]}" --json --plan "$work/plan" <<'END'
import json, subprocess, sys
plan = json.loads(subprocess.check_output(sys.argv[1:]))
assert plan["free"]["ldb_queues"] == 27 and len(plan["domains"]) == 2
assert plan["domains"][0]["resources"]["ldb_queues"] == {"limit": 5, "reserved": True}
assert plan["domains"][1]["resources"]["ldb_queues"] == {"limit": 27, "reserved": False}
assert plan["domains"][1]["arguments"] == "--vdev=event_dlb1,device=event_dlb0"
print("right")
END

# ---- No program, and one that talks nonsense ----

nobody=(env RUNTIME_DIRECTORY="$work" "$program")
expect 'nothing to list' 1 'no program runs' "${nobody[@]}" dlb list
expect 'list takes no more' 2 "'it': accepted is --json" "${nobody[@]}" dlb list it
expect 'nothing to watch' 1 'no running program' "${nobody[@]}" top event_dlb0
expect 'no socket to watch' 1 'No such file' "${nobody[@]}" top telemetry:none
expect 'top: no device' 2 'one device' "${nobody[@]}" top
expect 'top: interval' 2 'accepted are 0.1 to 3600' "${nobody[@]}" top -d 0 x
expect 'top: count' 2 'accepted are 1 to 1000000' "${nobody[@]}" top -n 0 x
expect 'top: half a view' 2 'whole numbers' "${nobody[@]}" top -n 1.5 x

cat >"$work/peer.py" <<'END'
import os, socket, sys
path, answers = sys.argv[1], sys.argv[2:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(path)
s.listen()
while True:
    c = s.accept()[0]
    c.send(b'{"version":"x","pid":1,"max_output_len":16384}')
    for answer in answers:
        if not c.recv(4096):
            break
        c.send(answer.encode())
    c.close()
END

# nonsense NAME TEXT COMMAND... -- ANSWER...: of a program that answers so
nonsense() {
	local name=$1 text=$2 command=() peer
	shift 2
	while [ "$1" != -- ]; do command+=("$1") && shift; done
	shift
	rm -rf "$work/dpdk" && mkdir -p "$work/dpdk/rte"
	python3 "$work/peer.py" "$work/dpdk/rte/dpdk_telemetry.v2" "$@" &
	peer=$!
	for _ in $(seq 50); do [ -S "$work/dpdk/rte/dpdk_telemetry.v2" ] && break || sleep 0.1; done
	sleep 0.1
	expect "$name" 1 "$text" "${nobody[@]}" "${command[@]}"
	kill $peer
	wait $peer 2>/dev/null
}

list='{"/slipway/dlb/list":{"0":"event_dlb0"}}'
nonsense 'a program of before' 'is not what' dlb list -- "$list" '{"/slipway/dlb/domain":null}'
nonsense 'numbers that are none' 'is not what' dlb list -- "$list" \
	'{"/slipway/dlb/domain":{"name":1,"resources":7}}'
nonsense 'a device that goes away' 'has the device gone' top telemetry: -- "$list" \
	'{"/slipway/dlb/domain":null}'
nonsense 'two of a name' '2 running programs' top event_dlb0 -- \
	'{"/slipway/dlb/list":{"0":"event_dlb0","3":"event_dlb0"}}'

# ---- A real one ----

# The second domain reserves, so that its history entries and ports come before the other's.
"$pipeline" "$@" --vdev=event_dlb0,version=2.5 \
	--vdev=event_dlb1,device=event_dlb0,history=100,ldb_ports=3,cos=1:0:2:0 \
	--vdev=net_null0 -- --workers 1 >"$work/log" 2>&1 </dev/null &
pid=$!
for _ in $(seq 100); do
	"$program" dlb list --json 2>/dev/null | tr -d ' \n' |
		grep -q "\"telemetry:$prefix:0\",\"state\":\"started\"" && break
	sleep 0.1
done
expect 'both domains are listed' 0 "domain 1  *event_dlb1  *stopped  *telemetry:$prefix:1" \
	"$program" dlb list
expect 'the other is started' 0 "domain 0  *event_dlb0  *started  *telemetry:$prefix:0" \
	"$program" dlb list
expect 'the list as JSON' 0 right python3 - "$prefix" "$program" dlb list --json <<'END'
import json, subprocess, sys
devices = json.loads(subprocess.check_output(sys.argv[2:]))
device = [d for d in devices if d["program"] == sys.argv[1]][0]
assert device["device"] == "event_dlb0" and device["version"] == "2.5"
first, second = device["domains"]
for name, of in device["resources"].items():
    held = first["resources"][name]["held"] + second["resources"][name]["held"]
    assert of["used"] == held and of["free"] == of["total"] - held, name
assert second["resources"]["history"] == {"held": 100, "limit": 100, "reserved": True}
assert second["class_held"] == [1, 0, 2, 0]
assert first["resources"]["ldb_ports"]["held"] == 2 and first["sequence_numbers"] > 0
assert not first["resources"]["ldb_ports"]["reserved"]
print("right")
END
expect 'history lists do not overlap' 0 right python3 - "$program" regs --json --all \
	--filter 'CHP_HIST_LIST_*' "telemetry:$prefix:0" <<'END'
import json, re, subprocess, sys
text = subprocess.check_output(sys.argv[1:]).decode()
found = {}
for name, port, value in re.findall(
        r'CHP_HIST_LIST_(BASE|LIM)\[(\d+)\]"[^{}]*?"value": ?"?(0x[0-9a-f]+|\d+)', text):
    found.setdefault(int(port), {})[name] = int(value, 0)
used = sorted((r["BASE"], r["LIM"]) for r in found.values() if r["LIM"] != 0)
assert len(used) == 2, text[:400]
assert used[0][0] >= 100 and used[1][0] > used[0][1], used
print("right")
END
expect 'one view' 0 '^event_dlb0: domain 0 of event_dlb0, DLB 2.5, started' \
	"$program" top -n 1 -d 0.2 "telemetry:$prefix:0"
expect 'of an idle domain' 0 'event_dlb1: domain 1 of event_dlb0, DLB 2.5, stopped' \
	"$program" top --count 1 --interval 0.1 "telemetry:$prefix:1"
# A port has credits to spare only at times while the device is full: so up to fifty views.
expect 'views as JSON' 0 right python3 - "$program" top --json -n 50 -d 0.2 \
	"telemetry:$prefix:0" <<'END'
import json, subprocess, sys
views, kept, passed = 0, 0, False
with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True) as top:
    for line in top.stdout:
        v = json.loads(line)
        e = v["events"]
        assert 0.1 < v["seconds"] < 5 and 0 <= e["inside"] <= e["limit"] == 4096, v
        assert len(v["queues"]) == 3 and len(v["ports"]) == 3, v
        assert all(0 <= p["empty_percent"] <= 100 for p in v["ports"])
        # A program may get no CPU for the length of a view.
        passed |= (e["new"] > 0 and e["dequeued"] > 0 and e["forwarded"] > 0 and
                   sum(p["dequeued"] for p in v["ports"]) > 0 and
                   sum(q["enqueued"] for q in v["queues"]) > 0)
        views += 1
        kept += sum(p["credits"] for p in v["ports"])
        if views >= 3 and passed and kept > 0:
            top.terminate()
            break
assert views >= 3 and passed and kept > 0, (views, passed, kept)
print("right")
END
"$program" top "telemetry:$prefix:0" >"$work/top" 2>&1 &
top=$!
sleep 1.5
kill -INT $top
expect 'interrupted, it ends well' 0 '' tail --pid=$top -f /dev/null
wait $top
expect 'and says so' 0 '' test $? -eq 0
expect 'after a view, without a terminal' 0 '^QUEUE' cat "$work/top"
kill -INT "$pid"
wait "$pid"
pid=

verdict
