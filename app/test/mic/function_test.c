/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

/* Functions on a virtual card, called from here. */

static void
wait_answer(struct rte_pmd_mic_function *fn, uint64_t sequence, uint64_t args[6])
{
	int64_t result = 1;
	unsigned int i;

	for (i = 0; pmd.answer(fn, sequence, args, &result) == 0; i++) {
		assert_int_not_equal(i, 10 * PATIENCE_MS);
		usleep(100);
	}
	assert_int_equal(result, 0);
}

static void
echo_answers_what_it_was_sent(void)
{
	uint64_t args[6], answer[6], n;
	struct rte_pmd_mic_function fn;

	if (!dev.is_virtual)
		return;
	boot(dev.id);
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
	for (n = 1; n <= 200; n++) {
		for (unsigned int i = 0; i < 6; i++)
			args[i] = n * 10 + i;
		assert_int_equal(pmd.call(&fn, args), 0);
		wait_answer(&fn, fn.sequence, answer);
		assert_memory_equal(args, answer, sizeof(args));
	}
	assert_int_equal(fn.sequence, 200);
	/* Who comes next goes on. */
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
	assert_int_equal(fn.sequence, 200);
	assert_int_equal(pmd.call(&fn, args), 0);
	wait_answer(&fn, 201, answer);
}

static void
full_slots_refuse_until_answers_are_had(void)
{
	const uint64_t args[6] = {7};
	uint64_t answer[6], n;
	struct rte_pmd_mic_function fn;
	unsigned int round;

	if (!dev.is_virtual)
		return;
	boot(dev.id);
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
	for (round = 0; round < 3; round++) {
		for (n = 0; n < fn.slots; n++)
			assert_int_equal(pmd.call(&fn, args), 0);
		assert_int_equal(pmd.call(&fn, args), -ENOSPC);
		for (n = fn.sequence - fn.slots + 1; n <= fn.sequence; n++)
			wait_answer(&fn, n, answer);
	}
	assert_int_equal(pmd.call(&fn, args), 0);
	wait_answer(&fn, fn.sequence, answer);
}

/* One after the other they are in one line, which goes to and fro. */
static void
a_call_takes_another_slot_only_while_answers_are_out(void)
{
	const uint64_t args[6] = {7};
	uint64_t answer[6], n, slot;
	struct rte_pmd_mic_function fn;

	if (!dev.is_virtual)
		return;
	boot(dev.id);
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
	slot = fn.slot;
	for (n = 1; n <= 5; n++) {
		assert_int_equal(pmd.call(&fn, args), 0);
		wait_answer(&fn, n, answer);
	}
	assert_int_equal(fn.slot, slot);
	for (n = 6; n <= 8; n++)
		assert_int_equal(pmd.call(&fn, args), 0);
	assert_int_equal(fn.slot, slot + 2);
	for (n = 6; n <= 8; n++)
		wait_answer(&fn, n, answer);
	assert_int_equal(pmd.call(&fn, args), 0);
	assert_int_equal(fn.slot, slot + 2);
	wait_answer(&fn, 9, answer);
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
	assert_int_equal(fn.slot, slot + 2);
}

/* It went to sleep: the call has to ring. */
static void
a_card_that_sleeps_is_woken(void)
{
	const uint64_t args[6] = {7};
	uint64_t answer[6], rung;
	struct rte_pmd_mic_function fn;
	unsigned int i;

	if (!dev.is_virtual)
		return;
	boot(dev.id);
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
	for (i = 0; i < PATIENCE_MS && *fn.awake != 0; i++)
		usleep(1000);
	assert_int_equal(*fn.awake, 0);
	rung = xstat(dev.id, "h2c_doorbells");
	assert_int_equal(pmd.call(&fn, args), 0);
	assert_int_equal(xstat(dev.id, "h2c_doorbells"), rung + 1);
	wait_answer(&fn, fn.sequence, answer);
}

/* Nobody says that no answer comes: callers have a limit of their own. Afterwards all is new. */
static void
a_card_that_has_crashed_answers_no_more(void)
{
	const uint64_t args[6] = {7};
	uint64_t answer[6];
	struct rte_pmd_mic_function fn;
	int64_t result;
	unsigned int i;

	if (!dev.is_virtual)
		return;
	boot(dev.id);
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
	assert_int_equal(dev_type(dev.id, "crash"), 0);
	wait_shutdown(dev.id, RTE_PMD_MIC_CRASHED);
	for (i = 0; i < 3; i++)
		assert_int_equal(pmd.call(&fn, args), 0);
	/* Nor does who comes next write over what has no answer. */
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
	assert_int_equal(fn.sequence, 3);
	for (i = 3; i < fn.slots; i++)
		assert_int_equal(pmd.call(&fn, args), 0);
	assert_int_equal(pmd.call(&fn, args), -ENOSPC);
	for (i = 0; i < 50; i++) {
		assert_int_equal(pmd.answer(&fn, 1, answer, &result), 0);
		usleep(100);
	}
	assert_int_equal(rte_rawdev_reset(dev.id), 0);
	boot(dev.id);
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
	assert_int_equal(fn.sequence, 0);
	assert_int_equal(pmd.call(&fn, args), 0);
	wait_answer(&fn, 1, answer);
}

