/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_bent_device.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bus_relax.h"
#include "dlb_reg_table.h"
#include "dlb_run.h"

/* Every so many entries or commands one is bent. */
#define EVERY 37
#define IDS   65536u

struct bent {
	struct bus_device device; /**< what the driver sees */
	struct bus_host host;     /**< what the model sees */
	struct bus_device *model;
	struct bus_host *real;
	void *model_kept;
	enum dlb_version version;
	unsigned int entries, posts, steps;
	atomic_bool stepping;
	struct dlb_qe held, last;
	uint64_t held_at, last_at;
	uint64_t meta[IDS]; /**< commands as they were before they were bent */
};

static enum dlb_bend bend;

void
dlb_bend_set(enum dlb_bend wanted)
{
	bend = wanted;
}

const char *
dlb_bend_name(enum dlb_bend which)
{
	static const char *const names[DLB_BENDS] = {
		"none",
		"an entry lost",
		"an entry doubled",
		"entries swapped",
		"a byte changed",
		"a generation bit wrong",
		"a depth code wrong",
		"an entry written again",
		"ordered as unordered",
		"atomic as unordered",
		"all flows as one",
		"priorities upside down",
		"levels changed at random",
		"a completion lost",
		"a token return lost",
		"fragments as new entries",
		"a NOOP that acts",
		"preset ignored",
		"history too long",
		"CQ limit ignored",
		"queue limit ignored",
		"window too long",
		"stage too large",
		"too many flows",
		"too many credits",
		"too few credits",
		"disable ignored",
		"pause ignored",
		"unmap ignored",
		"queues open to all domains",
		"slots upside down",
		"threshold wrong",
		"alarms off",
		"in-flight count wrong",
		"depth count wrong",
		"steps skipped",
		"a refused step forgotten",
		"a step that waits",
		"reset ignored",
	};

	return names[which];
}

/* ---- Entries ---- */

static int
write_qe(struct bent *b, uint64_t iova, const struct dlb_qe *qe)
{
	struct dlb_qe copy = *qe;

	return b->real->ops->dma(b->real, BUS_NO_PASID, iova, &copy, sizeof(copy), true);
}

/* Give the fields back that were bent on the way in; the generation bit and what follows stay. */
static void
put_right(const struct bent *b, struct dlb_qe *qe)
{
	const uint64_t fields = REG_MASK(DLB_QE_SCHED) | REG_MASK(DLB_QE_PRIO) |
				REG_MASK(DLB_QE_LOCK);

	if (bend >= DLB_BEND_ORDERED_AS_UNORDERED && bend <= DLB_BEND_LEVEL)
		qe->meta = (qe->meta & ~fields) | (b->meta[(uint32_t)qe->data % IDS] & fields);
}

static bool
bend_entry(struct bent *b, struct dlb_qe *qe, uint64_t iova)
{
	bool now = ++b->entries % EVERY == 0;

	switch (bend) {
	case DLB_BEND_LOSE:
		return !now;
	case DLB_BEND_DOUBLE:
		if (now)
			qe->data = b->last.data;
		break;
	case DLB_BEND_CONTENT:
		qe->meta ^= now ? REG_PUT(DLB_QE_OPAQUE, 0x100) : 0;
		break;
	case DLB_BEND_GENERATION:
		qe->meta ^= now ? REG_MASK(DLB_QE_GEN) : 0;
		break;
	case DLB_BEND_DEPTH_CODE:
		qe->meta ^= now ? REG_PUT(DLB_QE_DEPTH, 2) : 0;
		break;
	case DLB_BEND_REWRITE:
		if (now)
			write_qe(b, b->last_at, &(struct dlb_qe){.meta = b->last.meta});
		break;
	default:
		break;
	}
	b->last = *qe;
	b->last_at = iova;
	return true;
}

