/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_share_priv.h"

/* Reset of a share: datasheet section 8.1, from counts alone, with what the client left taken as it
 * is found. Nobody is asked which ports and queues were created: all of the share's are.
 *
 *   close ingress, stop CQs -> return tokens, complete -> link what still has events to one CQ,
 *   which goes nowhere, until it is empty -> check -> registers of section 8.3 -> the next client
 *
 * The client cannot interfere: the device looks at other rings meanwhile.
 */

/* Steps without anything moving before it counts as stuck. */
#define PATIENCE 64u
#define DEPTH_CODE DLB_CQ_CODE_MAX
#define STAGE_ENTRIES 64u

/* ---- The device, as the share of it that is being reset ---- */

static void
each_port(struct dlb_share *s, bool directed, void (*act)(struct dlb_share *, bool, uint32_t))
{
	uint32_t n = directed ? s->hub->dir_ports : DLB_LDB_PORTS;

	for (uint32_t i = 0; i < n; i++)
		if (dlb_share_has_port(s, directed, i))
			act(s, directed, i);
}

void
dlb_share_let_time_pass(struct dlb_share *s)
{
	struct dlb_hub *hub = s->hub;

	(void)hub->dev->ops->step(hub->dev, hub->now_ns);
}

void
dlb_share_post_line(struct dlb_share *s, bool directed, uint32_t i,
		    const struct dlb_qe line[DLB_LINE_HCWS])
{
	struct bus_device *dev = s->hub->dev;
	uint64_t window = directed ? DLB_PP_WINDOW_DIR : DLB_PP_WINDOW_LDB;

	dev->ops->post(dev, 0, window + (uint64_t)i * DLB_PP_SIZE, line, DLB_LINE_SIZE);
}

static struct dlb_qe
command(enum dlb_cmd cmd, uint32_t tokens)
{
	uint64_t lock = tokens != 0 ? tokens - 1 : 0;

	return (struct dlb_qe){.meta = REG_PUT(DLB_HCW_CMD, cmd) | REG_PUT(DLB_QE_LOCK, lock)};
}

/* ---- Counts ---- */

static uint32_t
tokens_of(struct dlb_share *s, bool directed, uint32_t i)
{
	return dlb_hub_read(s->hub, dlb_port_rows[directed].tokens, i);
}

static uint32_t
queue_depth(struct dlb_share *s, uint32_t q)
{
	return dlb_hub_read(s->hub, DLB_LSP_QID_AQED_ACTIVE_CNT, q) +
	       dlb_hub_read(s->hub, DLB_LSP_QID_ATM_ACTIVE, q) +
	       dlb_hub_read(s->hub, DLB_LSP_QID_LDB_ENQUEUE_CNT, q);
}

/* ---- Steps 1 to 4 ---- */

static void
port_quiet(struct dlb_share *s, bool directed, uint32_t i)
{
	const struct dlb_port_rows *r = &dlb_port_rows[directed];

	dlb_hub_write(s->hub, r->interrupt, i, 0);
	dlb_hub_write(s->hub, r->watchdog, i, 0);
	dlb_hub_write(s->hub, r->isr, i, 0);
	if (!directed)
		dlb_hub_write(s->hub, DLB_CHP_SN_CHK_ENBL, i, 0);
	dlb_hub_write(s->hub, r->disabled, i, 1);
	/* Commands of ours go through it. */
	dlb_hub_write(s->hub, r->valid, i, 1);
}

static void
ingress_close(struct dlb_share *s)
{
	struct dlb_hub *hub = s->hub;

	for (uint32_t i = 0; i < DLB_LDB_QUEUES; i++)
		if (dlb_share_has_queue(s, i))
			dlb_hub_write(hub, DLB_SYS_LDB_VASQID_V, s->domain * DLB_LDB_QUEUES + i, 0);
	for (uint32_t i = 0; i < hub->dir_ports; i++)
		if (dlb_share_has_port(s, true, i))
			dlb_hub_write(hub, DLB_SYS_DIR_VASQID_V, s->domain * hub->dir_ports + i, 0);
	each_port(s, true, port_quiet);
	each_port(s, false, port_quiet);
}

/* ---- Step 5: section 8.2 ---- */

