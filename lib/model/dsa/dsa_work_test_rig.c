/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_work_test_rig.h"

#include <errno.h>
#include <stdlib.h>

/* More steps than any test has work for. */
#define STEPS_MAX 100000u

/* ---- The host ---- */

static bool
reachable(const struct work_rig *r, uint32_t pasid, uint64_t iova, uint64_t len, enum bus_prot prot)
{
	if ((pasid != WORK_PASID && pasid != BUS_NO_PASID) || iova < WORK_IOVA ||
	    iova - WORK_IOVA >= WORK_BYTES || len > WORK_BYTES - (iova - WORK_IOVA))
		return false;
	for (uint64_t page = (iova - WORK_IOVA) / WORK_PAGE;
	     page <= (iova - WORK_IOVA + len - 1) / WORK_PAGE; page++)
		if ((r->rights[page] & prot) != prot)
			return false;
	return true;
}

static void *
host_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	 struct bus_fault *fault)
{
	struct work_rig *r = (struct work_rig *)host;
	uint64_t have = WORK_PAGE;

	(void)fault;
	r->maps++;
	if (r->policy == WORK_BOUNCED || !reachable(r, pasid, iova, WORK_PAGE, prot))
		return NULL;
	while (r->policy == WORK_WHOLE && have < *len &&
	       reachable(r, pasid, iova, have + WORK_PAGE, prot))
		have += WORK_PAGE;
	*len = have;
	return work_at(r, iova);
}

static int
host_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len, bool write)
{
	struct work_rig *r = (struct work_rig *)host;

	if (!reachable(r, pasid, iova, len, write ? BUS_PROT_WRITE : BUS_PROT_READ))
		return -EFAULT;
	if (write)
		memcpy(work_at(r, iova), bytes, len);
	else
		memcpy(bytes, work_at(r, iova), len);
	return 0;
}

static int
host_page_request(struct bus_host *host, uint32_t pasid, uint64_t iova, enum bus_prot prot)
{
	struct work_rig *r = (struct work_rig *)host;

	(void)pasid;
	r->requests++;
	if (!r->gives || iova < WORK_IOVA || iova - WORK_IOVA >= WORK_BYTES)
		return -EFAULT;
	r->rights[(iova - WORK_IOVA) / WORK_PAGE] |= (uint8_t)prot;
	return 0;
}

static const struct bus_host_ops host_ops = {
	.map = host_map,
	.dma = host_dma,
	.page_request = host_page_request,
};

/* ---- The control half ---- */

static void
owner_error(void *owner, const struct dsa_error *error)
{
	struct work_rig *r = owner;

	if (r->errors < WORK_ERRORS)
		r->error[r->errors] = *error;
	r->errors++;
	if (r->halts_on_error)
		dsa_work_halt(r->work, true);
}

static bool
owner_handle_ok(void *owner, unsigned int handle, bool ims, bool pasid_enable, uint32_t pasid)
{
	struct work_rig *r = owner;

	(void)handle;
	(void)ims;
	(void)pasid_enable;
	(void)pasid;
	return !r->refuses_handles;
}

static void
owner_interrupt(void *owner, unsigned int handle, bool ims)
{
	struct work_rig *r = owner;

	r->interrupts++;
	r->last_handle = handle;
	r->last_ims = ims;
	if (r->watched != 0)
		r->status_at_interrupt = *(uint8_t *)work_at(r, r->watched);
}

static void
owner_occupancy(void *owner, unsigned int wq, uint64_t arming)
{
	struct work_rig *r = owner;

	(void)wq;
	r->occupancy_calls++;
	r->last_arming = arming;
}

/* ---- The rig ---- */

struct dsa_work_config
work_config(void)
{
	return (struct dsa_work_config){
		.wqs = 4,
		.engines = 2,
		.gencap = WORK_GENCAP,
		.opcap = {~UINT64_C(0)},
	};
}

int
work_setup_with(void **state, const struct dsa_work_config *config)
{
	struct work_rig *r = aligned_alloc(_Alignof(struct work_rig), sizeof(*r));
	struct dsa_work_owner owner = {
		.owner = r,
		.error = owner_error,
		.handle_ok = owner_handle_ok,
		.interrupt = owner_interrupt,
		.occupancy = owner_occupancy,
	};

	if (r == NULL)
		return -1;
	memset(r, 0, sizeof(*r));
	for (unsigned int i = 0; i < WORK_BYTES; i++)
		r->memory[i] = (uint8_t)(i * 37 + i / 251);
	memset(r->memory + 100 * WORK_PAGE, 0, WORK_BYTES - 100 * WORK_PAGE);
	memset(r->rights, BUS_PROT_READ | BUS_PROT_WRITE, sizeof(r->rights));
	r->host.ops = &host_ops;
	if (dsa_work_create(config, &r->host, &owner, &r->work) < 0)
		return -1;
	dsa_work_group(r->work, 0, 1, 0xf);
	*state = r;
	return 0;
}

int
work_setup(void **state)
{
	struct dsa_work_config config = work_config();

	return work_setup_with(state, &config);
}

int
work_teardown(void **state)
{
	struct work_rig *r = *state;

	dsa_work_destroy(r->work);
	free(r);
	return 0;
}

struct dsa_work_wq
work_dedicated(void)
{
	return (struct dsa_work_wq){
		.dedicated = true,
		.block_on_fault = true,
		.prs = true,
		.priority = 1,
		.size = 16,
		.threshold = 16,
		.max_transfer = 1 << 20,
		.max_batch = 64,
		.opcap = {~UINT64_C(0)},
	};
}

struct dsa_work_wq
work_shared(void)
{
	struct dsa_work_wq wq = work_dedicated();

	wq.dedicated = false;
	wq.pasid_enable = true;
	return wq;
}

struct dsa_desc
work_desc(enum dsa_opcode opcode, unsigned int n)
{
	return (struct dsa_desc){
		.pasid = WORK_PASID,
		.op_flags = DSA_OP_FLAGS(opcode, DSA_FLAG_CRAV | DSA_FLAG_RCR),
		.cr = work_record(n),
	};
}

struct dsa_desc
work_move(uint32_t size, unsigned int n)
{
	struct dsa_desc desc = work_desc(DSA_OP_MOVE, n);

	desc.src = work_page(0);
	desc.dst = work_page(100);
	desc.size = size;
	return desc;
}

struct dsa_desc
work_batch(struct work_rig *r, const struct dsa_desc members[], unsigned int count, unsigned int n)
{
	struct dsa_desc desc = work_desc(DSA_OP_BATCH, n);

	desc.list = work_page(150);
	desc.count = count;
	memcpy(work_at(r, desc.list), members, count * sizeof(*members));
	return desc;
}

void
work_post(struct work_rig *r, unsigned int wq, const struct dsa_desc *desc)
{
	dsa_work_post(r->work, wq, DSA_PORTAL_UNLIMITED, desc);
}

int
work_submit(struct work_rig *r, unsigned int wq, const struct dsa_desc *desc)
{
	return dsa_work_submit(r->work, wq, DSA_PORTAL_LIMITED, desc);
}

bool
work_run(struct work_rig *r)
{
	for (unsigned int n = 0; n < STEPS_MAX; n++)
		if (!dsa_work_step(r->work))
			return true;
	return false;
}

void
work_break(struct work_rig *r, unsigned int page, uint8_t rights)
{
	r->rights[page] &= (uint8_t)~rights;
	dsa_work_remap(r->work);
}
