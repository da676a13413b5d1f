/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What a hostile guest would try: addresses and sizes at the ends of their ranges, lists in their
 * own records, an address space with the number that stands for none, memory known by two names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dsa_test_rig.h"

#define MEMORY  (4u << 20)
#define CR      0x8000u
#define LIST    0x10000u
#define MEMBERS 16u
#define ALIAS   (UINT64_C(1) << 40)

static int
setup(void **state)
{
	static struct rig r;
	const struct dsa_model_config config = {.version = DSA_VERSION_2};

	*state = &r;
	if (rig_open(&r, &config) < 0)
		return -1;
	return (int)rig_ready(&r, 64);
}

static int
teardown(void **state)
{
	(void)rig_close(*state);
	return 0;
}

static const struct dsa_cr *
done(struct rig *r, const struct dsa_desc *desc)
{
	struct dsa_cr *cr = rig_memory(r, CR);

	memset(cr, 0, sizeof(*cr));
	rig_post(r, 0, desc);
	rig_settle(r);
	return cr;
}

static void
addresses_round_the_end_fault(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(0x1000, 0, 64, CR);

	desc.src = -UINT64_C(32);
	assert_int_equal(done(r, &desc)->status, DSA_STATUS_PAGE_FAULT);
	desc = rig_move(0x1000, 0, 64, CR);
	desc.dst = -UINT64_C(32);
	assert_int_equal(done(r, &desc)->status, DSA_STATUS_PAGE_FAULT | DSA_STATUS_WRITE);
	assert_int_equal(done(r, &desc)->bytes_completed, 0);
	assert_int_equal(done(r, &desc)->fault_addr, -UINT64_C(4096));
}

static void
the_largest_transfer_ends_where_memory_does(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(MEMORY - 8192, 0, 0x80000000, CR);

	desc.op_flags = DSA_OP_FLAGS(DSA_OP_FILL, DSA_FLAG_CRAV | DSA_FLAG_RCR);
	desc.pattern = UINT64_C(0x1122334455667788);
	assert_int_equal(done(r, &desc)->status, DSA_STATUS_PAGE_FAULT | DSA_STATUS_WRITE);
	assert_int_equal(done(r, &desc)->bytes_completed, 8192);
	desc.size++;
	assert_int_equal(done(r, &desc)->status, DSA_STATUS_SIZE);
	desc.size = 0;
	assert_int_equal(done(r, &desc)->status, DSA_STATUS_SIZE);
}

/* Each member's record lies on the member that is read eight after it. */
static void
a_batch_whose_list_lies_in_its_records_ends(void **state)
{
	struct rig *r = *state;
	struct dsa_desc *list = rig_memory(r, LIST);
	struct dsa_desc batch = {
		.op_flags = DSA_OP_FLAGS(DSA_OP_BATCH, DSA_FLAG_CRAV | DSA_FLAG_RCR),
		.cr = rig_iova(CR),
		.list = rig_iova(LIST),
		.count = MEMBERS,
	};
	const struct dsa_cr *cr;

	for (unsigned int i = 0; i < MEMBERS; i++)
		list[i] = rig_move(0x1000, 0, 64, LIST + (i + MEMBERS / 2) % MEMBERS * 64);
	cr = done(r, &batch);
	assert_int_equal(cr->bytes_completed, MEMBERS);
	assert_in_range(cr->status, DSA_STATUS_SUCCESS, DSA_STATUS_BATCH_FAILED);
	batch.count = 0;
	assert_int_equal(done(r, &batch)->status, DSA_STATUS_COUNT);
}

/* 0xfffff is a PASID as any other, and not that of a queue without. */
static void
the_last_pasid_is_not_none(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(0x1000, 0, 64, CR);
	struct dsa_cr *cr = rig_memory(r, CR);

	memset(cr, 0, sizeof(*cr));
	rig_post(r, 0, &desc);
	assert_int_equal(rig_command(r, DSA_COMMAND_ABORT_PASID, DSA_PASID_MASK), 0);
	rig_settle(r);
	assert_int_equal(cr->status, DSA_STATUS_SUCCESS);
}

