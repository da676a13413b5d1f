#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# QEMU with vfio-user-pci, a kernel, and a small root file system for a guest: out of Debian
# packages, unpacked below $VM. Nothing is installed and root is not needed.

. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
. "$ROOT/devtools/vm/common.sh"
. "$ROOT/devtools/debian_packages.sh"

# Debian has vfio-user-pci from here on; the suite that this project is built on has not.
QEMU_SUITES=(trixie trixie-backports)
KERNEL_SUITES=(trixie)
# Our programs run in the guest as they were built: on this one.
GUEST_SUITES=(bookworm bookworm-updates bookworm-security)
KERNEL=linux-image-cloud-amd64
GUEST_PACKAGES=(bash busybox-static dpdk dpdk-dev kmod libc-bin libcmocka0 libjansson4
	libzydis4.0 pciutils python3-minimal)
# What QEMU loads at start; of its package of firmware no more is needed.
FIRMWARE=(bios-256k.bin linuxboot_dma.bin kvmvapic.bin)
MODULES=(drivers/uio drivers/vfio drivers/virtio virt)
# In the closure of the packages above, of no use in the guest.
UNWANTED='(perl|libperl|linux-|initramfs|passwd|[^_]*-dev)[^_]*_'

usage()
{
	cat <<-END
	Usage: devtools/vm/fetch.sh [--force]

	Makes $VM: QEMU, a kernel and a guest. Does nothing when it is
	there and whole. Exit status 77 when the packages cannot be had.

	  --force  make it again, from the newest packages
	  --help   this text
	END
}

# QEMU and its libraries, which start without those of this machine.
unpack_qemu()
{
	local deb dir=$WORK/q out=$NEW/qemu lib loader file
	rm -rf "$dir" && mkdir -p "$dir" "$out/lib" "$out/firmware" || return
	for deb in "$WORK"/qemu/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir" || return
	done
	lib=$dir/usr/lib/x86_64-linux-gnu
	loader=$(find "$dir" -name 'ld-linux-x86-64.so.2' -type f | head -n 1)
	[ -n "$loader" ] || loader=$lib/ld-linux-x86-64.so.2
	cp "$dir/usr/bin/qemu-system-x86_64" "$out/" && cp -L "$loader" "$out/lib/" || return
	"$loader" --library-path "$lib" --list "$dir/usr/bin/qemu-system-x86_64" |
		awk -v lib="$dir" 'index($3, lib) == 1 { print $3 }' |
		xargs cp -Lt "$out/lib" || return
	for file in "${FIRMWARE[@]}"; do
		cp -L "$(find "$dir/usr/share" -name "$file" | head -n 1)" "$out/firmware/" ||
			return
	done
}

# What came is new enough, starts here, and has the device.
check_qemu()
{
	local VM=$NEW version
	qemu_command
	version=$("${QEMU[@]}" --version | sed -n 's/^QEMU emulator version \([0-9.]*\).*/\1/p')
	[ -n "$version" ] || return
	if [ "$(printf '%s\n' "$QEMU_OLDEST" "$version" | sort -V | head -n 1)" != "$QEMU_OLDEST" ]
	then
		say "QEMU $version is older than $QEMU_OLDEST"
		return 1
	fi
	echo "QEMU $version" >>"$NEW/versions"
	"${QEMU[@]}" -device help | grep -q '"vfio-user-pci"' || {
		say "QEMU $version has no vfio-user-pci"
		return 1
	}
}

