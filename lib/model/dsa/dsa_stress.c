/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Many threads on one shared work queue of a DSA, meant to run under ThreadSanitizer:
 *
 *   dsa_stress [commands]          100,000 when not said
 *
 *   submitter 0..3 --limited portal, threshold 8--> queue --> two engines, stepped by two threads
 *   main: changes the threshold and the map, stops the queue, drains, aborts, halts, resets it
 *
 * A command moves 64 bytes, or is a batch of three that do. After each stop everybody settles:
 * what was accepted has completed, or has been given up. It ends once: a record or data that change
 * after they were looked at are an error. Nobody may see more entries than the threshold.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dsa_work.h"

#define SUBMITTERS 4u
#define STEPPERS   2u
#define THRESHOLD  8u
#define SIZE       16u
/* Commands of a submitter on their way. */
#define WINDOW     12u
#define MEMBERS    3u
#define BYTES      64u
#define BATCH_ONE_IN 5u
#define IOVA       UINT64_C(0x100000000)
/* What no device writes. */
#define UNTOUCHED UINT64_C(0xa5a5a5a5a5a5a5a5)

/* Of one command: the piece that the n-th member moves, and the records, own line each. */
struct command {
	_Alignas(64) struct dsa_desc list[MEMBERS + 1];
	_Alignas(64) _Atomic uint64_t record[MEMBERS + 1][8];
	_Alignas(64) uint64_t from[MEMBERS][BYTES / 8];
	_Alignas(64) uint64_t to[MEMBERS][BYTES / 8];
};

struct stress;

struct submitter {
	struct stress *s;
	unsigned int id;
	uint64_t quota, seq;
	uint64_t accepted, completed, given_up, retried;
	bool busy[WINDOW];
	unsigned int members[WINDOW];
	uint64_t first[WINDOW]; /* what its first word has to become */
	_Atomic uint64_t settled; /* the last stop it has settled */
};

struct stress {
	struct bus_host host; /* first */
	struct dsa_work *work;
	struct command *memory; /* [SUBMITTERS][WINDOW] at IOVA */
	struct submitter submitter[SUBMITTERS];
	_Atomic uint64_t stops; /* odd: everybody settles */
	_Atomic uint64_t errors;
	_Atomic unsigned int left; /* submitters at work */
	_Atomic bool done;
};

#define MEMORY_BYTES (SUBMITTERS * WINDOW * sizeof(struct command))

static void
wrong(struct stress *s, const char *what, uint64_t value)
{
	if (atomic_fetch_add(&s->errors, 1) < 10)
		fprintf(stderr, "%s: %" PRIu64 "\n", what, value);
}

/* ---- The host and the control half ---- */

static void *
host_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	struct stress *s = (struct stress *)host;

	(void)prot;
	if (pasid != 1 || iova < IOVA || iova - IOVA >= MEMORY_BYTES) {
		*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
		return NULL;
	}
	if (*len > MEMORY_BYTES - (iova - IOVA))
		*len = (size_t)(MEMORY_BYTES - (iova - IOVA));
	return (uint8_t *)s->memory + (iova - IOVA);
}

static const struct bus_host_ops host_ops = {.map = host_map};

static void
owner_error(void *owner, const struct dsa_error *error)
{
	wrong(owner, "error", error->code);
}

static bool
owner_handle_ok(void *owner, unsigned int handle, bool ims, bool pasid_enable, uint32_t pasid)
{
	(void)owner;
	(void)handle;
	(void)ims;
	(void)pasid_enable;
	(void)pasid;
	return true;
}

static void
owner_interrupt(void *owner, unsigned int handle, bool ims)
{
	(void)ims;
	wrong(owner, "interrupt", handle);
}

/* ---- Submitters ---- */

static uint64_t
iova_of(const struct stress *s, const void *p)
{
	return IOVA + (uint64_t)((const uint8_t *)p - (const uint8_t *)s->memory);
}

static struct command *
command_of(struct submitter *t, unsigned int i)
{
	return &t->s->memory[t->id * WINDOW + i];
}

static struct dsa_desc
member(const struct stress *s, struct command *c, unsigned int n)
{
	return (struct dsa_desc){
		.pasid = 1,
		.op_flags = DSA_OP_FLAGS(DSA_OP_MOVE, DSA_FLAG_CRAV | DSA_FLAG_RCR),
		.cr = iova_of(s, c->record[n]),
		.src = iova_of(s, c->from[n]),
		.dst = iova_of(s, c->to[n]),
		.size = BYTES,
	};
}

