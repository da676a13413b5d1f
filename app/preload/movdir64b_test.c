/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The handlers are called as the kernel would: the CPU at hand may well have the instruction.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cmocka.h>

#include "insn_native.h"
#include "insn_priv.h"
#include "movdir64b_stub.h"
#include "site_patch.h"

#define PAGE          4096
#define RSP           4
#define JMP           0xe9
#define RET           0xc3
#define FROM          (TEST_DATA + 0x100)
#define TO            (TEST_DATA + 0x200)
#define STACK         (TEST_DATA + 0x800)
#define MXCSR_OFFSET  24
#define MXCSR_DEFAULT 0x1f80

/* movdir64b (%rdx), %rax */
static const uint8_t site_code[] = {0x66, 0x0f, 0x38, 0xf8, 0x02, RET};

static _Alignas(64) uint8_t line[64] =
	"a line of 64 bytes, of which the last says whether it is whole.";
static _Alignas(64) uint8_t device[64];

/* What was installed at start; the test runner puts handlers of its own over it. */
static struct sigaction on_ill, on_trap;

/* ---- A signal as it comes ---- */

static ucontext_t
context_at(const uint8_t *code)
{
	ucontext_t context = {0};

	context.uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)code;
	context.uc_mcontext.gregs[REG_RAX] = (greg_t)(uintptr_t)device;
	context.uc_mcontext.gregs[REG_RDX] = (greg_t)(uintptr_t)line;
	return context;
}

static void
deliver(int sig, int si_code, ucontext_t *context)
{
	siginfo_t info = {.si_signo = sig, .si_code = si_code};

	(sig == SIGILL ? on_ill : on_trap).sa_sigaction(sig, &info, context);
}

/* The action of SIGILL after one at `code`, where ours was in place before. */
static void
deliver_in_place(ucontext_t *context, struct sigaction *after)
{
	struct sigaction runner;

	assert_int_equal(sigaction(SIGILL, &on_ill, &runner), 0);
	deliver(SIGILL, ILL_ILLOPN, context);
	assert_int_equal(sigaction(SIGILL, &runner, after), 0);
}

static uint8_t *
map_code(const uint8_t *bytes, size_t len, unsigned int offset)
{
	uint8_t *code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);

	assert_true(code != MAP_FAILED);
	memset(code, 0xcc, 2 * PAGE);
	memcpy(code + offset, bytes, len);
	assert_int_equal(mprotect(code, 2 * PAGE, PROT_READ | PROT_EXEC), 0);
	return code + offset;
}

static void
call_site(const uint8_t *code)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n"
			 "call *%2\n"
			 "lea 128(%%rsp), %%rsp"
			 :
			 : "a"(device), "d"(line), "r"(code)
			 : "memory");
}

/* ---- Tests ---- */

static void
first_use_is_carried_out_and_patched(void **state)
{
	uint8_t *code = map_code(site_code, sizeof(site_code), 64);
	ucontext_t context = context_at(code);

	(void)state;
	memset(device, 0, sizeof(device));
	deliver(SIGILL, ILL_ILLOPN, &context);
	assert_memory_equal(device, line, sizeof(line));
	assert_int_equal(context.uc_mcontext.gregs[REG_RIP], (uintptr_t)code + 5);
	assert_int_equal(code[0], JMP);
	assert_int_equal(code[5], RET);
	memset(device, 0, sizeof(device));
	call_site(code);
	assert_memory_equal(device, line, sizeof(line));
}

static void
sites_may_lie_across_lines_and_pages(void **state)
{
	static const unsigned int ends[] = {64, PAGE};

	(void)state;
	for (unsigned int i = 0; i < 2 * 4; i++) {
		uint8_t *code = map_code(site_code, sizeof(site_code), ends[i / 4] - 1 - i % 4);
		ucontext_t context = context_at(code);

		memset(device, 0, sizeof(device));
		deliver(SIGILL, ILL_ILLOPN, &context);
		assert_memory_equal(device, line, sizeof(line));
		assert_int_equal(code[0], JMP);
		memset(device, 0, sizeof(device));
		call_site(code);
		assert_memory_equal(device, line, sizeof(line));
	}
}

/* Another thread got to the instruction before it was patched, and here after that. */
static void
late_signals_go_back_to_the_patch(void **state)
{
	uint8_t *code = map_code(site_code, sizeof(site_code), 0);
	ucontext_t context = context_at(code), late = context_at(code), at_int3 = context;
	struct sigaction after;

	(void)state;
	deliver(SIGILL, ILL_ILLOPN, &context);
	memset(device, 0, sizeof(device));
	deliver_in_place(&late, &after);
	assert_true(after.sa_sigaction == on_ill.sa_sigaction);
	assert_int_equal(late.uc_mcontext.gregs[REG_RIP], (uintptr_t)code);
	at_int3.uc_mcontext.gregs[REG_RIP]++;
	deliver(SIGTRAP, SI_KERNEL, &at_int3);
	assert_int_equal(at_int3.uc_mcontext.gregs[REG_RIP], (uintptr_t)code);
	assert_int_equal(device[0], 0);
}

