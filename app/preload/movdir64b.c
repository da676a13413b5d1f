/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * For LD_PRELOAD: MOVDIR64B on a CPU that has not got it, such as the one that QEMU emulates. The
 * first time a program gets to one, it is carried out in a signal handler, as eight stores of 8
 * bytes, upwards, and replaced by a jump to code that does the same from then on.
 *
 *   SIGILL   MOVDIR64B             carried out; patched, if that is possible
 *   SIGTRAP  int3 of a patch       another thread is at it: tried again
 *   else     the program's own     the old action is put back, and the fault comes again
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "context.h"
#include "insn.h"
#include "insn_priv.h"
#include "movdir64b_stub.h"
#include "site_patch.h"

/* Drivers have a dozen; those that come later go on trapping. */
#define SITE_MAX   256
#define PAGE       4096
#define LINE_BYTES 64

/* Addresses of instructions that are patched or being patched; 0 where there is none. */
static _Atomic uint64_t sites[SITE_MAX];
/* Somebody patches. */
static atomic_flag patching = ATOMIC_FLAG_INIT;
static struct sigaction old_ill, old_trap;

/* ---- Patching ---- */

static bool
is_patched(uint64_t rip)
{
	for (unsigned int i = 0; i < SITE_MAX; i++) {
		/* Acquire pairs with the release in patch: where a stub is known it is written. */
		if (atomic_load_explicit(&sites[i], memory_order_acquire) == rip)
			return true;
	}
	return false;
}

static _Atomic uint64_t *
free_site(void)
{
	for (unsigned int i = 0; i < SITE_MAX; i++) {
		if (atomic_load_explicit(&sites[i], memory_order_relaxed) == 0)
			return &sites[i];
	}
	return NULL;
}

/* A site is known before its first byte changes, so that who runs into the int3 finds it. */
static void
overwrite(uint64_t rip, const struct insn *insn, uint8_t *page, int prot)
{
	_Atomic uint64_t *site = free_site();

	movdir64b_stub(page, insn, rip + insn->length);
	if (site == NULL || mprotect(page, STUB_BYTES, PROT_READ | PROT_EXEC) != 0) {
		munmap(page, STUB_BYTES);
		return;
	}
	/* Release pairs with the acquire in is_patched. */
	atomic_store_explicit(site, rip, memory_order_release);
	if (site_overwrite(rip, (uintptr_t)page, prot) != 0) {
		atomic_store_explicit(site, 0, memory_order_release);
		munmap(page, STUB_BYTES);
	}
}

static void
patch(uint64_t rip, const struct insn *insn)
{
	uint8_t *page;
	int prot;

	if (!movdir64b_replaceable(insn) || atomic_flag_test_and_set(&patching))
		return;
	page = is_patched(rip) ? NULL : site_map_near(rip, insn->length, &prot);
	if (page != NULL)
		overwrite(rip, insn, page, prot);
	atomic_flag_clear(&patching);
}

/* ---- Carrying out ---- */

static uint64_t
load(void *ctx, uint64_t addr, unsigned int size)
{
	uint64_t value = 0;

	(void)ctx;
	memcpy(&value, (const void *)(uintptr_t)addr, size);
	return value;
}

/* Stores of the widest kind that reach a device whole under emulation, in the order of addresses:
 * whoever puts a line together from them relies on both.
 */
static void
post(void *ctx, uint64_t addr, const void *line, unsigned int len)
{
	volatile uint64_t *to = (volatile uint64_t *)(uintptr_t)addr;
	uint64_t words[LINE_BYTES / 8];

	(void)ctx;
	memcpy(words, line, len);
	for (unsigned int i = 0; i < len / 8; i++)
		to[i] = words[i];
}

static const struct insn_memory memory = {.load = load, .post = post};

/* Code may end with its page, but an instruction that goes on behind it has a page there. */
static int
decode(uint64_t rip, struct insn *insn)
{
	const void *bytes = (const void *)(uintptr_t)rip;
	size_t left = PAGE - rip % PAGE;
	int ret = insn_decode(bytes, left < INSN_MAX ? left : INSN_MAX, insn);

	return ret == -EINVAL && left < INSN_MAX ? insn_decode(bytes, INSN_MAX, insn) : ret;
}

static bool
carry_out(ucontext_t *context)
{
	greg_t *gregs = context->uc_mcontext.gregs;
	struct insn_regs regs = {
		.rip = (uint64_t *)&gregs[REG_RIP],
		.rflags = (uint64_t *)&gregs[REG_EFL],
	};
	uint64_t rip = *regs.rip;
	struct insn insn;
	int ret;

	/* The bytes first: if they are those of a patch, its site is known by now. */
	ret = decode(rip, &insn);
	if (is_patched(rip))
		return true;
	for (unsigned int i = 0; i < 16; i++)
		regs.gpr[i] = (uint64_t *)&gregs[context_gregs[i]];
	if (ret != 0 || insn.op != INSN_MOVDIR64B || insn_address(&insn, &regs) % LINE_BYTES != 0)
		return false;
	insn_execute(&insn, &regs, &memory, NULL);
	patch(rip, &insn);
	return true;
}

/* ---- Signals ---- */

static void
handle_ill(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)info;
	if (!carry_out(context))
		sigaction(sig, &old_ill, NULL);
	errno = saved;
}

static void
handle_trap(int sig, siginfo_t *info, void *context)
{
	greg_t *rip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	/* The kernel leaves rip behind an int3: back there, to what it is now or for the old action. */
	if (info->si_code == SI_KERNEL) {
		--*rip;
		if (is_patched((uint64_t)*rip))
			return;
	}
	sigaction(sig, &old_trap, NULL);
}

__attribute__((constructor)) static void
install(void)
{
	struct sigaction ill = {.sa_sigaction = handle_ill, .sa_flags = SA_SIGINFO | SA_NODEFER};
	struct sigaction trap = {.sa_sigaction = handle_trap, .sa_flags = SA_SIGINFO | SA_NODEFER};

	sigaction(SIGILL, &ill, &old_ill);
	sigaction(SIGTRAP, &trap, &old_trap);
}