static struct dsa_desc
make(struct submitter *t, unsigned int i)
{
	struct command *c = command_of(t, i);
	uint64_t tag = ++t->seq * SUBMITTERS + t->id;
	struct dsa_desc desc;

	t->members[i] = t->seq % BATCH_ONE_IN == 0 ? MEMBERS : 1;
	t->first[i] = tag;
	for (unsigned int n = 0; n < MEMBERS; n++)
		for (unsigned int w = 0; w < BYTES / 8; w++) {
			c->from[n][w] = tag + n + ((uint64_t)w << 56);
			c->to[n][w] = UNTOUCHED;
		}
	for (unsigned int n = 0; n <= MEMBERS; n++)
		atomic_store_explicit(&c->record[n][0], 0, memory_order_relaxed);
	if (t->members[i] == 1) {
		desc = member(t->s, c, 0);
		desc.cr = iova_of(t->s, c->record[MEMBERS]);
		return desc;
	}
	for (unsigned int n = 0; n < MEMBERS; n++)
		c->list[n] = member(t->s, c, n);
	return (struct dsa_desc){
		.pasid = 1,
		.op_flags = DSA_OP_FLAGS(DSA_OP_BATCH, DSA_FLAG_CRAV | DSA_FLAG_RCR),
		.cr = iova_of(t->s, c->record[MEMBERS]),
		.list = iova_of(t->s, c->list),
		.count = MEMBERS,
	};
}

/* Ended, one way or the other: nothing is to be written to it any more. */
static void
seal(struct submitter *t, unsigned int i)
{
	struct command *c = command_of(t, i);

	for (unsigned int n = 0; n <= MEMBERS; n++)
		atomic_store_explicit(&c->record[n][0], UNTOUCHED, memory_order_relaxed);
	for (unsigned int n = 0; n < MEMBERS; n++)
		c->to[n][0] = UNTOUCHED;
	t->busy[i] = false;
}

static void
check_sealed(struct submitter *t, unsigned int i)
{
	struct command *c = command_of(t, i);
	uint64_t word;

	for (unsigned int n = 0; n <= MEMBERS; n++) {
		word = atomic_load_explicit(&c->record[n][0], memory_order_relaxed);
		if (word != UNTOUCHED)
			wrong(t->s, "told twice", word & 0xff);
	}
	for (unsigned int n = 0; n < MEMBERS; n++)
		if (c->to[n][0] != UNTOUCHED)
			wrong(t->s, "done twice", c->to[n][0]);
}

static bool
finished(struct submitter *t, unsigned int i)
{
	struct command *c = command_of(t, i);
	/* Pairs with the release of the status: the data and the other records are there. */
	uint64_t word = atomic_load_explicit(&c->record[MEMBERS][0], memory_order_acquire);

	if (word == 0)
		return false;
	if ((word & 0xff) != DSA_STATUS_SUCCESS)
		wrong(t->s, "status", word & 0xff);
	for (unsigned int n = 0; n < t->members[i]; n++) {
		if (memcmp(c->to[n], c->from[n], BYTES) != 0 || c->to[n][0] != t->first[i] + n)
			wrong(t->s, "data", t->first[i]);
		if (t->members[i] > 1 &&
		    (atomic_load_explicit(&c->record[n][0], memory_order_relaxed) & 0xff) !=
			    DSA_STATUS_SUCCESS)
			wrong(t->s, "member not told", t->first[i]);
	}
	t->completed++;
	seal(t, i);
	return true;
}

/* The queue was stopped and emptied: what has no record was given up. */
static void
settle(struct submitter *t, uint64_t stop)
{
	for (unsigned int i = 0; i < WINDOW; i++) {
		if (t->busy[i] && !finished(t, i)) {
			t->given_up++;
			seal(t, i);
		}
	}
	atomic_store(&t->settled, stop);
	while (atomic_load(&t->s->stops) == stop)
		sched_yield();
	for (unsigned int i = 0; i < WINDOW; i++)
		check_sealed(t, i);
}

static bool
submit_one(struct submitter *t, unsigned int i)
{
	struct dsa_desc desc;

	check_sealed(t, i);
	desc = make(t, i);
	if (dsa_work_submit(t->s->work, 0, DSA_PORTAL_LIMITED, &desc) < 0) {
		t->retried++;
		seal(t, i);
		return false;
	}
	t->accepted++;
	t->busy[i] = true;
	return true;
}

static bool
any_busy(const struct submitter *t)
{
	for (unsigned int i = 0; i < WINDOW; i++)
		if (t->busy[i])
			return true;
	return false;
}

static void *
submitter_run(void *arg)
{
	struct submitter *t = arg;
	uint64_t stop;

	for (unsigned int i = 0; i < WINDOW; i++)
		seal(t, i);
	while (t->accepted < t->quota || any_busy(t)) {
		bool idle = true;

		stop = atomic_load(&t->s->stops);
		if (stop % 2 == 1) {
			settle(t, stop);
			continue;
		}
		for (unsigned int i = 0; i < WINDOW; i++) {
			if (t->busy[i])
				idle &= !finished(t, i);
			else if (t->accepted < t->quota)
				idle &= !submit_one(t, i);
		}
		if (dsa_work_occupancy(t->s->work, 0) > THRESHOLD)
			wrong(t->s, "occupancy above the threshold", THRESHOLD);
		if (idle)
			sched_yield();
	}
	atomic_store(&t->settled, UINT64_MAX);
	atomic_fetch_sub(&t->s->left, 1);
	return NULL;
}

static void *
stepper_run(void *arg)
{
	struct stress *s = arg;

	while (!atomic_load(&s->done))
		if (!dsa_work_step(s->work))
			sched_yield();
	return NULL;
}

