/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Delta records, section 8.5: created and applied against plain loops, faults at each page, records
 * that run full, entries out of order and out of range.
 */
#include "dsa_op_test_rig.h"

#define SRC1  (RIG_IOVA + 1 * RIG_PAGE)
#define SRC2  (RIG_IOVA + 30 * RIG_PAGE)
#define DELTA (RIG_IOVA + 60 * RIG_PAGE)
#define DST   (RIG_IOVA + 100 * RIG_PAGE)

/* ---- The same by plain loops ---- */

static bool
expected_has(const struct dsa_desc *d, uint8_t result)
{
	return !(DSA_FLAGS(d) & DSA_FLAG_CHECK) || d->create_delta.expected_mask >> result & 1;
}

static struct dsa_cr
created(const struct dsa_desc *d, struct dsa_cr cr, uint8_t result, uint32_t size, uint32_t done)
{
	cr.result = result;
	cr.delta_size = size;
	cr.bytes_completed = done;
	if (cr.status == 0)
		cr.status = expected_has(d, result) ? DSA_STATUS_SUCCESS
						    : DSA_STATUS_FALSE_PREDICATE;
	return cr;
}

static struct dsa_cr
plain_create(const struct rig *r, uint8_t *m, const struct dsa_desc *d)
{
	const uint8_t *a = m + (d->src - RIG_IOVA), *b = m + (d->src2 - RIG_IOVA);
	uint8_t *record = m + (d->create_delta.delta - RIG_IOVA);
	struct dsa_cr cr = {0};
	uint32_t size = 0;

	for (uint32_t n = 0; n < d->size; n += 8) {
		if (!rig_reaches(r, d->src + n, 8, BUS_PROT_READ, DSA_OPERAND_SOURCE, n, &cr) ||
		    !rig_reaches(r, d->src2 + n, 8, BUS_PROT_READ, DSA_OPERAND_SOURCE2, n, &cr))
			return created(d, cr, size != 0, size, n);
		if (memcmp(a + n, b + n, 8) == 0)
			continue;
		if (size + 10 > d->create_delta.max_size)
			return created(d, cr, 2, size, n);
		if (!rig_reaches(r, d->create_delta.delta + size, 10, BUS_PROT_WRITE,
				 DSA_OPERAND_DEST, n, &cr))
			return created(d, cr, size != 0, size, n);
		record[size] = (uint8_t)(n / 8);
		record[size + 1] = (uint8_t)(n / 8 >> 8);
		memcpy(record + size + 2, b + n, 8);
		size += 10;
	}
	return created(d, cr, size != 0, size, 0);
}

static struct dsa_cr
plain_apply(const struct rig *r, uint8_t *m, const struct dsa_desc *d)
{
	const uint8_t *record = m + (d->delta - RIG_IOVA);
	struct dsa_cr cr = {.status = DSA_STATUS_SUCCESS};
	int64_t last = -1;

	for (uint32_t done = 0; done < d->apply_delta.delta_size; done += 10) {
		uint32_t offset = (record[done] | (uint32_t)record[done + 1] << 8) * 8;

		if (!rig_reaches(r, d->delta + done, 10, BUS_PROT_READ, DSA_OPERAND_SOURCE, done,
				 &cr))
			return cr;
		if (offset <= last || offset >= d->size) {
			cr.status = offset <= last ? DSA_STATUS_DELTA_ORDER
						   : DSA_STATUS_DELTA_RANGE;
			cr.bytes_completed = done;
			return cr;
		}
		if (!rig_reaches(r, d->dst + offset, 8, BUS_PROT_WRITE, DSA_OPERAND_DEST, done,
				 &cr))
			return cr;
		memcpy(m + (d->dst - RIG_IOVA) + offset, record + done + 2, 8);
		last = offset;
	}
	return cr;
}

/* ---- Random descriptors ---- */