/* Hold an entry until the next one of the same ring, and exchange their payloads. */
static bool
swap_entries(struct bent *b, struct dlb_qe *qe, uint64_t iova)
{
	uint64_t data = qe->data, carried = ~(UINT64_C(0xff) << 56), meta = qe->meta;
	bool neighbours = iova == b->held_at + DLB_CQ_STEP_SPARSE ||
			  iova == b->held_at + DLB_CQ_STEP_DENSE;

	if (b->held_at != 0 && neighbours && b->entries % EVERY < 4) {
		qe->data = b->held.data;
		qe->meta = (qe->meta & ~carried) | (b->held.meta & carried);
		b->held.data = data;
		b->held.meta = (b->held.meta & ~carried) | (meta & carried);
	}
	if (b->held_at != 0)
		write_qe(b, b->held_at, &b->held);
	b->held_at = 0;
	if (++b->entries % EVERY < 3) {
		b->held = *qe;
		b->held_at = iova;
		return false;
	}
	return true;
}

static int
host_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct bent *b = (struct bent *)((uint8_t *)host - offsetof(struct bent, host));
	struct dlb_qe qe;

	if (!write || len != sizeof(qe))
		return b->real->ops->dma(b->real, pasid, iova, bytes, len, write);
	memcpy(&qe, bytes, sizeof(qe));
	put_right(b, &qe);
	if (!(bend == DLB_BEND_SWAP ? swap_entries(b, &qe, iova) : bend_entry(b, &qe, iova)))
		return 0;
	return b->real->ops->dma(b->real, pasid, iova, &qe, sizeof(qe), true);
}

static void *
host_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	(void)host;
	(void)len;
	*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
	return NULL;
}

static int
host_page_request(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	(void)host;
	(void)pasid;
	(void)iova;
	(void)prot;
	return -EFAULT;
}

static void
host_irq(struct bus_host *host, unsigned int vector)
{
	struct bent *b = (struct bent *)((uint8_t *)host - offsetof(struct bent, host));

	b->real->ops->irq(b->real, vector);
}

/* ---- Commands ---- */

static void
bend_command(struct bent *b, struct dlb_qe *h)
{
	unsigned int cmd = (unsigned int)REG_GET(DLB_HCW_CMD, h->meta);
	unsigned int sched = (unsigned int)REG_GET(DLB_QE_SCHED, h->meta);
	unsigned int prio = (unsigned int)REG_GET(DLB_QE_PRIO, h->meta);
	bool now = ++b->posts % EVERY == 0;

	if (cmd & DLB_CMD_BIT_VALID)
		b->meta[(uint32_t)h->data % IDS] = h->meta;
	if (bend == DLB_BEND_ORDERED_AS_UNORDERED && sched == DLB_ORDERED)
		h->meta = REG_SET(DLB_QE_SCHED, h->meta, DLB_UNORDERED);
	else if (bend == DLB_BEND_ATOMIC_AS_UNORDERED && sched == DLB_ATOMIC)
		h->meta = REG_SET(DLB_QE_SCHED, h->meta, DLB_UNORDERED);
	else if (bend == DLB_BEND_ONE_FLOW && (cmd & DLB_CMD_BIT_VALID) && sched == DLB_ATOMIC)
		h->meta = REG_SET(DLB_QE_LOCK, h->meta, 1);
	else if (bend == DLB_BEND_PRIORITY)
		h->meta = REG_SET(DLB_QE_PRIO, h->meta, 7 - prio);
	else if (bend == DLB_BEND_LEVEL && now)
		h->meta = REG_SET(DLB_QE_PRIO, h->meta, prio ^ 4);
	else if (bend == DLB_BEND_NO_COMPLETION && now && cmd == DLB_CMD_COMP)
		h->meta = 0;
	else if (bend == DLB_BEND_NO_TOKEN && now && cmd == DLB_CMD_BAT_T)
		h->meta = 0;
	else if (bend == DLB_BEND_FRAGMENT_AS_NEW && (cmd & 0xe) == DLB_CMD_FRAG)
		h->meta = REG_SET(DLB_HCW_CMD, h->meta, DLB_CMD_NEW | (cmd & 1));
	else if (bend == DLB_BEND_NOOP && cmd == DLB_CMD_NOOP && h->meta != 0)
		h->meta = REG_SET(DLB_HCW_CMD, h->meta, DLB_CMD_NEW);
}

