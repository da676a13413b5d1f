/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_run.h"

#include <errno.h>
#include <string.h>

#include "dlb_drive_host.h"
#include "dlb_drive_meanwhile.h"

/* Arguments of operations, in the order of dlb_script.c. */
enum {
	ARG_PORT,
	ARG_COUNT,
	ARG_TO,
	ARG_TYPE,
	ARG_PRIORITY,
	ARG_LOCK,
	ARG_FLAGS,
	ARG_TOKEN,
	ARG_REGISTER,
};

/* The CQ of a place, or DLB_REF_CQS when the script has no such port. */
static unsigned int
cq_of(const struct dlb_drive *d, uint32_t place)
{
	bool directed = place >= DLB_SCRIPT_DIRECTED;
	unsigned int n = directed ? dlb_ref_dir_cq(place - DLB_SCRIPT_DIRECTED) : place;

	return n < DLB_REF_CQS && d->ref->cq[n].exists && d->ref->cq[n].directed == directed
		       ? n
		       : DLB_REF_CQS;
}

static const struct dlb_ref_queue *
queue_of(const struct dlb_drive *d, uint32_t place)
{
	bool directed = place >= DLB_SCRIPT_DIRECTED;
	unsigned int n = directed ? dlb_ref_dir_queue(place - DLB_SCRIPT_DIRECTED) : place;

	return n < DLB_REF_QUEUES && d->ref->queue[n].exists &&
			       d->ref->queue[n].directed == directed
		       ? &d->ref->queue[n]
		       : NULL;
}

static uint64_t
meta_of(const struct dlb_ref_queue *q, unsigned int sched, uint32_t priority, uint32_t lock)
{
	return REG_PUT(DLB_QE_QID, q->number) |
	       REG_PUT(DLB_QE_SCHED, q->directed ? DLB_DIRECTED : sched) |
	       REG_PUT(DLB_QE_PRIO, priority) | REG_PUT(DLB_QE_LOCK, lock);
}

/* May an event of this type go to that queue? Others are for the operations that break rules. */
static bool
event_fits(const struct dlb_drive *d, unsigned int port, const struct dlb_ref_queue *q,
	   unsigned int sched)
{
	if (q == NULL || !q->open || q->domain != d->ref->cq[port].domain)
		return false;
	if (q->directed || sched == DLB_UNORDERED)
		return true;
	return sched == DLB_ATOMIC ? q->atomic : sched == DLB_ORDERED && q->ordered;
}

/* Tokens of entries that the consumer has seen. */
static uint32_t
owed(const struct dlb_drive *d, unsigned int cq)
{
	uint32_t preset = dlb_drive_preset(d, cq);

	return d->ref->cq[cq].tokens > preset ? d->ref->cq[cq].tokens - preset : 0;
}

/* A driver keeps count of its credits. When none are left, what is scheduled gives some back. */
static bool
has_credit(struct dlb_drive *d, const struct dlb_ref_queue *q)
{
	if (*dlb_ref_credits(d->ref, q->domain, q->directed) > 0)
		return true;
	dlb_drive_settle(d);
	return *dlb_ref_credits(d->ref, q->domain, q->directed) > 0;
}

/* new, forward, fragment */
static void
do_event(struct dlb_drive *d, const uint32_t *arg, unsigned int cmd)
{
	unsigned int port = cq_of(d, arg[ARG_PORT]);
	const struct dlb_ref_queue *q = queue_of(d, arg[ARG_TO]);
	uint64_t meta;

	if (port == DLB_REF_CQS || !event_fits(d, port, q, arg[ARG_TYPE]))
		return;
	meta = meta_of(q, arg[ARG_TYPE], arg[ARG_PRIORITY], arg[ARG_LOCK]) |
	       REG_PUT(DLB_QE_FLAGS, arg[ARG_FLAGS]);
	for (uint32_t n = 0; n < arg[ARG_COUNT] && !dlb_drive_failed(d); n++) {
		struct dlb_ref_item *e;
		unsigned int token;

		/* Before the oldest entry is looked at: this may settle. */
		if (!has_credit(d, q))
			return;
		e = dlb_ref_oldest(d->ref, port);
		if (cmd != DLB_CMD_NEW &&
		    (e == NULL || (cmd == DLB_CMD_FRAG && e->sched != DLB_ORDERED)))
			return;
		token = arg[ARG_TOKEN] && owed(d, port) > 0 ? DLB_CMD_BIT_TOKEN : 0;
		dlb_drive_push(d, port, dlb_drive_hcw(d, cmd | token, meta));
	}
}