static struct dsa_desc
random_create(struct rig *r, uint32_t most)
{
	struct dsa_desc d = rig_desc(DSA_OP_CREATE_DELTA, rig_random(r, 2) ? DSA_FLAG_CHECK : 0);
	uint32_t differences;

	d.size = 8 + rig_random(r, most) / 8 * 8;
	d.src = SRC1 + rig_random(r, 500) * 8;
	d.src2 = SRC2 + rig_random(r, 500) * 8;
	d.create_delta.delta = DELTA + rig_random(r, RIG_PAGE);
	d.create_delta.max_size = 80 + rig_random(r, 3 * d.size);
	d.create_delta.expected_mask = (uint8_t)rig_random(r, 256);
	memcpy(rig_at(r, d.src2), rig_at(r, d.src), d.size);
	differences = rig_random(r, 3) == 0 ? d.size : rig_random(r, 12);
	while (differences-- > 0)
		*rig_at(r, d.src2 + rig_random(r, d.size)) ^= 0x10;
	return d;
}

static struct dsa_desc
apply_of(const struct dsa_desc *create, const struct dsa_cr *cr)
{
	struct dsa_desc d = rig_desc(DSA_OP_APPLY_DELTA, 0);

	d.delta = create->create_delta.delta;
	d.dst = DST;
	d.size = create->size;
	d.apply_delta.delta_size = cr->delta_size;
	return d;
}

static uint8_t want[RIG_BYTES];

static void
run_as_loops(struct rig *r, const struct dsa_desc *d,
	     struct dsa_cr (*plain)(const struct rig *r, uint8_t *m, const struct dsa_desc *d),
	     struct dsa_cr *got)
{
	struct dsa_cr expected;

	memcpy(want, r->memory, RIG_BYTES);
	expected = plain(r, want, d);
	dsa_mem_forget(r->mem);
	*got = rig_run(r, d);
	assert_memory_equal(got, &expected, sizeof(expected));
}

static void
random_records_are_those_of_loops(void **state)
{
	struct rig *r = *state;

	for (unsigned int round = 0; round < 200; round++) {
		struct dsa_desc d = random_create(r, round % 8 ? 9000 : 60000);
		struct dsa_cr cr, applied;

		r->policy = rig_random(r, RIG_POLICIES);
		r->budget = rig_random(r, 2) ? 1 + rig_random(r, 9000) : SIZE_MAX;
		run_as_loops(r, &d, plain_create, &cr);
		assert_memory_equal(r->memory, want, RIG_BYTES);
		memcpy(rig_at(r, DST), rig_at(r, d.src), d.size);
		if (cr.delta_size == 0)
			continue;
		d = apply_of(&d, &cr);
		run_as_loops(r, &d, plain_apply, &applied);
		assert_memory_equal(r->memory, want, RIG_BYTES);
	}
}

/* ---- Faults, and records that run full ---- */

/* Section 8.5: sources by bytes completed, the record by its size so far. */
static void
resume_create(struct dsa_desc *d, const struct dsa_cr *cr)
{
	d->src += cr->bytes_completed;
	d->src2 += cr->bytes_completed;
	d->size -= cr->bytes_completed;
	d->create_delta.delta += cr->delta_size;
	d->create_delta.max_size = 3 * RIG_PAGE * 10;
}

/* Apply one of the records that together say all differences. */
static void
apply_part(struct rig *r, const struct dsa_desc *create, const struct dsa_cr *cr, uint64_t at)
{
	struct dsa_desc d = apply_of(create, cr);

	if (cr->delta_size == 0)
		return;
	d.dst += at;
	assert_int_equal(rig_run(r, &d).status, DSA_STATUS_SUCCESS);
}

static void
fault_and_resume(struct rig *r, void *context)
{
	const struct dsa_desc *whole = context;
	struct dsa_desc d = *whole;
	struct dsa_cr cr;

	run_as_loops(r, &d, plain_create, &cr);
	rig_mend(r);
	memcpy(rig_at(r, DST), rig_at(r, whole->src), whole->size);
	apply_part(r, &d, &cr, 0);
	if (cr.bytes_completed != 0 || cr.status == DSA_STATUS_PAGE_FAULT ||
	    cr.status == (DSA_STATUS_PAGE_FAULT | DSA_STATUS_WRITE)) {
		resume_create(&d, &cr);
		cr = rig_run(r, &d);
		assert_int_equal(cr.bytes_completed, 0);
		apply_part(r, &d, &cr, whole->size - d.size);
	}
	assert_memory_equal(rig_at(r, DST), rig_at(r, whole->src2), whole->size);
}

