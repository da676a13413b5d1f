/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "site.h"

#include <cpuid.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_device.h"
#include "trap.h"

/* ---- A site made by hand, in a page of its own ---- */

/* 66 0f 38 f8 02: MOVDIR64B from (rdx) to (rax); its last byte is the ModRM byte. */
#define SITE_CODE  0x66, 0x0f, 0x38, 0xf8, 0x02
#define SITE_BYTES 5
#define RET        0xc3
#define PAGE       4096

static const uint8_t site_code[SITE_BYTES + 1] = {SITE_CODE, RET};

static uint8_t *
map_code(void)
{
	uint8_t *code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);

	assert_true(code != MAP_FAILED);
	memset(code, 0xcc, 2 * PAGE);
	return code;
}

static void
code_done(uint8_t *code)
{
	assert_int_equal(mprotect(code, 2 * PAGE, PROT_READ | PROT_EXEC), 0);
}

/* Call a site whose operands are in rax and rdx. */
static void
call_site(const uint8_t *code, void *to, const void *from)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n"
			 "call *%2\n"
			 "lea 128(%%rsp), %%rsp"
			 :
			 : "a"(to), "d"(from), "r"(code)
			 : "memory", "cc");
}

static bool
is_jmp(const uint8_t *code)
{
	return code[0] == 0xe9;
}

static bool
has(unsigned int leaf, unsigned int bit)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid_count(leaf, 0, &a, &b, &c, &d))
		return false;
	return ((leaf == 1 ? c : b) >> bit & 1) != 0;
}

static bool
has_xsave(void)
{
	return has(1, 27);
}

static int
start(void **state)
{
	(void)state;
	fake_forget();
	return 0;
}

static _Alignas(64) uint8_t line[64] = "a line";

static void
site_is_patched_at_first_post(void **state)
{
	uint8_t *code = map_code();
	_Alignas(64) uint8_t memory[64] = {0};

	(void)state;
	memcpy(code, site_code, sizeof(site_code));
	code_done(code);
	call_site(code, fake_bar, line);
	assert_int_equal(is_jmp(code), has_xsave());
	assert_int_equal(site_is_patched((uintptr_t)code), has_xsave());
	assert_int_equal(code[SITE_BYTES], RET);
	line[60]++;
	call_site(code, fake_bar + 64, line);
	assert_memory_equal(fake_memory + 64, line, 64);
	assert_int_equal(fake_seen.posts, 2);
	call_site(code, memory, line);
	assert_memory_equal(memory, line, 64);
	assert_int_equal(fake_seen.posts, 2);
	assert_int_equal(site_rip((uintptr_t)code), (uintptr_t)code);
}

/* At the end of a cache line and of a page, each byte of the instruction in turn. */
static void
sites_may_lie_across_lines_and_pages(void **state)
{
	static const unsigned int ends[] = {64, PAGE};

	(void)state;
	for (unsigned int e = 0; e < 2; e++) {
		for (unsigned int before = 1; before < SITE_BYTES; before++) {
			uint8_t *code = map_code(), *at = code + ends[e] - before;

			memcpy(at, site_code, sizeof(site_code));
			code_done(code);
			for (int i = 0; i < 3; i++)
				call_site(at, fake_bar, line);
			assert_int_equal(is_jmp(at), has_xsave());
			assert_int_equal(at[-1], 0xcc);
			assert_int_equal(at[SITE_BYTES], RET);
		}
	}
	assert_int_equal(fake_seen.posts, 2 * 4 * 3);
}

