/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Several threads on one card, as in a DPDK program whose lcores poll it: three step it, of which
 * one boots and resets it, calls it and rings its doorbells; one looks at its state; and one has it
 * copy and hash, several at once. Under the thread sanitizer. Then one runs it and sleeps when the
 * card wants nothing, and only a doorbell wakes it: a request that is forgotten is a lost wake-up.
 * One still looks at its state.
 *
 *   card_stress [ROUNDS]
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "card_hash.h"
#include "card_test_rig.h"

#define ROUNDS_DEFAULT 200u
#define CALLS          50u
#define STEPPERS       2u
/* Of data: copies in a round, bytes of each in host memory, and the parts hashed at once. */
#define COPIES     10u
#define HOST_AT    0x8000u
#define COPY_BYTES 4096u
#define PARTS      8u
#define PART_BYTES (COPY_BYTES / PARTS)
/* Looks for an answer; each gives others the CPU. */
#define PATIENCE 300000u

static struct card_rig r;
static atomic_bool over;
static _Atomic uint64_t now;

static uint64_t
step(void)
{
	return r.rig.dev->ops->step(r.rig.dev, atomic_load(&now));
}

static void *
stepper(void *arg)
{
	(void)arg;
	while (!atomic_load(&over)) {
		(void)step();
		sched_yield();
	}
	return NULL;
}

static void *
watcher(void *arg)
{
	static char text[CARD_LOG_MAX];
	struct card_status status;

	(void)arg;
	while (!atomic_load(&over)) {
		card_status_read(r.rig.dev, &status);
		(void)card_log_read(r.rig.dev, text, sizeof(text));
		(void)card_state(r.rig.dev);
		sched_yield();
	}
	return NULL;
}

/* As often as it can, so that it often holds the card when others come. */
static void *
holder(void *arg)
{
	struct card_status status;

	(void)arg;
	while (!atomic_load(&over))
		card_status_read(r.rig.dev, &status);
	return NULL;
}

static void
let_time_pass(uint64_t ns)
{
	atomic_fetch_add(&now, ns);
	(void)step();
}

static bool
wait_for(bool (*done)(void *arg), void *arg)
{
	for (unsigned int n = 0; n < PATIENCE; n++) {
		if (done(arg))
			return true;
		let_time_pass(1000);
		sched_yield();
	}
	return false;
}

static bool
is_ready(void *arg)
{
	(void)arg;
	let_time_pass(RIG_MS);
	return mic_spad2_is_ready(rig_read(&r.rig, MIC_SPAD2_AT));
}

static bool
is_up(void *arg)
{
	(void)arg;
	return rig_read(&r.rig, MIC_SPAD_AT(MIC_MAILBOX_SPAD)) != 0 &&
	       card_state(r.rig.dev) == CARD_UP;
}

/* ---- Calls ---- */

struct caller {
	struct mic_mailbox_function *entry;
	struct mic_mailbox_slot *slots;
	uint64_t sequence;
};

static struct caller
find(const char *name)
{
	uint32_t at = rig_read(&r.rig, MIC_SPAD_AT(MIC_MAILBOX_SPAD));
	struct mic_mailbox *all = (struct mic_mailbox *)(void *)&r.rig.gddr[at];
	uint32_t i = 0;

	while (i + 1 < all->count && strcmp(all->function[i].name, name) != 0)
		i++;
	return (struct caller){
		.entry = &all->function[i],
		.slots = (struct mic_mailbox_slot *)(void *)&r.rig
				 .gddr[all->function[i].slots],
	};
}

static struct mic_mailbox_slot *
slot_of(const struct caller *c, uint64_t n)
{
	return &c->slots[(n - 1) % MIC_MAILBOX_SLOTS];
}

/* Does the card sleep, so that it has been rung for? */
static bool
post(struct caller *c, uint64_t a, uint64_t b, uint64_t d)
{
	struct mic_mailbox_slot *slot = slot_of(c, ++c->sequence);

	slot->arg[0] = a;
	slot->arg[1] = b;
	slot->arg[2] = d;
	atomic_store((_Atomic uint64_t *)&slot->turn, MIC_MAILBOX_REQUEST(c->sequence));
	if (atomic_load((_Atomic uint32_t *)&c->entry->awake) != 0)
		return false;
	card_rig_ring(&r, c->entry->h2c_db);
	return true;
}

static bool
is_answered(void *arg)
{
	const struct mic_mailbox_slot *slot = arg;

	return atomic_load_explicit((const _Atomic uint64_t *)&slot->turn, memory_order_acquire) %
		       2 == 1;
}

/* Now and then so much time passes that the card sleeps, and has to be woken. */
static bool
call_all(void)
{
	struct caller echo = find("echo");

	for (uint64_t n = 1; n <= CALLS; n++) {
		struct mic_mailbox_slot *slot = slot_of(&echo, n);

		post(&echo, n, 0, 0);
		if (!wait_for(is_answered, slot) || slot->arg[0] != n)
			return false;
		if (n % 10 == 0)
			let_time_pass(100000);
	}
	return true;
}

/* ---- Data ---- */

