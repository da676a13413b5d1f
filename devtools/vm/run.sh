#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# A QEMU guest with modelled DLBs, a DSA and a MIC card on its PCI bus, each served by a process of
# its own over vfio-user, and a script inside it.

. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
. "$ROOT/devtools/checks.sh"
. "$ROOT/devtools/vm/common.sh"

# What goes into the guest, at the place it has here, below /slipway.
PARTS=(
	build/app/{bench-event,movdir64b.so,slipway,slipway-test-{dma,event,mic}}
	build/drivers/librte_{common_mic,dma_dsa,event_dlb,raw_mic}.so
	devtools/{common.sh,checks.sh,dsa_jobs.sh,jobs.sh} devtools/vm/guest.sh
)
MEMORY=1536
# Pages of 2 MiB.
HUGEPAGES=320
LIMIT=600

usage()
{
	cat <<-END
	Usage: devtools/vm/run.sh [--shell | --script FILE] [--only PATTERN]
	                          [--version VERSION]... [--append WORDS]

	Boots a guest with devices on its PCI bus and runs devtools/vm/guest.sh in it. Fetches QEMU and
	the guest when they are not there yet. Exit status 77 when they cannot be had.

	  --shell          a shell in the guest, for you
	  --script FILE    run FILE in the guest; what it leaves in \$OUT comes back
	  --only PATTERN   only the checks whose name matches
	  --version 2.0|2.5
	                   a DLB of that version; without this there is one of each
	  --append WORDS   more of them for the command line of the guest's kernel
	  --help           this text
	END
}

SCRIPT=$ROOT/devtools/vm/guest.sh
SHELL_WANTED=no
VERSIONS=()
WORDS=
while [ $# -gt 0 ]; do
	case $1 in
	--shell) SHELL_WANTED=yes ;;
	--script | --only | --version | --append)
		[ $# -gt 1 ] || die "$1 needs an argument"
		case $1 in
		--script) SCRIPT=$2 ;;
		--only) ONLY=$2 ;;
		--version) VERSIONS+=("$2") ;;
		--append) WORDS=$2 ;;
		esac
		shift
		;;
	--help) usage; exit 0 ;;
	*) usage >&2; die "unknown argument '$1'" ;;
	esac
	shift