static void
post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line, unsigned int len)
{
	struct bent *b = (struct bent *)dev;
	struct dlb_qe hcw[DLB_LINE_HCWS];

	memcpy(hcw, line, len);
	for (unsigned int n = 0; n < len / sizeof(hcw[0]); n++)
		bend_command(b, &hcw[n]);
	b->model->ops->post(b->model, bar, off, hcw, len);
}

/* ---- Registers ---- */

static bool
is(const struct bent *b, uint64_t off, enum dlb_reg reg)
{
	const struct reg_row *row = &dlb_reg_rows[reg];
	uint64_t at = row->offset[b->version];
	uint32_t stride = row->stride == 0 ? 4 : row->stride;

	return at != REG_NONE && off >= at && (off - at) % stride == 0 &&
	       (off - at) / stride < row->count[b->version];
}

static uint64_t
more_credits(const struct bent *b, uint64_t off, uint64_t value, int more)
{
	if (value != 0 && (is(b, off, DLB_CHP_CFG_VAS_CRD) || is(b, off, DLB_CHP_CFG_LDB_VAS_CRD)))
		return value + (uint64_t)more;
	return value;
}

struct raised {
	enum dlb_bend bend;
	enum dlb_reg reg;
	uint32_t value;
};

/* Limits that are written as something else; 0 stays, since it closes. */
static const struct raised raised[] = {
	{DLB_BEND_PRESET, DLB_LSP_CQ_LDB_TKN_CNT, 0},
	{DLB_BEND_CQ_LIMIT, DLB_LSP_CQ_LDB_INFL_LIM, 2048},
	{DLB_BEND_QUEUE_LIMIT, DLB_LSP_QID_LDB_INFL_LIM, 2048},
	{DLB_BEND_STAGE, DLB_LSP_QID_AQED_ACTIVE_LIM, 2047},
	{DLB_BEND_FLOWS, DLB_AQED_QID_FID_LIM, 2047},
	{DLB_BEND_THRESHOLD, DLB_LSP_QID_NALDB_DEPTH_THRSH, 2},
	{DLB_BEND_ALARMS_OFF, DLB_SYS_INGRESS_ALARM_ENBL, 2},
};

/* What is written, or that nothing is. */
static bool
bend_write(struct bent *b, uint64_t off, uint64_t *value)
{
	for (unsigned int n = 0; n < sizeof(raised) / sizeof(raised[0]); n++)
		if (bend == raised[n].bend && *value != 0 && is(b, off, raised[n].reg))
			*value = raised[n].value;
	if (bend == DLB_BEND_HISTORY && *value != 0 &&
	    (is(b, off, DLB_CHP_HIST_LIST_LIM) || is(b, off, DLB_LSP_CQ_LDB_INFL_LIM)))
		*value += 3;
	if (bend == DLB_BEND_CREDITS)
		*value = more_credits(b, off, *value, 1);
	if (bend == DLB_BEND_CREDITS_LESS)
		*value = more_credits(b, off, *value, -1);
	if (bend == DLB_BEND_OPEN_TO_ALL && is(b, off, DLB_SYS_LDB_PP2VAS))
		*value = 0;
	if (bend == DLB_BEND_SLOT_PRIORITY && *value >> 24 != 0 && is(b, off, DLB_LSP_CQ2PRIOV))
		*value ^= REG_MASK(DLB_LSP_CQ2PRIOV_PRIO);
	if (bend == DLB_BEND_WINDOW && is(b, off, DLB_CHP_ORD_QID_SN_MAP))
		*value = REG_SET(DLB_CHP_ORD_QID_SN_MAP_MODE, *value, 4);
	if (bend == DLB_BEND_WINDOW && is(b, off, DLB_RO_GRP_SN_MODE))
		*value = 0x404;
	if (bend == DLB_BEND_NO_DISABLE && *value == 1 && is(b, off, DLB_LSP_CQ_LDB_DSBL))
		return false;
	if (bend == DLB_BEND_NO_PAUSE && *value == 0 && is(b, off, DLB_LSP_QID_LDB_INFL_LIM))
		return false;
	return !(bend == DLB_BEND_NO_UNMAP && is(b, off, DLB_LSP_CQ2PRIOV) && *value != 0 &&
		 *value >> 24 < (b->model->ops->read(b->model, 2, off, 4) >> 24));
}

