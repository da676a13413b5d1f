/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Registers of a DSA against its portals, meant to run under ThreadSanitizer:
 *
 *   dsa_stress_regs [rounds]           100 when not said
 *
 *   submitter 0     --posts--> dedicated queue 0 --+
 *   submitter 1, 2  --ENQCMD-> shared queue 1 -----+--> two engines, stepped by two threads
 *   watcher: reads what tools read, masks vectors, arms occupancy interrupts, moves the map
 *   main: commands, resets, halts; after each one everybody settles
 *
 * What was accepted has a completion record after that, or was given up by a command that may; it
 * ends once: a record that changes after it was looked at is an error.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "dsa_test_rig.h"

#define SUBMITTERS 3u
#define STEPPERS   2u
#define WQS        2u
#define WINDOW     8u
#define SIZE       16u
/* A long one now and then, so that one is in flight when something stops. */
#define BYTES(seq)  ((seq) % 4 == 0 ? 16384u : 256u)
#define VECTOR     1u
#define PASID      1u
/* A command that takes longer never ends. */
#define PATIENCE_S 60
/* What no device writes. */
#define SEALED 0xa5u

/* Of one descriptor: its record, what it moves, and where to. */
#define SLOT_BYTES 36864u
#define SLOT_FROM  4096u
#define SLOT_TO    20480u

struct stress;

struct submitter {
	struct stress *s;
	unsigned int id, wq;
	uint64_t seq, sent, completed;
	bool busy[WINDOW];
	uint32_t bytes[WINDOW];
	_Atomic uint64_t settled;
};

struct stress {
	struct rig rig;
	struct submitter submitter[SUBMITTERS];
	_Atomic uint64_t stops; /* odd: everybody settles */
	_Atomic uint64_t errors;
	_Atomic bool done, stepped; /* stepped: nothing is left to be stepped */
	uint64_t accepted[WQS], completed[WQS]; /* when everybody had settled last */
	uint64_t given_up;
};

static void
wrong(struct stress *s, const char *what, uint64_t value)
{
	if (atomic_fetch_add(&s->errors, 1) < 10)
		fprintf(stderr, "%s: %" PRIu64 "\n", what, value);
}

/* ---- Submitters ---- */

static size_t
slot(const struct submitter *t, unsigned int i)
{
	return ((size_t)t->id * WINDOW + i) * SLOT_BYTES;
}

static _Atomic uint8_t *
status(struct submitter *t, unsigned int i)
{
	return rig_memory(&t->s->rig, slot(t, i));
}

static void
seal(struct submitter *t, unsigned int i)
{
	atomic_store_explicit(status(t, i), SEALED, memory_order_relaxed);
	t->busy[i] = false;
}

static void
check_sealed(struct submitter *t, unsigned int i)
{
	uint8_t now = atomic_load_explicit(status(t, i), memory_order_relaxed);

	if (!t->busy[i] && now != SEALED)
		wrong(t->s, "told twice, or after it was given up", now);
}

static bool
finished(struct submitter *t, unsigned int i)
{
	/* Pairs with the release of the record: what was moved is there. */
	uint8_t now = atomic_load_explicit(status(t, i), memory_order_acquire);

	if (now == 0)
		return false;
	if (now != DSA_STATUS_SUCCESS)
		wrong(t->s, "status", now);
	if (memcmp(rig_memory(&t->s->rig, slot(t, i) + SLOT_FROM),
		   rig_memory(&t->s->rig, slot(t, i) + SLOT_TO), t->bytes[i]) != 0)
		wrong(t->s, "data", i);
	t->completed++;
	seal(t, i);
	return true;
}

static bool
submit_one(struct submitter *t, unsigned int i)
{
	struct rig *r = &t->s->rig;
	size_t at = slot(t, i);
	uint32_t bytes = BYTES(++t->seq);
	struct dsa_desc desc = rig_move(at + SLOT_TO, at + SLOT_FROM, bytes, at);

	check_sealed(t, i);
	t->bytes[i] = bytes;
	memset(rig_memory(r, at + SLOT_FROM), (int)(t->seq * 7), bytes);
	memset(rig_memory(r, at + SLOT_TO), 0, bytes);
	desc.op_flags |= DSA_FLAG_RCI;
	desc.interrupt_handle = VECTOR;
	atomic_store_explicit(status(t, i), 0, memory_order_relaxed);
	if (t->wq == 0) {
		rig_post(r, 0, &desc);
	} else if (rig_submit(r, 1, &desc, PASID) < 0) {
		seal(t, i);
		return false;
	}
	t->sent++;
	t->busy[i] = true;
	return true;
}

/* Nothing is in flight: what has no record was given up, or posted to a queue that took none. */
static void
settle(struct submitter *t, uint64_t stop)
{
	for (unsigned int i = 0; i < WINDOW; i++)
		if (t->busy[i] && !finished(t, i))
			seal(t, i);
	atomic_store(&t->settled, stop);
	while (atomic_load(&t->s->stops) == stop)
		sched_yield();
	for (unsigned int i = 0; i < WINDOW; i++)
		check_sealed(t, i);
}

