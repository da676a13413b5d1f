/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Operations that move, fill and compare, against plain loops: random descriptors, memory had in
 * three ways, in slices of any size; and a fault at each page of each of them, after which the
 * recipe of section 11.3 has to give what a run without a fault gives.
 */
#include "dsa_op_test_rig.h"

#define ROUNDS 60

/* ---- The same by plain loops, one byte at a time ---- */

static uint8_t
pattern_byte(const struct dsa_desc *d, uint64_t pattern, uint64_t at)
{
	if (DSA_OPCODE(d) == DSA_OP_FILL && DSA_FLAGS(d) & DSA_FLAG_FILL_16)
		return (uint8_t)((at % 16 < 8 ? pattern : d->fill.pattern_high) >> at % 8 * 8);
	return (uint8_t)(pattern >> at % 8 * 8);
}

static void
plain_move(uint8_t *m, const struct dsa_desc *d, uint64_t dst, struct dsa_cr *cr)
{
	uint64_t from = d->src - RIG_IOVA, to = dst - RIG_IOVA;

	cr->result = to > from && to < from + d->size;
	for (uint64_t n = 0; n < d->size; n++) {
		uint64_t at = cr->result ? d->size - 1 - n : n;

		m[to + at] = m[from + at];
	}
}

static void
plain_compare(const uint8_t *m, const struct dsa_desc *d, struct dsa_cr *cr)
{
	bool pattern = DSA_OPCODE(d) == DSA_OP_COMPARE_PATTERN;
	uint64_t n = 0;

	while (n < d->size &&
	       m[d->src - RIG_IOVA + n] ==
		       (pattern ? pattern_byte(d, d->compare_pattern, n) : m[d->src2 - RIG_IOVA + n]))
		n++;
	cr->result = n < d->size;
	cr->bytes_completed = cr->result ? (uint32_t)n : 0;
	if (DSA_FLAGS(d) & DSA_FLAG_CHECK && cr->result != d->compare.expected)
		cr->status = DSA_STATUS_FALSE_PREDICATE;
}

static struct dsa_cr
plain(uint8_t *m, const struct dsa_desc *d)
{
	struct dsa_cr cr = {.status = DSA_STATUS_SUCCESS};

	switch (DSA_OPCODE(d)) {
	case DSA_OP_MOVE:
		plain_move(m, d, d->dst, &cr);
		break;
	case DSA_OP_DUALCAST:
		plain_move(m, d, d->dst, &cr);
		plain_move(m, d, d->dualcast.dst2, &cr);
		break;
	case DSA_OP_FILL:
		for (uint64_t n = 0; n < d->size; n++)
			m[d->dst - RIG_IOVA + n] = pattern_byte(d, d->pattern, n);
		break;
	default:
		plain_compare(m, d, &cr);
	}
	return cr;
}

/* ---- Random descriptors ---- */

static uint64_t
random_word(struct rig *r)
{
	return (uint64_t)rig_random(r, UINT32_MAX) << 32 | rig_random(r, UINT32_MAX);
}

/* Sizes small, of pages, and large alike; often a whole number of pages or one byte off. */
static uint32_t
random_size(struct rig *r)
{
	static const uint32_t most[] = {16, 300, 5000, 20000, 150000};
	uint32_t size = 1 + rig_random(r, most[rig_random(r, 5)]);

	return rig_random(r, 4) == 0 ? size / RIG_PAGE * RIG_PAGE + 1 : size;
}

/* A place in one of four quarters of memory. */
static uint64_t
random_place(struct rig *r, unsigned int quarter, uint32_t size)
{
	uint32_t room = RIG_BYTES / 4 - size;

	return RIG_IOVA + quarter * (RIG_BYTES / 4) + rig_random(r, room);
}

static struct dsa_desc
random_move(struct rig *r)
{
	struct dsa_desc d = rig_desc(DSA_OP_MOVE, rig_random(r, 2) ? DSA_FLAG_CC1 : 0);

	d.size = random_size(r);
	d.src = random_place(r, 1, d.size);
	d.dst = rig_random(r, 3) == 0 ? random_place(r, 2, d.size)
				      : d.src - d.size + rig_random(r, 2 * d.size);
	return d;
}

static struct dsa_desc
random_dualcast(struct rig *r)
{
	struct dsa_desc d = rig_desc(DSA_OP_DUALCAST, rig_random(r, 2) ? DSA_FLAG_CC1 : 0);

	d.size = random_size(r);
	d.src = random_place(r, 0, d.size);
	d.dst = random_place(r, 1, d.size);
	d.dualcast.dst2 = d.dst + RIG_BYTES / 4;
	return d;
}

static struct dsa_desc
random_fill(struct rig *r)
{
	bool wide = rig_random(r, 2);
	struct dsa_desc d = rig_desc(DSA_OP_FILL, (wide ? DSA_FLAG_FILL_16 : 0) |
							  (rig_random(r, 2) ? DSA_FLAG_CC1 : 0));

	d.size = random_size(r);
	d.dst = random_place(r, 1, d.size);
	d.pattern = random_word(r);
	d.fill.pattern_high = wide ? random_word(r) : 0;
	return d;
}

