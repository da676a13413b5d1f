/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "trap.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "code.h"
#include "context.h"
#include "device.h"
#include "insn.h"
#include "reach.h"
#include "say.h"
#include "signals.h"
#include "site.h"

/* Ways here, and what becomes of them:
 *
 *   SIGSEGV  address in a BAR             any instruction: carried out
 *            protection fault             ENQCMD to a BAR, which needs a PASID that nobody has
 *   SIGILL   MOVDIR64B, MOVDIRI, ENQCMD   on a CPU without them; the first two to any memory
 *   SIGTRAP  int3                         of a site that is being patched: tried again
 *   SIGSEGV, SIGBUS in reach.c            the shim tried an address for the program
 *   everything else                       the program's own business
 */

#define LINE_BYTES 64
/* Where the kernel says, in the reserved end of the FXSAVE area, that more follows it. */
#define FX_MAGIC_OFFSET 464
#define FX_MAGIC        0x46505853u

/* Registers of a context, copied: one that fails has changed nothing. */
struct copy {
	uint64_t gpr[16], rip, rflags;
	struct insn_regs regs;
};

/* ---- Registers ---- */

static bool
has_xsave(const ucontext_t *context)
{
	uint32_t magic;

	memcpy(&magic, (const uint8_t *)context->uc_mcontext.fpregs + FX_MAGIC_OFFSET,
	       sizeof(magic));
	return magic == FX_MAGIC;
}

static void
copy_from(struct copy *copy, const ucontext_t *context)
{
	for (unsigned int i = 0; i < 16; i++) {
		copy->gpr[i] = (uint64_t)context->uc_mcontext.gregs[context_gregs[i]];
		copy->regs.gpr[i] = &copy->gpr[i];
	}
	copy->rip = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
	copy->rflags = (uint64_t)context->uc_mcontext.gregs[REG_EFL];
	copy->regs.rip = &copy->rip;
	copy->regs.rflags = &copy->rflags;
	copy->regs.xsave = context->uc_mcontext.fpregs;
	copy->regs.fxsave = copy->regs.xsave != NULL && !has_xsave(context);
}

static void
copy_back(const struct copy *copy, ucontext_t *context)
{
	for (unsigned int i = 0; i < 16; i++)
		context->uc_mcontext.gregs[context_gregs[i]] = (greg_t)copy->gpr[i];
	context->uc_mcontext.gregs[REG_RIP] = (greg_t)copy->rip;
	context->uc_mcontext.gregs[REG_EFL] = (greg_t)copy->rflags;
}

static uint64_t
rip_of(const ucontext_t *context)
{
	return (uint64_t)context->uc_mcontext.gregs[REG_RIP];
}

/* ---- What is not ours, or cannot be done ---- */

/* The program does not know of stubs. */
static void
chain(int sig, siginfo_t *info, ucontext_t *context)
{
	context->uc_mcontext.gregs[REG_RIP] = (greg_t)site_rip(rip_of(context));
	signals_chain(sig, info, context);
}

static void
raise_at(int sig, int si_code, uint64_t addr, ucontext_t *context)
{
	siginfo_t info = {.si_signo = sig, .si_code = si_code};

	info.si_addr = (void *)(uintptr_t)addr;
	context->uc_mcontext.gregs[REG_RIP] = (greg_t)site_rip(rip_of(context));
	signals_raise(sig, &info, context);
}

static void
refuse(const struct code *code, uint64_t addr, ucontext_t *context)
{
	const char *address = "a device that is gone";
	char bytes[3 * INSN_MAX + 1] = " none";
	unsigned int bar = 0;
	uint64_t off = 0;
	struct device *dev = device_at(addr, &bar, &off);

	if (dev != NULL)
		address = dev->address;
	for (unsigned int i = 0; i < code->count; i++)
		snprintf(bytes + 3 * (size_t)i, 4, " %02x", code->bytes[i]);
	say("cannot carry out the access to BAR %u + 0x%llx of %s at rip 0x%llx: instruction "
	    "bytes%s; accepted: plain loads, stores and arithmetic of 1 to 8 bytes, vector moves, "
	    "movs/stos/lods, MOVDIRI, MOVDIR64B, ENQCMD",
	    bar, (unsigned long long)off, address, (unsigned long long)code->rip, bytes);
	raise_at(SIGBUS, BUS_ADRERR, addr, context);
}