static void
tokens_return(struct dlb_share *s, bool directed, uint32_t i)
{
	uint32_t left = tokens_of(s, directed, i);

	while (left != 0) {
		uint32_t n = left < DLB_CQ_DEPTH_MAX ? left : DLB_CQ_DEPTH_MAX;

		dlb_share_post_line(s, directed, i,
				    (struct dlb_qe[DLB_LINE_HCWS]){command(DLB_CMD_BAT_T, n)});
		left -= n;
	}
}

/* What software withheld to keep a CQ shallow counts as tokens, and goes back as well. */
void
dlb_share_port_drain(struct dlb_share *s, bool directed, uint32_t i)
{
	uint32_t inflight = directed ? 0 : dlb_hub_read(s->hub, DLB_LSP_CQ_LDB_INFL_CNT, i);
	struct dlb_qe line[DLB_LINE_HCWS];

	tokens_return(s, directed, i);
	while (inflight != 0) {
		uint32_t n = inflight < DLB_LINE_HCWS ? inflight : DLB_LINE_HCWS;

		for (uint32_t k = 0; k < DLB_LINE_HCWS; k++)
			line[k] = command(k < n ? DLB_CMD_COMP : DLB_CMD_NOOP, 0);
		dlb_share_post_line(s, false, i, line);
		inflight -= n;
	}
}

/* ---- Steps 7 to 11: queues, eight at a time, to one CQ ---- */

static void
port_unlink(struct dlb_share *s, bool directed, uint32_t i)
{
	(void)directed;
	dlb_hub_write(s->hub, DLB_LSP_CQ2PRIOV, i, 0);
}

/* A ring as long as can be, whatever the client made of it. */
void
dlb_share_cq_open(struct dlb_share *s, bool directed, uint32_t i)
{
	const struct dlb_port_rows *r = &dlb_port_rows[directed];

	dlb_hub_write(s->hub, r->ring_code, i, DEPTH_CODE);
	dlb_hub_write(s->hub, r->token_code, i, DEPTH_CODE);
	dlb_hub_write(s->hub, r->wptr, i, 0);
	if (!directed) {
		dlb_hub_write(s->hub, DLB_LSP_CFG_CQ_LDB_WU_LIMIT, i, 0);
		dlb_hub_write(s->hub, DLB_LSP_CQ_LDB_INFL_THRESH, i,
			      (uint32_t)REG_MASK(DLB_LSP_CQ_LDB_INFL_THRESH_THRESH));
		dlb_hub_write(s->hub, DLB_CHP_HIST_LIST_LIM, i, s->history[1]);
		dlb_hub_write(s->hub, DLB_CHP_HIST_LIST_BASE, i, s->history[0]);
		dlb_hub_write(s->hub, DLB_CHP_HIST_LIST_PUSH_PTR, i, s->history[0]);
		dlb_hub_write(s->hub, DLB_CHP_HIST_LIST_POP_PTR, i, s->history[0]);
		dlb_hub_write(s->hub, DLB_LSP_CQ_LDB_INFL_LIM, i, DLB_HIST_ENTRIES);
	}
	dlb_hub_write(s->hub, r->disabled, i, 0);
}

/* Queues from *next on that have events go into slots of a CQ: bit q for each. */
static uint32_t
link_queues(struct dlb_share *s, uint32_t cq, uint32_t *next)
{
	uint32_t words[2] = {0, 0}, linked = 0;
	unsigned int slot = 0;

	for (; *next < DLB_LDB_QUEUES && slot < DLB_CQ_SLOTS; ++*next) {
		if (!dlb_share_has_queue(s, *next) || queue_depth(s, *next) == 0)
			continue;
		dlb_hub_write(s->hub, DLB_LSP_QID_LDB_INFL_LIM, *next, DLB_QID_INFLIGHTS);
		dlb_hub_write(s->hub, DLB_LSP_QID_AQED_ACTIVE_LIM, *next, STAGE_ENTRIES);
		dlb_hub_write(s->hub, DLB_AQED_QID_FID_LIM, *next,
			      dlb_hub_reset_value(s->hub, DLB_AQED_QID_FID_LIM));
		words[slot / 4] |= *next << slot % 4 * 8;
		linked |= UINT32_C(1) << *next;
		slot++;
	}
	dlb_hub_write(s->hub, DLB_LSP_CQ2QID0, cq, words[0]);
	dlb_hub_write(s->hub, DLB_LSP_CQ2QID1, cq, words[1]);
	dlb_hub_write(s->hub, DLB_LSP_CQ2PRIOV, cq,
		      ((UINT32_C(1) << slot) - 1) << DLB_LSP_CQ2PRIOV_V_LO);
	return linked;
}

