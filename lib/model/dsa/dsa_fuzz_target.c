/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_fuzz_target.h"

#include <stdio.h>

#include "dsa_fuzz_desc.h"

#define STEPS_MAX      64u
#define OPERATIONS_MAX 400u
/* Transfers that end soon, and batches that do. */
#define TRANSFER_SHIFT 16
#define BATCH_SHIFT    4
#define BATCH_MAX      8u
#define WQS            8u
#define CMD_OFFSET     0xa0u

struct fuzz {
	struct fuzz_host host;
	struct fuzz_input in;
	bool giving_up; /* a command under way may give up what was accepted, also meanwhile */
};

static unsigned int
take_size(struct fuzz_input *in)
{
	return 1u << fuzz_take(in, 1) % 4;
}

/* ---- What may be given up ---- */

static void
give_up(struct fuzz *f)
{
	for (unsigned int i = 0; i < f->host.tracks; i++)
		if (f->host.track[i].told == 0)
			f->host.track[i].sure = false;
}

static bool
command_active(struct fuzz *f)
{
	return REG_GET(DSA_CMDSTATUS_ACTIVE, rig_read(&f->host.rig, DSA_CMDSTATUS, 0));
}

/* After each operation. */
static void
give_up_more(struct fuzz *f)
{
	if (!f->giving_up)
		return;
	give_up(f);
	f->giving_up = command_active(f);
}

/* ---- Registers ---- */

static void
do_register(struct fuzz *f, bool write)
{
	struct rig *r = &f->host.rig;
	enum dsa_reg row = (enum dsa_reg)(fuzz_take(&f->in, 1) % DSA_REG_COUNT);
	struct reg_row where = dsa_layout_row(&r->layout, row);
	uint32_t count = where.count[r->layout.version], i = (uint32_t)fuzz_take(&f->in, 1);
	uint64_t off;

	if (count == 0 || where.access == REG_WINDOW)
		return;
	off = dsa_layout_offset(&r->layout, row, i % count, i % where.words);
	if (!write) {
		(void)r->dev->ops->read(r->dev, 0, off, where.bytes);
		return;
	}
	f->giving_up |= row == DSA_CMD;
	r->dev->ops->write(r->dev, 0, off, fuzz_take(&f->in, where.bytes), where.bytes);
}

static void
do_anywhere(struct fuzz *f)
{
	struct rig *r = &f->host.rig;
	uint64_t off = fuzz_take(&f->in, 2), how = fuzz_take(&f->in, 1);
	unsigned int size = take_size(&f->in), bar = how & 1 ? 2 : 0;

	if (how & 4)
		off = -off;
	if (how & 2) {
		f->giving_up |= bar == 0 && off / 8 == CMD_OFFSET / 8;
		r->dev->ops->write(r->dev, bar, off, fuzz_take(&f->in, size), size);
	} else {
		(void)r->dev->ops->read(r->dev, bar, off, size);
	}
}

static void
do_command(struct fuzz *f)
{
	uint64_t raw = fuzz_take(&f->in, 2), code = raw % 16;
	uint64_t operand = raw >> 8;

	if (raw & 0x10)
		operand = DSA_COMMAND_WQ_BIT(operand % WQS);
	else if (raw & 0x20)
		operand |= fuzz_take(&f->in, 2) << 8;
	f->giving_up = true;
	rig_write(&f->host.rig, DSA_CMD, 0,
		  REG_PUT(DSA_CMD_CODE, code) | (operand & 0xfffff) | (raw & 0x40) << 25);
	if (raw & 0x80)
		rig_step(&f->host.rig);
}

/* Where configuration space does something, and anywhere. */
static void
do_config(struct fuzz *f)
{
	static const uint16_t places[] = {0x04, 0x10, 0x18, 0x48, 0x82, 0x94, 0x226, 0x236, 0x244,
					  0x24c};
	uint64_t how = fuzz_take(&f->in, 1), n = how / 16;
	uint16_t off = n < sizeof(places) / sizeof(places[0]) ? places[n]
							    : (uint16_t)fuzz_take(&f->in, 2);
	uint8_t bytes[8];
	unsigned int size = 1 + how % 8;
	struct bus_device *dev = f->host.rig.dev;

	for (unsigned int i = 0; i < size; i++)
		bytes[i] = (uint8_t)fuzz_take(&f->in, 1);
	(void)dev->ops->config(dev, off, bytes, size, how & 8);
	/* A function level reset, or a halt. */
	if (how & 8)
		give_up(f);
}

