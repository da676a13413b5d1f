/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "site.h"

#include <cpuid.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "bus_relax.h"
#include "device.h"
#include "insn_priv.h"
#include "reach.h"
#include "signals.h"
#include "site_patch.h"
#include "sys.h"

/* Traps at a place before it is patched: lines are posted again and again, while most registers
 * are touched a few times. Patching costs some dozen traps.
 */
#define TRAPS_LINE  1u
#define TRAPS_OTHER 4u
/* Places that are being counted; one that is pushed out begins again. */
#define COUNTERS 256
/* The count lies above the address, which has 57 bits at most. This one says: never. */
#define COUNT_SHIFT 57
#define COUNT_NEVER 0x7fu

/* What the ABI lets code use below its stack pointer. */
#define RED_ZONE 128
/* XSAVE areas of the components below, in the standard format. */
#define AREA_BYTES 2752
/* Vectors: SSE, AVX, AVX-512. Neither the shim nor a model touches others. */
#define XSAVE_VECTORS 0xe6u

enum site_state { SITE_PATCHING = 1, SITE_PATCHED };

struct site {
	_Atomic uint64_t rip; /* 0 for a free row; rows are never freed */
	_Atomic int state;
	uint64_t stub;
	struct code code;
};

static struct site sites[SITE_MAX];
static unsigned int site_count;
/* Nobody waits for it in a handler: who finds it taken lets the place trap once more. */
static atomic_int patching;
static _Atomic uint64_t counters[COUNTERS];

/* What the stub has saved, from where its stack pointer points. */
struct frame {
	uint64_t gpr[15]; /* in the order of the encoding, less rsp */
	uint64_t rflags;
	uint64_t back; /* into the stub */
};

/* ---- Stubs ---- */

/* Offsets in a stub. RAW is from RET. */
#define STUB_RET   11
#define STUB_RAW   24
#define STUB_COPY  32
#define STUB_ENTRY 64
#define STUB_SITE  72

/* The way in from a stub, in two flavours: vectors saved in any format, for instructions that have
 * none, and in the standard one. site_run returns 1 for an instruction that is to run as it is.
 * The string operations and the vectors of the functions called are as the ABI has them: DF clear,
 * and no vector preserved. Header bytes have to be zero for XRSTOR, and XSAVE does not see to it.
 */
#define ENTRY(name, save)                                         \
	".p2align 4\n" name ":\n"                                 \
	"	pushfq\n"                                               \
	"	push %r15\n"                                            \
	"	push %r14\n"                                            \
	"	push %r13\n"                                            \
	"	push %r12\n"                                            \
	"	push %r11\n"                                            \
	"	push %r10\n"                                            \
	"	push %r9\n"                                             \
	"	push %r8\n"                                             \
	"	push %rdi\n"                                            \
	"	push %rsi\n"                                            \
	"	push %rbp\n"                                            \
	"	push %rbx\n"                                            \
	"	push %rdx\n"                                            \
	"	push %rcx\n"                                            \
	"	push %rax\n"                                            \
	"	cld\n"                                                  \
	"	mov %rsp, %rbx\n"                                       \
	"	mov 128(%rbx), %rax\n" /* back */                 \
	"	mov 61(%rax), %rdi\n"  /* STUB_SITE - STUB_RET */ \
	"	mov %rbx, %rsi\n"                                       \
	"	sub $2752, %rsp\n" /* AREA_BYTES */               \
	"	and $-64, %rsp\n"                                       \
	"	xor %eax, %eax\n"                                       \
	"	mov %rax, 512(%rsp)\n"                                  \
	"	mov %rax, 520(%rsp)\n"                                  \
	"	mov %rax, 528(%rsp)\n"                                  \
	"	mov %rax, 536(%rsp)\n"                                  \
	"	mov %rax, 544(%rsp)\n"                                  \
	"	mov %rax, 552(%rsp)\n"                                  \
	"	mov %rax, 560(%rsp)\n"                                  \
	"	mov %rax, 568(%rsp)\n"                                  \
	"	mov site_components(%rip), %eax\n"                      \
	"	xor %edx, %edx\n" save " (%rsp)\n"                \
	"	mov %rsp, %rdx\n"                                       \
	"	call site_run\n"                                        \
	"	mov %eax, %ecx\n"                                       \
	"	mov site_components(%rip), %eax\n"                      \
	"	xor %edx, %edx\n"                                       \
	"	xrstor64 (%rsp)\n"                                      \
	"	mov %rbx, %rsp\n"                                       \
	"	test %ecx, %ecx\n"                                      \
	"	jz 1f\n"                                                \
	"	addq $13, 128(%rsp)\n" /* STUB_RAW - STUB_RET */  \
	"1:	pop %rax\n"                                           \
	"	pop %rcx\n"                                             \
	"	pop %rdx\n"                                             \
	"	pop %rbx\n"                                             \
	"	pop %rbp\n"                                             \
	"	pop %rsi\n"                                             \
	"	pop %rdi\n"                                             \
	"	pop %r8\n"                                              \
	"	pop %r9\n"                                              \
	"	pop %r10\n"                                             \
	"	pop %r11\n"                                             \
	"	pop %r12\n"                                             \
	"	pop %r13\n"                                             \
	"	pop %r14\n"                                             \
	"	pop %r15\n"                                             \
	"	popfq\n"                                                \
	"	ret\n"

