/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_drive_meanwhile.h"

#include <stdatomic.h>
#include <string.h>
#include <threads.h>

/* Looks at the other thread, at least 20 us apart: a step that does not wait is over in a few. */
#define LOOKS 20000

enum turn { TURN_NONE, TURN_WAITS, TURN_TAKEN };

/* What the other thread does, and what became of it. */
struct dlb_drive_other {
	enum turn turn;
	bool begun, directed;
	unsigned int number;
	struct dlb_qe line[DLB_LINE_HCWS];
	thrd_t thread;
	atomic_bool over;
};

static int
other_thread(void *arg)
{
	struct dlb_drive *d = arg;
	struct dlb_drive_other *o = d->other;

	dlb_drive_post(d, o->directed, o->number, o->line, DLB_LINE_SIZE);
	d->dev->ops->step(d->dev, d->now_ns);
	atomic_store(&o->over, true);
	return 0;
}

/* A device whose steps wait for each other would stand still here for ever: it gets some time. */
void
dlb_drive_host_called(struct dlb_drive *d)
{
	static const struct timespec pause = {.tv_nsec = 20000};
	struct dlb_drive_other *o = d->other;

	if (o == NULL || o->turn != TURN_WAITS)
		return;
	o->turn = TURN_TAKEN;
	o->begun = thrd_create(&o->thread, other_thread, d) == thrd_success;
	if (!o->begun) {
		dlb_ref_fail(d->ref, "memory", "no second thread");
		return;
	}
	for (unsigned int n = 0; !atomic_load(&o->over) && n < LOOKS; n++)
		thrd_sleep(&pause, NULL);
	if (!atomic_load(&o->over))
		dlb_ref_fail(d->ref, "note", "a step waits for the thread that is in the device");
}

static enum dlb_reg
disable_of(const struct dlb_ref_cq *cq)
{
	return cq->directed ? DLB_LSP_CQ_DIR_DSBL : DLB_LSP_CQ_LDB_DSBL;
}

bool
dlb_drive_meanwhile_disable(struct dlb_drive *d, unsigned int port)
{
	struct dlb_ref_cq *cq = &d->ref->cq[port];

	if (!cq->enabled)
		return false;
	dlb_drive_write(d, disable_of(cq), cq->number, 1);
	dlb_drive_sync(d);
	cq->enabled = false;
	return true;
}

/* The moment of the other thread is in here. Nothing is read back: that would be another visit, by
 * which the device could make good what it forgot.
 */
static void
enter(struct dlb_drive *d, unsigned int port, bool enables)
{
	struct dlb_ref_cq *cq = &d->ref->cq[port];

	d->other->turn = TURN_WAITS;
	if (enables) {
		cq->enabled = true;
		dlb_drive_write(d, disable_of(cq), cq->number, 0);
	} else {
		d->now_ns += 1000;
		d->dev->ops->step(d->dev, d->now_ns);
	}
}

/* What was posted and has been scheduled is there to see; what could have been and is not waits
 * for a visit that may never come.
 */
static void
check_served(struct dlb_drive *d)
{
	if (dlb_drive_failed(d))
		return;
	dlb_drive_scan(d);
	if (dlb_drive_failed(d))
		return;
	dlb_ref_quiet(d->ref);
	if (dlb_drive_failed(d))
		d->ref->failure.rule = "note";
}

void
dlb_drive_meanwhile(struct dlb_drive *d, unsigned int port, bool enables)
{
	const struct dlb_ref_cq *cq = &d->ref->cq[port];
	struct dlb_drive_other o = {.directed = cq->directed, .number = cq->number};
	unsigned int filled = d->filled[port];

	memcpy(o.line, d->line[port], filled * sizeof(struct dlb_qe));
	d->filled[port] = 0;
	d->other = &o;
	enter(d, port, enables);
	if (o.begun)
		thrd_join(o.thread, NULL);
	d->other = NULL;
	/* The device asked its host for nothing: the line comes afterwards. */
	if (o.turn == TURN_WAITS) {
		dlb_drive_post(d, o.directed, o.number, o.line, DLB_LINE_SIZE);
		d->dev->ops->step(d->dev, d->now_ns);
	}
	check_served(d);
	dlb_drive_sync(d);
}