static void *
submitter_run(void *arg)
{
	struct submitter *t = arg;

	for (unsigned int i = 0; i < WINDOW; i++)
		seal(t, i);
	while (!atomic_load(&t->s->done)) {
		uint64_t stop = atomic_load(&t->s->stops);
		bool idle = true;

		if (stop % 2 == 1) {
			settle(t, stop);
			continue;
		}
		for (unsigned int i = 0; i < WINDOW; i++)
			idle &= t->busy[i] ? !finished(t, i) : !submit_one(t, i);
		if (idle)
			sched_yield();
	}
	return NULL;
}

/* ---- Who steps, who watches ---- */

static void *
stepper_run(void *arg)
{
	struct stress *s = arg;

	while (!atomic_load(&s->stepped))
		if (s->rig.dev->ops->step(s->rig.dev, 0) == BUS_NO_DEADLINE)
			sched_yield();
	return NULL;
}

static void
watch(struct stress *s, unsigned int n)
{
	struct rig *r = &s->rig;
	struct dsa_model_wq_stats stats;

	switch (n % 6) {
	case 0:
		rig_write(r, DSA_MSIX_CTRL, VECTOR, n / 6 % 2);
		break;
	case 1:
		rig_write(r, DSA_WQCFG_DW5, n / 6 % WQS,
			  REG_PUT(DSA_WQCFG_DW5_OCC_INT_EN, 1) | REG_PUT(DSA_WQCFG_DW5_OCC_LIMIT, 2));
		rig_write(r, DSA_WQCFG_DW6, n / 6 % WQS,
			  REG_MASK(DSA_WQCFG_DW6_OCC_INT_GENERATED));
		break;
	case 2:
		r->dev->ops->remap(r->dev);
		break;
	case 3:
		rig_write(r, DSA_WQCFG_DW1, 1, 1 + n / 6 % SIZE);
		break;
	case 4:
		(void)rig_read(r, DSA_GENSTS, 0);
		(void)rig_config_read(r, RIG_MSIX + 2, 2);
		(void)rig_read(r, DSA_SWERROR0, 0);
		break;
	case 5:
		(void)dsa_model_wq_stats(r->dev, n / 6 % WQS, &stats);
		if (stats.occupancy > SIZE)
			wrong(s, "occupancy above the size", stats.occupancy);
		break;
	}
}

static void *
watcher_run(void *arg)
{
	struct stress *s = arg;

	for (unsigned int n = 0; !atomic_load(&s->done); n++) {
		watch(s, n);
		sched_yield();
	}
	return NULL;
}

/* ---- Main ---- */

static time_t
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void
command(struct stress *s, enum dsa_command code, uint32_t operand)
{
	time_t until = now_s() + PATIENCE_S;
	uint64_t word;

	rig_write(&s->rig, DSA_CMD, 0, REG_PUT(DSA_CMD_CODE, code) | operand);
	while (REG_GET(DSA_CMDSTATUS_ACTIVE, word = rig_read(&s->rig, DSA_CMDSTATUS, 0))) {
		if (now_s() > until) {
			wrong(s, "does not end: command", code);
			return;
		}
		rig_step(&s->rig);
	}
	if (REG_GET(DSA_CMDSTATUS_ERROR, word) != 0)
		wrong(s, "command failed", (uint64_t)code << 8 | REG_GET(DSA_CMDSTATUS_ERROR, word));
}

static void
configure(struct stress *s)
{
	const struct rig_wq dedicated = {.size = SIZE, .pasid_enable = true, .pasid = PASID};
	const struct rig_wq shared = {
		.shared = true, .size = SIZE, .threshold = SIZE / 2, .pasid_enable = true};

	rig_wq(&s->rig, 0, &dedicated);
	rig_wq(&s->rig, 1, &shared);
	rig_engine(&s->rig, 0, 0);
	rig_engine(&s->rig, 1, 0);
	RIG_FIELD(&s->rig, GENCFG, 0, USER_INT_EN, 1);
	rig_write(&s->rig, DSA_MSIXPERM, VECTOR,
		  REG_PUT(DSA_MSIXPERM_PASID_EN, 1) | REG_PUT(DSA_MSIXPERM_PASID, PASID));
	command(s, DSA_COMMAND_ENABLE_DEVICE, 0);
}

/* As rig_start, but for where tables are: others look there. */
static void
restart(struct stress *s)
{
	rig_sva(&s->rig, true, true, true);
	rig_config_write(&s->rig, 0x04, 2, RIG_COMMAND_ON);
	rig_config_write(&s->rig, RIG_MSIX + 2, 2, 0x8000);
	rig_write(&s->rig, DSA_MSIX_CTRL, 0, 0);
}