__asm__(".text\n" ENTRY("site_enter_any", "xsavec64") ENTRY("site_enter_standard", "xsave64"));

#define HIDDEN __attribute__((visibility("hidden")))
HIDDEN extern const char site_enter_any[], site_enter_standard[];
/* XSAVE components to keep, 0 where nothing can be patched. */
HIDDEN uint32_t site_components;
HIDDEN int site_run(struct site *site, struct frame *frame, void *xsave);
static bool has_xsavec;

_Static_assert(offsetof(struct frame, back) == 128, "site_enter looks for it there");
_Static_assert(STUB_SITE - STUB_RET == 61 && STUB_RAW - STUB_RET == 13, "site_enter has these");
_Static_assert(STUB_COPY + INSN_MAX + JMP_BYTES <= STUB_ENTRY, "the copy fits");

static void
stub_write(uint8_t *stub, const struct site *site)
{
	static const uint8_t begin[STUB_RET] = {
		0x48, 0x8d, 0x64,
		0x24, 0x80,                        /* lea -128(%rsp), %rsp */
		0xff, 0x15, STUB_ENTRY - STUB_RET, /* call *entry(%rip) */
	};
	static const uint8_t unwind[8] = {
		0x48, 0x8d, 0xa4, 0x24, RED_ZONE, /* lea 128(%rsp), %rsp */
	};
	const struct code *code = &site->code;
	unsigned int length = code->insn.length;
	uint64_t after = code->rip + length, at = (uintptr_t)stub;
	bool vectors = insn_uses_vectors(&code->insn);
	const void *entry = has_xsavec && !vectors ? site_enter_any : site_enter_standard;

	memcpy(stub, begin, sizeof(begin));
	memcpy(stub + STUB_RET, unwind, sizeof(unwind));
	site_put_jmp(stub + STUB_RET + 8, at + STUB_RET + 8, after);
	memcpy(stub + STUB_RAW, unwind, sizeof(unwind));
	memcpy(stub + STUB_COPY, code->bytes, length);
	site_put_jmp(stub + STUB_COPY + length, at + STUB_COPY + length, after);
	memcpy(stub + STUB_ENTRY, &entry, sizeof(entry));
	memcpy(stub + STUB_SITE, &site, sizeof(site));
}

/* ---- A patched site is hit ---- */

