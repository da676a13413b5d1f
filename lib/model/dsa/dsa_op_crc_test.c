/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * CRCs of section 14: its vectors, every flag against a loop over bits, faults at each page.
 */
#include "dsa_crc.h"
#include "dsa_op_test_rig.h"

#define ALL_FLAGS                                                                                  \
	(DSA_FLAG_CRC_SEED_ADDR | DSA_FLAG_CRC_RAW | DSA_FLAG_CRC_RAW_DATA | DSA_FLAG_CRC_64)

/* ---- The same by plain loops ---- */

static uint64_t
turned(uint64_t value, unsigned int bits)
{
	uint64_t out = 0;

	for (unsigned int n = 0; n < bits; n++)
		out |= (value >> n & 1) << (bits - 1 - n);
	return out;
}

static uint64_t
inside_out(uint64_t value, uint32_t flags)
{
	unsigned int bits = flags & DSA_FLAG_CRC_64 ? 64 : 32;

	if (flags & DSA_FLAG_CRC_RAW)
		return turned(value, bits);
	return bits == 64 ? ~value : (uint32_t)~value;
}

static uint64_t
plain_byte(uint64_t crc, uint8_t byte, uint32_t flags)
{
	uint64_t polynomial =
		flags & DSA_FLAG_CRC_64 ? UINT64_C(0x9a6c9329ac4bc9b5) : 0x82f63b78;

	crc ^= flags & DSA_FLAG_CRC_RAW_DATA ? turned(byte, 8) : byte;
	for (unsigned int n = 0; n < 8; n++)
		crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
	return crc;
}

/* Changes memory `m`; stops where `r` says that a page is missing. */
static struct dsa_cr
plain(const struct rig *r, uint8_t *m, const struct dsa_desc *d)
{
	uint32_t flags = DSA_FLAGS(d), wide = flags & DSA_FLAG_CRC_64;
	bool copy = DSA_OPCODE(d) == DSA_OP_COPY_CRC;
	uint64_t crc = d->crc.seed;
	struct dsa_cr cr = {.status = DSA_STATUS_SUCCESS};

	if (flags & DSA_FLAG_CRC_SEED_ADDR) {
		if (!rig_reaches(r, d->crc.seed_addr, wide ? 8 : 4, BUS_PROT_READ,
				 DSA_OPERAND_SOURCE2, 0, &cr))
			return cr;
		memcpy(&crc, m + (d->crc.seed_addr - RIG_IOVA), sizeof(crc));
	}
	crc = inside_out(crc, flags);
	for (uint64_t n = 0; n < d->size; n++) {
		uint8_t byte = m[d->src - RIG_IOVA + n];

		if (!rig_reaches(r, d->src + n, 1, BUS_PROT_READ, DSA_OPERAND_SOURCE, n, &cr) ||
		    (copy && !rig_reaches(r, d->dst + n, 1, BUS_PROT_WRITE, DSA_OPERAND_DEST, n,
					  &cr)))
			break;
		if (copy)
			m[d->dst - RIG_IOVA + n] = byte;
		crc = plain_byte(crc, byte, flags);
	}
	cr.crc = inside_out(crc, flags);
	return cr;
}

/* ---- Random descriptors ---- */

static struct dsa_desc
random_crc(struct rig *r, uint32_t most)
{
	bool copy = rig_random(r, 2);
	struct dsa_desc d = rig_desc(copy ? DSA_OP_COPY_CRC : DSA_OP_CRC,
				     rig_random(r, 16) << 16);

	d.size = 1 + rig_random(r, most);
	d.src = RIG_IOVA + RIG_PAGE + rig_random(r, RIG_PAGE);
	if (copy)
		d.dst = d.src + 40 * RIG_PAGE + rig_random(r, RIG_PAGE);
	d.crc.seed = rig_random(r, UINT32_MAX);
	if (DSA_FLAGS(&d) & DSA_FLAG_CRC_64)
		d.crc.seed |= (uint64_t)rig_random(r, UINT32_MAX) << 32;
	if (DSA_FLAGS(&d) & DSA_FLAG_CRC_SEED_ADDR)
		d.crc.seed_addr = RIG_IOVA + 90 * RIG_PAGE + 8 * rig_random(r, 500);
	return d;
}

static uint8_t want[RIG_BYTES];

static void
random_crcs_are_those_of_loops(void **state)
{
	struct rig *r = *state;

	for (unsigned int round = 0; round < 120; round++) {
		struct dsa_desc d = random_crc(r, round % 8 ? 9000 : 80000);
		struct dsa_cr got, expected;

		r->policy = rig_random(r, RIG_POLICIES);
		r->budget = rig_random(r, 2) ? 1 + rig_random(r, 9000) : SIZE_MAX;
		memcpy(want, r->memory, RIG_BYTES);
		expected = plain(r, want, &d);
		dsa_mem_forget(r->mem);
		got = rig_run(r, &d);
		assert_memory_equal(&got, &expected, sizeof(got));
		assert_memory_equal(r->memory, want, RIG_BYTES);
	}
}

/* ---- Faults ---- */