/* ---- A device that is ready ---- */

/* As drivers do: written, and waited for. The device may be one that does not answer. */
static void
command(struct fuzz *f, enum dsa_command code, uint32_t operand)
{
	rig_write(&f->host.rig, DSA_CMD, 0, REG_PUT(DSA_CMD_CODE, code) | operand);
	for (unsigned int n = 0; n < STEPS_MAX && command_active(f); n++)
		rig_step(&f->host.rig);
}

static void
do_wq(struct fuzz *f)
{
	uint64_t raw = fuzz_take(&f->in, 3);
	const struct rig_wq how = {
		.shared = raw & 8,
		.size = 1 + raw / 16 % 16,
		.threshold = raw / 256 % 16,
		.group = raw / 4096 % 4,
		.pasid_enable = raw & 8 || raw >> 14 & 1,
		.pasid = raw >> 15 & 1 ? DSA_PASID_MASK : 1,
	};
	unsigned int wq = raw % WQS;

	rig_wq(&f->host.rig, wq, &how);
	if (raw >> 16 & 1)
		rig_field(&f->host.rig, DSA_WQCFG_DW2, wq, DSA_WQCFG_DW2_BOF_EN_HI,
			  DSA_WQCFG_DW2_BOF_EN_LO, 1);
	if (raw >> 17 & 1)
		rig_write(&f->host.rig, DSA_WQCFG_DW5, wq,
			  REG_PUT(DSA_WQCFG_DW5_OCC_INT_EN, 1) |
				  REG_PUT(DSA_WQCFG_DW5_OCC_LIMIT, raw / 256 % 16));
	rig_engine(&f->host.rig, (unsigned int)(raw >> 18) % 4, how.group);
}

static void
do_enable(struct fuzz *f)
{
	uint64_t raw = fuzz_take(&f->in, 1);
	bool log = raw & 1 && rig_has(&f->host.rig, DSA_EVLCFG0);

	if (log) {
		rig_write(&f->host.rig, DSA_EVLCFG0, 0,
			  rig_iova((size_t)(raw / 2 % FUZZ_ARENA_PAGES) * 4096));
		rig_write(&f->host.rig, DSA_EVLCFG1, 0, REG_PUT(DSA_EVLCFG1_SIZE, 64));
		rig_field(&f->host.rig, DSA_GENCFG, 0, DSA_GENCFG_EVENT_LOG_EN_HI,
			  DSA_GENCFG_EVENT_LOG_EN_LO, 1);
	}
	command(f, DSA_COMMAND_ENABLE_DEVICE, 0);
	for (unsigned int wq = 0; wq < WQS; wq++)
		command(f, DSA_COMMAND_ENABLE_WQ, wq);
}

/* ---- Descriptors ---- */

static uint64_t
accepted(struct fuzz *f, unsigned int wq)
{
	struct dsa_model_wq_stats stats;

	return dsa_model_wq_stats(f->host.rig.dev, wq, &stats) ? stats.accepted : 0;
}

/* To a portal, by either kind of write: was it taken? */
static bool
send(struct fuzz *f, const struct dsa_desc *desc)
{
	struct bus_device *dev = f->host.rig.dev;
	uint64_t raw = fuzz_take(&f->in, 2), portal, before;
	unsigned int wq = raw % (WQS + 1);

	portal = DSA_PORTAL_OFFSET(wq, raw / 16 % 4) + raw / 64 % 64 * 64 + (raw >> 15);
	before = accepted(f, wq);
	if (raw >> 12 & 1)
		dev->ops->post(dev, 2, portal, desc, sizeof(*desc));
	else
		(void)dev->ops->submit(dev, 2, portal, desc,
				       raw >> 13 & 1 ? BUS_NO_PASID : raw >> 14 & 1);
	return accepted(f, wq) != before;
}

/* It will say by its record how it ended, and is not privileged where that is refused. */
static unsigned int
track(struct fuzz *f, struct dsa_desc *desc)
{
	unsigned int n = fuzz_host_track(&f->host);

	if (n == FUZZ_TRACKS)
		return n;
	desc->pasid &= DSA_PASID_MASK;
	desc->op_flags |= DSA_FLAG_CRAV | DSA_FLAG_RCR;
	desc->cr = fuzz_host_record(n);
	return n;
}