/* The second queue while the first one is at work. */
static void
enable(struct stress *s)
{
	command(s, DSA_COMMAND_ENABLE_WQ, 0);
	atomic_fetch_add(&s->stops, 1);
	command(s, DSA_COMMAND_ENABLE_WQ, 1);
}

/* What may have been given up must be; what may not has completed. */
static void
settle_all(struct stress *s, bool lossless)
{
	uint64_t number = atomic_fetch_add(&s->stops, 1) + 1;

	for (unsigned int i = 0; i < SUBMITTERS; i++)
		while (atomic_load(&s->submitter[i].settled) < number)
			sched_yield();
	for (unsigned int wq = 0; wq < WQS; wq++) {
		struct dsa_model_wq_stats stats = {0};
		uint64_t completed = 0, open;

		(void)dsa_model_wq_stats(s->rig.dev, wq, &stats);
		for (unsigned int i = 0; i < SUBMITTERS; i++)
			if (s->submitter[i].wq == wq)
				completed += s->submitter[i].completed;
		open = (stats.accepted - s->accepted[wq]) - (completed - s->completed[wq]);
		if ((lossless && open != 0) || open > UINT32_MAX)
			wrong(s, "accepted, and neither completed nor given up", open);
		s->given_up += open;
		s->accepted[wq] = stats.accepted;
		s->completed[wq] = completed;
	}
}

#define BOTH 3u

/* One way to stop both queues: whether nothing may be lost by it. */
static bool
stop(struct stress *s, unsigned int how, bool *configured)
{
	struct rig *r = &s->rig;

	*configured = how < 7;
	switch (how) {
	case 0:
		break;
	case 1:
		command(s, DSA_COMMAND_DRAIN_ALL, 0);
		break;
	case 2:
		command(s, DSA_COMMAND_DRAIN_PASID, PASID);
		break;
	case 3:
		command(s, DSA_COMMAND_DRAIN_WQ, BOTH);
		break;
	case 4:
		command(s, DSA_COMMAND_ABORT_ALL, 0);
		break;
	case 5:
		command(s, DSA_COMMAND_ABORT_PASID, PASID);
		break;
	case 6:
		command(s, DSA_COMMAND_ABORT_WQ, BOTH);
		break;
	case 7:
		command(s, DSA_COMMAND_DISABLE_DEVICE, 0);
		return true;
	case 8:
		command(s, DSA_COMMAND_RESET_DEVICE, 0);
		return true;
	case 9:
		command(s, DSA_COMMAND_RESET_WQ, BOTH);
		command(s, DSA_COMMAND_DISABLE_DEVICE, 0);
		return true;
	case 10:
		r->dev->ops->reset(r->dev, BUS_RESET_FUNCTION);
		return false;
	default:
		dsa_model_halt(r->dev, 0);
		command(s, DSA_COMMAND_RESET_DEVICE, 0);
		return false;
	}
	command(s, DSA_COMMAND_DISABLE_WQ, BOTH);
	return how < 4;
}

#define WAYS 12u

static void
rounds_run(struct stress *s, uint64_t rounds)
{
	for (uint64_t n = 0; n < rounds && atomic_load(&s->errors) == 0; n++) {
		bool configured, lossless;

		usleep(500);
		lossless = stop(s, n % WAYS, &configured);
		settle_all(s, lossless);
		if (!configured) {
			restart(s);
			configure(s);
		}
		enable(s);
	}
}

int
main(int argc, char **argv)
{
	const struct dsa_model_config config = {.version = DSA_VERSION_1};
	static struct stress s;
	pthread_t threads[SUBMITTERS + STEPPERS + 1];
	uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 0) : 100;
	unsigned int n = 0;

	if (rig_open(&s.rig, &config) < 0)
		return 1;
	rig_sva(&s.rig, true, true, true);
	atomic_store(&s.stops, 1);
	configure(&s);
	enable(&s);
	for (unsigned int i = 0; i < STEPPERS; i++)
		pthread_create(&threads[n++], NULL, stepper_run, &s);
	for (unsigned int i = 0; i < SUBMITTERS; i++) {
		s.submitter[i].s = &s;
		s.submitter[i].id = i;
		s.submitter[i].wq = i != 0;
		pthread_create(&threads[n++], NULL, submitter_run, &s.submitter[i]);
	}
	pthread_create(&threads[n++], NULL, watcher_run, &s);
	rounds_run(&s, rounds);
	atomic_store(&s.done, true);
	for (unsigned int i = STEPPERS; i < n; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&s.stepped, true);
	for (unsigned int i = 0; i < STEPPERS; i++)
		pthread_join(threads[i], NULL);
	printf("%" PRIu64 " rounds: %" PRIu64 " and %" PRIu64 " accepted, %" PRIu64
	       " given up; %" PRIu64 " errors\n",
	       rounds, s.accepted[0], s.accepted[1], s.given_up, (uint64_t)atomic_load(&s.errors));
	(void)rig_close(&s.rig);
	return atomic_load(&s.errors) != 0;
}