static void *
map_alias(struct bus_host *bus, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	  struct bus_fault *fault)
{
	return test_host_map(bus, pasid, iova & ~ALIAS, len, prot, fault);
}

/* No check of addresses sees that they overlap. */
static void
a_block_may_lie_where_it_goes(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(0x1000 + 64, 0, 4096, CR);
	unsigned char *p = rig_memory(r, 0x1000);

	r->ops.map = map_alias;
	r->dev->ops->remap(r->dev);
	desc.op_flags = DSA_OP_FLAGS(DSA_OP_DIF_INSERT, DSA_FLAG_CRAV | DSA_FLAG_RCR);
	desc.src = rig_iova(0x1000) | ALIAS;
	for (unsigned int i = 0; i < 512; i++)
		p[i] = (unsigned char)(i * 7);
	desc.size = 512;
	assert_int_equal(done(r, &desc)->status, DSA_STATUS_SUCCESS);
	for (unsigned int i = 0; i < 512; i++)
		assert_int_equal(p[64 + i], (unsigned char)(i * 7));
}

static void
raise_masked(struct rig *r, unsigned int vector)
{
	struct dsa_desc desc = rig_move(0x1000, 0, 64, CR);

	desc.op_flags |= DSA_FLAG_RCI;
	desc.interrupt_handle = (uint16_t)vector;
	rig_write(r, DSA_MSIX_CTRL, vector, 1);
	assert_int_equal(rig_command(r, DSA_COMMAND_REQUEST_INT_HANDLE, vector), 0);
	assert_int_equal(done(r, &desc)->status, DSA_STATUS_SUCCESS);
}

static void
a_mask_lets_go_its_own_interrupt(void **state)
{
	struct rig *r = *state;

	raise_masked(r, 1);
	raise_masked(r, 2);
	assert_int_equal(r->irqs[1] + r->irqs[2], 0);
	rig_write(r, DSA_MSIX_CTRL, 1, 0);
	assert_int_equal(r->irqs[1], 1);
	assert_int_equal(r->irqs[2], 0);
	/* Once: what was sent is not pending any more. */
	rig_write(r, DSA_MSIX_CTRL, 1, 1);
	rig_write(r, DSA_MSIX_CTRL, 1, 0);
	rig_write(r, DSA_MSIX_CTRL, 2, 0);
	assert_int_equal(r->irqs[1], 1);
	assert_int_equal(r->irqs[2], 1);
}

static void
a_host_without_pointers_gets_its_event_log(void **state)
{
	struct rig *r = *state;
	struct dsa_desc desc = rig_move(0x1000, 0, 64, CR);
	const uint64_t *entry = rig_memory(r, LIST & ~4095u);

	assert_int_equal(rig_command(r, DSA_COMMAND_DISABLE_DEVICE, 0), 0);
	rig_write(r, DSA_EVLCFG0, 0, rig_iova(LIST));
	rig_write(r, DSA_EVLCFG1, 0, REG_PUT(DSA_EVLCFG1_SIZE, 64));
	RIG_FIELD(r, GENCFG, 0, EVENT_LOG_EN, 1);
	assert_int_equal(rig_ready(r, 64), 0);
	r->ops.map = NULL;
	r->dev->ops->remap(r->dev);
	desc.cr = -UINT64_C(4096);
	rig_post(r, 0, &desc);
	rig_settle(r);
	assert_int_equal(REG_GET(DSA_EVLSTATUS_TAIL, rig_read(r, DSA_EVLSTATUS, 0)), 1);
	assert_int_equal(entry[2], -UINT64_C(4096));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_round_the_end_fault),
		TEST(the_largest_transfer_ends_where_memory_does),
		TEST(a_batch_whose_list_lies_in_its_records_ends),
		TEST(the_last_pasid_is_not_none),
		TEST(a_block_may_lie_where_it_goes),
		TEST(a_mask_lets_go_its_own_interrupt),
		TEST(a_host_without_pointers_gets_its_event_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