/* The code that takes its place knows no displacements: this one is carried out each time. */
static void
some_sites_stay_as_they_are(void **state)
{
	static const uint8_t displaced[] = {0x66, 0x0f, 0x38, 0xf8, 0x42, 0x40, RET};
	uint8_t *code = map_code(displaced, sizeof(displaced), 0);

	(void)state;
	for (int i = 0; i < 2; i++) {
		ucontext_t context = context_at(code);

		context.uc_mcontext.gregs[REG_RDX] -= 64;
		memset(device, 0, sizeof(device));
		deliver(SIGILL, ILL_ILLOPN, &context);
		assert_memory_equal(device, line, sizeof(line));
		assert_int_equal(context.uc_mcontext.gregs[REG_RIP], (uintptr_t)code + 6);
		assert_memory_equal(code, displaced, sizeof(displaced));
	}
}

/* What is none of our business gets the action there was before, and so does the next of it. */
static void
other_faults_are_the_programs_own(void **state)
{
	static const uint8_t ud2[] = {0x0f, 0x0b};
	uint8_t *code = map_code(ud2, sizeof(ud2), 0);
	ucontext_t context = context_at(code);
	struct sigaction after;

	(void)state;
	deliver_in_place(&context, &after);
	assert_int_equal(context.uc_mcontext.gregs[REG_RIP], (uintptr_t)code);
	assert_true(after.sa_handler == SIG_DFL);
}

static void
lines_that_are_not_aligned_are_faults(void **state)
{
	uint8_t *code = map_code(site_code, sizeof(site_code), 0);
	ucontext_t context = context_at(code);
	struct sigaction after;

	(void)state;
	context.uc_mcontext.gregs[REG_RAX] += 8;
	memset(device, 0, sizeof(device));
	deliver_in_place(&context, &after);
	assert_true(after.sa_handler == SIG_DFL);
	assert_int_equal(device[8], 0);
	assert_memory_equal(code, site_code, sizeof(site_code));
}

/* The stub of one pair of registers, run on the CPU: the line arrives, and nothing else changes. */
static void
run_stub(uint8_t base, uint8_t reg)
{
	struct insn insn = {.length = 5,
			    .op = INSN_MOVDIR64B,
			    .size = 64,
			    .reg = reg,
			    .base = base,
			    .index = INSN_NONE,
			    .scale = 1};
	static struct native_state regs;
	const uint32_t mxcsr = MXCSR_DEFAULT;
	struct native_state before;
	uint8_t page[STUB_BYTES];
	unsigned int len;

	assert_true(movdir64b_replaceable(&insn));
	len = movdir64b_stub(page, &insn, TEST_CODE);
	for (unsigned int i = 0; i < 16; i++)
		regs.gpr[i] = 0x1111111111111111u * i;
	regs.gpr[RSP] = STACK;
	regs.gpr[base] = FROM;
	regs.gpr[reg] = TO;
	regs.rflags = 0x2 | INSN_STATUS;
	memcpy(regs.xsave + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	before = regs;
	memset((void *)TEST_DATA, 0x55, STACK - TEST_DATA);
	memcpy((void *)FROM, line, sizeof(line));
	native_run(page, len - JMP_BYTES, &regs);
	if (base != reg)
		assert_memory_equal((void *)TO, line, sizeof(line));
	assert_memory_equal(regs.gpr, before.gpr, sizeof(regs.gpr));
	assert_int_equal(regs.rflags & INSN_STATUS, INSN_STATUS);
	for (unsigned int i = 0; i < 128; i++)
		assert_int_equal(((uint8_t *)STACK)[-1 - (int)i], 0x55);
}

static void
stubs_change_nothing_but_the_line(void **state)
{
	(void)state;
	assert_int_equal(native_init(), 0);
	for (uint8_t base = 0; base < 16; base++) {
		for (uint8_t reg = 0; reg < 16; reg++) {
			if (base != RSP && reg != RSP)
				run_stub(base, reg);
		}
	}
}

/* ---- Threads that run the code while it changes ---- */

#define THREADS 3
#define ROUNDS  20

static uint8_t *volatile racing;

static void *
race(void *arg)
{
	ucontext_t context = context_at(racing);

	(void)arg;
	deliver(SIGILL, ILL_ILLOPN, &context);
	/* Carried out, or for the patch to do. */
	return (void *)(uintptr_t)context.uc_mcontext.gregs[REG_RIP];
}

static void
one_of_many_threads_patches(void **state)
{
	pthread_t threads[THREADS];
	void *rip;

	(void)state;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		racing = map_code(site_code, sizeof(site_code), 0);
		for (unsigned int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, race, NULL), 0);
		for (unsigned int i = 0; i < THREADS; i++) {
			pthread_join(threads[i], &rip);
			assert_true(rip == racing || rip == racing + 5);
		}
		assert_int_equal(racing[0], JMP);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_use_is_carried_out_and_patched),
		cmocka_unit_test(sites_may_lie_across_lines_and_pages),
		cmocka_unit_test(late_signals_go_back_to_the_patch),
		cmocka_unit_test(some_sites_stay_as_they_are),
		cmocka_unit_test(other_faults_are_the_programs_own),
		cmocka_unit_test(lines_that_are_not_aligned_are_faults),
		cmocka_unit_test(stubs_change_nothing_but_the_line),
		cmocka_unit_test(one_of_many_threads_patches),
	};

	if (sigaction(SIGILL, NULL, &on_ill) != 0 || sigaction(SIGTRAP, NULL, &on_trap) != 0)
		return 1;
	return cmocka_run_group_tests_name("movdir64b", tests, NULL, NULL);
}