/* New events, sent by another thread while the device is at work on what was sent before. */
static void
do_meanwhile(struct dlb_drive *d, const uint32_t *arg)
{
	unsigned int port = cq_of(d, arg[ARG_PORT]);
	bool enables;

	if (port == DLB_REF_CQS)
		return;
	dlb_drive_send_all(d);
	enables = arg[ARG_REGISTER] && dlb_drive_meanwhile_disable(d, port);
	do_event(d, arg, DLB_CMD_NEW);
	if (!dlb_drive_failed(d))
		dlb_drive_meanwhile(d, port, enables);
}

static void
do_complete(struct dlb_drive *d, unsigned int port, uint32_t count)
{
	for (; count > 0 && dlb_ref_oldest(d->ref, port) != NULL; count--)
		/* Fields of a completion do not matter, 4.3 rule 2. */
		dlb_drive_push(d, port,
			       dlb_drive_hcw(d, DLB_CMD_COMP,
					     REG_MASK(DLB_QE_LOCK) | REG_MASK(DLB_QE_QID)));
}

static void
do_tokens(struct dlb_drive *d, unsigned int port, uint32_t count, unsigned int cmd)
{
	uint32_t n = owed(d, port) < count ? owed(d, port) : count;

	if (n > 0 && (cmd == DLB_CMD_BAT_T || dlb_ref_oldest(d->ref, port) != NULL))
		dlb_drive_push(d, port, dlb_drive_hcw(d, cmd, REG_PUT(DLB_QE_LOCK, n - 1)));
}

static void
do_noop(struct dlb_drive *d, unsigned int port, const uint32_t *arg)
{
	uint64_t junk = (arg[2] * UINT64_C(0x100000001)) & ~REG_MASK(DLB_HCW_CMD);

	for (uint32_t n = 0; n < arg[ARG_COUNT]; n++)
		dlb_drive_push(d, port, (struct dlb_qe){.data = junk, .meta = junk});
}

/* ---- What a driver must not do ---- */

/* One command by itself, at a time when the device is at rest, so that its outcome is certain. */
static void
alone(struct dlb_drive *d, unsigned int port, unsigned int cmd, uint64_t meta)
{
	dlb_drive_push(d, port, dlb_drive_hcw(d, cmd, meta));
	dlb_drive_sync(d);
}

static void
do_bad_command(struct dlb_drive *d, unsigned int port, unsigned int cmd)
{
	bool directed = d->ref->cq[port].directed;

	if (cmd == 0x4 || cmd == 0x6 || cmd == 0x7 || cmd == 0xe || cmd == 0xf ||
	    (directed && (cmd == DLB_CMD_COMP || cmd == DLB_CMD_FWD || cmd == DLB_CMD_FRAG)))
		alone(d, port, cmd, 0);
}

static void
do_bad_queue(struct dlb_drive *d, unsigned int port, uint32_t number, unsigned int sched)
{
	for (unsigned int n = 0; n < DLB_REF_QUEUES; n++) {
		const struct dlb_ref_queue *q = &d->ref->queue[n];

		if (q->exists && q->directed == (sched == DLB_DIRECTED) && q->number == number &&
		    q->domain == d->ref->cq[port].domain)
			return;
	}
	alone(d, port, DLB_CMD_NEW, REG_PUT(DLB_QE_QID, number) | REG_PUT(DLB_QE_SCHED, sched));
}