static uint32_t
depth_of(struct dlb_share *s, uint32_t queues)
{
	uint32_t sum = 0;

	for (; queues != 0; queues &= queues - 1)
		sum += queue_depth(s, (uint32_t)__builtin_ctz(queues));
	return sum;
}

/* What is left must become less. */
static bool
is_stuck(uint32_t left, uint32_t *last, uint32_t *patience)
{
	if (left < *last)
		*patience = PATIENCE;
	*last = left;
	return (*patience)-- == 0;
}

static bool
ldb_queues_drain(struct dlb_share *s, uint32_t cq)
{
	uint32_t next = 0;

	dlb_share_cq_open(s, false, cq);
	while (next < DLB_LDB_QUEUES) {
		uint32_t queues = link_queues(s, cq, &next), left;
		uint32_t last = UINT32_MAX, patience = PATIENCE;

		while ((left = depth_of(s, queues)) != 0) {
			if (is_stuck(left, &last, &patience))
				return false;
			dlb_share_let_time_pass(s);
			dlb_share_port_drain(s, false, cq);
		}
		/* The last ones are on their way back; then the slots are free. */
		dlb_share_port_drain(s, false, cq);
		port_unlink(s, false, cq);
	}
	dlb_hub_write(s->hub, DLB_LSP_CQ_LDB_DSBL, cq, 1);
	return true;
}

/* ---- Steps 12 and 13 ---- */

static bool
dir_queue_drain(struct dlb_share *s, uint32_t i)
{
	uint32_t left, last = UINT32_MAX, patience = PATIENCE;

	if (dlb_hub_read(s->hub, DLB_LSP_QID_DIR_ENQUEUE_CNT, i) == 0)
		return true;
	dlb_share_cq_open(s, true, i);
	while ((left = dlb_hub_read(s->hub, DLB_LSP_QID_DIR_ENQUEUE_CNT, i)) != 0) {
		if (is_stuck(left, &last, &patience))
			return false;
		dlb_share_let_time_pass(s);
		tokens_return(s, true, i);
	}
	tokens_return(s, true, i);
	dlb_hub_write(s->hub, DLB_LSP_CQ_DIR_DSBL, i, 1);
	return true;
}

static bool
queues_drain(struct dlb_share *s)
{
	uint32_t cq = 0;

	each_port(s, false, dlb_share_port_drain);
	each_port(s, true, dlb_share_port_drain);
	each_port(s, false, port_unlink);
	while (cq < DLB_LDB_PORTS && !dlb_share_has_port(s, false, cq))
		cq++;
	if (cq < DLB_LDB_PORTS && !ldb_queues_drain(s, cq))
		return false;
	for (uint32_t i = 0; i < s->hub->dir_ports; i++)
		if (dlb_share_has_port(s, true, i) && !dir_queue_drain(s, i))
			return false;
	dlb_share_disarm(s);
	return true;
}

/* ---- Steps 14 to 16 ---- */

static uint32_t
count_left(struct dlb_share *s)
{
	struct dlb_hub *hub = s->hub;
	uint32_t left = 0;

	for (uint32_t i = 0; i < DLB_LDB_PORTS; i++)
		if (dlb_share_has_port(s, false, i))
			left += dlb_hub_read(hub, DLB_LSP_CQ_LDB_INFL_CNT, i) +
				tokens_of(s, false, i);
	for (uint32_t i = 0; i < hub->dir_ports; i++)
		if (dlb_share_has_port(s, true, i))
			left += dlb_hub_read(hub, DLB_LSP_QID_DIR_ENQUEUE_CNT, i) +
				tokens_of(s, true, i);
	for (uint32_t i = 0; i < DLB_LDB_QUEUES; i++)
		if (dlb_share_has_queue(s, i))
			left += queue_depth(s, i);
	return left;
}

static void
port_close(struct dlb_share *s, bool directed, uint32_t i)
{
	dlb_hub_write(s->hub, dlb_port_rows[directed].valid, i, 0);
}