static bool
copy_and_hash(struct caller *copy, struct caller *hash, uint8_t seed)
{
	uint64_t there = copy->entry->memory, first = hash->sequence + 1;
	uint8_t *host = rig_memory(&r.rig, HOST_AT);
	struct mic_mailbox_slot *slot;

	for (uint32_t i = 0; i < COPY_BYTES; i++)
		host[i] = (uint8_t)(i * 7 + i / 256 + seed);
	post(copy, there, CARD_RIG_MIC(HOST_AT), COPY_BYTES);
	slot = slot_of(copy, copy->sequence);
	if (!wait_for(is_answered, slot) || slot->result != 0)
		return false;
	for (uint32_t i = 0; i < PARTS; i++)
		post(hash, there + i * PART_BYTES, PART_BYTES, 0);
	for (uint32_t i = 0; i < PARTS; i++) {
		slot = slot_of(hash, first + i);
		if (!wait_for(is_answered, slot) || slot->result != 0 ||
		    slot->arg[0] != card_crc32c(0, host + i * PART_BYTES, PART_BYTES))
			return false;
	}
	return true;
}

/* Beside the calls of the thread that has booted the card. NULL: all went well. */
static void *
mover(void *arg)
{
	struct caller copy = find("copy"), hash = find("hash");

	for (unsigned int i = 0; i < COPIES; i++)
		if (!copy_and_hash(&copy, &hash, (uint8_t)(i * 31)))
			return arg;
	return NULL;
}

static const char *
play_calls(void)
{
	static char wrong[] = "does not copy or hash right";
	pthread_t thread;
	void *moved;
	bool called;

	if (pthread_create(&thread, NULL, mover, wrong) != 0)
		return "has no thread";
	called = call_all();
	pthread_join(thread, &moved);
	return called ? moved : "does not answer";
}

static const char *
play_round(void)
{
	rig_write(&r.rig, MIC_SPAD2_AT, 0);
	rig_write(&r.rig, MIC_RGCR_AT, 1);
	if (!wait_for(is_ready, NULL))
		return "is not ready after a reset";
	card_rig_page(&r, CARD_ERA_A);
	card_rig_image(&r, " mem=32M");
	rig_write(&r.rig, MIC_AT(APICICR_HI, MIC_BOOT_DOORBELL),
		  (uint32_t)REG_GET(MIC_SPAD2_APIC_ID, rig_read(&r.rig, MIC_SPAD2_AT)));
	rig_write(&r.rig, MIC_AT(APICICR_LO, MIC_BOOT_DOORBELL), MIC_BOOT_ICR);
	if (!wait_for(is_up, NULL))
		return "does not come up";
	return play_calls();
}

/* ---- A card that sleeps ---- */

static sem_t bell;

static uint64_t
clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* As the process of a card: awake as long as the card wants it. */
static void *
sleeper(void *arg)
{
	uint64_t start = clock_ns(), began = atomic_load(&now);

	(void)arg;
	while (!atomic_load(&over))
		if (r.rig.dev->ops->step(r.rig.dev, began + clock_ns() - start) == BUS_NO_DEADLINE)
			sem_wait(&bell);
	return NULL;
}

static bool
answered_soon(struct mic_mailbox_slot *slot)
{
	uint64_t end = clock_ns() + UINT64_C(5000000000);

	while (!is_answered(slot)) {
		if (clock_ns() > end)
			return false;
		sched_yield();
	}
	return true;
}

/* From none to twice the time that the card stays awake for. */
static void
linger(uint32_t *seed)
{
	*seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
	for (uint64_t end = clock_ns() + *seed % 4000; clock_ns() < end;)
		;
}

static const char *
sleep_and_wake(unsigned long calls)
{
	struct caller echo = find("echo");
	uint32_t seed = 1;

	echo.sequence = CALLS;
	while (echo.sequence < CALLS + calls) {
		linger(&seed);
		if (post(&echo, 0, 0, 0))
			sem_post(&bell);
		if (!answered_soon(slot_of(&echo, echo.sequence)))
			return "sleeps through a request";
	}
	return NULL;
}

static const char *
play_sleeper(unsigned long calls)
{
	const char *wrong;
	pthread_t thread[2];

	atomic_store(&over, false);
	if (sem_init(&bell, 0, 0) < 0 || pthread_create(&thread[0], NULL, sleeper, NULL) != 0 ||
	    pthread_create(&thread[1], NULL, holder, NULL) != 0)
		return "has no thread";
	wrong = sleep_and_wake(calls);
	atomic_store(&over, true);
	sem_post(&bell);
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	return wrong;
}

int
main(int argc, char **argv)
{
	const struct card_config config = {.model.time_scale = 1000, .functions_poll_us = 2};
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS_DEFAULT;
	pthread_t thread[STEPPERS + 1];
	const char *wrong = NULL;

	if (card_rig_open(&r, &config) < 0)
		return 1;
	atomic_store(&now, r.rig.now);
	for (unsigned int i = 0; i <= STEPPERS; i++)
		if (pthread_create(&thread[i], NULL, i < STEPPERS ? stepper : watcher, NULL) != 0)
			return 1;
	for (unsigned long n = 0; n < rounds && wrong == NULL; n++)
		wrong = play_round();
	atomic_store(&over, true);
	for (unsigned int i = 0; i <= STEPPERS; i++)
		pthread_join(thread[i], NULL);
	if (wrong == NULL)
		wrong = play_sleeper(rounds * CALLS);
	(void)card_rig_close(&r);
	if (wrong != NULL)
		fprintf(stderr, "card_stress: it %s\n", wrong);
	else
		printf("%lu rounds\n", rounds);
	return wrong != NULL;
}