static void
faults_of_create_are_exact_and_resumed(void **state)
{
	struct rig *r = *state;

	for (unsigned int round = 0; round < 24; round++) {
		struct dsa_desc d = random_create(r, 2 * RIG_PAGE);

		d.op_flags &= ~DSA_FLAG_CHECK;
		r->policy = round % RIG_POLICIES;
		r->budget = round % 2 ? 1500 : SIZE_MAX;
		rig_each_fault(r, 1, 4, fault_and_resume, &d);
		rig_each_fault(r, 30, 33, fault_and_resume, &d);
		rig_each_fault(r, 60, 64, fault_and_resume, &d);
	}
}

static void
apply_fault_and_resume(struct rig *r, void *context)
{
	struct dsa_desc d = *(struct dsa_desc *)context;
	struct dsa_cr cr;

	run_as_loops(r, &d, plain_apply, &cr);
	rig_mend(r);
	if (cr.status != DSA_STATUS_SUCCESS) {
		d.delta += cr.bytes_completed;
		d.apply_delta.delta_size -= cr.bytes_completed;
		assert_int_equal(rig_run(r, &d).status, DSA_STATUS_SUCCESS);
	}
	memcpy(want, r->memory, RIG_BYTES);
	plain_apply(r, want, context);
	assert_memory_equal(r->memory, want, RIG_BYTES);
	memset(rig_at(r, d.dst), 0, d.size);
}

static void
faults_of_apply_are_exact_and_resumed(void **state)
{
	struct rig *r = *state;

	for (unsigned int round = 0; round < 24; round++) {
		struct dsa_desc d = random_create(r, 2 * RIG_PAGE);
		struct dsa_cr cr = rig_run(r, &d);

		if (cr.delta_size == 0)
			continue;
		d = apply_of(&d, &cr);
		r->policy = round % RIG_POLICIES;
		r->budget = round % 2 ? 150 : SIZE_MAX;
		rig_each_fault(r, 60, 64, apply_fault_and_resume, &d);
		rig_each_fault(r, 100, 103, apply_fault_and_resume, &d);
	}
}

/* ---- Bad records ---- */

static struct dsa_cr
apply_offsets(struct rig *r, uint16_t first, uint16_t second, uint32_t size)
{
	struct dsa_cr cr = {.delta_size = 20};
	struct dsa_desc d = rig_desc(DSA_OP_CREATE_DELTA, 0);

	d.create_delta.delta = DELTA;
	d.size = size;
	memcpy(rig_at(r, DELTA), &first, 2);
	memcpy(rig_at(r, DELTA + 10), &second, 2);
	d = apply_of(&d, &cr);
	run_as_loops(r, &d, plain_apply, &cr);
	return cr;
}

static void
offsets_have_to_ascend(void **state)
{
	assert_int_equal(apply_offsets(*state, 5, 6, 4096).status, DSA_STATUS_SUCCESS);
	assert_int_equal(apply_offsets(*state, 5, 5, 4096).status, DSA_STATUS_DELTA_ORDER);
	assert_int_equal(apply_offsets(*state, 5, 4, 4096).status, DSA_STATUS_DELTA_ORDER);
	assert_int_equal(apply_offsets(*state, 5, 4, 4096).bytes_completed, 10);
}

static void
offsets_have_to_be_inside(void **state)
{
	assert_int_equal(apply_offsets(*state, 5, 511, 4096).status, DSA_STATUS_SUCCESS);
	assert_int_equal(apply_offsets(*state, 5, 512, 4096).status, DSA_STATUS_DELTA_RANGE);
	assert_int_equal(apply_offsets(*state, 512, 513, 4096).status, DSA_STATUS_DELTA_RANGE);
	assert_int_equal(apply_offsets(*state, 512, 513, 4096).bytes_completed, 0);
	assert_int_equal(apply_offsets(*state, 0, 0x77ff, 0x3c000).status, DSA_STATUS_SUCCESS);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(random_records_are_those_of_loops),
		CASE(faults_of_create_are_exact_and_resumed),
		CASE(faults_of_apply_are_exact_and_resumed),
		CASE(offsets_have_to_ascend),
		CASE(offsets_have_to_be_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