/* An instruction with the address of its line relative to rip does not fit elsewhere. */
static void
some_sites_stay_as_they_are(void **state)
{
	static const uint8_t relative[] = {0x66, 0x0f, 0x38, 0xf8, 0x05, 0, 0, 0, 0, RET};
	static const uint8_t three[] = {0x89, 0x50, 0x40, RET}; /* mov %edx, 0x40(%rax) */
	uint8_t *code = map_code(), *shared;
	uint32_t distance = 256 - 9;

	(void)state;
	memcpy(code, relative, sizeof(relative));
	memcpy(code + 5, &distance, 4);
	memcpy(code + 256, line, sizeof(line));
	memcpy(code + 512, three, sizeof(three));
	code_done(code);
	for (int i = 0; i < 8; i++) {
		call_site(code, fake_bar, line);
		call_site(code + 512, fake_bar, line);
	}
	assert_memory_equal(fake_memory, line, 64);
	assert_int_equal(fake_seen.posts, 8);
	assert_int_equal(fake_seen.stores, 8);
	assert_memory_equal(code, relative, 5);
	assert_memory_equal(code + 512, three, sizeof(three));
	/* Code that others share is not ours to change. */
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	memcpy(shared, site_code, sizeof(site_code));
	assert_int_equal(mprotect(shared, PAGE, PROT_READ | PROT_EXEC), 0);
	for (int i = 0; i < 8; i++)
		call_site(shared, fake_bar, line);
	assert_memory_equal(shared, site_code, sizeof(site_code));
	assert_int_equal(fake_seen.posts, 16);
}

/* Code that went away, with other code at the same place. */
static void
a_place_may_get_other_code(void **state)
{
	uint8_t *code = map_code();

	(void)state;
	memcpy(code, site_code, sizeof(site_code));
	code_done(code);
	for (int i = 0; i < 3; i++)
		call_site(code, fake_bar, line);
	assert_int_equal(mprotect(code, 2 * PAGE, PROT_READ | PROT_WRITE), 0);
	memcpy(code, site_code, sizeof(site_code));
	code[4] = 0x10; /* from (rax) to rdx */
	code_done(code);
	for (int i = 0; i < 3; i++)
		call_site(code, line, fake_bar + 128);
	assert_int_equal(fake_seen.posts, 6);
	assert_memory_equal(fake_memory + 128, line, 64);
}

/* ---- Everything else stays ---- */

/* What a thread has, filled in before the site and again behind it. */
struct everything {
	uint64_t gpr[16];
	uint64_t rflags;
	uint64_t red_zone[16];
	_Alignas(64) uint8_t zmm[32][64];
	uint64_t k[8];
	uint32_t mxcsr;
};

/* Load all registers from the one, run a site, store them to the other. */
struct everything everything_in, everything_out;
uint64_t everything_rsp;

#define EACH8(op)  op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)
#define EACH16(op) EACH8(op) op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define EACH32(op)                                                                                 \
	EACH16(op)                                                                                 \
	op(16) op(17) op(18) op(19) op(20) op(21) op(22) op(23) op(24) op(25) op(26) op(27) op(28) \
		op(29) op(30) op(31)
#define XMM_IN(n)  "movups everything_in+320+64*" #n "(%rip), %xmm" #n "\n"
#define XMM_OUT(n) "movups %xmm" #n ", everything_out+320+64*" #n "(%rip)\n"
#define YMM_IN(n)  "vmovups everything_in+320+64*" #n "(%rip), %ymm" #n "\n"
#define YMM_OUT(n) "vmovups %ymm" #n ", everything_out+320+64*" #n "(%rip)\n"
#define ZMM_IN(n)  "vmovups everything_in+320+64*" #n "(%rip), %zmm" #n "\n"
#define ZMM_OUT(n) "vmovups %zmm" #n ", everything_out+320+64*" #n "(%rip)\n"
#define K_IN(n)    "kmovw everything_in+2368+8*" #n "(%rip), %k" #n "\n"
#define K_OUT(n)   "kmovw %k" #n ", everything_out+2368+8*" #n "(%rip)\n"
#define RED_IN(n)  "mov everything_in+136+8*" #n "(%rip), %rax\nmov %rax, -128+8*" #n "(%rsp)\n"
#define RED_OUT(n) "mov -128+8*" #n "(%rsp), %rax\nmov %rax, everything_out+136+8*" #n "(%rip)\n"

#define GPRS(op)                                                                               \
	op(0, rax) op(1, rcx) op(2, rdx) op(3, rbx) op(5, rbp) op(6, rsi) op(7, rdi) op(8, r8) \
		op(9, r9) op(10, r10) op(11, r11) op(12, r12) op(13, r13) op(14, r14) op(15, r15)