/* Section 11.3; where nothing was done, as it was. */
static void
resume(struct dsa_desc *d, const struct dsa_cr *cr)
{
	if (cr->bytes_completed == 0)
		return;
	d->src += cr->bytes_completed;
	if (DSA_OPCODE(d) == DSA_OP_COPY_CRC)
		d->dst += cr->bytes_completed;
	d->size -= cr->bytes_completed;
	d->crc.seed = cr->crc;
	d->crc.seed_addr = 0;
	d->op_flags &= ~DSA_FLAG_CRC_SEED_ADDR;
}

static void
fault_and_resume(struct rig *r, void *context)
{
	struct dsa_desc d = *(struct dsa_desc *)context;
	static uint8_t stopped[RIG_BYTES];
	struct dsa_cr got, expected;

	memcpy(stopped, r->memory, RIG_BYTES);
	expected = plain(r, stopped, &d);
	got = rig_run(r, &d);
	assert_memory_equal(&got, &expected, sizeof(got));
	assert_memory_equal(r->memory, stopped, RIG_BYTES);
	rig_mend(r);
	if (got.status != DSA_STATUS_SUCCESS) {
		resume(&d, &got);
		got = rig_run(r, &d);
	}
	d = *(struct dsa_desc *)context;
	memcpy(want, r->memory, RIG_BYTES);
	expected = plain(r, want, &d);
	assert_memory_equal(&got, &expected, sizeof(got));
	assert_memory_equal(r->memory, want, RIG_BYTES);
	if (d.dst != 0)
		memset(rig_at(r, d.dst), 0, d.size);
}

static void
faults_are_exact_and_resumed(void **state)
{
	struct rig *r = *state;

	for (unsigned int round = 0; round < 24; round++) {
		struct dsa_desc d = random_crc(r, 2 * RIG_PAGE);
		unsigned int seed = 90;

		r->policy = round % RIG_POLICIES;
		r->budget = round % 2 ? 1500 : SIZE_MAX;
		rig_each_fault(r, 1, 4, fault_and_resume, &d);
		if (d.dst != 0)
			rig_each_fault(r, 41, 44, fault_and_resume, &d);
		if (d.crc.seed_addr != 0)
			rig_each_fault(r, seed, seed, fault_and_resume, &d);
	}
}

/* ---- Vectors ---- */

static uint64_t
crc_of(struct rig *r, const void *bytes, uint32_t len, uint32_t flags, uint64_t seed)
{
	struct dsa_desc d = rig_desc(DSA_OP_CRC, flags);

	memcpy(rig_at(r, RIG_IOVA + 5), bytes, len);
	d.src = RIG_IOVA + 5;
	d.size = len;
	d.crc.seed = seed;
	return rig_run(r, &d).crc;
}

static void
vectors_of_the_datasheet(void **state)
{
	uint8_t zeros[32] = {0}, ones[32];

	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(crc_of(*state, "123456789", 9, 0, 0), 0xe3069283);
	assert_int_equal(crc_of(*state, zeros, 32, 0, 0), 0x8a9136aa);
	assert_int_equal(crc_of(*state, ones, 32, 0, 0), 0x62a8ab43);
	assert_true(crc_of(*state, "123456789", 9, DSA_FLAG_CRC_64, 0) ==
		    UINT64_C(0xae8b14860a799888));
}

static void
results_are_seeds_of_what_follows(void **state)
{
	for (uint32_t flags = 0; flags <= ALL_FLAGS; flags += DSA_FLAG_CRC_RAW) {
		uint64_t whole = crc_of(*state, "123456789", 9, flags, 0x1234567);
		uint64_t half = crc_of(*state, "1234", 4, flags, 0x1234567);

		assert_true(crc_of(*state, "56789", 5, flags, half) == whole);
	}
}

/* Nothing reflected, nothing inverted: the polynomial as it is printed, highest bit first. */
static void
raw_crc_is_the_textbook_one(void **state)
{
	uint32_t crc = 0x12345678;

	for (const char *c = "123456789"; *c != '\0'; c++) {
		crc ^= (uint32_t)(uint8_t)*c << 24;
		for (unsigned int n = 0; n < 8; n++)
			crc = crc << 1 ^ (crc & 0x80000000 ? 0x1edc6f41 : 0);
	}
	assert_int_equal(crc_of(*state, "123456789", 9, DSA_FLAG_CRC_RAW | DSA_FLAG_CRC_RAW_DATA,
				0x12345678),
			 crc);
}

/* T10-DIF has no operation of its own: the polynomial 0x18bb7, highest bit first. */
static void
guard_is_the_textbook_one(void **state)
{
	struct rig *r = *state;

	for (size_t len = 0; len < 600; len += 1 + len / 7) {
		uint16_t crc = 0xffff;

		for (size_t n = 0; n < len; n++) {
			crc ^= (uint16_t)(r->memory[n] << 8);
			for (unsigned int b = 0; b < 8; b++)
				crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? 0x8bb7 : 0));
		}
		assert_int_equal(dsa_crc16(0xffff, r->memory, len), crc);
	}
	assert_int_equal(dsa_crc16(0, (const uint8_t *)"123456789", 9), 0xd0db);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(vectors_of_the_datasheet),
		CASE(results_are_seeds_of_what_follows),
		CASE(raw_crc_is_the_textbook_one),
		CASE(guard_is_the_textbook_one),
		CASE(random_crcs_are_those_of_loops),
		CASE(faults_are_exact_and_resumed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