static void
do_bad_type(struct dlb_drive *d, unsigned int port, const struct dlb_ref_queue *q)
{
	if (q == NULL || q->directed || q->domain != d->ref->cq[port].domain)
		return;
	if (!q->ordered)
		alone(d, port, DLB_CMD_NEW, meta_of(q, DLB_ORDERED, 0, 0));
	else if (!q->atomic)
		alone(d, port, DLB_CMD_NEW, meta_of(q, DLB_ATOMIC, 0, 0));
}

static void
do_disabled_queue(struct dlb_drive *d, unsigned int port, const struct dlb_ref_queue *q)
{
	enum dlb_reg reg;

	if (q == NULL || q->domain != d->ref->cq[port].domain)
		return;
	reg = q->directed ? DLB_SYS_DIR_QID_V : DLB_SYS_LDB_QID_V;
	d->ref->queue[q - d->ref->queue].valid = false;
	dlb_drive_write(d, reg, q->number, 0);
	alone(d, port, DLB_CMD_NEW, meta_of(q, DLB_UNORDERED, 0, 0));
	d->ref->queue[q - d->ref->queue].valid = true;
	dlb_drive_write(d, reg, q->number, 1);
}

/* A port that was never made: what is posted there is dropped, and nothing is told of it. */
static void
do_bad_port(struct dlb_drive *d, bool directed, uint32_t id)
{
	const struct dlb_qe line[DLB_LINE_HCWS] = {
		{0, REG_PUT(DLB_HCW_CMD, DLB_CMD_COMP_T) | REG_PUT(DLB_QE_LOCK, 1)}};

	if (id >= (directed ? d->ref->dir_queues : DLB_LDB_PORTS))
		return;
	for (unsigned int c = 0; c < DLB_REF_CQS; c++)
		if (d->ref->cq[c].exists && d->ref->cq[c].directed == directed &&
		    d->ref->cq[c].number == id)
			return;
	dlb_drive_post(d, directed, id, line, sizeof(line));
}

static void
do_excess_tokens(struct dlb_drive *d, unsigned int port, uint32_t count)
{
	uint32_t n = d->ref->cq[port].tokens + count;

	/* A preset that was returned would be missing from the limit for ever after. */
	if (dlb_drive_preset(d, port) == 0 && n > 0 && n <= DLB_CQ_DEPTH_MAX)
		alone(d, port, DLB_CMD_BAT_T, REG_PUT(DLB_QE_LOCK, n - 1));
}

static void
do_bad_frag(struct dlb_drive *d, unsigned int port, const struct dlb_ref_queue *q)
{
	struct dlb_ref_item *e = dlb_ref_oldest(d->ref, port);

	if (q == NULL || d->ref->cq[port].directed || q->domain != d->ref->cq[port].domain ||
	    (e != NULL && e->sched == DLB_ORDERED) ||
	    *dlb_ref_credits(d->ref, q->domain, q->directed) == 0)
		return;
	alone(d, port, DLB_CMD_FRAG, meta_of(q, DLB_UNORDERED, 0, 0));
}

static void
do_excess_comp(struct dlb_drive *d, unsigned int port, const uint32_t *arg)
{
	const struct dlb_ref_queue *q = queue_of(d, arg[1]);

	if (q == NULL || d->ref->cq[port].directed || q->domain != d->ref->cq[port].domain ||
	    dlb_ref_oldest(d->ref, port) != NULL)
		return;
	alone(d, port, arg[2] ? DLB_CMD_FWD : DLB_CMD_COMP, meta_of(q, DLB_UNORDERED, 0, 0));
}

/* Entries beyond the credits, each by itself: which of them are dropped is then certain. */
static void
do_over_credit(struct dlb_drive *d, unsigned int port, const uint32_t *arg)
{
	const struct dlb_ref_queue *q = queue_of(d, arg[ARG_TO]);

	if (q == NULL || q->domain != d->ref->cq[port].domain ||
	    *dlb_ref_credits(d->ref, q->domain, q->directed) > arg[ARG_COUNT])
		return;
	for (uint32_t n = 0; n <= arg[ARG_COUNT] && !dlb_drive_failed(d); n++) {
		dlb_drive_settle(d);
		alone(d, port, DLB_CMD_NEW, meta_of(q, DLB_UNORDERED, 0, n));
	}
}

