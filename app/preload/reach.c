/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "reach.h"

#include <errno.h>
#include <string.h>

#include "device.h"
#include "say.h"

#define LINE_BYTES 64

/* ---- Guarded accesses ---- */

/* Each keeps everything in registers that a call may change, and touches no stack, so that a fault
 * between guard_begin and guard_end is answered by going on at guard_failed, which returns in its
 * place. They return 0, or 1 when there is no memory at `addr`.
 */
__asm__(".text\n"
	".p2align 4\n"
	"guard_begin:\n"
	"guard_load1:\n"
	"	movzbl (%rdi), %eax\n"
	"	jmp 1f\n"
	"guard_load2:\n"
	"	movzwl (%rdi), %eax\n"
	"	jmp 1f\n"
	"guard_load4:\n"
	"	movl (%rdi), %eax\n"
	"	jmp 1f\n"
	"guard_load8:\n"
	"	movq (%rdi), %rax\n"
	"1:	movq %rax, (%rsi)\n"
	"	xorl %eax, %eax\n"
	"	ret\n"
	"guard_store1:\n"
	"	movb %sil, (%rdi)\n"
	"	xorl %eax, %eax\n"
	"	ret\n"
	"guard_store2:\n"
	"	movw %si, (%rdi)\n"
	"	xorl %eax, %eax\n"
	"	ret\n"
	"guard_store4:\n"
	"	movl %esi, (%rdi)\n"
	"	xorl %eax, %eax\n"
	"	ret\n"
	"guard_store8:\n"
	"	movq %rsi, (%rdi)\n"
	"	xorl %eax, %eax\n"
	"	ret\n"
	"guard_store16:\n"
	"	movups (%rsi), %xmm0\n"
	"	movups %xmm0, (%rdi)\n"
	"	xorl %eax, %eax\n"
	"	ret\n"
	"guard_end:\n"
	"guard_failed:\n"
	"	movl $1, %eax\n"
	"	ret\n");

#define HIDDEN __attribute__((visibility("hidden")))
HIDDEN extern const char guard_begin[], guard_end[], guard_failed[];
HIDDEN int guard_load1(uint64_t addr, uint64_t *value);
HIDDEN int guard_load2(uint64_t addr, uint64_t *value);
HIDDEN int guard_load4(uint64_t addr, uint64_t *value);
HIDDEN int guard_load8(uint64_t addr, uint64_t *value);
HIDDEN int guard_store1(uint64_t addr, uint64_t value);
HIDDEN int guard_store2(uint64_t addr, uint64_t value);
HIDDEN int guard_store4(uint64_t addr, uint64_t value);
HIDDEN int guard_store8(uint64_t addr, uint64_t value);
HIDDEN int guard_store16(uint64_t addr, const void *bytes);

static _Thread_local siginfo_t fault;

bool
reach_divert(const siginfo_t *info, uint64_t *rip)
{
	if (*rip < (uintptr_t)guard_begin || *rip >= (uintptr_t)guard_end)
		return false;
	fault = *info;
	*rip = (uintptr_t)guard_failed;
	return true;
}

siginfo_t
reach_fault(void)
{
	return fault;
}

static int
guard_load(uint64_t addr, uint64_t *value, unsigned int size)
{
	switch (size) {
	case 1:
		return guard_load1(addr, value);
	case 2:
		return guard_load2(addr, value);
	case 4:
		return guard_load4(addr, value);
	default:
		return guard_load8(addr, value);
	}
}

static int
guard_store(uint64_t addr, uint64_t value, unsigned int size)
{
	switch (size) {
	case 1:
		return guard_store1(addr, value);
	case 2:
		return guard_store2(addr, value);
	case 4:
		return guard_store4(addr, value);
	default:
		return guard_store8(addr, value);
	}
}