done
[ ${#VERSIONS[@]} -gt 0 ] || VERSIONS=(2.5 2.0)
[ -f "$SCRIPT" ] || die "no file '$SCRIPT'"

RUN=$(mktemp -d) || exit
OUT=$CACHE/log/vm
SERVERS=()
DEVICES=()

# end_servers: each says what there was before it ends
end_servers()
{
	[ ${#SERVERS[@]} -eq 0 ] || kill "${SERVERS[@]}" 2>/dev/null
	SERVERS=()
	wait
}

cleanup()
{
	end_servers
	end_checks
	rm -rf "$RUN"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# The second archive for the kernel to unpack: our programs and scripts, as they are now.
pack()
{
	local part tree=$RUN/tree
	for part in "${PARTS[@]}"; do
		install -D "$ROOT/$part" "$tree/slipway/$part" || return
	done
	install "$ROOT/devtools/vm/init" "$tree/init" &&
		install "$SCRIPT" "$tree/slipway/script" &&
		printf '%s' "$ONLY" >"$tree/slipway/only" &&
		ln -s /run/out "$tree/slipway/.cache" || return
	{
		cat "$VM/guest.cpio" && cd "$tree" && find . | "$VM/busybox" cpio -o -H newc
	} >"$RUN/initrd" 2>"$RUN/pack.log"
}

# serve NAME SOCKET MODEL ARGUMENT...: a device, in the background, until cleanup; and DEVICES is what
# puts all of them on the guest's bus. Posted stores can pile up in QEMU; a read behind them takes
# its time.
serve()
{
	local pid tick socket=$2 log=$OUT/serve-$1.log
	"$BUILD/app/slipway" serve "$3" "$socket" "${@:4}" --stats >"$log" 2>&1 &
	pid=$!
	SERVERS+=($pid)
	DEVICES+=(-device '{"driver":"vfio-user-pci","x-msg-timeout":60000,
		"socket":{"type":"unix","path":"'"$socket"'"}}')
	for ((tick = 0; tick < 100; tick++)); do
		[ -S "$socket" ] && return
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	die "no device for the guest: $(tail -n 1 "$log")"
}

serve_all()
{
	local version
	for version in "${VERSIONS[@]}"; do
		serve "$version" "$RUN/dlb${#SERVERS[@]}" dlb --version "$version"
	done
	serve dsa "$RUN/dsa" dsa --version 2.0 --gather
	serve mic "$RUN/mic" mic --memory 256 --time-scale 100
}

# guest ARGUMENT...: QEMU, with every device; the guest's console is our terminal
guest()
{
	timeout --foreground $LIMIT "${QEMU[@]}" -accel tcg -cpu max -smp 2 -m $MEMORY \
		-object memory-backend-memfd,id=mem,size=${MEMORY}M,share=on \
		-M q35,memory-backend=mem -nodefaults -nographic -no-reboot \
		-kernel "$VM/vmlinuz" -initrd "$RUN/initrd" \
		-device intel-iommu,caching-mode=on "${DEVICES[@]}" "$@"
}

# What is on the screen: the guest's words without those of firmware and kernel, and with the names
# that its files have here
screen()
{
	sed -u -e 's/\r$//' -e '1,/guest: /{/guest: /!d;s/.*guest: /guest: /}' \
		-e '/reboot: Power down/d' -e "s|/slipway/.cache/|$OUT/|"
}

shell()
{
	guest -serial mon:stdio -append "$APPEND run=/bin/bash TERM=${TERM:-linux}"
}

script()
{
	local status
	guest -serial stdio -serial "file:$RUN/out.tar.gz" -append "$APPEND run=/slipway/script" \
		</dev/null 2>&1 | tee "$OUT/console.log" | screen
	status=${PIPESTATUS[0]}
	tar -C "$OUT" -xzf "$RUN/out.tar.gz" 2>/dev/null
	[ "$status" -ne 124 ] || die "the guest did not end within $LIMIT s; see $OUT/console.log"
	[ -f "$OUT/status" ] || die "the guest ended before its time; see $OUT/console.log"
	end_servers
}

# Lines of a server's statistics that say that something came amiss.
AMISS='memory that is not there|accesses of nothing|for bad messages|(read|written) by message'

# served_well NAME LINES: did that device, which has so many of those, get nothing but what it knows?
# A program that is killed may leave the beginning of a line behind, which is refused when the next
# line comes.
served_well()
{
	local log=$OUT/serve-$1.log refused
	cat "$log"
	refused=$(awk '/^ +refused / { print $2 }' "$log")
	[ "$(grep -cE "($AMISS) +0$" "$log")" -eq "$2" ] &&
		[ "${refused:-1}" -le "$(grep -c 'then another line began there' "$log")" ]
}

# judge: the guest's checks counted, and some of our own
judge()
{
	local version counts
	LOGS=$OUT
	read -ra counts <"$OUT/counts" || return
	PASSED=${counts[0]} FAILED=${counts[1]} SKIPPED=${counts[2]}
	mapfile -t FAILURES < <(sed -e '/^$/d' -e "s|/slipway/.cache/|$OUT/|" "$OUT/failures")
	heading "What the devices saw"
	for version in "${VERSIONS[@]}"; do
		check "DLB $version met nothing unknown" served_well "$version" 5
	done
	check "the DSA met nothing unknown" served_well dsa 4
	check "the MIC met nothing unknown" served_well mic 4
	verdict
}

"$ROOT/devtools/vm/fetch.sh" || exit
rm -rf "$OUT" && mkdir -p "$OUT" || exit
for part in "${PARTS[@]}"; do
	[ -f "$ROOT/$part" ] || die "no $part: build first, with devtools/setup.sh"
done
pack || die "$(<"$RUN/pack.log")"
qemu_command
serve_all
# With iommu=pt, a device that vfio-pci has not got is left with physical addresses, as DPDK wants
# it over uio_pci_generic. Of its own will vfio-pci takes no DSA.
APPEND="console=ttyS0 quiet panic=-1 rdinit=/init iommu=pt vfio_pci.disable_denylist=1 \
hugepages=$HUGEPAGES $WORDS"
if [ $SHELL_WANTED = yes ]; then
	shell
	exit
fi
script
# A script of somebody else's has its own way to tell.
[ -f "$OUT/counts" ] || exit "$(<"$OUT/status")"
judge