/* ---- Main: what commands do ---- */

static void
enable(struct stress *s)
{
	struct dsa_work_wq wq = {
		.pasid_enable = true,
		.priority = 1,
		.size = SIZE,
		.threshold = THRESHOLD,
		.max_transfer = 1 << 20,
		.max_batch = 16,
		.opcap = {~UINT64_C(0)},
	};

	if (dsa_work_enable(s->work, 0, &wq) < 0)
		wrong(s, "enable", 0);
}

static void
stop(struct stress *s, unsigned int how)
{
	uint64_t number;

	if (how == 0) {
		dsa_work_reset(s->work);
	} else {
		dsa_work_stop(s->work, 0);
		dsa_work_mark(s->work, 0);
		if (how == 1)
			dsa_work_abort(s->work, 0);
		while (!dsa_work_passed(s->work, 0))
			sched_yield();
	}
	if (dsa_work_occupancy(s->work, 0) != 0)
		wrong(s, "left in a stopped queue", dsa_work_occupancy(s->work, 0));
	number = atomic_fetch_add(&s->stops, 1) + 1;
	for (unsigned int i = 0; i < SUBMITTERS; i++)
		while (atomic_load(&s->submitter[i].settled) < number)
			sched_yield();
	enable(s);
	atomic_fetch_add(&s->stops, 1);
}

static void
disturb(struct stress *s, unsigned int n)
{
	switch (n % 6) {
	case 0:
	case 1:
	case 2:
		stop(s, n % 3);
		break;
	case 3:
		dsa_work_threshold(s->work, 0, 1 + n % THRESHOLD);
		break;
	case 4:
		dsa_work_halt(s->work, true);
		sched_yield();
		dsa_work_halt(s->work, false);
		break;
	case 5:
		dsa_work_remap(s->work);
		break;
	}
	usleep(300);
}

static int
setup(struct stress *s, uint64_t commands)
{
	struct dsa_work_config config = {.wqs = 1, .engines = 2, .opcap = {~UINT64_C(0)}};
	struct dsa_work_owner owner = {
		.owner = s,
		.error = owner_error,
		.handle_ok = owner_handle_ok,
		.interrupt = owner_interrupt,
	};

	s->host.ops = &host_ops;
	s->memory = aligned_alloc(4096, (MEMORY_BYTES + 4095) / 4096 * 4096);
	if (s->memory == NULL || dsa_work_create(&config, &s->host, &owner, &s->work) < 0)
		return -1;
	memset(s->memory, 0, MEMORY_BYTES);
	dsa_work_group(s->work, 0, 3, 1);
	enable(s);
	atomic_store(&s->left, SUBMITTERS);
	for (unsigned int i = 0; i < SUBMITTERS; i++) {
		s->submitter[i].s = s;
		s->submitter[i].id = i;
		s->submitter[i].quota = commands / SUBMITTERS;
	}
	return 0;
}

static int
report(struct stress *s, unsigned int disturbances)
{
	uint64_t accepted = 0, completed = 0, given_up = 0, retried = 0;
	struct dsa_work_stats stats;

	for (unsigned int i = 0; i < SUBMITTERS; i++) {
		accepted += s->submitter[i].accepted;
		completed += s->submitter[i].completed;
		given_up += s->submitter[i].given_up;
		retried += s->submitter[i].retried;
	}
	dsa_work_stats(s->work, 0, &stats);
	if (accepted != completed + given_up)
		wrong(s, "lost", accepted - completed - given_up);
	if (accepted != stats.accepted)
		wrong(s, "accepted, says the device", stats.accepted);
	if (retried != stats.retried)
		wrong(s, "retried, says the device", stats.retried);
	printf("%" PRIu64 " accepted, %" PRIu64 " retried: %" PRIu64 " completed, %" PRIu64
	       " given up in %u disturbances; %" PRIu64 " errors\n",
	       accepted, retried, completed, given_up, disturbances,
	       (uint64_t)atomic_load(&s->errors));
	return atomic_load(&s->errors) != 0;
}

int
main(int argc, char **argv)
{
	static struct stress s;
	pthread_t submitters[SUBMITTERS], steppers[STEPPERS];
	unsigned int n = 0;
	int failed;

	if (setup(&s, argc > 1 ? strtoull(argv[1], NULL, 0) : 100000) < 0)
		return 1;
	for (unsigned int i = 0; i < STEPPERS; i++)
		pthread_create(&steppers[i], NULL, stepper_run, &s);
	for (unsigned int i = 0; i < SUBMITTERS; i++)
		pthread_create(&submitters[i], NULL, submitter_run, &s.submitter[i]);
	while (atomic_load(&s.left) != 0)
		disturb(&s, n++);
	for (unsigned int i = 0; i < SUBMITTERS; i++)
		pthread_join(submitters[i], NULL);
	atomic_store(&s.done, true);
	for (unsigned int i = 0; i < STEPPERS; i++)
		pthread_join(steppers[i], NULL);
	failed = report(&s, n);
	dsa_work_destroy(s.work);
	free(s.memory);
	return failed;
}
