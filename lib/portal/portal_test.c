/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Both ways to post, into ordinary memory, and into a page that shows each store as it comes. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include "slipway_portal.h"

#define QUARTER 16

struct line {
	_Alignas(PORTAL_LINE) uint8_t bytes[PORTAL_LINE];
};

/* Of a compile-time constant, as the driver posts some. */
static const struct line constant = {{0x5a, [15] = 1, [16] = 2, [47] = 3, [63] = 0xa5}};

static struct line
make_line(uint8_t first)
{
	struct line line;
	unsigned int i;

	for (i = 0; i < PORTAL_LINE; i++)
		line.bytes[i] = (uint8_t)(first + i);
	return line;
}

#if defined(__x86_64__)

/* What the closed page was asked to take. */
static struct {
	uint8_t *page;
	unsigned int stores;
	uint8_t bytes[8][PORTAL_LINE];
	size_t at[8];
	size_t length[8]; /* of the instruction */
} seen;

static sigjmp_buf not_understood;

/* Length of the operands whose ModRM byte is at `at`; the register operand in *reg. 0 when it is
 * not register-indirect, which no instruction here should be.
 */
static size_t
operands(const uint8_t *at, unsigned int rex, unsigned int *reg)
{
	unsigned int mod = *at >> 6;

	*reg = (*at >> 3 & 7) | (rex & 4) << 1;
	if (mod == 3 || (mod == 0 && (*at & 7) == 5))
		return 0;
	return 1 + ((*at & 7) == 4) + (mod == 1) + (mod == 2) * 4;
}

/* A store met the closed page: take note of it and go on behind it. */
static void
store_seen(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	const uint8_t *code = (const uint8_t *)uc->uc_mcontext.gregs[REG_RIP];
	unsigned int rex = 0, reg, n = seen.stores;
	size_t length = 0;

	(void)sig;
	if (n < 8 && *code == 0x66) {
		const uint8_t *op = code + 1;

		if ((*op & 0xf0) == 0x40)
			rex = *op++;
		if (op[0] == 0x0f && op[1] == 0xe7) {
			length = operands(op + 2, rex, &reg);
			memcpy(seen.bytes[n], &uc->uc_mcontext.fpregs->_xmm[reg], QUARTER);
			length += length ? (size_t)(op + 2 - code) : 0;
		}
	}
	if (length == 0)
		siglongjmp(not_understood, 1);
	seen.at[n] = (size_t)((uint8_t *)info->si_addr - seen.page);
	seen.length[n] = length;
	seen.stores++;
	uc->uc_mcontext.gregs[REG_RIP] += (greg_t)length;
}

static void
by_stores_quarters_come_one_by_one(void **state)
{
	struct sigaction action = {.sa_sigaction = store_seen, .sa_flags = SA_SIGINFO};
	struct sigaction before;
	struct line line = make_line(1);
	unsigned int i;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(seen.page != MAP_FAILED);
	assert_int_equal(sigaction(SIGSEGV, &action, &before), 0);
	if (sigsetjmp(not_understood, 1) == 0) {
		portal_post(PORTAL_STORES, seen.page + 128, &line);
		portal_post(PORTAL_STORES, seen.page, &constant);
	}
	sigaction(SIGSEGV, &before, NULL);
	munmap(seen.page, (size_t)sysconf(_SC_PAGESIZE));

	assert_int_equal(seen.stores, 8);
	for (i = 0; i < 8; i++) {
		const struct line *posted = i < 4 ? &line : &constant;

		assert_int_equal(seen.at[i], i < 4 ? 128 : 0);
		assert_memory_equal(seen.bytes[i], posted->bytes + i % 4 * QUARTER, QUARTER);
		assert_true(seen.length[i] >= 5);
	}
}

static void
by_stores_memory_ends_up_with_the_last_quarter(void **state)
{
	struct line line = make_line(7), expected = make_line(100), memory = expected;

	(void)state;
	memcpy(expected.bytes, line.bytes + 3 * QUARTER, QUARTER);
	portal_post(PORTAL_STORES, &memory, &line);
	assert_memory_equal(&memory, &expected, PORTAL_LINE);
}

static void
by_movdir64b_the_whole_line_comes(void **state)
{
	struct line line = make_line(9), memory[3];

	(void)state;
	if (portal_query() != PORTAL_MOVDIR64B)
		skip();
	memset(memory, 0, sizeof(memory));
	portal_post(PORTAL_MOVDIR64B, &memory[1], &line);
	__builtin_ia32_sfence();
	assert_memory_equal(&memory[1], &line, PORTAL_LINE);
	portal_post(PORTAL_MOVDIR64B, &memory[1], &constant);
	__builtin_ia32_sfence();
	assert_memory_equal(&memory[1], &constant, PORTAL_LINE);
	memset(&line, 0, sizeof(line));
	assert_memory_equal(&memory[0], &line, PORTAL_LINE);
	assert_memory_equal(&memory[2], &line, PORTAL_LINE);
}

static void
this_cpu_has_a_way(void **state)
{
	(void)state;
	assert_int_not_equal(portal_query(), PORTAL_NONE);
}

#endif

static void
without_a_way_nothing_is_posted(void **state)
{
	struct line line = make_line(9), memory = make_line(50), expected = memory;

	(void)state;
	portal_post(PORTAL_NONE, &memory, &line);
	assert_memory_equal(&memory, &expected, PORTAL_LINE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		cmocka_unit_test(by_stores_quarters_come_one_by_one),
		cmocka_unit_test(by_stores_memory_ends_up_with_the_last_quarter),
		cmocka_unit_test(by_movdir64b_the_whole_line_comes),
		cmocka_unit_test(this_cpu_has_a_way),
#endif
		cmocka_unit_test(without_a_way_nothing_is_posted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