static bool
has_value(enum dlb_reg row)
{
	switch (dlb_hub_access(row)) {
	case REG_RW:
	case REG_COUNTER:
	case REG_LIVE:
		return true;
	default:
		return false;
	}
}

/* Every register of everything that is the share's. */
static void
registers_restore(struct dlb_share *s)
{
	struct dlb_hub *hub = s->hub;

	for (unsigned int row = 0; row < DLB_REG_COUNT; row++) {
		struct reg_at at = {.row = (uint16_t)row};

		if (!dlb_hub_has(hub, row) || !dlb_share_is_object(row) || !has_value(row))
			continue;
		for (at.i = 0; at.i < dlb_hub_count(hub, row); at.i++)
			for (at.word = 0; at.word < dlb_hub_words(row); at.word++)
				if (dlb_share_owns(s, at))
					dlb_hub_write_at(hub, at, dlb_hub_reset_value(hub, row));
	}
}

static void
port_pin(struct dlb_share *s, bool directed, uint32_t i)
{
	const struct dlb_port_rows *r = &dlb_port_rows[directed];

	dlb_hub_write(s->hub, r->vas, i, s->domain);
	dlb_hub_write(s->hub, r->cq_vas, i, s->domain);
	dlb_hub_write(s->hub, r->pasid, i,
		      (uint32_t)(REG_MASK(DLB_SYS_LDB_CQ_PASID_FMT2) | s->domain));
	dlb_hub_write(s->hub, r->message, i, 0);
	if (directed)
		return;
	dlb_hub_write(s->hub, DLB_CHP_HIST_LIST_LIM, i, s->history[0]);
	dlb_hub_write(s->hub, DLB_CHP_HIST_LIST_BASE, i, s->history[0]);
	dlb_hub_write(s->hub, DLB_CHP_HIST_LIST_PUSH_PTR, i, s->history[0]);
	dlb_hub_write(s->hub, DLB_CHP_HIST_LIST_POP_PTR, i, s->history[0]);
}

void
dlb_share_pin(struct dlb_share *s)
{
	each_port(s, false, port_pin);
	each_port(s, true, port_pin);
}

/* ---- All of it ---- */

static void
registers_empty(struct dlb_share *s, bool power)
{
	regfile_reset(s->regs);
	pci_config_reset(&s->pci, power);
	s->answers = false;
	s->may_master = false;
	s->alarm_due = false;
	s->complained = false;
	s->credits[0] = 0;
	s->credits[1] = 0;
}

static void
fail(struct dlb_share *s)
{
	s->dead = true;
	s->hub->failed = true;
	dlb_hub_say(s->hub,
		    "domain %u: DOMAIN_RESET_FAILED: %u events, tokens and inflights left, expected "
		    "0; no new clients until all of the device are gone, then it is reset",
		    s->domain, count_left(s));
}

static void
draining(struct dlb_share *s, bool begins)
{
	s->draining = begins;
	if (s->hub->drains != NULL)
		s->hub->drains(s->hub->arg, begins);
}

static void
domain_reset(struct dlb_share *s)
{
	struct bus_device *dev = s->hub->dev;

	draining(s, true);
	dlb_share_rings_set(s, true);
	/* Its CQs go nowhere from here on. */
	dev->ops->remap(dev);
	ingress_close(s);
	if (!queues_drain(s) || count_left(s) != 0)
		fail(s);
	/* Of the share; ours are to be told from the next client's. */
	dlb_hub_alarms(s->hub);
	each_port(s, true, port_close);
	each_port(s, false, port_close);
	registers_restore(s);
	dlb_share_pin(s);
	draining(s, false);
}

static bool
anybody(const struct dlb_hub *hub)
{
	for (unsigned int d = 0; d < hub->domains; d++)
		if (dlb_share_in_use(&hub->share[d]))
			return true;
	return false;
}

void
dlb_share_reset(struct dlb_share *s, bool anew)
{
	registers_empty(s, anew);
	if (!s->dead)
		domain_reset(s);
	if (anew && dlb_share_rings_renew(s) < 0)
		dlb_hub_say(s->hub, "domain %u: no memory for new rings: the next client shares "
				    "those of the last one", s->domain);
	dlb_share_rings_set(s, false);
	if (s->hub->failed && !anybody(s->hub))
		dlb_hub_revive(s->hub);
}
