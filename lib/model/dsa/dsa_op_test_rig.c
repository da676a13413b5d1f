/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>

#include "dsa_op_test_rig.h"

/* GENCAP of a device that can do everything there is a test for. */
#define GENCAP_ALL                                                                                 \
	(DSA_GENCAP_OVERLAP | DSA_GENCAP_CACHE | DSA_GENCAP_READBACK | DSA_GENCAP_CR_FAULT |       \
	 UINT64_C(1) << 7 | UINT64_C(1) << 9 | UINT64_C(1) << 10 | UINT64_C(1) << 11 |             \
	 UINT64_C(1) << 15)

/* ---- The host ---- */

static bool
reachable(const struct rig *r, uint64_t iova, uint64_t len, enum bus_prot prot)
{
	if (iova < RIG_IOVA || iova - RIG_IOVA + len > RIG_BYTES)
		return false;
	for (uint64_t page = (iova - RIG_IOVA) / RIG_PAGE;
	     page <= (iova - RIG_IOVA + len - 1) / RIG_PAGE; page++)
		if ((r->rights[page] & prot) != prot)
			return false;
	return true;
}

static void *
host_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	struct rig *r = (struct rig *)host;
	uint64_t most = r->policy == RIG_BY_PAGE ? RIG_PAGE : *len, have = RIG_PAGE;

	(void)pasid;
	(void)fault;
	if (r->policy == RIG_BOUNCED || !reachable(r, iova, RIG_PAGE, prot))
		return NULL;
	while (have < most && reachable(r, iova, have + RIG_PAGE, prot))
		have += RIG_PAGE;
	*len = have;
	return rig_at(r, iova);
}

static int
host_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct rig *r = (struct rig *)host;

	(void)pasid;
	if (!reachable(r, iova, len, write ? BUS_PROT_WRITE : BUS_PROT_READ))
		return -EFAULT;
	if (write)
		memcpy(rig_at(r, iova), bytes, len);
	else
		memcpy(bytes, rig_at(r, iova), len);
	return 0;
}

static int
host_page_request(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	struct rig *r = (struct rig *)host;

	(void)pasid;
	r->requests++;
	if (!r->gives || iova < RIG_IOVA || iova - RIG_IOVA >= RIG_BYTES)
		return -EFAULT;
	r->rights[(iova - RIG_IOVA) / RIG_PAGE] |= prot;
	return 0;
}

static const struct bus_host_ops host_ops = {
	.map = host_map,
	.dma = host_dma,
	.page_request = host_page_request,
};

/* ---- The rig ---- */

int
rig_setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -1;
	r->host.ops = &host_ops;
	r->mem = dsa_mem_create(&r->host);
	r->opcap[0] = ~UINT64_C(0);
	r->budget = SIZE_MAX;
	r->seed = 1;
	r->rules = (struct dsa_op_rules){
		.gencap = GENCAP_ALL,
		.opcap = r->opcap,
		.max_transfer = 1 << 21,
		.max_batch = 1024,
		.block_on_fault = true,
		.interrupts = true,
	};
	rig_fresh(r);
	*state = r;
	return r->mem == NULL;
}

int
rig_teardown(void **state)
{
	struct rig *r = *state;

	dsa_mem_destroy(r->mem);
	free(r);
	return 0;
}

/* Xorshift. */
uint32_t
rig_random(struct rig *r, uint32_t n)
{
	r->seed ^= r->seed << 13;
	r->seed ^= r->seed >> 7;
	r->seed ^= r->seed << 17;
	return (uint32_t)(r->seed >> 32) % n;
}

void
rig_fresh(struct rig *r)
{
	uint32_t word;

	for (size_t at = 0; at < RIG_BYTES; at += sizeof(word)) {
		word = rig_random(r, UINT32_MAX);
		memcpy(r->memory + at, &word, sizeof(word));
	}
	rig_mend(r);
}

void
rig_mend(struct rig *r)
{
	memset(r->rights, BUS_PROT_READ | BUS_PROT_WRITE, sizeof(r->rights));
	dsa_mem_forget(r->mem);
}

void
rig_break(struct rig *r, unsigned int page, uint8_t rights)
{
	r->rights[page] &= (uint8_t)~rights;
	dsa_mem_forget(r->mem);
}

uint8_t *
rig_at(struct rig *r, uint64_t iova)
{
	return r->memory + (iova - RIG_IOVA);
}

struct dsa_desc
rig_desc(unsigned int opcode, uint32_t flags)
{
	return (struct dsa_desc){
		.op_flags = DSA_OP_FLAGS(opcode, flags | DSA_FLAG_CRAV | DSA_FLAG_RCR),
		.cr = RIG_IOVA,
	};
}

struct dsa_cr
rig_run(struct rig *r, const struct dsa_desc *desc)
{
	struct dsa_op op = {.desc = *desc};

	assert_true(dsa_op_check(&op, &r->rules));
	dsa_mem_begin(r->mem, BUS_NO_PASID, DSA_FLAGS(desc) & DSA_FLAG_BOF, false);
	while (!dsa_op_run(&op, r->mem, r->budget))
		assert_int_equal(op.cr.status, 0);
	assert_int_not_equal(op.cr.status, 0);
	assert_int_equal(r->mem->opened, 0);
	return op.cr;
}

struct dsa_cr
rig_check(struct rig *r, const struct dsa_desc *desc)
{
	struct dsa_op op = {.desc = *desc};
	bool ok = dsa_op_check(&op, &r->rules);

	assert_int_equal(ok, op.cr.status == 0);
	return op.cr;
}

bool
rig_reaches(const struct rig *r, uint64_t iova, uint32_t len, enum bus_prot prot,
	    enum dsa_operand id, uint64_t done, struct dsa_cr *cr)
{
	for (uint32_t n = 0; n < len; n++) {
		if (reachable(r, iova + n, 1, prot))
			continue;
		cr->status = DSA_STATUS_PAGE_FAULT | (prot == BUS_PROT_WRITE ? DSA_STATUS_WRITE : 0);
		cr->fault_info = (uint8_t)(1 | id << 1);
		cr->fault_addr = (iova + n) & ~(uint64_t)(RIG_PAGE - 1);
		cr->bytes_completed = (uint32_t)done;
		return false;
	}
	return true;
}

void
rig_each_fault(struct rig *r, unsigned int first, unsigned int last,
	       void (*try)(struct rig *r, void *context), void *context)
{
	static const uint8_t missing[] = {BUS_PROT_READ | BUS_PROT_WRITE, BUS_PROT_WRITE};

	for (unsigned int page = first; page <= last; page++) {
		for (unsigned int n = 0; n < 2; n++) {
			rig_mend(r);
			rig_break(r, page, missing[n]);
			try(r, context);
		}
	}
	rig_mend(r);
}