static void
is_accepted(struct fuzz *f, unsigned int n, bool taken)
{
	if (n == FUZZ_TRACKS)
		return;
	f->host.track[n].accepted = taken;
	f->host.track[n].sure = taken;
}

static void
do_descriptor(struct fuzz *f)
{
	struct dsa_desc desc = fuzz_take_desc(&f->in);
	unsigned int n = FUZZ_TRACKS;

	if (fuzz_take(&f->in, 1) % 4 != 0)
		n = track(f, &desc);
	is_accepted(f, n, send(f, &desc));
}

/* Its members' records tell, too. */
static void
do_tracked_batch(struct fuzz *f)
{
	struct fuzz_host *h = &f->host;
	unsigned int count = 1 + fuzz_take(&f->in, 1) % BATCH_MAX, first = h->members;
	struct dsa_desc batch = {.op_flags = DSA_OP_FLAGS(DSA_OP_BATCH, 0), .count = count};
	unsigned int n;

	if (first + count > FUZZ_MEMBERS || h->tracks + count + 1 > FUZZ_TRACKS)
		return;
	batch.list = FUZZ_LISTS + (uint64_t)first * DSA_DESC_BYTES;
	n = track(f, &batch);
	for (unsigned int i = 0; i < count; i++) {
		struct dsa_desc desc = fuzz_take_desc(&f->in);
		unsigned int m = track(f, &desc);

		h->track[m] = (struct fuzz_track){.member = true, .batch = (uint16_t)n};
		h->lists[first + i] = desc;
	}
	h->members += count;
	is_accepted(f, n, send(f, &batch));
}

/* Anything in memory, mostly descriptors: lists, also such as lie under records and data. */
static void
do_poke(struct fuzz *f)
{
	uint64_t raw = fuzz_take(&f->in, 2);
	size_t at = raw % (FUZZ_ARENA_BYTES / DSA_DESC_BYTES) * DSA_DESC_BYTES;

	for (uint64_t n = 1 + raw % 4; n > 0 && at < FUZZ_ARENA_BYTES; n--, at += DSA_DESC_BYTES) {
		struct dsa_desc desc = fuzz_take_desc(&f->in);

		if (!(f->host.absent >> at / 4096 & 1))
			memcpy(rig_memory(&f->host.rig, at), &desc, sizeof(desc));
	}
}

/* ---- Time and trouble ---- */

static void
do_steps(struct fuzz *f)
{
	for (uint64_t n = fuzz_take(&f->in, 1) % STEPS_MAX; n > 0; n--)
		rig_step(&f->host.rig);
}

static void
do_trouble(struct fuzz *f)
{
	struct rig *r = &f->host.rig;
	uint64_t kind = fuzz_take(&f->in, 1);

	switch (kind % 5) {
	case 0:
		dsa_model_halt(r->dev, (unsigned int)kind / 5);
		break;
	case 1:
		dsa_model_fail_command(r->dev, (uint8_t)(kind / 5));
		break;
	case 2:
		dsa_model_revoke_handles(r->dev);
		break;
	case 3:
		fuzz_host_pages(&f->host, fuzz_take(&f->in, 3));
		return;
	default:
		r->dev->ops->reset(r->dev, BUS_RESET_FUNCTION);
		rig_start(r);
		break;
	}
	give_up(f);
}

static void
do_one(struct fuzz *f)
{
	switch (fuzz_take(&f->in, 1) % 16) {
	case 0: do_register(f, false); break;
	case 1: do_register(f, true); break;
	case 2: do_anywhere(f); break;
	case 3: do_command(f); break;
	case 4: do_config(f); break;
	case 5: do_wq(f); break;
	case 6: do_enable(f); break;
	case 7: do_poke(f); break;
	case 8: do_tracked_batch(f); break;
	case 9: do_steps(f); break;
	case 10: do_trouble(f); break;
	default: do_descriptor(f); break;
	}
	give_up_more(f);
}

/* ---- What has to be so ---- */