static struct dsa_desc
random_compare_of(struct rig *r, unsigned int opcode)
{
	bool checked = rig_random(r, 2);
	struct dsa_desc d = rig_desc(opcode, checked ? DSA_FLAG_CHECK : 0);

	d.size = random_size(r);
	d.src = random_place(r, 1, d.size);
	d.compare.expected = checked && rig_random(r, 2);
	if (opcode == DSA_OP_COMPARE) {
		d.src2 = random_place(r, 2, d.size);
		memcpy(rig_at(r, d.src2), rig_at(r, d.src), d.size);
	} else {
		d.compare_pattern = random_word(r);
		for (uint64_t n = 0; n < d.size; n++)
			*rig_at(r, d.src + n) = pattern_byte(&d, d.compare_pattern, n);
	}
	if (rig_random(r, 2))
		*rig_at(r, d.src + rig_random(r, d.size)) ^= (uint8_t)(1 << rig_random(r, 8));
	return d;
}

static struct dsa_desc
random_compare(struct rig *r)
{
	return random_compare_of(r, DSA_OP_COMPARE);
}

static struct dsa_desc
random_compare_pattern(struct rig *r)
{
	return random_compare_of(r, DSA_OP_COMPARE_PATTERN);
}

typedef struct dsa_desc (*generator)(struct rig *r);

static const generator generators[] = {
	random_move, random_dualcast, random_fill, random_compare, random_compare_pattern,
};

#define GENERATORS (sizeof(generators) / sizeof(generators[0]))

/* ---- Without faults ---- */

static uint8_t expected[RIG_BYTES];

static void
check_random(struct rig *r, generator generate)
{
	struct dsa_desc d;
	struct dsa_cr got, want;

	rig_fresh(r);
	r->policy = rig_random(r, RIG_POLICIES);
	r->budget = rig_random(r, 2) ? 1 + rig_random(r, 9000) : SIZE_MAX;
	d = generate(r);
	memcpy(expected, r->memory, RIG_BYTES);
	want = plain(expected, &d);
	got = rig_run(r, &d);
	assert_memory_equal(&got, &want, sizeof(got));
	assert_memory_equal(r->memory, expected, RIG_BYTES);
}

static void
random_descriptors_do_what_loops_do(void **state)
{
	for (unsigned int g = 0; g < GENERATORS; g++)
		for (unsigned int n = 0; n < ROUNDS; n++)
			check_random(*state, generators[g]);
}

/* ---- With faults ---- */

/* The pattern as the rest of the operation has it. */
static void
rotate_pattern(struct dsa_desc *d, uint32_t bytes)
{
	struct dsa_desc old = *d;
	uint8_t turned[16];

	for (unsigned int n = 0; n < 16; n++)
		turned[n] = pattern_byte(&old, DSA_OPCODE(d) == DSA_OP_FILL ? old.pattern
									     : old.compare_pattern,
					 n + bytes);
	if (DSA_OPCODE(d) == DSA_OP_COMPARE_PATTERN) {
		memcpy(&d->compare_pattern, turned, 8);
		return;
	}
	memcpy(&d->pattern, turned, 8);
	if (DSA_FLAGS(d) & DSA_FLAG_FILL_16)
		memcpy(&d->fill.pattern_high, turned + 8, 8);
}

/* Section 11.3. */
static void
resume(struct dsa_desc *d, const struct dsa_cr *cr)
{
	uint32_t done = cr->bytes_completed;

	d->size -= done;
	switch (DSA_OPCODE(d)) {
	case DSA_OP_MOVE:
		d->src += cr->result ? 0 : done;
		d->dst += cr->result ? 0 : done;
		break;
	case DSA_OP_DUALCAST:
		d->dualcast.dst2 += done;
		/* fall through */
	case DSA_OP_COMPARE:
		d->src += done;
		d->dst += done;
		break;
	case DSA_OP_FILL:
		d->dst += done;
		rotate_pattern(d, done);
		break;
	case DSA_OP_COMPARE_PATTERN:
		d->src += done;
		rotate_pattern(d, done);
		break;
	}
}

/* Bytes that an operand has before a page, or after it where the operation goes backward. */
static uint32_t
reach(uint64_t start, uint32_t size, unsigned int page, bool backward)
{
	uint64_t low = RIG_IOVA + page * RIG_PAGE, high = low + RIG_PAGE;

	if (start >= high || start + size <= low)
		return size;
	if (backward)
		return (uint32_t)(start + size > high ? start + size - high : 0);
	return (uint32_t)(start < low ? low - start : 0);
}

struct stop {
	uint32_t done;
	enum dsa_operand operand;
};