#define GPR_IN(n, reg)  "mov everything_in+8*" #n "(%rip), %" #reg "\n"
#define GPR_OUT(n, reg) "mov %" #reg ", everything_out+8*" #n "(%rip)\n"

/* The flags go through the stack, below the red zone. */
#define RUN_BEGIN                                                            \
	"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n" \
	"mov %rsp, everything_rsp(%rip)\n"                                   \
	"ldmxcsr everything_in+2432(%rip)\n"
#define RUN_DOWN "lea -256(%rsp), %rsp\n"
#define RUN_FLAGS_IN                             \
	"lea -128(%rsp), %rsp\n"                 \
	"pushq everything_in+128(%rip)\npopfq\n" \
	"lea 128(%rsp), %rsp\n"
#define RUN_FLAGS_OUT                                  \
	"lea -128(%rsp), %rsp\n"                       \
	"pushfq\npopq everything_out+128(%rip)\ncld\n" \
	"lea 128(%rsp), %rsp\n"
#define RUN_UP "lea 256(%rsp), %rsp\nmov %rsp, everything_out+32(%rip)\n"
#define RUN_END                                                        \
	"stmxcsr everything_out+2432(%rip)\n"                          \
	"movl $0x1f80, -8(%rsp)\nldmxcsr -8(%rsp)\n"                   \
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\n" \
	"ret\n"
#define RUN_LOAD                \
	RUN_DOWN EACH16(RED_IN) \
	RUN_FLAGS_IN GPRS(GPR_IN)
#define RUN_STORE GPRS(GPR_OUT) RUN_FLAGS_OUT EACH16(RED_OUT) RUN_UP
#define RUN(name, site, vectors_in, vectors_out) \
	__asm__(".text\n" name                   \
		":\n" RUN_BEGIN vectors_in RUN_LOAD site RUN_STORE vectors_out RUN_END)

#define SITE_LINE ".byte 0x66, 0x0f, 0x38, 0xf8, 0x02\n"
#define SITE_NT   "movntdq %xmm5, 64(%rax)\n"
#define SITE_NT32 "vmovntdq %ymm5, 64(%rax)\n"
#define SITE_NT64 "vmovntdq %zmm5, 64(%rax)\n"
#define SITE_LOAD "movq 256(%r15), %rsi\n"
#define SITE_ADD  "addl $-1, 256(%r15)\n"
RUN("run_line_sse", SITE_LINE, EACH16(XMM_IN), EACH16(XMM_OUT));
RUN("run_line_avx", SITE_LINE, EACH16(YMM_IN), EACH16(YMM_OUT));
RUN("run_line_512", SITE_LINE, EACH32(ZMM_IN) EACH8(K_IN), EACH32(ZMM_OUT) EACH8(K_OUT));
RUN("run_nt_sse", SITE_NT, EACH16(XMM_IN), EACH16(XMM_OUT));
RUN("run_nt_avx", SITE_NT32, EACH16(YMM_IN), EACH16(YMM_OUT));
RUN("run_nt_512", SITE_NT64, EACH32(ZMM_IN) EACH8(K_IN), EACH32(ZMM_OUT) EACH8(K_OUT));
RUN("run_load_sse", SITE_LOAD, EACH16(XMM_IN), EACH16(XMM_OUT));
RUN("run_load_512", SITE_LOAD, EACH32(ZMM_IN) EACH8(K_IN), EACH32(ZMM_OUT) EACH8(K_OUT));
RUN("run_add_sse", SITE_ADD, EACH16(XMM_IN), EACH16(XMM_OUT));
void run_line_sse(void), run_line_avx(void), run_line_512(void);
void run_nt_sse(void), run_nt_avx(void), run_nt_512(void);
void run_load_sse(void), run_load_512(void), run_add_sse(void);

_Static_assert(offsetof(struct everything, rflags) == 128, "as the code above has it");
_Static_assert(offsetof(struct everything, red_zone) == 136, "as the code above has it");
_Static_assert(offsetof(struct everything, zmm) == 320, "as the code above has it");
_Static_assert(offsetof(struct everything, k) == 2368, "as the code above has it");
_Static_assert(offsetof(struct everything, mxcsr) == 2432, "as the code above has it");