static bool
told_right(const struct fuzz_host *h, const struct fuzz_track *t)
{
	const struct fuzz_track *batch = &h->track[t->batch];

	if (t->told > 1)
		return false;
	if (t->member)
		return t->told == 0 ? batch->told == 0 || batch->status != DSA_STATUS_SUCCESS
				    : batch->accepted;
	return t->told == 0 ? !t->sure : t->accepted;
}

static const char *
comes_to_rest(struct fuzz *f)
{
	struct bus_device *dev = f->host.rig.dev;

	for (unsigned int n = 0; n < RIG_STEPS; n++)
		if (dev->ops->step(dev, 0) == BUS_NO_DEADLINE)
			return NULL;
	return "does not come to rest";
}

static const char *
ended_once(const struct fuzz *f)
{
	const struct fuzz_host *h = &f->host;

	for (unsigned int i = 0; i < h->tracks; i++) {
		if (told_right(h, &h->track[i]))
			continue;
		fprintf(stderr, "track %u: told %u, status %u, %s, %s\n", i, h->track[i].told,
			h->track[i].status, h->track[i].accepted ? "accepted" : "not accepted",
			h->track[i].member ? "a member" : "direct");
		return "a descriptor did not end once";
	}
	return NULL;
}

static const char *
works(struct fuzz *f)
{
	struct rig *r = &f->host.rig;
	struct dsa_desc desc = rig_move(0x1000, 0, 64, 0x2000);
	struct dsa_cr *cr;

	fuzz_host_pages(&f->host, 0);
	r->dev->ops->reset(r->dev, BUS_RESET_POWER);
	rig_start(r);
	if (rig_ready(r, 16) != 0)
		return "is not ready after a reset";
	cr = rig_memory(r, 0x2000);
	cr->status = 0;
	*(uint8_t *)rig_memory(r, 63) = 0xa5;
	rig_post(r, 0, &desc);
	rig_settle(r);
	return cr->status == DSA_STATUS_SUCCESS && *(uint8_t *)rig_memory(r, 0x103f) == 0xa5
		       ? NULL
		       : "does not copy after a reset";
}

static const char *
check(struct fuzz *f)
{
	const char *wrong = comes_to_rest(f);

	if (wrong == NULL)
		wrong = ended_once(f);
	if (wrong == NULL && f->host.odd_record)
		wrong = "a record was written in odd pieces";
	if (wrong == NULL)
		wrong = works(f);
	if (wrong == NULL && !fuzz_host_fixed_ok(&f->host))
		wrong = "memory to be read only was written";
	/* What ended, or was given up, is not told later. */
	return wrong == NULL ? ended_once(f) : wrong;
}

/* ---- Runs ---- */

/* A dedicated and a shared queue that work, or nothing yet. */
static void
prepare(struct rig *r, bool ready)
{
	const struct rig_wq shared = {.shared = true, .size = 8, .threshold = 4, .pasid_enable = true};

	if (!ready)
		return;
	rig_sva(r, true, true, true);
	rig_wq(r, 1, &shared);
	(void)rig_ready(r, 16);
	(void)rig_command(r, DSA_COMMAND_ENABLE_WQ, 1);
}

const char *
dsa_fuzz_run(const uint8_t *bytes, size_t len)
{
	static const enum test_host_map policies[] = {TEST_HOST_WHOLE, TEST_HOST_WHOLE,
						      TEST_HOST_PIECES, TEST_HOST_REFUSE};
	static struct fuzz f;
	uint64_t how;
	const char *wrong;

	f.in = (struct fuzz_input){bytes, len};
	f.giving_up = false;
	how = fuzz_take(&f.in, 2);
	const struct dsa_model_config config = {
		.version = how & 1 ? DSA_VERSION_2 : DSA_VERSION_1,
		.max_transfer_shift = TRANSFER_SHIFT,
		.max_batch_shift = BATCH_SHIFT,
		.order = how & 2 ? DSA_ORDER_SHUFFLED : DSA_ORDER_WEIGHTED,
		.scatter_tables = how & 4,
		.seed = how >> 12,
	};

	if (fuzz_host_open(&f.host, &config, policies[how >> 8 & 3]) < 0)
		return NULL;
	f.host.gives_pages = how >> 10 & 1;
	prepare(&f.host.rig, how & 8);
	for (unsigned int n = 0; f.in.left > 0 && n < OPERATIONS_MAX; n++)
		do_one(&f);
	wrong = check(&f);
	fuzz_host_close(&f.host);
	return wrong;
}