static void
regs_of(struct insn_regs *regs, struct frame *frame, uint64_t *rsp)
{
	for (unsigned int i = 0; i < 4; i++)
		regs->gpr[i] = &frame->gpr[i];
	regs->gpr[4] = rsp;
	for (unsigned int i = 5; i < 16; i++)
		regs->gpr[i] = &frame->gpr[i - 1];
	regs->rflags = &frame->rflags;
}

/* Called by the stub, on the program's stack. Returns 0, or 1 when the instruction is to run as it
 * is: it touches ordinary memory, or a bad address, and then the fault is to be the program's own.
 */
__attribute__((used)) int
site_run(struct site *site, struct frame *frame, void *xsave)
{
	uint64_t rsp = (uintptr_t)(frame + 1) + RED_ZONE, rip = site->code.rip;
	struct insn_regs regs = {.rip = &rip, .xsave = xsave};
	const struct insn *insn = &site->code.insn;
	struct frame before = *frame;
	struct reach reach = {0};
	int saved = errno, raw = 1;

	regs_of(&regs, frame, &rsp);
	signals_enter();
	reach.bar = insn_address(insn, &regs);
	if (device_owns(reach.bar)) {
		insn_execute(insn, &regs, &reach_memory, &reach);
		raw = reach.failed;
	}
	if (raw)
		*frame = before;
	signals_leave();
	errno = saved;
	return raw;
}

/* ---- Patching ---- */

static struct site *
site_find(uint64_t rip)
{
	for (unsigned int i = 0; i < SITE_MAX; i++) {
		struct site *s = &sites[((rip ^ rip >> 10) + i) % SITE_MAX];
		/* Acquire pairs with the release in site_add. */
		uint64_t at = atomic_load_explicit(&s->rip, memory_order_acquire);

		if (at == rip)
			return s;
		if (at == 0)
			return NULL;
	}
	return NULL;
}

/* A row for an instruction, which says from now on that it is being patched. */
static struct site *
site_add(const struct code *code)
{
	uint64_t rip = code->rip;

	/* Some are left free, so that looking for one ends soon. */
	if (site_count >= SITE_MAX * 3 / 4)
		return NULL;
	for (unsigned int i = 0;; i++) {
		struct site *s = &sites[((rip ^ rip >> 10) + i) % SITE_MAX];

		if (atomic_load_explicit(&s->rip, memory_order_relaxed) != 0)
			continue;
		s->code = *code;
		site_count++;
		return s;
	}
}

/* An address relative to rip would be another one in the copy, and a stub is not patched again. */
static bool
can_patch(const struct code *code)
{
	return site_components != 0 && code->insn.length >= JMP_BYTES &&
	       code->kind != CODE_STRING && site_find(code->rip) == NULL &&
	       site_rip(code->rip) == code->rip && code->insn.base != INSN_RIP;
}

static int
patch(const struct code *code)
{
	struct site *s;
	uint8_t *stub;
	int prot, ret;

	stub = site_map_near(code->rip, JMP_BYTES, &prot);
	if (stub == NULL)
		return -ENOMEM;
	s = site_add(code);
	if (s == NULL) {
		ret = -ENOSPC;
		goto unmap;
	}
	s->stub = (uintptr_t)stub;
	stub_write(stub, s);
	if (syscall(SYS_mprotect, stub, STUB_BYTES, PROT_READ | PROT_EXEC) != 0) {
		ret = -errno;
		goto drop;
	}
	atomic_store_explicit(&s->state, SITE_PATCHING, memory_order_relaxed);
	/* Release pairs with the acquire in site_find: who finds the row finds it filled in. The
	 * bytes of the program change after it, so who reads new ones finds the row.
	 */
	atomic_store_explicit(&s->rip, code->rip, memory_order_release);
	ret = site_overwrite(code->rip, s->stub, prot);
	if (ret == 0) {
		/* Release: pairs with the acquire in site_is_patched. */
		atomic_store_explicit(&s->state, SITE_PATCHED, memory_order_release);
		return 0;
	}
	/* The row stays, without a state: the place is known, and traps. */
	atomic_store_explicit(&s->state, 0, memory_order_release);
	s->stub = 0;
	goto unmap;

drop:
	site_count--;
unmap:
	sys_munmap(stub, STUB_BYTES);
	return ret;
}

