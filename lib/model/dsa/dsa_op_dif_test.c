/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Data integrity fields, section 15: every operation with random flags, tags, masks and broken
 * fields against plain loops, and a fault at each page of each.
 */
#include "dsa_op_test_rig.h"

static const uint32_t blocks[] = {512, 520, 4096, 4104};

struct tags {
	uint32_t ref;
	uint16_t app;
};

/* ---- The same by plain loops ---- */

static uint16_t
plain_guard(const uint8_t *p, uint32_t len, uint8_t flags)
{
	uint16_t crc = flags & 0x04 ? 0xffff : 0;

	for (uint32_t n = 0; n < len; n++) {
		crc ^= (uint16_t)(p[n] << 8);
		for (unsigned int b = 0; b < 8; b++)
			crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? 0x8bb7 : 0));
	}
	return flags & 0x08 ? (uint16_t)~crc : crc;
}

static uint64_t
big_endian(const uint8_t *p, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int n = 0; n < bytes; n++)
		value = value << 8 | p[n];
	return value;
}

static void
put_big_endian(uint8_t *p, unsigned int bytes, uint64_t value)
{
	while (bytes-- > 0) {
		p[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static uint8_t
plain_check(const struct dsa_desc *d, const uint8_t *field, uint16_t guard, struct tags t)
{
	uint8_t flags = d->dif.src_flags;
	uint16_t g = (uint16_t)big_endian(field, 2), app = (uint16_t)big_endian(field + 2, 2);
	uint32_t ref = (uint32_t)big_endian(field + 4, 4);
	uint16_t mask = d->dif.src_app_mask;

	if (flags & 0x01 && g == 0xffff && app == 0xffff && ref == 0xffffffff)
		return 0x08;
	if (flags & 0x02 && g == 0xffff && app == 0xffff && ref == 0xffffffff)
		return 0;
	if (flags & 0x04 && app == 0xffff)
		return 0;
	if (flags & 0x08 && app == 0xffff && ref == 0xffffffff)
		return 0;
	return (uint8_t)((!(flags & 0x20) && g != guard) |
			 ((app & ~mask) != (t.app & ~mask)) << 1 |
			 (!(flags & 0x40) && ref != t.ref) << 2);
}

static void
plain_make(const struct dsa_desc *d, uint8_t *to, const uint8_t *from, uint16_t guard,
	   struct tags t)
{
	uint8_t flags = d->dif.dst_flags;

	put_big_endian(to, 2, flags & 0x20 ? big_endian(from, 2) : guard);
	put_big_endian(to + 2, 2,
		       flags & 0x08 ? big_endian(from + 2, 2) : t.app & ~d->dif.dst_app_mask);
	put_big_endian(to + 4, 4, flags & 0x40 ? big_endian(from + 4, 4) : t.ref);
}

static void
next(struct tags *t, bool fixed, bool counts)
{
	t->ref += fixed ? 0 : 1;
	t->app = (uint16_t)(t->app + (counts ? 1 : 0));
}

static bool
checks(unsigned int opcode)
{
	return opcode == DSA_OP_DIF_CHECK || opcode == DSA_OP_DIF_STRIP ||
	       opcode == DSA_OP_DIF_UPDATE;
}

static bool
makes(unsigned int opcode)
{
	return opcode == DSA_OP_DIF_INSERT || opcode == DSA_OP_DIX_GENERATE ||
	       opcode == DSA_OP_DIF_UPDATE;
}

static bool
copies(unsigned int opcode)
{
	return opcode != DSA_OP_DIF_CHECK && opcode != DSA_OP_DIX_GENERATE;
}

static uint32_t
bytes_in(const struct dsa_desc *d)
{
	return blocks[d->dif.flags & 3] + (checks(DSA_OPCODE(d)) ? 8 : 0);
}

static uint32_t
bytes_out(const struct dsa_desc *d)
{
	return (copies(DSA_OPCODE(d)) ? blocks[d->dif.flags & 3] : 0) +
	       (makes(DSA_OPCODE(d)) ? 8 : 0);
}

static void
plain_tags(const struct dsa_desc *d, struct tags src, struct tags dst, struct dsa_cr *cr)
{
	if (checks(DSA_OPCODE(d))) {
		cr->dif.src_ref_tag = src.ref;
		cr->dif.src_app_mask = d->dif.src_app_mask;
		cr->dif.src_app_tag = src.app;
	}
	if (makes(DSA_OPCODE(d))) {
		cr->dif.dst_ref_tag = dst.ref;
		cr->dif.dst_app_mask = d->dif.dst_app_mask;
		cr->dif.dst_app_tag = dst.app;
	}
}

static struct dsa_cr
plain(const struct rig *r, uint8_t *m, const struct dsa_desc *d)
{
	unsigned int op = DSA_OPCODE(d);
	uint32_t block = blocks[d->dif.flags & 3];
	uint8_t *from = m + (d->src - RIG_IOVA), *to = m + (d->dst - RIG_IOVA);
	struct tags src = {d->dif.src_ref_seed, d->dif.src_app_seed};
	struct tags dst = {d->dif.dst_ref_seed, d->dif.dst_app_seed};
	struct dsa_cr cr = {.status = DSA_STATUS_SUCCESS};

	for (uint32_t done = 0, out = 0; done < d->size; done += bytes_in(d)) {
		uint16_t guard = plain_guard(from + done, block, d->dif.flags);

		plain_tags(d, src, dst, &cr);
		if (!rig_reaches(r, d->src + done, bytes_in(d), BUS_PROT_READ, DSA_OPERAND_SOURCE,
				 done, &cr))
			return cr;
		if (checks(op))
			cr.result = plain_check(d, from + done + block, guard, src);
		if (cr.result != 0) {
			cr.status = DSA_STATUS_DIF_ERROR;
			cr.bytes_completed = done;
			return cr;
		}
		if (!rig_reaches(r, d->dst + out, bytes_out(d), BUS_PROT_WRITE, DSA_OPERAND_DEST,
				 done, &cr))
			return cr;
		if (copies(op))
			memcpy(to + out, from + done, block);
		out += copies(op) ? block : 0;
		if (makes(op))
			plain_make(d, to + out, from + done + block, guard, dst);
		out += makes(op) ? 8 : 0;
		next(&src, d->dif.src_flags & 0x80, d->dif.src_flags & 0x10);
		next(&dst, d->dif.dst_flags & 0x80, d->dif.dst_flags & 0x10);
	}
	plain_tags(d, src, dst, &cr);
	return cr;
}

/* ---- Random descriptors ---- */

/* Fields that fit, at the source; a bit of some is wrong, and some are all F. */
static void
dress_source(struct rig *r, const struct dsa_desc *d, bool spoil)
{
	uint32_t block = blocks[d->dif.flags & 3];
	struct tags t = {d->dif.src_ref_seed, d->dif.src_app_seed};

	for (uint32_t done = 0; done < d->size; done += block + 8) {
		uint8_t *field = rig_at(r, d->src + done + block);

		put_big_endian(field, 2, plain_guard(field - block, block, d->dif.flags));
		put_big_endian(field + 2, 2, t.app);
		put_big_endian(field + 4, 4, t.ref);
		next(&t, d->dif.src_flags & 0x80, d->dif.src_flags & 0x10);
		if (spoil && rig_random(r, 6) == 0)
			field[rig_random(r, 8)] ^= (uint8_t)(1 << rig_random(r, 8));
		if (spoil && rig_random(r, 6) == 0)
			memset(field + 2 * rig_random(r, 2), 0xff, rig_random(r, 2) ? 8 : 6);
	}
}

static struct dsa_desc
random_dif(struct rig *r, uint32_t most)
{
	static const uint8_t opcodes[] = {DSA_OP_DIF_CHECK, DSA_OP_DIF_INSERT, DSA_OP_DIF_STRIP,
					  DSA_OP_DIF_UPDATE, DSA_OP_DIX_GENERATE};
	struct dsa_desc d = rig_desc(opcodes[rig_random(r, 5)], 0);
	unsigned int op = DSA_OPCODE(&d);
	uint8_t pass = op == DSA_OP_DIF_UPDATE ? 0xf8 : 0x90;

	d.dif.flags = (uint8_t)rig_random(r, 16);
	d.size = bytes_in(&d) * (1 + rig_random(r, most / bytes_in(&d) + 1));
	d.src = RIG_IOVA + RIG_PAGE + rig_random(r, RIG_PAGE);
	if (op != DSA_OP_DIF_CHECK)
		d.dst = RIG_IOVA + 80 * RIG_PAGE + 8 * rig_random(r, RIG_PAGE / 8) +
			(op == DSA_OP_DIX_GENERATE ? 0 : rig_random(r, 8));
	if (checks(op)) {
		d.dif.src_flags = (uint8_t)rig_random(r, 256);
		d.dif.src_ref_seed = rig_random(r, 2) ? 0xfffffffe : rig_random(r, UINT32_MAX);
		d.dif.src_app_mask = rig_random(r, 3) ? 0 : (uint16_t)rig_random(r, 65536);
		d.dif.src_app_seed = rig_random(r, 2) ? 0xfffe : (uint16_t)rig_random(r, 65536);
	}
	if (makes(op)) {
		d.dif.dst_flags = (uint8_t)rig_random(r, 256) & pass;
		d.dif.dst_ref_seed = rig_random(r, 2) ? 0xffffffff : rig_random(r, UINT32_MAX);
		d.dif.dst_app_mask = rig_random(r, 3) ? 0 : (uint16_t)rig_random(r, 65536);
		d.dif.dst_app_seed = rig_random(r, 2) ? 0xffff : (uint16_t)rig_random(r, 65536);
	}
	if (checks(op))
		dress_source(r, &d, rig_random(r, 2));
	return d;
}

static uint8_t want[RIG_BYTES];

static void
random_fields_are_those_of_loops(void **state)
{
	struct rig *r = *state;
	unsigned int errors = 0, rounds = 300;

	for (unsigned int round = 0; round < rounds; round++) {
		struct dsa_desc d = random_dif(r, round % 8 ? 9000 : 60000);
		struct dsa_cr got, expected;

		r->policy = rig_random(r, RIG_POLICIES);
		r->budget = rig_random(r, 2) ? 1 + rig_random(r, 9000) : SIZE_MAX;
		memcpy(want, r->memory, RIG_BYTES);
		expected = plain(r, want, &d);
		dsa_mem_forget(r->mem);
		got = rig_run(r, &d);
		assert_memory_equal(&got, &expected, sizeof(got));
		assert_memory_equal(r->memory, want, RIG_BYTES);
		errors += got.status == DSA_STATUS_DIF_ERROR;
	}
	/* Some of each, or the above says little. */
	assert_in_range(errors, rounds / 20, rounds / 2);
}

/* ---- Faults ---- */

/* Section 11.3: addresses by what was read and written, tags from the record. */
static void
resume(struct dsa_desc *d, const struct dsa_cr *cr)
{
	uint32_t done = cr->bytes_completed;

	d->src += done;
	if (DSA_OPCODE(d) != DSA_OP_DIF_CHECK)
		d->dst += done / bytes_in(d) * bytes_out(d);
	d->size -= done;
	if (checks(DSA_OPCODE(d))) {
		d->dif.src_ref_seed = cr->dif.src_ref_tag;
		d->dif.src_app_mask = cr->dif.src_app_mask;
		d->dif.src_app_seed = cr->dif.src_app_tag;
	}
	if (makes(DSA_OPCODE(d))) {
		d->dif.dst_ref_seed = cr->dif.dst_ref_tag;
		d->dif.dst_app_mask = cr->dif.dst_app_mask;
		d->dif.dst_app_seed = cr->dif.dst_app_tag;
	}
}

static void
fault_and_resume(struct rig *r, void *context)
{
	const struct dsa_desc *whole = context;
	struct dsa_desc d = *whole;
	struct dsa_cr got, expected, first;

	memcpy(want, r->memory, RIG_BYTES);
	expected = plain(r, want, &d);
	first = got = rig_run(r, &d);
	assert_memory_equal(&got, &expected, sizeof(got));
	rig_mend(r);
	if (DSA_STATUS_CODE(got.status) == DSA_STATUS_PAGE_FAULT) {
		resume(&d, &got);
		got = rig_run(r, &d);
		if (got.status == DSA_STATUS_DIF_ERROR)
			got.bytes_completed += first.bytes_completed;
	}
	memcpy(want, r->memory, RIG_BYTES);
	expected = plain(r, want, whole);
	assert_memory_equal(&got, &expected, sizeof(got));
	assert_memory_equal(r->memory, want, RIG_BYTES);
	if (whole->dst != 0)
		memset(rig_at(r, whole->dst), 0, 6 * RIG_PAGE);
}

static void
faults_are_exact_and_resumed(void **state)
{
	struct rig *r = *state;

	for (unsigned int round = 0; round < 30; round++) {
		struct dsa_desc d = random_dif(r, 2 * RIG_PAGE);

		r->policy = round % RIG_POLICIES;
		r->budget = round % 2 ? 1500 : SIZE_MAX;
		rig_each_fault(r, 1, 5, fault_and_resume, &d);
		if (d.dst != 0)
			rig_each_fault(r, 80, 84, fault_and_resume, &d);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(random_fields_are_those_of_loops),
		CASE(faults_are_exact_and_resumed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