static void
do_bad(struct dlb_drive *d, const struct dlb_script_line *l, unsigned int port)
{
	dlb_drive_settle(d);
	if (dlb_drive_failed(d))
		return;
	switch (l->kind) {
	case DLB_LINE_BAD_COMMAND:
		do_bad_command(d, port, l->arg[1]);
		break;
	case DLB_LINE_BAD_QUEUE:
		do_bad_queue(d, port, l->arg[1], l->arg[2]);
		break;
	case DLB_LINE_BAD_TYPE:
		do_bad_type(d, port, queue_of(d, l->arg[1]));
		break;
	case DLB_LINE_DISABLED_QUEUE:
		do_disabled_queue(d, port, queue_of(d, l->arg[1]));
		break;
	case DLB_LINE_EXCESS_COMP:
		do_excess_comp(d, port, l->arg);
		break;
	case DLB_LINE_EXCESS_TOKENS:
		do_excess_tokens(d, port, l->arg[1]);
		break;
	case DLB_LINE_BAD_FRAG:
		do_bad_frag(d, port, queue_of(d, l->arg[1]));
		break;
	default:
		do_over_credit(d, port, l->arg);
		break;
	}
}

/* ---- All operations ---- */

static void
do_reset_device(struct dlb_drive *d, bool by_config)
{
	dlb_drive_sync(d);
	dlb_ref_reset(d->ref);
	memset(d->filled, 0, sizeof(d->filled));
	dlb_drive_function_reset(d, by_config);
	dlb_drive_setup_device(d);
	for (unsigned int n = 0; n < d->domains; n++)
		dlb_drive_setup_domain(d, n);
}

static void
do_enable(struct dlb_drive *d, unsigned int port, bool enable)
{
	d->off[port] = !enable;
	dlb_drive_set_cq(d, port);
}

static void
do_link(struct dlb_drive *d, const struct dlb_script_line *l, unsigned int port)
{
	if (d->ref->cq[port].directed || l->arg[LINK_QUEUE] >= d->queues ||
	    d->ref->queue[l->arg[LINK_QUEUE]].domain != d->ref->cq[port].domain)
		return;
	if (l->kind == DLB_LINE_MAP)
		dlb_drive_map(d, port, l->arg[LINK_QUEUE], l->arg[LINK_PRIORITY]);
	else
		dlb_drive_unmap(d, port, l->arg[LINK_QUEUE]);
}

/* Operations of a port. */
static void
do_port_line(struct dlb_drive *d, const struct dlb_script_line *l, unsigned int port)
{
	switch (l->kind) {
	case DLB_LINE_COMP:
		do_complete(d, port, l->arg[ARG_COUNT]);
		break;
	case DLB_LINE_TOKENS:
		do_tokens(d, port, l->arg[ARG_COUNT], DLB_CMD_BAT_T);
		break;
	case DLB_LINE_COMP_TOKENS:
		do_tokens(d, port, l->arg[ARG_COUNT], DLB_CMD_COMP_T);
		break;
	case DLB_LINE_NOOP:
		do_noop(d, port, l->arg);
		break;
	case DLB_LINE_ARM:
		dlb_drive_push(d, port, dlb_drive_hcw(d, DLB_CMD_ARM, 0));
		break;
	case DLB_LINE_SEND:
		dlb_drive_send(d, port, l->arg[2]);
		break;
	case DLB_LINE_DISABLE:
	case DLB_LINE_ENABLE:
		do_enable(d, port, l->kind == DLB_LINE_ENABLE);
		break;
	case DLB_LINE_MAP:
	case DLB_LINE_UNMAP:
		do_link(d, l, port);
		break;
	default:
		do_bad(d, l, port);
		break;
	}
}