/* As a model might: everything that the ABI does not preserve is spoilt. */
static void
spoil(void)
{
	uint64_t flags;

	__asm__("pushfq\npopq %0" : "=r"(flags));
	if ((flags & 0x400) != 0) /* the ABI has the direction flag clear */
		atomic_fetch_add(&fake_seen.torn, 1);
	__asm__ volatile("pxor %%xmm0, %%xmm0\npxor %%xmm5, %%xmm5\npxor %%xmm15, %%xmm15\n" ::
				 : "xmm0", "xmm5", "xmm15");
	if (has(7, 16)) {
		__asm__ volatile("vpxorq %%zmm5, %%zmm5, %%zmm5\n"
				 "vpxorq %%zmm17, %%zmm17, %%zmm17\n"
				 "vpxorq %%zmm31, %%zmm31, %%zmm31\n"
				 "kxorw %%k1, %%k1, %%k1\nvzeroupper\n" ::
					 : "memory");
	}
}

static uint64_t
random_word(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static void
fill(unsigned int round)
{
	uint64_t *words = (uint64_t *)&everything_in;

	for (size_t i = 0; i < sizeof(everything_in) / 8; i++)
		words[i] = random_word();
	for (unsigned int i = 0; i < 8; i++)
		everything_in.k[i] &= 0xffff;
	/* Carry to overflow and direction as they come; interrupts on. */
	everything_in.rflags = (random_word() & 0xcd5) | 0x202;
	everything_in.mxcsr = 0x1f80 | (round & 3) << 13;
	everything_in.gpr[0] = (uintptr_t)fake_bar + 4096;
	everything_in.gpr[2] = (uintptr_t)line;
	everything_in.gpr[15] = (uintptr_t)fake_bar;
	memset(&everything_out, 0, sizeof(everything_out));
}

static void
nothing_else_changes(void (*run)(void), bool arithmetic)
{
	/* The first is a trap or several, the rest is patched. */
	for (unsigned int round = 0; round < 12; round++) {
		size_t width = run == run_line_512 || run == run_nt_512 || run == run_load_512 ? 64
			       : run == run_line_avx || run == run_nt_avx                      ? 32
											       : 16;

		fill(round);
		fake_seen.hook = spoil;
		run();
		fake_seen.hook = NULL;
		everything_in.gpr[4] = everything_rsp;
		if (run == run_load_sse || run == run_load_512)
			memcpy(&everything_in.gpr[6], fake_memory + 256, 8);
		if (!arithmetic)
			assert_int_equal(everything_out.rflags, everything_in.rflags);
		for (unsigned int i = 0; i < 16; i++)
			assert_int_equal(everything_out.gpr[i], everything_in.gpr[i]);
		assert_memory_equal(everything_out.red_zone, everything_in.red_zone, 128);
		assert_int_equal(fake_seen.torn, 0);
		assert_int_equal(everything_out.mxcsr, everything_in.mxcsr);
		for (unsigned int i = 0; i < (width == 64 ? 32 : 16); i++)
			assert_memory_equal(everything_out.zmm[i], everything_in.zmm[i], width);
		if (width == 64)
			assert_memory_equal(everything_out.k, everything_in.k, 64);
		if (run == run_nt_sse || run == run_nt_avx || run == run_nt_512)
			assert_memory_equal(fake_memory + 4160, everything_in.zmm[5], width);
	}
}

static void
lines_leave_everything_else(void **state)
{
	(void)state;
	nothing_else_changes(run_line_sse, false);
	if (has(7, 5))
		nothing_else_changes(run_line_avx, false);
	if (has(7, 16))
		nothing_else_changes(run_line_512, false);
	assert_int_equal(fake_seen.posts % 12, 0);
}

static void
vector_stores_leave_everything_else(void **state)
{
	(void)state;
	nothing_else_changes(run_nt_sse, false);
	if (has(7, 5))
		nothing_else_changes(run_nt_avx, false);
	if (has(7, 16))
		nothing_else_changes(run_nt_512, false);
}

static void
loads_and_arithmetic_have_their_results(void **state)
{
	uint32_t value = 5;

	(void)state;
	memcpy(fake_memory + 256, "8 bytes", 8);
	nothing_else_changes(run_load_sse, false);
	if (has(7, 16))
		nothing_else_changes(run_load_512, false);
	for (int i = 0; i < 12; i++) {
		memcpy(fake_memory + 256, &value, 4);
		nothing_else_changes(run_add_sse, true);
	}
	/* The last of twelve subtracted from 5, whatever it had been before. */
	memcpy(&value, fake_memory + 256, 4);
	assert_int_equal((int32_t)value, 5 - 12);
	/* -6 and -1: carry, parity, adjust, sign. */
	assert_int_equal(everything_out.rflags & 0x8d5, 0x95);
	assert_int_equal(everything_out.rflags & 0x400, everything_in.rflags & 0x400);
}

/* ---- Threads ---- */

#define THREADS 8
#define ROUNDS  40
#define LINES   500

static uint8_t *volatile shared_code;
static pthread_barrier_t gate;
static atomic_bool posting;

static void *
hit(void *arg)
{
	uint64_t poster = (uintptr_t)arg, n = 0;
	_Alignas(64) uint64_t words[8] = {0}, memory[8];

	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&gate);
		/* Half of them keep the place busy, with ordinary memory, until it is patched: a
		 * CPU that has the instruction does not trap there.
		 */
		if (poster % 2 == 1) {
			while (!atomic_load(&posting))
				call_site(shared_code, memory, words);
		} else if (poster == 0) {
			usleep(300);
		}
		for (int i = 0; i < LINES; i++, n++) {
			for (int w = 0; w < 8; w++)
				words[w] = poster << 32 | n;
			call_site(shared_code, fake_bar + 4096 * poster, words);
			atomic_store(&posting, true);
		}
		pthread_barrier_wait(&gate);
	}
	return NULL;
}