static void
what_is_not_there_is_not_found(void)
{
	struct rte_pmd_mic_function fn;

	assert_int_equal(pmd.function(dev.id, "echo", &fn), -ENOENT);
	assert_int_equal(pmd.function(63, "echo", &fn), -ENODEV);
	if (!dev.is_virtual)
		return;
	boot(dev.id);
	assert_int_equal(pmd.function(dev.id, "nonsense", &fn), -ENOENT);
	assert_int_equal(pmd.function(dev.id, "", &fn), -ENOENT);
	rte_rawdev_stop(dev.id);
	assert_int_equal(pmd.function(dev.id, "echo", &fn), -ENOENT);
}

/* What the card says of where its functions are is foreign. */
static void
a_directory_that_lies_is_refused(void)
{
	struct rte_pmd_mic_function fn;
	uint8_t *entry;
	uint64_t slots, lie = UINT64_MAX - 63;

	if (!dev.is_virtual)
		return;
	boot(dev.id);
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
	/* awake is in the entry of the function, 24 + 3 * 8 + 4 bytes from its begin. */
	entry = (uint8_t *)(uintptr_t)fn.awake - 52;
	assert_string_equal((char *)entry, "echo");
	memcpy(&slots, entry + 24, sizeof(slots));
	memcpy(entry + 24, &lie, sizeof(lie));
	log_begin();
	assert_int_equal(pmd.function(dev.id, "echo", &fn), -EIO);
	expect_said("function echo: slots at 0xffffffffffffffc0");
	memcpy(entry + 24, &slots, sizeof(slots));
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
}

/* ---- Who polls keeps its CPU ---- */

#define CONTROL_THREAD "mic-control"
/* Of polling: short ones, as a busy machine leaves a thread its CPU for no longer. So many are
 * looked for, for a while, that this one had for itself, but for what the driver takes of it.
 */
#define SPELL_US    6000u
#define SPELLS      15u
#define SPELLS_MOST 250u
#define CPU_SHARE   0.7
/* The thread looks twice in 4 ms whether somebody still polls. Where it has the CPU of the one that
 * does, each look costs that one some 30 us.
 */
#define WAKE_UPS_MOST (SPELL_US / 667)

/* Times that threads of a name have slept. */
static uint64_t
sleeps_of(const char *thread)
{
	DIR *tasks = opendir("/proc/self/task");
	char path[300], line[128], name[32];
	unsigned long long n, sum = 0;
	struct dirent *task;
	FILE *f;

	assert_non_null(tasks);
	while ((task = readdir(tasks)) != NULL) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
		f = task->d_name[0] != '.' ? fopen(path, "r") : NULL;
		name[0] = '\0';
		while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
			sscanf(line, "Name: %31s", name);
			if (strcmp(name, thread) == 0 &&
			    sscanf(line, "voluntary_ctxt_switches: %llu", &n) == 1)
				sum += n;
		}
		if (f != NULL)
			fclose(f);
	}
	closedir(tasks);
	return sum;
}

static uint64_t
cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* How often the control thread woke up while this one polled. False: this one had no CPU. */
static bool
poll_spell(struct rte_pmd_mic_function *fn, uint64_t *wake_ups)
{
	uint64_t sleeps = sleeps_of(CONTROL_THREAD), begun = now_us(), cpu = cpu_us();
	uint64_t args[6];
	int64_t result;

	while (now_us() - begun < SPELL_US)
		assert_int_equal(pmd.answer(fn, fn->sequence + 1, args, &result), 0);
	cpu = cpu_us() - cpu;
	*wake_ups = sleeps_of(CONTROL_THREAD) - sleeps;
	return (double)cpu >= CPU_SHARE * SPELL_US;
}

static void
who_polls_a_card_of_its_process_is_left_alone(void)
{
	unsigned int i, undisturbed = 0, few = 0;
	struct rte_pmd_mic_function fn;
	uint64_t wake_ups;

	/* Others have a clock of their own. */
	if (!dev.model || dev.manual)
		return;
	assert_int_not_equal(sleeps_of(CONTROL_THREAD), 0);
	boot(dev.id);
	assert_int_equal(pmd.function(dev.id, "echo", &fn), 0);
	for (i = 0; i < SPELLS_MOST && undisturbed < SPELLS; i++) {
		if (!poll_spell(&fn, &wake_ups))
			continue;
		undisturbed++;
		few += wake_ups <= WAKE_UPS_MOST;
	}
	if (2 * few < undisturbed)
		fail_msg("more than %u wake-ups in %u us, in %u of %u spells", WAKE_UPS_MOST,
			 SPELL_US, undisturbed - few, undisturbed);
	if (undisturbed < SPELLS)
		print_message("%u spells of %u were undisturbed\n", undisturbed, i);
}

static const struct test_case cases[] = {
	TEST_CASE(echo_answers_what_it_was_sent),
	TEST_CASE(full_slots_refuse_until_answers_are_had),
	TEST_CASE(a_call_takes_another_slot_only_while_answers_are_out),
	TEST_CASE(a_card_that_sleeps_is_woken),
	TEST_CASE(a_card_that_has_crashed_answers_no_more),
	TEST_CASE(what_is_not_there_is_not_found),
	TEST_CASE(a_directory_that_lies_is_refused),
	TEST_CASE(who_polls_a_card_of_its_process_is_left_alone),
};

TEST_GROUP(function, cases);
