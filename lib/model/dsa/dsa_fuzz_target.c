/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_fuzz_target.h"

#include "dsa_test_rig.h"

/* Steps of one operation: enough for all work there can be in a short input. */
#define STEPS_MAX 64u
/* Transfers that end soon, and batches that do. */
#define TRANSFER_SHIFT 16
#define BATCH_SHIFT    4
/* Where descriptors of batches, records and data lie; all of it is written by fuzzed operations. */
#define ADDRESS_STEP   32u
#define ADDRESSES      4096u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct input {
	const uint8_t *bytes;
	size_t len;
};

static uint64_t
take(struct input *in, unsigned int n)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < n && in->len > 0; i++) {
		value |= (uint64_t)*in->bytes++ << 8 * i;
		in->len--;
	}
	return value;
}

static unsigned int
take_size(struct input *in)
{
	return 1u << take(in, 1) % 4;
}

/* ---- Descriptors ---- */

/* Mostly memory there is, at places that meet; now and then anything. */
static uint64_t
take_address(struct input *in)
{
	uint64_t raw = take(in, 2);

	if (raw % 16 == 15)
		return take(in, 8);
	/* Now and then it is not aligned. */
	return rig_iova(raw / 16 % ADDRESSES * ADDRESS_STEP + raw % 16 / 14);
}

static struct dsa_desc
take_desc(struct input *in)
{
	struct dsa_desc desc = {
		.pasid = (uint32_t)take(in, 1),
		.op_flags = (uint32_t)take(in, 4),
		.cr = take_address(in),
		.src = take_address(in),
		.dst = take_address(in),
		.size = (uint32_t)take(in, 2),
		.interrupt_handle = (uint16_t)take(in, 1),
	};

	for (unsigned int i = 0; i < sizeof(desc.op) && take(in, 1) % 4 == 0; i++)
		desc.op[i] = (uint8_t)take(in, 1);
	return desc;
}

static uint64_t
take_portal(struct input *in)
{
	uint64_t raw = take(in, 2);

	return DSA_PORTAL_OFFSET(raw % 9, raw / 16 % 4) + raw / 64 % 64 * 64 + (raw >> 15);
}

/* ---- Operations ---- */

static void
do_register(struct rig *r, struct input *in, bool write)
{
	enum dsa_reg row = (enum dsa_reg)(take(in, 1) % DSA_REG_COUNT);
	struct reg_row where = dsa_layout_row(&r->layout, row);
	uint32_t count = where.count[r->layout.version], i = (uint32_t)take(in, 1);
	uint64_t off;

	if (count == 0 || where.access == REG_WINDOW)
		return;
	off = dsa_layout_offset(&r->layout, row, i % count, i % where.words);
	if (write)
		r->dev->ops->write(r->dev, 0, off, take(in, where.bytes), where.bytes);
	else
		(void)r->dev->ops->read(r->dev, 0, off, where.bytes);
}

static void
do_anywhere(struct rig *r, struct input *in)
{
	uint64_t off = take(in, 2), bar = take(in, 1);
	unsigned int size = take_size(in);

	if (bar & 2)
		r->dev->ops->write(r->dev, bar & 1 ? 2 : 0, off, take(in, size), size);
	else
		(void)r->dev->ops->read(r->dev, bar & 1 ? 2 : 0, off, size);
}

static void
do_config(struct rig *r, struct input *in)
{
	uint16_t off = (uint16_t)(take(in, 2) % 0x260);

	rig_config_write(r, off, 1 + (unsigned int)take(in, 1) % 4, (uint32_t)take(in, 4));
}

static void
do_steps(struct rig *r, struct input *in)
{
	for (uint64_t n = take(in, 1) % STEPS_MAX; n > 0; n--)
		rig_step(r);
}

static void
do_trouble(struct rig *r, struct input *in)
{
	uint64_t kind = take(in, 1);

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
		r->dev->ops->remap(r->dev);
		break;
	default:
		r->dev->ops->reset(r->dev, BUS_RESET_FUNCTION);
		rig_start(r);
		break;
	}
}

static void
do_one(struct rig *r, struct input *in)
{
	struct dsa_desc desc;
	uint64_t portal;

	switch (take(in, 1) % 10) {
	case 0:
		do_register(r, in, false);
		break;
	case 1:
		do_anywhere(r, in);
		break;
	case 2:
		rig_write(r, DSA_CMD, 0, take(in, 1) << 20 | take(in, 3) % 0x100000);
		break;
	case 3:
		do_config(r, in);
		break;
	case 4:
	case 5:
		portal = take_portal(in);
		desc = take_desc(in);
		r->dev->ops->post(r->dev, 2, portal, &desc, sizeof(desc));
		break;
	case 6:
		portal = take_portal(in);
		desc = take_desc(in);
		(void)r->dev->ops->submit(r->dev, 2, portal, &desc, (uint32_t)take(in, 1));
		break;
	case 7:
		do_steps(r, in);
		break;
	case 8:
		do_trouble(r, in);
		break;
	default:
		do_register(r, in, true);
		break;
	}
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

static bool
works(struct rig *r)
{
	struct dsa_desc desc = rig_move(0x1000, 0, 64, 0x2000);
	struct dsa_cr *cr = rig_memory(r, 0x2000);

	r->dev->ops->reset(r->dev, BUS_RESET_POWER);
	rig_start(r);
	if (rig_ready(r, 16) != 0)
		return false;
	cr->status = 0;
	*(uint8_t *)rig_memory(r, 63) = 0xa5;
	rig_post(r, 0, &desc);
	rig_settle(r);
	return cr->status == DSA_STATUS_SUCCESS && *(uint8_t *)rig_memory(r, 0x103f) == 0xa5;
}

bool
dsa_fuzz_run(const uint8_t *bytes, size_t len)
{
	struct input in = {bytes, len};
	uint64_t how = take(&in, 1);
	const struct dsa_model_config config = {
		.version = how & 1 ? DSA_VERSION_2 : DSA_VERSION_1,
		.max_transfer_shift = TRANSFER_SHIFT,
		.max_batch_shift = BATCH_SHIFT,
		.order = how & 2 ? DSA_ORDER_SHUFFLED : DSA_ORDER_WEIGHTED,
		.scatter_tables = how & 4,
		.seed = how >> 4,
	};
	struct rig r;
	bool ok;

	if (rig_open(&r, &config) < 0)
		return true;
	prepare(&r, how & 8);
	while (in.len > 0)
		do_one(&r, &in);
	ok = works(&r);
	(void)rig_close(&r);
	return ok;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (!dsa_fuzz_run(bytes, len))
		__builtin_trap();
	return 0;
}
