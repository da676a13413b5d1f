# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# Where the guest's parts lie. Sourced after devtools/common.sh.

VM=$CACHE/vm
# The oldest QEMU that has vfio-user-pci.
QEMU_OLDEST=10.1

# qemu_command: set QEMU to what runs the one in $VM, with its own libraries
qemu_command()
{
	QEMU=("$VM/qemu/lib/ld-linux-x86-64.so.2" --library-path "$VM/qemu/lib"
		"$VM/qemu/qemu-system-x86_64" -L "$VM/qemu/firmware")
}

# What the parts below $VM were made by.
vm_recipe()
{
	cat "$ROOT"/devtools/{debian_packages.sh,vm/fetch.sh,vm/dlb.ids} | sha256sum
}

# Is everything there that fetch.sh makes, as it made it?
vm_whole()
{
	[ -f "$VM/SHA256SUMS" ] && [ "$(vm_recipe)" = "$(cat "$VM/recipe" 2>/dev/null)" ] &&
		(cd "$VM" && sha256sum --quiet --strict -c SHA256SUMS)
}
