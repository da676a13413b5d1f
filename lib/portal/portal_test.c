/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Both ways to post, into ordinary memory, and into a page that shows each store as it comes; what
 * a submitter's portal adds. ENQCMD itself is tried where it is: app/preload/trap_test.c.
 */

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

/* ---- Who may not ---- */

#if defined(__x86_64__)
/* Refused before the CPU is asked: this would be a protection fault. */
static void
supervisor_commands_are_refused_to_programs(void **state)
{
	struct line line = make_line(9), memory = make_line(50), expected = memory;

	(void)state;
	assert_int_equal(portal_submit_supervisor(&memory, &line), -EPERM);
	assert_memory_equal(&memory, &expected, PORTAL_LINE);
}
#endif

/* ---- A submitter's portal, to a device that is called ---- */

static struct {
	unsigned int posts, submits, supervisors;
	unsigned int retries; /* to answer before a command is taken */
	struct line last;
} model;

static void
model_post(void *ctx, const void *line)
{
	assert_ptr_equal(ctx, &model);
	model.posts++;
	memcpy(&model.last, line, PORTAL_LINE);
}

static int
model_take(const void *line)
{
	if (model.retries > 0) {
		model.retries--;
		return -EAGAIN;
	}
	memcpy(&model.last, line, PORTAL_LINE);
	return 0;
}

static int
model_submit(void *ctx, const void *line)
{
	assert_ptr_equal(ctx, &model);
	model.submits++;
	return model_take(line);
}

static int
model_submit_supervisor(void *ctx, const void *line)
{
	assert_ptr_equal(ctx, &model);
	model.supervisors++;
	return model_take(line);
}

static const struct portal_calls model_calls = {
	.post = model_post,
	.submit = model_submit,
	.submit_supervisor = model_submit_supervisor,
};

static struct portal
portal_to_model(void)
{
	struct portal p;

	memset(&model, 0, sizeof(model));
	portal_use_calls(&p, &model_calls, &model, 0);
	return p;
}

static void
a_model_takes_what_a_page_takes(void **state)
{
	struct portal p = portal_to_model();
	struct line line = make_line(3);

	(void)state;
	assert_int_equal(portal_put(&p, &line), 0);
	assert_memory_equal(&model.last, &line, PORTAL_LINE);
	line = make_line(4);
	assert_int_equal(portal_try(&p, &line), 0);
	assert_memory_equal(&model.last, &line, PORTAL_LINE);
	line = make_line(5);
	assert_int_equal(portal_try_supervisor(&p, &line), 0);
	assert_memory_equal(&model.last, &line, PORTAL_LINE);
	assert_int_equal(model.posts, 1);
	assert_int_equal(model.submits, 1);
	assert_int_equal(model.supervisors, 1);
	assert_int_equal(p.counters.posted, 1);
	assert_int_equal(p.counters.accepted, 2);
	assert_int_equal(p.counters.retried, 0);
}

static void
a_model_may_refuse_supervisors(void **state)
{
	struct portal_calls calls = model_calls;
	struct portal p = portal_to_model();

	(void)state;
	calls.submit_supervisor = NULL;
	p.calls = &calls;
	assert_int_equal(portal_try_supervisor(&p, &constant), -EPERM);
	assert_int_equal(p.counters.accepted + p.counters.retried, 0);
}

static void
retries_are_counted_and_bounded(void **state)
{
	struct portal p = portal_to_model();

	(void)state;
	model.retries = 3;
	assert_int_equal(portal_try(&p, &constant), -EAGAIN);
	assert_int_equal(portal_try_on(&p, &constant, 2), 0);
	assert_int_equal(model.submits, 4);
	assert_int_equal(p.counters.accepted, 1);
	assert_int_equal(p.counters.retried, 3);
	assert_int_equal(p.counters.given_up, 0);
	model.retries = 100;
	assert_int_equal(portal_try_on(&p, &constant, 8), -EAGAIN);
	assert_int_equal(model.submits, 4 + 9);
	assert_int_equal(p.counters.retried, 3 + 9);
	assert_int_equal(p.counters.given_up, 1);
	assert_int_equal(portal_try_on(&p, &constant, 0), -EAGAIN);
	assert_int_equal(model.submits, 4 + 9 + 1);
}

/* Each wait lies between half its bound and the bound, which doubles up to the last one. */
static void
waits_grow_to_a_bound(void **state)
{
	uint32_t bound = PORTAL_PAUSES_FIRST, different = 0, before = 0;
	struct portal_backoff b;

	(void)state;
	portal_backoff_begin(&b, 1000, 0);
	for (unsigned int i = 0; i < 200; i++) {
		uint32_t n = portal_backoff_next(&b);

		assert_in_range(n, bound / 2 + 1, bound);
		different += n != before;
		before = n;
		if (bound < PORTAL_PAUSES_MOST)
			bound *= 2;
	}
	assert_int_equal(b.pauses, PORTAL_PAUSES_MOST);
	assert_true(different > 150);
}

static void
submitters_do_not_wait_in_step(void **state)
{
	struct portal_backoff a, b;
	struct portal first, second;
	unsigned int same = 0;

	(void)state;
	portal_use_calls(&first, &model_calls, &model, 0);
	portal_use_calls(&second, &model_calls, &model, 1);
	portal_backoff_begin(&a, 64, first.seed);
	portal_backoff_begin(&b, 64, second.seed);
	for (unsigned int i = 0; i < 64; i++)
		same += portal_backoff_next(&a) == portal_backoff_next(&b);
	assert_true(same < 32);
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
		cmocka_unit_test(supervisor_commands_are_refused_to_programs),
#endif
		cmocka_unit_test(a_model_takes_what_a_page_takes),
		cmocka_unit_test(a_model_may_refuse_supervisors),
		cmocka_unit_test(retries_are_counted_and_bounded),
		cmocka_unit_test(waits_grow_to_a_bound),
		cmocka_unit_test(submitters_do_not_wait_in_step),
		cmocka_unit_test(without_a_way_nothing_is_posted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
