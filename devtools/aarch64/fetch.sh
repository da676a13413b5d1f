#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# A compiler for aarch64, the libraries to link with, and QEMU's user mode to run programs: out of
# Debian packages, unpacked below $AARCH64. Nothing is installed and root is not needed.

. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
. "$ROOT/devtools/aarch64/common.sh"
. "$ROOT/devtools/debian_packages.sh"

# The libraries of the one suite, so that headers of DPDK's drivers serve both architectures.
SUITES=(bookworm bookworm-updates bookworm-security)
# They need what the machine's own gcc needs, and nothing more of other packages.
TOOLS='aarch64-linux-gnu|(asan|gcc|tsan|ubsan).*-arm64-cross'
LIBRARIES=(
	libc6-dev libasan8 libtsan2 libubsan1
	libdpdk-dev libpcap-dev libcmocka-dev libjansson-dev libisal-dev
)
# In the closure of those, of no use here.
UNWANTED='(perl|libperl|dpkg|passwd|adduser|udev|usrmerge)[^_]*_'
UNWANTED_FILES=(--exclude='*/librte_*.a' --exclude='./usr/share/doc' --exclude='./usr/share/man'
	--exclude='./usr/share/locale')
WRAPPED=(gcc ar ld objcopy strip)

usage()
{
	cat <<-END
	Usage: devtools/aarch64/fetch.sh [--force]

	Makes $AARCH64: a compiler for aarch64, libraries, and what runs
	programs. Does nothing when it is there. Exit status 77 when the packages cannot be had.

	  --force  make it again, from the newest packages
	  --help   this text
	END
}

# The compiler's packages by name, whatever version it has.
tools()
{
	APT_CONFIG=$WORK/tools/apt.conf apt-get -s install gcc-aarch64-linux-gnu |
		awk '$1 == "Inst" { print $2 }' | grep -E "$TOOLS"
}

# Without the libraries that they need.
fetch_tools()
{
	apt_area tools amd64 "${SUITES[@]}" && cd "$WORK/tools/debs" &&
		APT_CONFIG=$WORK/tools/apt.conf apt-get -q download $(tools) qemu-user-static
}

unpack_tools()
{
	local deb top=$NEW/tools
	mkdir -p "$top" || return
	for deb in "$WORK"/tools/debs/*.deb; do
		case ${deb##*/} in
		qemu-user-static_*)
			dpkg-deb --fsys-tarfile "$deb" |
				tar -x -C "$top" ./usr/bin/qemu-aarch64-static || return
			;;
		*) dpkg-deb -x "$deb" "$top" || return ;;
		esac
	done
	rm -rf "$top"/usr/share/{doc,man,locale}
}

# Into a tree where /lib is a link into /usr. What links lead to is in there, and not at the place
# of that name here.
unpack_libraries()
{
	local deb link to top=$NEW/sysroot
	mkdir -p "$top"/usr/{bin,lib,sbin} && ln -s usr/bin usr/lib usr/sbin "$top/" || return
	for deb in "$WORK"/libraries/debs/*.deb; do
		[[ ! ${deb##*/} =~ ^$UNWANTED ]] || continue
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$top" --keep-directory-symlink \
			--no-same-owner "${UNWANTED_FILES[@]}" || return
	done
	find "$top" -type l -lname '/*' | while read -r link; do
		to=$top$(readlink "$link")
		[ ! -e "$to" ] || ln -sfn "$(realpath -s --relative-to="${link%/*}" "$to")" "$link"
	done
}

# The tools, with their own libraries and for these libraries; what runs a program; and where all of
# it is, for cross.ini.
write_wrappers()
{
	local name options
	mkdir -p "$NEW/bin" || return
	for name in "${WRAPPED[@]}"; do
		options=
		[ "$name" != gcc ] || options='--sysroot="$top/sysroot" '
		cat >"$NEW/bin/aarch64-linux-gnu-$name" <<-END
		#!/bin/sh
		top=\${0%/*}/..
		LD_LIBRARY_PATH=\$top/tools/usr/lib/x86_64-linux-gnu \\
			exec "\$top/tools/usr/bin/aarch64-linux-gnu-$name" $options"\$@"
		END
	done
	cat >"$NEW/bin/run" <<-'END'
	#!/bin/sh
	top=${0%/*}/..
	exec "$top/tools/usr/bin/qemu-aarch64-static" -L "$top/sysroot" "$@"
	END
	chmod 755 "$NEW"/bin/*
	printf '[constants]\ntop = %s\n' "'$AARCH64'" >"$NEW/top.ini"
}

# What came compiles here, and runs.
check_tools()
{
	echo 'int main(void) { return 7; }' >"$WORK/try.c" &&
		"$NEW/bin/aarch64-linux-gnu-gcc" -o "$WORK/try" "$WORK/try.c" || return
	"$NEW/bin/run" "$WORK/try"
	[ $? -eq 7 ] || return
	"$NEW/bin/aarch64-linux-gnu-gcc" --version | head -n 1 >"$NEW/versions"
	"$NEW/tools/usr/bin/qemu-aarch64-static" --version | head -n 1 >>"$NEW/versions"
	echo "DPDK $(pkg-config --modversion \
		"$NEW/sysroot/usr/lib/aarch64-linux-gnu/pkgconfig/libdpdk.pc")" >>"$NEW/versions"
}

# Driver headers have been fetched for the machine's own DPDK.
check_dpdk()
{
	local here there
	here=$(pkg-config --modversion libdpdk)
	there=$(sed -n 's/^DPDK //p' "$NEW/versions")
	[ "$here" = "$there" ] || no_packages "DPDK is $here here, and $there for aarch64"
}

make_tools()
{
	unpack_tools && unpack_libraries && write_wrappers && check_tools
}

fetch_options "$@"
[ $FORCE = no ] && aarch64_whole && exit 0
PACKAGES_FOR=aarch64
WORK=$AARCH64/work
NEW=$WORK/new
LOG=$CACHE/log
mkdir -p "$NEW" "$LOG" || die "cannot write to $AARCH64"
[ "$(uname -m)" = x86_64 ] || no_packages "the compiler is for x86-64; this is $(uname -m)"
packages_at_hand

say "A compiler for aarch64, below $AARCH64"
rm -rf "$NEW" && mkdir -p "$NEW" || exit
try "the compiler's packages" "$LOG/aarch64-tools.log" fetch_tools
try "the libraries' packages" "$LOG/aarch64-libraries.log" \
	fetch libraries arm64 "${LIBRARIES[@]}" -- "${SUITES[@]}"
task "unpacking them" "$LOG/aarch64-unpack.log" make_tools
check_dpdk
rm -rf "$AARCH64"/{bin,recipe,sysroot,tools,top.ini,versions}
mv "$NEW"/* "$AARCH64/" && rm -rf "$WORK" && aarch64_recipe >"$AARCH64/recipe" || exit
sed 's/^/  /' "$AARCH64/versions"