size_t
reach_fetch(uint64_t addr, void *bytes, size_t len)
{
	uint8_t *to = bytes;
	uint64_t value;
	size_t done = 0;

	for (; len - done >= 8 && guard_load8(addr + done, &value) == 0; done += 8)
		memcpy(to + done, &value, 8);
	/* What is left, by one that overlaps the last; byte by byte at the end of memory. */
	if (done > 0 && done < len && guard_load8(addr + len - 8, &value) == 0) {
		memcpy(to + len - 8, &value, 8);
		return len;
	}
	for (; done < len && guard_load1(addr + done, &value) == 0; done++)
		to[done] = (uint8_t)value;
	return done;
}

/* ---- One instruction ---- */

/* The page that the program touched is a BAR's. Anything else is most likely memory, which is
 * found out faster by trying than by asking: BARs are closed to us as well.
 */
static bool
is_near(const struct reach *r, uint64_t addr)
{
	return (addr ^ r->bar) < 4096;
}

static bool
is_bar(struct reach *r, uint64_t addr)
{
	if (device_owns(addr))
		return true;
	r->failed = true;
	return false;
}

static uint64_t
load(void *ctx, uint64_t addr, unsigned int size)
{
	struct reach *r = ctx;
	uint64_t value;

	if (r->failed)
		return 0;
	if (is_near(r, addr))
		return device_load(addr, size);
	if (guard_load(addr, &value, size) == 0)
		return value;
	return is_bar(r, addr) ? device_load(addr, size) : 0;
}

static void
store(void *ctx, uint64_t addr, uint64_t value, unsigned int size)
{
	struct reach *r = ctx;

	if (r->failed)
		return;
	if (is_near(r, addr) || (guard_store(addr, value, size) != 0 && is_bar(r, addr)))
		device_store(addr, value, size);
}

static int
store_line(uint64_t addr, const uint8_t *line, unsigned int len)
{
	for (unsigned int i = 0; i < len; i += 16) {
		if (guard_store16(addr + i, line + i) != 0)
			return -EFAULT;
	}
	return 0;
}

static void
post(void *ctx, uint64_t addr, const void *line, unsigned int len)
{
	struct reach *r = ctx;

	if (r->failed)
		return;
	if (!is_near(r, addr) && (store_line(addr, line, len) == 0 || !is_bar(r, addr)))
		return;
	if (addr % len == 0) {
		device_post(addr, line, len);
		return;
	}
	/* No bus carries this as one; a CPU takes it apart. */
	for (unsigned int i = 0, size = addr % 8 == 0 ? 8 : 1; i < len; i += size) {
		uint64_t value = 0;

		memcpy(&value, (const uint8_t *)line + i, size);
		store(ctx, addr + i, value, size);
	}
}

/* What the CPU says of an operand that it does not accept: no address, as for all such faults. */
static int
protection_fault(struct reach *r, const char *why)
{
	say("%s: the CPU raises a protection fault", why);
	fault = (siginfo_t){.si_signo = SIGSEGV, .si_code = SI_KERNEL};
	r->failed = true;
	return -EFAULT;
}

static int
submit(void *ctx, uint64_t addr, const void *line, bool supervisor)
{
	_Alignas(LINE_BYTES) uint8_t sent[LINE_BYTES];
	struct reach *r = ctx;
	uint32_t head, pasid;

	if (r->failed || !is_bar(r, addr))
		return -EAGAIN;
	memcpy(&head, line, sizeof(head));
	if (supervisor)
		return protection_fault(r, "ENQCMDS is for kernels; programs have ENQCMD");
	if (head != 0)
		return protection_fault(r, "ENQCMD of a line whose bits 31:0 are not 0: PASID and "
					   "privilege are the CPU's to fill in");
	if (addr % LINE_BYTES != 0)
		return protection_fault(r, "ENQCMD to an address that is no multiple of 64");
	/* ENQCMD takes the PASID from a register of the kernel's. */
	pasid = device_pasid(addr);
	memcpy(sent, line, sizeof(sent));
	memcpy(sent, &pasid, sizeof(pasid));
	return device_submit(addr, sent, pasid);
}

const struct insn_memory reach_memory = {
	.load = load,
	.store = store,
	.post = post,
	.submit = submit,
};