static void
write_reg(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value, unsigned int size)
{
	struct bent *b = (struct bent *)dev;

	if (bar != 2 || bend_write(b, off, &value))
		b->model->ops->write(b->model, bar, off, value, size);
}

static uint64_t
read_reg(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct bent *b = (struct bent *)dev;
	uint64_t value = b->model->ops->read(b->model, bar, off, size);

	if (bend == DLB_BEND_SLOT_PRIORITY && value >> 24 != 0 && is(b, off, DLB_LSP_CQ2PRIOV))
		return value ^ REG_MASK(DLB_LSP_CQ2PRIOV_PRIO);
	if (bend == DLB_BEND_INFLIGHT_COUNT && is(b, off, DLB_LSP_QID_LDB_INFL_CNT) && value > 2)
		return value - 1;
	if (bend == DLB_BEND_DEPTH_COUNT && is(b, off, DLB_LSP_QID_ATM_ACTIVE) && value > 2)
		return value - 1;
	return value;
}

/* ---- The rest ---- */

static int
config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct bus_device *model = ((struct bent *)dev)->model;

	return model->ops->config(model, off, bytes, len, write);
}

static uint64_t
step(struct bus_device *dev, uint64_t now_ns)
{
	struct bent *b = (struct bent *)dev;
	uint64_t deadline;

	if (bend == DLB_BEND_NOTE && atomic_load(&b->stepping))
		return BUS_NO_DEADLINE;
	while (bend == DLB_BEND_WAITS && atomic_load(&b->stepping))
		bus_relax(BUS_RELAX_SPINS);
	/* Asleep for longer than any driver waits. */
	if (bend == DLB_BEND_SELDOM && ++b->steps % 64 > 32)
		return BUS_NO_DEADLINE;
	atomic_store(&b->stepping, true);
	deadline = b->model->ops->step(b->model, now_ns);
	atomic_store(&b->stepping, false);
	return deadline;
}

static void
reset(struct bus_device *dev, enum bus_reset kind)
{
	struct bent *b = (struct bent *)dev;

	if (bend != DLB_BEND_NO_RESET)
		b->model->ops->reset(b->model, kind);
}

static int
create(const struct dlb_script_line *line, struct bus_host *real, struct bus_device **dev,
       void **kept)
{
	static const struct bus_device_ops device_ops = {.config = config,
							 .read = read_reg,
							 .write = write_reg,
							 .post = post,
							 .step = step,
							 .reset = reset};
	static const struct bus_host_ops host_ops = {.map = host_map,
						     .dma = host_dma,
						     .page_request = host_page_request,
						     .irq = host_irq};
	struct bent *b = calloc(1, sizeof(*b));
	int ret;

	if (b == NULL)
		return -ENOMEM;
	b->device.ops = &device_ops;
	b->host.ops = &host_ops;
	b->real = real;
	b->version = (enum dlb_version)line->arg[DEVICE_VERSION];
	ret = dlb_run_model.create(line, &b->host, &b->model, &b->model_kept);
	if (ret != 0) {
		free(b);
		return ret;
	}
	*dev = &b->device;
	*kept = b;
	return 0;
}

static void
destroy(struct bus_device *dev, void *kept)
{
	struct bent *b = kept;

	(void)dev;
	dlb_run_model.destroy(b->model, b->model_kept);
	free(b);
}

const struct dlb_drive_maker dlb_bent_maker = {.create = create, .destroy = destroy};