/* All threads come to a site that no one has been to, again and again. */
static void
threads_may_hit_a_site_while_it_is_patched(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	fake_seen.counting = true;
	assert_int_equal(pthread_barrier_init(&gate, NULL, THREADS + 1), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hit, (void *)i), 0);
	for (int round = 0; round < ROUNDS; round++) {
		uint8_t *code = map_code();
		/* Also where the instruction lies across two cache lines. */
		uint8_t *at = code + 60 + round % 5;

		memcpy(at, site_code, sizeof(site_code));
		code_done(code);
		shared_code = at;
		atomic_store(&posting, false);
		pthread_barrier_wait(&gate);
		pthread_barrier_wait(&gate);
		assert_int_equal(is_jmp(at), has_xsave());
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&gate);
	assert_int_equal(fake_seen.posts, THREADS * ROUNDS * LINES);
	assert_int_equal(fake_seen.torn, 0);
}

/* A child inherits what was patched. */
static void
children_keep_patched_sites(void **state)
{
	uint8_t *code = map_code();
	int status;

	(void)state;
	memcpy(code, site_code, sizeof(site_code));
	code_done(code);
	call_site(code, fake_bar, line);
	if (fork() == 0) {
		call_site(code, fake_bar, line);
		_exit(fake_seen.posts == 2 ? 0 : 1);
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(site_is_patched_at_first_post, start),
		cmocka_unit_test_setup(sites_may_lie_across_lines_and_pages, start),
		cmocka_unit_test_setup(some_sites_stay_as_they_are, start),
		cmocka_unit_test_setup(a_place_may_get_other_code, start),
		cmocka_unit_test_setup(lines_leave_everything_else, start),
		cmocka_unit_test_setup(vector_stores_leave_everything_else, start),
		cmocka_unit_test_setup(loads_and_arithmetic_have_their_results, start),
		cmocka_unit_test_setup(threads_may_hit_a_site_while_it_is_patched, start),
		cmocka_unit_test_setup(children_keep_patched_sites, start),
	};

	if (fake_map() != 0 || trap_install() != 0) {
		fprintf(stderr, "site_test: no memory, or no handlers\n");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