static void
do_device_line(struct dlb_drive *d, const struct dlb_script_line *l)
{
	switch (l->kind) {
	case DLB_LINE_SYNC:
		dlb_drive_sync(d);
		break;
	case DLB_LINE_STEP:
		for (uint32_t n = 0; n < l->arg[ARG_COUNT] && !dlb_drive_failed(d); n++)
			dlb_drive_step(d, l->arg[0]);
		break;
	case DLB_LINE_SETTLE:
		dlb_drive_settle(d);
		break;
	case DLB_LINE_LINK_WORK:
		dlb_drive_link_work(d);
		break;
	case DLB_LINE_CLEAR_ALARM:
		dlb_drive_clear_alarm(d);
		break;
	case DLB_LINE_RESET_DOMAIN:
		if (l->arg[0] >= d->domains)
			return;
		dlb_drive_reset_domain(d, l->arg[0]);
		if (!dlb_drive_failed(d))
			dlb_drive_setup_domain(d, l->arg[0]);
		break;
	default:
		do_reset_device(d, l->arg[0]);
		break;
	}
}

static void
do_line(struct dlb_drive *d, const struct dlb_script_line *l)
{
	unsigned int port;

	switch (l->kind) {
	case DLB_LINE_NEW:
		do_event(d, l->arg, DLB_CMD_NEW);
		return;
	case DLB_LINE_FWD:
		do_event(d, l->arg, DLB_CMD_FWD);
		return;
	case DLB_LINE_FRAG:
		do_event(d, l->arg, DLB_CMD_FRAG);
		return;
	case DLB_LINE_MEANWHILE:
		do_meanwhile(d, l->arg);
		return;
	case DLB_LINE_BAD_PORT:
		do_bad_port(d, l->arg[0] >= DLB_SCRIPT_DIRECTED, l->arg[1]);
		return;
	case DLB_LINE_SYNC:
	case DLB_LINE_STEP:
	case DLB_LINE_SETTLE:
	case DLB_LINE_LINK_WORK:
	case DLB_LINE_CLEAR_ALARM:
	case DLB_LINE_RESET_DOMAIN:
	case DLB_LINE_RESET_DEVICE:
		do_device_line(d, l);
		return;
	default:
		port = cq_of(d, l->arg[0]);
		if (port != DLB_REF_CQS)
			do_port_line(d, l, port);
	}
}

/* The end of every run: at rest, with nothing written where nothing should be; then all domains
 * must drain.
 */
static void
finish(struct dlb_drive *d)
{
	dlb_drive_settle(d);
	dlb_drive_check_rings(d);
	for (unsigned int n = 0; n < d->domains && !dlb_drive_failed(d); n++)
		dlb_drive_reset_domain(d, n);
	if (!dlb_drive_host_guards_whole(d))
		dlb_ref_fail(d->ref, "memory", "something was written outside the rings");
	if (d->maker->stray != NULL && d->maker->stray(d->dev) != 0)
		dlb_ref_fail(d->ref, "stray", "accesses without a register, or entries lost");
}

static void
tell_line(FILE *tell, unsigned int n, const struct dlb_script_line *l)
{
	char text[400];

	if (tell == NULL)
		return;
	dlb_script_print_line(l, text, sizeof(text));
	fprintf(tell, "%4u  %s\n", n + 1, text);
}

void
dlb_run(const struct dlb_script *s, const struct dlb_drive_maker *maker, FILE *tell,
	struct dlb_run_result *result)
{
	struct dlb_drive d;

	*result = (struct dlb_run_result){0};
	result->error = dlb_drive_open(&d, s, maker);
	if (result->error != 0)
		return;
	for (unsigned int n = 0; n < s->count && !dlb_drive_failed(&d); n++) {
		tell_line(tell, n, &s->line[n]);
		if (s->line[n].kind >= DLB_LINE_FIRST_OP)
			do_line(&d, &s->line[n]);
		result->line = n + 1;
	}
	if (!dlb_drive_failed(&d))
		finish(&d);
	result->rule = d.ref->failure.rule;
	memcpy(result->text, d.ref->failure.text, sizeof(result->text));
	result->commands = d.commands;
	result->taken = d.ref->taken;
	result->dropped = d.ref->dropped;
	result->delivered = d.ref->delivered;
	dlb_drive_close(&d);
}
