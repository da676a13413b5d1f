#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors

# What `slipway doctor` says of machines that are made up here: trees of files, one for a machine
# where all is well, and copies of it where one thing is not. Where root runs this, the doctor is
# asked by nobody, whom permissions mean something to. Needs python3; usage: doctor_test.sh PROGRAM

. "$(dirname "$(realpath "$0")")/../../devtools/shell_test.sh"
original=$(realpath "${1:?usage: doctor_test.sh PROGRAM}")
finish() {
	kill $(jobs -p) 2>/dev/null
}
chmod 755 "$work"
cp "$original" "$work/slipway"
as_user=(env SLIPWAY_DIR=/run/slipway PATH="$work/bin:/usr/bin:/bin")
[ "$(id -u)" -ne 0 ] || as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups "${as_user[@]}")

# put FILE TEXT: a file of the machine
put() {
	mkdir -p "$(dirname "$machine/$1")" && printf '%s\n' "$2" >"$machine/$1"
}

# device ADDRESS ID DRIVER GROUP: a PCI device of Intel's, bound to a driver unless that is -
device() {
	local path=sys/bus/pci/devices/$1
	put "$path/vendor" 0x8086
	put "$path/device" "$2"
	put "$path/resource" "0x0000200000000000 0x0000200003ffffff 0x000000000014220c
0x0000000000000000 0x0000000000000000 0x0000000000000000
0x0000200400000000 0x00002004ffffffff 0x0000000000140204"
	ln -s "../../../kernel/iommu_groups/$4" "$machine/$path/iommu_group"
	mkdir -p "$machine/sys/kernel/iommu_groups/$4/devices/$1"
	[ "$3" = - ] || ln -s "../../../../bus/pci/drivers/$3" "$machine/$path/driver"
}

# bind ADDRESS DRIVER
bind() {
	ln -sfn "../../../../bus/pci/drivers/$2" "$machine/sys/bus/pci/devices/$1/driver"
}

# A machine with a DLB where nothing is wrong.
healthy() {
	machine=$work/machine
	rm -rf "$machine" "$work/bin"
	mkdir -p "$machine/dev/hugepages" "$machine/sys/bus/pci/drivers/vfio-pci" \
		"$machine/sys/bus/pci/drivers/uio_pci_generic" "$machine/sys/class/iommu/dmar0" \
		"$work/bin"
	put proc/cpuinfo 'processor	: 0
flags		: fpu sse4_2 avx2 avx512vl movdir64b enqcmd'
	put proc/cmdline 'quiet'
	put proc/meminfo 'Hugepagesize:       2048 kB'
	put proc/mounts 'nodev /dev/hugepages hugetlbfs rw,pagesize=2M 0 0'
	put proc/net/unix 'Num RefCount Protocol Flags Type St Inode Path'
	put proc/self/limits 'Max locked memory         unlimited            unlimited            bytes'
	put proc/self/status 'CapEff:	0000000000000000'
	put proc/sys/kernel/osrelease 6.1.0
	put lib/modules/6.1.0/modules.dep ''
	put sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages 512
	put sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages 512
	put sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages 500
	put dev/vfio/vfio ''
	put dev/vfio/12 ''
	device 0000:6d:00.0 0x2714 vfio-pci 12
	put usr/lib/x86_64-linux-gnu/librte_eal.so.23.0 ''
	put usr/bin/dpdk-devbind.py ''
	put usr/bin/lspci ''
	put usr/lib/x86_64-linux-gnu/pkgconfig/libdpdk.pc 'Version: 22.11.11'
	put usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0/librte_event_dlb.so ''
	cat >"$work/bin/qemu-system-x86_64" <<-'END'
		#!/bin/sh
		case $1 in
		--version) echo 'QEMU emulator version 10.1.0' ;;
		*) echo 'name "vfio-user-pci", bus PCI' ;;
		esac
	END
	put dev/kvm ''
	chmod 755 "$work/bin/qemu-system-x86_64"
	open_all
}