/* ---- Carrying out ---- */

static void
carry_out(const struct code *code, struct copy *copy, uint64_t bar, ucontext_t *context)
{
	struct reach reach = {.bar = bar};
	siginfo_t fault;

	insn_execute(&code->insn, &copy->regs, &reach_memory, &reach);
	if (reach.failed) {
		fault = reach_fault();
		chain(fault.si_signo, &fault, context);
		return;
	}
	copy_back(copy, context);
	site_trapped(code);
}

/* An access to a BAR. */
static void
serve(uint64_t addr, ucontext_t *context)
{
	struct copy copy;
	struct code code;

	/* The bytes first: if they are those of a patch, its site is known by now. */
	code_fetch(rip_of(context), &code);
	if (site_is_patched(code.rip))
		return;
	copy_from(&copy, context);
	if (code_decode(&code) != 0)
		refuse(&code, addr, context);
	else
		carry_out(&code, &copy, addr, context);
}

/* An instruction that this CPU refuses, wherever it points to. False when that is right. */
static bool
serve_refused(int sig, ucontext_t *context)
{
	struct copy copy;
	struct code code;
	uint64_t addr;
	bool bar;

	code_fetch(rip_of(context), &code);
	if (site_is_patched(code.rip))
		return true;
	if (code_decode(&code) != 0 || code.kind == CODE_PLAIN || code.kind == CODE_STRING ||
	    (sig == SIGSEGV && code.kind != CODE_SUBMIT))
		return false;
	copy_from(&copy, context);
	addr = insn_address(&code.insn, &copy.regs);
	bar = device_owns(addr);
	if (code.kind == CODE_SUBMIT && !bar)
		return false;
	if (code.kind != CODE_DIRECT && addr % LINE_BYTES != 0) {
		raise_at(SIGSEGV, SI_KERNEL, 0, context);
		return true;
	}
	carry_out(&code, &copy, bar ? addr : REACH_NOWHERE, context);
	return true;
}

/* True when there is nothing left to do. */
static bool
handle_segv(const siginfo_t *info, ucontext_t *context)
{
	uint64_t addr = (uintptr_t)info->si_addr;

	if (info->si_code == SI_KERNEL)
		return serve_refused(SIGSEGV, context);
	if (device_owns(addr)) {
		serve(addr, context);
		return true;
	}
	if (device_lost(addr)) {
		raise_at(SIGBUS, BUS_ADRERR, addr, context);
		return true;
	}
	return false;
}

static bool
handle_int3(ucontext_t *context)
{
	uint64_t rip = rip_of(context) - 1;

	if (!site_is_patched(rip))
		return false;
	context->uc_mcontext.gregs[REG_RIP] = (greg_t)rip;
	return true;
}

/* What the CPU raised, and nobody sent. */
static bool
handle_fault(int sig, const siginfo_t *info, ucontext_t *context)
{
	uint64_t rip = rip_of(context);

	if (reach_divert(info, &rip)) {
		context->uc_mcontext.gregs[REG_RIP] = (greg_t)rip;
		return true;
	}
	switch (sig) {
	case SIGSEGV:
		return handle_segv(info, context);
	case SIGILL:
		return serve_refused(SIGILL, context);
	case SIGTRAP:
		return info->si_code == SI_KERNEL && handle_int3(context);
	default:
		return false;
	}
}

void
trap_handle(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	if (info->si_code <= 0)
		signals_chain(sig, info, context);
	else if (!handle_fault(sig, info, context))
		chain(sig, info, context);
	errno = saved;
}

int
trap_install(void)
{
	static const int all[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP};

	site_init();
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int ret = signals_install(all[i], trap_handle);

		if (ret != 0)
			return ret;
	}
	return 0;
}