/* Where the operation has to stop when rights to a page are missing. */
static struct stop
stop_of(const struct dsa_desc *d, unsigned int page, uint8_t missing, bool backward)
{
	unsigned int op = DSA_OPCODE(d);
	bool reads = missing & BUS_PROT_READ, writes = missing & BUS_PROT_WRITE;
	struct {
		uint64_t iova;
		bool counts;
		enum dsa_operand id;
	} o[3] = {
		{d->src, op != DSA_OP_FILL && reads, DSA_OPERAND_SOURCE},
		{d->dst, op == DSA_OP_COMPARE ? reads : op != DSA_OP_COMPARE_PATTERN && writes,
		 op == DSA_OP_COMPARE ? DSA_OPERAND_SOURCE2 : DSA_OPERAND_DEST},
		{d->dualcast.dst2, op == DSA_OP_DUALCAST && writes, DSA_OPERAND_DEST2},
	};
	struct stop stop = {d->size, DSA_OPERAND_UNKNOWN};

	for (unsigned int n = 0; n < 3; n++) {
		uint32_t at = o[n].counts ? reach(o[n].iova, d->size, page, backward) : d->size;

		if (at < stop.done)
			stop = (struct stop){at, o[n].id};
	}
	return stop;
}

static void
check_stopped(const struct dsa_desc *d, const struct dsa_cr *cr, const struct stop *stop,
	      unsigned int page)
{
	bool write = stop->operand >= DSA_OPERAND_DEST;

	assert_int_equal(cr->status, DSA_STATUS_PAGE_FAULT | (write ? DSA_STATUS_WRITE : 0));
	assert_int_equal(cr->bytes_completed, stop->done);
	assert_int_equal(cr->fault_addr, RIG_IOVA + page * RIG_PAGE);
	assert_int_equal(cr->fault_info, 1 | stop->operand << 1);
	if (DSA_OPCODE(d) != DSA_OP_MOVE)
		assert_int_equal(cr->result, 0);
}

/* What was done in two parts, as if it had been one. */
static struct dsa_cr
joined(const struct dsa_cr *first, struct dsa_cr second)
{
	if (second.result && second.bytes_completed != 0)
		second.bytes_completed += first->bytes_completed;
	else if (second.result)
		second.bytes_completed = first->bytes_completed;
	return second;
}

static void
check_fault(struct rig *r, const struct dsa_desc *d, const struct dsa_cr *want, unsigned int page,
	    uint8_t missing)
{
	bool backward = DSA_OPCODE(d) == DSA_OP_MOVE && want->result;
	struct stop stop = stop_of(d, page, missing, backward);
	struct dsa_desc rest = *d;
	struct dsa_cr cr;

	rig_break(r, page, missing);
	cr = rig_run(r, d);
	/* A difference comes before the fault. */
	if (!backward && want->result && want->bytes_completed < stop.done)
		stop.done = d->size;
	if (stop.done == d->size) {
		assert_memory_equal(&cr, want, sizeof(cr));
	} else {
		check_stopped(d, &cr, &stop, page);
		rig_mend(r);
		resume(&rest, &cr);
		cr = backward ? rig_run(r, &rest) : joined(&cr, rig_run(r, &rest));
		/* The rest of a move may need no particular direction any more. */
		if (DSA_OPCODE(d) == DSA_OP_MOVE)
			cr.result = want->result;
		if (DSA_OPCODE(d) == DSA_OP_MOVE)
			cr.bytes_completed = 0;
		assert_memory_equal(&cr, want, sizeof(cr));
	}
	assert_memory_equal(r->memory, expected, RIG_BYTES);
}

static void
check_faults(struct rig *r, generator generate)
{
	static uint8_t before[RIG_BYTES];
	static const uint8_t missing[] = {BUS_PROT_READ | BUS_PROT_WRITE, BUS_PROT_WRITE};
	struct dsa_desc d;
	struct dsa_cr want;

	rig_fresh(r);
	do {
		d = generate(r);
	} while (d.size > 3 * RIG_PAGE);
	memcpy(before, r->memory, RIG_BYTES);
	memcpy(expected, r->memory, RIG_BYTES);
	want = plain(expected, &d);
	for (unsigned int page = 0; page < RIG_PAGES; page++) {
		for (unsigned int m = 0; m < 2; m++) {
			if (stop_of(&d, page, missing[m], false).done == d.size && page % 8 != 0)
				continue;
			memcpy(r->memory, before, RIG_BYTES);
			rig_mend(r);
			check_fault(r, &d, &want, page, missing[m]);
		}
	}
}

static void
faults_are_exact_and_resumed(void **state)
{
	struct rig *r = *state;

	for (unsigned int g = 0; g < GENERATORS; g++) {
		for (unsigned int n = 0; n < 12; n++) {
			r->policy = n % RIG_POLICIES;
			r->budget = n % 2 ? 1500 : SIZE_MAX;
			check_faults(r, generators[g]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_descriptors_do_what_loops_do, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(faults_are_exact_and_resumed, rig_setup,
						rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