/* Count a trap. True when it is time, and then the counter is at its end. */
static bool
count(uint64_t rip, unsigned int traps)
{
	_Atomic uint64_t *counter = &counters[(rip ^ rip >> 8) % COUNTERS];
	/* A count lost between two threads is a trap more. */
	uint64_t was = atomic_load_explicit(counter, memory_order_relaxed);
	uint64_t n = (was ^ rip) << (64 - COUNT_SHIFT) == 0 ? was >> COUNT_SHIFT : 0;

	if (n == COUNT_NEVER)
		return false;
	n = n + 1 >= traps ? COUNT_NEVER : n + 1;
	atomic_store_explicit(counter, n << COUNT_SHIFT | rip, memory_order_relaxed);
	return n == COUNT_NEVER;
}

void
site_trapped(const struct code *code)
{
	bool line = code->kind == CODE_LINE || code->kind == CODE_SUBMIT;

	if (code->insn.length < JMP_BYTES || !count(code->rip, line ? TRAPS_LINE : TRAPS_OTHER))
		return;
	/* Acquire pairs with the release below. */
	if (atomic_exchange_explicit(&patching, 1, memory_order_acquire) != 0) {
		counters[(code->rip ^ code->rip >> 8) % COUNTERS] = 0;
		return;
	}
	/* What cannot be patched goes on trapping, which is no error. */
	if (can_patch(code))
		(void)patch(code);
	atomic_store_explicit(&patching, 0, memory_order_release);
}

bool
site_is_patched(uint64_t rip)
{
	struct site *s = site_find(rip);

	/* Acquire pairs with the release in patch: the last byte is there. */
	switch (s != NULL ? atomic_load_explicit(&s->state, memory_order_acquire) : 0) {
	case SITE_PATCHING:
		return true;
	case SITE_PATCHED: {
		uint8_t byte = 0;

		/* A library may be gone, and another lie in its place, which was not patched. */
		return reach_fetch(rip, &byte, 1) == 1 && byte == 0xe9;
	}
	default:
		return false;
	}
}

uint64_t
site_rip(uint64_t rip)
{
	for (unsigned int i = 0; i < SITE_MAX; i++) {
		struct site *s = &sites[i];

		if (atomic_load_explicit(&s->rip, memory_order_acquire) != 0 &&
		    rip - s->stub == STUB_COPY)
			return s->code.rip;
	}
	return rip;
}

/* ---- Start ---- */

/* A child must not inherit a site that is half patched by a thread it does not have. */
static void
fork_prepare(void)
{
	/* Acquire pairs with the release of whoever patches. */
	for (unsigned int tries = 0;
	     atomic_exchange_explicit(&patching, 1, memory_order_acquire) != 0; tries++)
		bus_relax(tries);
}

static void
fork_done(void)
{
	atomic_store_explicit(&patching, 0, memory_order_release);
}

static uint32_t
enabled_components(void)
{
	uint32_t low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low & XSAVE_VECTORS;
}

void
site_init(void)
{
	unsigned int a, b, c, d;
	uint32_t components;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0)
		return;
	components = enabled_components();
	for (unsigned int i = 2; i < 8; i++) {
		if ((components & 1u << i) != 0 &&
		    (!__get_cpuid_count(0xd, i, &a, &b, &c, &d) || a + b > AREA_BYTES))
			return;
	}
	has_xsavec = __get_cpuid_count(0xd, 1, &a, &b, &c, &d) && (a & 2) != 0;
	if (pthread_atfork(fork_prepare, fork_done, fork_done) == 0)
		site_components = components;
}
