/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Occupancy interrupts of a DSA, armed while an engine takes from the queue; to run under
 * ThreadSanitizer:
 *
 *   dsa_stress_irq [rounds]            20000 when not said
 *
 *   main                                     engine
 *     fills the queue, arms at some limit      waits
 *     go --------------------------------->    takes one descriptor, one step
 *     disarms, clears, fills, arms anew        done
 *     done? the interrupt came or it did not
 *
 * Main alone fills the queue, and before it arms, so what is left in the end is the fewest there
 * were since: the interrupt must have come if that is the limit or less, and must not otherwise.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "bus_relax.h"
#include "dsa_test_rig.h"

#define SIZE   16u
#define VECTOR 1u
/* One fetch goes this far and ends there, which is a step's worth: the engine takes no other. */
#define STRIDE (1u << 20)
/* Turns of an empty loop, so that the two meet everywhere: some 100 ns. */
#define DELAY 256u
/* Looks at what the other thread says before it is given the processor. */
#define PATIENCE 1000u

struct stress {
	struct rig rig;
	_Atomic uint64_t go, done; /* rounds */
	uint64_t rounds, random;
	uint64_t raised, silent, lost, false_alarms;
};

static unsigned int
below(uint64_t *random, unsigned int n)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (unsigned int)((*random >> 32) * n >> 32);
}

static void
dawdle(uint64_t *random)
{
	for (volatile unsigned int n = below(random, DELAY); n > 0; n--)
		;
}

/* Turns of the other thread come soon, or when it has a processor again. */
static void
await(const _Atomic uint64_t *rounds, uint64_t round)
{
	for (unsigned int n = 1; atomic_load_explicit(rounds, memory_order_acquire) < round; n++) {
		bus_pause();
		if (n % PATIENCE == 0)
			sched_yield();
	}
}

static void *
engine_run(void *arg)
{
	struct stress *s = arg;
	uint64_t random = 2;

	for (uint64_t round = 1; round <= s->rounds; round++) {
		await(&s->go, round);
		dawdle(&random);
		rig_step(&s->rig);
		atomic_store_explicit(&s->done, round, memory_order_release);
	}
	return NULL;
}

static void
post(struct stress *s, unsigned int n)
{
	const struct dsa_desc fetch = {
		.op_flags = DSA_OP_FLAGS(DSA_OP_TRANSLATION_FETCH, DSA_FLAG_OP(0)),
		.src = rig_iova(0),
		.size = 1,
		.fetch.stride = STRIDE,
	};

	while (n-- > 0)
		rig_post(&s->rig, 0, &fetch);
}

static void
arm(struct stress *s, unsigned int limit)
{
	rig_write(&s->rig, DSA_WQCFG_DW5, 0,
		  REG_PUT(DSA_WQCFG_DW5_OCC_INT_EN, 1) | REG_PUT(DSA_WQCFG_DW5_OCC_LIMIT, limit));
}

static void
disarm(struct stress *s)
{
	rig_write(&s->rig, DSA_WQCFG_DW5, 0, 0);
	rig_write(&s->rig, DSA_WQCFG_DW6, 0, REG_MASK(DSA_WQCFG_DW6_OCC_INT_GENERATED));
}

static bool
generated(struct stress *s)
{
	return REG_GET(DSA_WQCFG_DW6_OCC_INT_GENERATED, rig_read(&s->rig, DSA_WQCFG_DW6, 0));
}

static unsigned int
occupancy(struct stress *s)
{
	return (unsigned int)REG_GET(DSA_WQCFG_DW6_OCCUPANCY, rig_read(&s->rig, DSA_WQCFG_DW6, 0));
}

/* Does the count of interrupts agree with the bit that says that one was generated? */
static bool
interrupted(struct stress *s, unsigned int before)
{
	if (generated(s) == (s->rig.irqs[VECTOR] != before))
		return generated(s);
	fprintf(stderr, "generated %u, but %u interrupts\n", generated(s),
		s->rig.irqs[VECTOR] - before);
	s->lost++;
	return false;
}

static void
judge(struct stress *s, unsigned int limit, bool came)
{
	if (occupancy(s) <= limit)
		*(came ? &s->raised : &s->lost) += 1;
	else
		*(came ? &s->false_alarms : &s->silent) += 1;
}

static void
one_round(struct stress *s, uint64_t n)
{
	unsigned int limit = below(&s->random, 4), more = below(&s->random, 4), before;

	post(s, 2);
	/* What the engine finds with the first arming is nothing about the second. */
	if (n % 2 == 1)
		arm(s, occupancy(s) - 1);
	atomic_store_explicit(&s->go, n, memory_order_release);
	dawdle(&s->random);
	if (n % 2 == 1)
		disarm(s);
	before = s->rig.irqs[VECTOR];
	post(s, more);
	arm(s, limit);
	await(&s->done, n);
	judge(s, limit, interrupted(s, before));
	disarm(s);
	while (occupancy(s) > 0)
		rig_step(&s->rig);
}

static int
ready(struct stress *s)
{
	const struct dsa_model_config config = {.version = DSA_VERSION_2};
	struct rig *r = &s->rig;
	int ret = rig_open(r, &config);

	if (ret < 0)
		return ret;
	if (rig_command(r, DSA_COMMAND_REQUEST_INT_HANDLE, VECTOR) != 0)
		return -1;
	rig_write(r, DSA_WQCFG_DW4, 0,
		  REG_GET(DSA_CMDSTATUS_RESULT, rig_read(r, DSA_CMDSTATUS, 0)));
	return rig_ready(r, SIZE) == 0 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	static struct stress s = {.random = 1};
	pthread_t engine;

	s.rounds = argc > 1 ? strtoull(argv[1], NULL, 0) : 20000;
	if (ready(&s) < 0)
		return 1;
	pthread_create(&engine, NULL, engine_run, &s);
	for (uint64_t n = 1; n <= s.rounds; n++)
		one_round(&s, n);
	pthread_join(engine, NULL);
	printf("%" PRIu64 " rounds: %" PRIu64 " raised, %" PRIu64 " not to be raised, %" PRIu64
	       " lost, %" PRIu64 " raised falsely\n",
	       s.rounds, s.raised, s.silent, s.lost, s.false_alarms);
	return rig_close(&s.rig) != 0 || s.lost != 0 || s.false_alarms != 0;
}