# What is asked for below is who may do what, so all else is for everybody.
open_all() {
	chmod -R a+rwX "$machine"
	# EAL is strict about drivers.
	chmod 755 "$work" "$machine" "$machine/usr" "$machine/usr/lib" \
		"$machine/usr/lib/x86_64-linux-gnu" "$machine"/usr/lib/x86_64-linux-gnu/dpdk/*
	chmod 775 "$machine/usr/lib/x86_64-linux-gnu/dpdk"
}

# ask STATUS ARGUMENT...: its exit status, and its answer in $work/said
ask() {
	local status=$1 got
	shift
	timeout 20 "${as_user[@]}" "$work/slipway" doctor --root "$work/machine" "$@" \
		>"$work/said" 2>&1 </dev/null
	got=$?
	[ $got -eq "$status" ] || echo "exit status $got, expected $status" >>"$work/said"
	[ $got -eq "$status" ]
}

# finds STATE SUBJECT TEXT NEXT: is there such a line, and such a line below it? '' is no line
finds() {
	grep -A 1 -E "^  $1 +$2 .*$3" "$work/said" >"$work/line" || return
	[ -z "$4" ] && return
	grep -q -E "^ +do: .*$4" "$work/line"
}

# expect NAME STATUS STATE SUBJECT TEXT NEXT [ARGUMENT...]: the machine as it is now
expect() {
	local name=$1 status=$2 state=$3 subject=$4 text=$5 next=$6
	shift 6
	ask "$status" "$@" && finds "$state" "$subject" "$text" "$next"
	count $? "$name"
}

# ---- All is well ----

healthy
expect 'a bound device' 0 ok 0000:6d:00.0 'DLB 2.5, bound to vfio-pci, group 12' ''
[ "$(grep -cE '^  (note|problem) ' "$work/said")" -eq 0 ]
count $? 'a machine where all is well has nothing to note'
ask 0 --json && python3 - "$work/said" <<'END'
import json, sys
said = json.load(open(sys.argv[1]))
assert said['problems'] == 0 and said['notes'] == 0 and said['ok'] == len(said['findings'])
assert all(set(f) == {'about', 'subject', 'state', 'says', 'next'} for f in said['findings'])
END
count $? 'the same, as JSON'

# ---- Devices ----

healthy
rm "$machine/sys/bus/pci/devices/0000:6d:00.0/driver"
expect 'no driver' 1 problem 0000:6d:00.0 'bound to no driver' \
	'modprobe vfio-pci; dpdk-devbind.py --bind=vfio-pci 0000:6d:00.0'
bind 0000:6d:00.0 dlb2
expect "a kernel's driver" 1 problem 0000:6d:00.0 'bound to dlb2' 'bind=vfio-pci'
rmdir "$machine/sys/class/iommu/dmar0"
expect 'no driver and no IOMMU' 1 problem 0000:6d:00.0 'bound to dlb2' 'bind=uio_pci_generic'
bind 0000:6d:00.0 uio_pci_generic
expect 'uio for others than root' 1 problem 0000:6d:00.0 'for root only' 'run as root'
put proc/self/status 'CapEff:	000001ffffffffff'
expect 'uio for root' 0 ok 0000:6d:00.0 'bound to uio_pci_generic: wants huge pages' ''
bind 0000:6d:00.0 vfio-pci
put sys/module/vfio/parameters/enable_unsafe_noiommu_mode Y
put dev/vfio/noiommu-12 ''
open_all
expect 'vfio without IOMMU' 0 ok 0000:6d:00.0 'group noiommu-12' ''
put proc/self/status 'CapEff:	0'
expect 'vfio without IOMMU for others' 1 problem 0000:6d:00.0 'for root only' 'as root'
put sys/module/vfio/parameters/enable_unsafe_noiommu_mode N
expect 'the mode without IOMMU is off' 1 note 'vfio without IOMMU' off 'echo 1 >'

healthy
chmod 600 "$machine/dev/vfio/12" && chown 0 "$machine/dev/vfio/12" 2>/dev/null
[ "$(id -u)" -eq 0 ] || chmod 0 "$machine/dev/vfio/12"
expect 'a group of others' 1 problem 0000:6d:00.0 '/dev/vfio/12 is not for this user' \
	'chown USER /dev/vfio/12'
rm "$machine/dev/vfio/12"
expect 'a group without a file' 1 problem 0000:6d:00.0 'no /dev/vfio/12' 'container'

healthy
device 0000:6d:00.1 0x1533 igb 12
expect 'a group that is shared' 1 problem 0000:6d:00.1 'bound to igb, .*not viable' \
	'bind=vfio-pci 0000:6d:00.1'
bind 0000:6d:00.1 pcieport
expect 'a group shared with a bridge' 0 ok 0000:6d:00.0 'group 12' ''

healthy
put sys/bus/pci/devices/0000:6d:00.0/resource '0x0000200000000000 0x0000200003ffffff 0x14220c
0x0000000000000000 0x0000000000000000 0x0
0x0000000000000000 0x0000000000000000 0x0'
expect 'a BAR without room' 1 problem 0000:6d:00.0 'BAR 0 or BAR 2 .* no address' 'above 4 GB'

healthy
device 0000:6d:00.1 0x2715 vfio-pci 13
device 0000:6a:01.0 0x0b25 idxd 14
expect 'a virtual function' 0 note 0000:6d:00.1 'DLB 2.5, virtual function' '8086:2710'
finds ok 0000:6a:01.0 'DSA, bound to idxd' ''
count $? 'a DSA'
finds note 0000:6a:01.0 'no work queue at /dev/dsa' 'slipway dsa config'
count $? 'a DSA without work queues'
put dev/dsa/wq0.0 ''
open_all
expect 'a work queue' 0 ok wq0.0 'for this user' ''
chmod 0 "$machine/dev/dsa/wq0.0"
expect 'a work queue of somebody else' 1 problem wq0.0 'not for this user' 'chown USER'
rm -r "$machine/dev/dsa"
rm "$machine/sys/bus/pci/devices/0000:6a:01.0/driver"
expect 'a DSA that vfio-pci would refuse' 0 note 0000:6a:01.0 'disable_denylist=1 only' \
	'modprobe vfio-pci disable_denylist=1'
rm -rf "$machine/sys/bus/pci/devices/0000:6d:00.0"
expect 'no device' 0 note DLB none 'vdev=event_dlb0'
expect 'no device where one is wanted' 1 problem DLB none '' --for pci

# ---- Kernel ----

healthy
rm -r "$machine/sys/bus/pci/drivers/vfio-pci" "$machine/sys/bus/pci/drivers/uio_pci_generic"
expect 'no modules' 1 problem vfio-pci 'does not have it' 'another kernel'
put lib/modules/6.1.0/modules.dep 'kernel/drivers/vfio/pci/vfio-pci.ko.xz: kernel/vfio.ko
kernel/odd.ko: kernel/drivers/uio/uio_pci_generic.ko'
expect 'a module that is not loaded' 1 problem vfio-pci 'not loaded' 'modprobe vfio-pci'
finds note uio_pci_generic 'does not have it' ''
count $? 'one that is not there'
rm "$machine/lib/modules/6.1.0/modules.dep"
expect 'a container' 1 problem vfio-pci 'tells whether' 'load it outside'
put lib/modules/6.1.0/modules.dep ''
put lib/modules/6.1.0/modules.builtin kernel/drivers/vfio/pci/vfio-pci.ko
expect 'a module that is built in' 0 ok vfio-pci loaded ''

healthy
rmdir "$machine/sys/class/iommu/dmar0"
expect 'no IOMMU' 1 note IOMMU none 'intel_iommu=on'
put proc/cmdline 'quiet intel_iommu=on'
expect 'no IOMMU, asked for' 1 note IOMMU none 'VT-d in the firmware, or'
put proc/cmdline 'intel_iommu=off'
expect 'no IOMMU, refused' 1 note IOMMU none 'boot without iommu=off'

healthy
chmod 600 "$machine/dev/vfio/vfio"
[ "$(id -u)" -eq 0 ] || chmod 0 "$machine/dev/vfio/vfio"
expect 'a container file of others' 1 problem /dev/vfio/vfio 'not for this user' 'chmod 666'

# ---- Memory ----

healthy
put proc/self/limits 'Max locked memory         8388608              8388608              bytes'
expect 'a limit' 1 problem 'locked memory' '8192 KB' 'ulimit -l unlimited'
put proc/self/status 'CapEff:	0000000000004000'
expect 'a limit that does not count' 0 ok 'locked memory' CAP_IPC_LOCK ''

healthy
put sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages 0
expect 'no free page' 0 note '2 MB, node0' '512 pages, 0 free' 'reserve more'
put proc/mounts 'nodev /dev/hugepages hugetlbfs rw,pagesize=1024M 0 0'
expect 'pages of a size that is not mounted' 1 problem '2 MB, mount' 'no hugetlbfs' \
	'mount -t hugetlbfs -o pagesize=2M'
put proc/mounts 'nodev /dev/hugepages hugetlbfs rw 0 0'
expect 'a mount of the standard size' 0 ok '2 MB, mount' /dev/hugepages ''
chmod 700 "$machine/dev/hugepages"
[ "$(id -u)" -eq 0 ] || chmod 0 "$machine/dev/hugepages"
expect 'a mount of others' 1 problem '2 MB, mount' 'not for this user' 'no-huge'
put sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages 0
put sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages 0
expect 'no huge pages' 0 note 'huge pages' 'need --no-huge' 'dpdk-hugepages.py'

# ---- CPU ----

healthy
put proc/cpuinfo 'flags : sse4_2 movdir64bx'
expect 'a CPU without MOVDIR64B' 0 note MOVDIR64B 'not there: .*16-byte stores' 'slipway run'
finds note ENQCMD 'not there' ''
count $? 'nor ENQCMD'
put proc/cpuinfo 'flags : fpu'
expect 'a CPU that is too old' 1 problem SSE4.2 'not there' 'newer CPU'
put proc/cpuinfo 'Features : asimd'
expect 'another architecture' 1 problem x86-64 'no x86-64' 'vdev=event_dlb0'

# ---- DPDK ----

healthy
rm "$machine/usr/lib/x86_64-linux-gnu/pkgconfig/libdpdk.pc"
expect 'DPDK without files for developers' 0 ok DPDK '22.11 or later, ABI 23.0' ''
mv "$machine"/usr/lib/x86_64-linux-gnu/librte_eal.so.2{3.0,5.0}
expect 'another DPDK' 1 note DPDK 'ABI 25.0.*built for ABI 23.0' 'build slipway'
finds problem DPDK 'no libraries of ABI 23.0' setup.sh
count $? 'and so none that fits'
chmod a+w "$machine/usr/lib/x86_64-linux-gnu/dpdk"
expect 'a driver that EAL refuses' 1 note event_dlb 'everybody may write to' LD_LIBRARY_PATH
rm -r "$machine/usr/lib/x86_64-linux-gnu/dpdk"
expect 'no driver' 1 problem event_dlb 'no librte_event_dlb.so' 'ninja -C build'

healthy
rm "$machine/usr/bin/lspci"
expect 'no lspci' 0 note dpdk-devbind.py 'lspci is missing' pciutils
rm "$machine/usr/bin/dpdk-devbind.py"
put usr/bin/lspci ''
expect 'no dpdk-devbind.py' 0 note dpdk-devbind.py 'dpdk-devbind.py is missing' 'install dpdk'

# ---- Sockets ----

healthy
mkdir -p "$machine/run/slipway/run"
python3 - "$machine/run/slipway" <<'END' &
import os, socket, sys, time
os.chdir(sys.argv[1])
kept = []
for path in ('dlb', 'dlb.ctl', 'old', 'run/4711.0.ctl', 'private'):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    os.chmod(path, 0o600 if path == 'private' else 0o777)
    if path not in ('dlb', 'old'):
        s.listen()
    kept.append(s)
open('ready', 'w').close()
time.sleep(60)
END
for ((tick = 0; tick < 100; tick++)); do
	[ -e "$machine/run/slipway/ready" ] && break
	sleep 0.05
done
# Who listens where is told by a file, so that nobody has to knock: this one would refuse.
put proc/net/unix '0000: 00000002 00000000 00010000 0001 01 4711 /run/slipway/dlb'
put proc/4711/comm dpdk-testpmd
expect 'a served device' 0 ok dlb 'served device, alive: /run/slipway/dlb' ''
finds ok dlb.ctl 'control socket, alive' '' && finds ok 4711.0.ctl 'device of dpdk-testpmd' ''
count $? 'control sockets'
finds note old 'stale: nobody listens at /run/slipway/old' 'rm /run/slipway/old'
count $? 'a stale socket'
if [ "$(id -u)" -eq 0 ]; then
	finds note private 'not for this user' 'chmod or chgrp'
	count $? 'a socket of others'
fi
kill %1

# ---- QEMU ----

healthy
rm "$work/bin/qemu-system-x86_64"
if ! PATH=/usr/bin:/bin command -v qemu-system-x86_64 >/dev/null; then
	expect 'no QEMU' 0 note QEMU 'in PATH' devtools/vm
	expect 'no QEMU where one is wanted' 1 problem QEMU 'in PATH' devtools/vm --for guest
fi
printf '#!/bin/sh\necho QEMU emulator version 7.2.0\n' >"$work/bin/qemu-system-x86_64"
chmod 755 "$work/bin/qemu-system-x86_64"
expect 'an old QEMU' 0 note QEMU '7.2.0, without vfio-user-pci' '10.1'
rm "$machine/dev/kvm"
expect 'no KVM' 0 note KVM 'not there' ''

# ---- Arguments ----

# refused NAME TEXT ARGUMENT...
refused() {
	local name=$1 text=$2
	shift 2
	timeout 20 "${as_user[@]}" "$work/slipway" doctor "$@" >"$work/said" 2>&1
	[ $? -eq 2 ] && grep -q -e "$text" "$work/said"
	count $? "$name"
}
refused 'another use' "--for 'x': accepted are pci and guest" --for x
refused 'a root that is not there' '--root /nowhere: No such file' --root /nowhere
refused 'an argument' "'x' is not accepted" x
refused 'an option' 'unknown option --x' --x
ask 0 --help
count $? 'help'

# Nothing at all: no crash, and no file that was taken for granted.
rm -rf "$work/machine" && mkdir "$work/machine" && chmod 755 "$work/machine"
expect 'an empty machine' 1 problem DPDK 'no libraries' ''

verdict