# The kernel, and those of its modules that a device on the PCI bus can want.
unpack_kernel()
{
	local dir=$WORK/k version from to
	rm -rf "$dir" && mkdir -p "$dir" || return
	dpkg-deb -x "$(find "$WORK/kernel/debs" -name 'linux-image-[0-9]*.deb')" "$dir" || return
	from=$(find "$dir" -path '*/lib/modules/*' -name modules.order -printf '%h\n')
	version=${from##*/}
	to=$TREE/usr/lib/modules/$version
	cp "$dir/boot/vmlinuz-$version" "$NEW/vmlinuz" && mkdir -p "$to/kernel" &&
		cp "$from"/modules.{builtin,builtin.modinfo,order} "$to/" || return
	(cd "$from/kernel" && cp -r --parents "${MODULES[@]}" "$to/kernel/") || return
	echo "Linux $version" >>"$NEW/versions"
}

# Packages into a tree where /bin and the like are links into /usr.
unpack_tree()
{
	local deb link
	rm -rf "$TREE" && mkdir -p "$TREE"/usr/{bin,sbin,lib,lib64} \
		"$TREE"/{dev,proc,sys,run,tmp,var} || return
	for link in bin sbin lib lib64; do
		ln -s usr/$link "$TREE/$link" || return
	done
	ln -s ../run "$TREE/var/run"
	for deb in "$WORK"/guest/debs/*.deb; do
		[[ ! ${deb##*/} =~ ^$UNWANTED ]] || [[ ${deb##*/} = dpdk-dev_* ]] || continue
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$TREE" --keep-directory-symlink --no-same-owner || return
	done
	rm -rf "$TREE"/usr/share/{doc,man,locale,info,dpdk} "$TREE"/usr/lib/x86_64-linux-gnu/gconv
}

# What the packages' own scripts would have done; and names for lspci, whose list has none for DLB.
finish_tree()
{
	local name loader=$TREE/usr/lib64/ld-linux-x86-64.so.2
	for name in $("$TREE/bin/busybox" --list); do
		[ -e "$TREE/usr/bin/$name" ] || [ -e "$TREE/usr/sbin/$name" ] ||
			ln -s busybox "$TREE/usr/bin/$name" || return
	done
	sed -i "/^8086 /r $ROOT/devtools/vm/dlb.ids" "$TREE/usr/share/misc/pci.ids" || return
	"$loader" --library-path "$TREE/usr/lib/x86_64-linux-gnu" --argv0 depmod \
		"$TREE/usr/bin/kmod" -b "$TREE" "$(ls "$TREE/usr/lib/modules")"
}

# What the tests call has to be there, whatever the packages are named by now.
check_tree()
{
	local name missing=0
	for name in bash lspci modprobe dpdk-devbind.py dpdk-test-eventdev dpdk-test \
		dpdk-testpmd dpdk-hugepages.py python3; do
		[ -e "$TREE/usr/bin/$name" ] || [ -e "$TREE/usr/sbin/$name" ] || {
			say "no $name in the packages"
			missing=1
		}
	done
	return $missing
}

# The archive that the kernel unpacks, and the tool to make another one to put behind it.
pack_tree()
{
	cp "$TREE/bin/busybox" "$NEW/" &&
		(cd "$TREE" && find . | "$NEW/busybox" cpio -o -H newc >"$NEW/guest.cpio") || return
	echo "DPDK $(basename "$WORK"/guest/debs/dpdk_*.deb | cut -d_ -f2)" >>"$NEW/versions"
}

make_qemu()
{
	unpack_qemu && check_qemu
}

make_guest()
{
	unpack_tree && unpack_kernel && finish_tree && check_tree && pack_tree
}

# Put what was made in place; from now on it is whole.
publish()
{
	vm_recipe >"$NEW/recipe"
	(cd "$NEW" && find . -type f ! -name SHA256SUMS -print0 | xargs -0 sha256sum) \
		>"$WORK/SHA256SUMS" || return
	rm -rf "$VM"/{SHA256SUMS,busybox,guest.cpio,qemu,recipe,versions,vmlinuz} &&
		mv "$NEW"/* "$VM/" && mv "$WORK/SHA256SUMS" "$VM/" && rm -rf "$WORK"
}

fetch_options "$@"
[ $FORCE = no ] && vm_whole && exit 0
PACKAGES_FOR="a QEMU guest"
WORK=$VM/work
NEW=$WORK/new
TREE=$WORK/tree
LOG=$CACHE/log
mkdir -p "$NEW" "$LOG" || die "cannot write to $VM"
[ "$(uname -m)" = x86_64 ] || no_packages "they are for x86-64; this is $(uname -m)"
packages_at_hand

say "A QEMU guest, below $VM"
rm -rf "$NEW" && mkdir -p "$NEW" || exit
try "QEMU's packages" "$LOG/vm-qemu.log" \
	fetch qemu amd64 -t "${QEMU_SUITES[-1]}" qemu-system-x86 -- "${QEMU_SUITES[@]}"
try "the kernel's packages" "$LOG/vm-kernel.log" \
	fetch kernel amd64 "$KERNEL" -- "${KERNEL_SUITES[@]}"
try "the guest's packages" "$LOG/vm-guest.log" \
	fetch guest amd64 "${GUEST_PACKAGES[@]}" -- "${GUEST_SUITES[@]}"
task "unpacking QEMU" "$LOG/vm-qemu-unpack.log" make_qemu
task "building the guest" "$LOG/vm-guest-unpack.log" make_guest
publish
sed 's/^/  /' "$VM/versions"
