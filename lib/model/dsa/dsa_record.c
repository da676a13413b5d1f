/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * How a descriptor's end is told: completion record, interrupt, error (sections 7.3, 7.4, 12, 13).
 */
#include <string.h>

#include "dsa_work_priv.h"

#define OPERAND_CR 5
#define PAGE_MASK  UINT64_C(0xfff)

static uint32_t
pasid_of(const struct dsa_job *job)
{
	return atomic_load_explicit(&job->pasid, memory_order_relaxed);
}

static bool
handle_ok(const struct dsa_engine *e, const struct dsa_job *job, const struct dsa_desc *desc)
{
	const struct dsa_work_owner *o = &e->work->owner;

	return o->handle_ok(o->owner, desc->interrupt_handle, job->ims,
			    job->queue->config.pasid_enable, pasid_of(job));
}

bool
dsa_record_handle_ok(const struct dsa_engine *e, const struct dsa_job *job, struct dsa_op *op)
{
	if (handle_ok(e, job, &op->desc))
		return true;
	op->cr.status = DSA_STATUS_INTERRUPT_HANDLE;
	return false;
}

void
dsa_record_fault(struct dsa_op *op, uint8_t status, uint64_t iova, uint8_t operand)
{
	op->cr.status = status;
	op->cr.fault_addr = iova & ~PAGE_MASK;
	/* Bit 0: the address is the page's. */
	if (op->tells_operand)
		op->cr.fault_info = (uint8_t)(1 | operand << 1);
	op->fault_operand = operand;
}

/* ---- Errors ---- */

static void
tell_error(struct dsa_engine *e, struct dsa_job *job, const struct dsa_op *op, uint32_t index,
	   struct dsa_error *error)
{
	const struct dsa_desc *desc = &op->desc;

	error->desc_valid = true;
	error->wq_valid = true;
	error->wq = job->wq;
	error->opcode = (uint8_t)DSA_OPCODE(desc);
	error->pasid = job->desc_pasid & DSA_PASID_MASK;
	error->priv = job->desc_pasid & DSA_PRIV;
	error->interrupt_handle = desc->interrupt_handle;
	error->rci = DSA_FLAGS(desc) & DSA_FLAG_RCI;
	error->ims = job->ims;
	error->cr = op->cr;
	if (index != DSA_NO_INDEX) {
		error->batch = true;
		error->batch_index = (uint16_t)index;
		error->batch_id = job->batch.id;
		error->first_in_batch = !job->batch.told;
		job->batch.told = true;
	}
	e->work->owner.error(e->work->owner.owner, error);
}

/* What no record tells. */
static void
tell_unrecorded(struct dsa_engine *e, struct dsa_job *job, const struct dsa_op *op, uint32_t index,
		uint8_t code)
{
	struct dsa_error error = {
		.code = code,
		.fault_operand = op->fault_operand,
		.fault_addr = op->cr.fault_addr,
	};

	tell_error(e, job, op, index, &error);
}

static void
tell_cr_fault(struct dsa_engine *e, struct dsa_job *job, const struct dsa_op *op, uint32_t index)
{
	struct dsa_error error = {
		.code = DSA_STATUS_CR_FAULT | DSA_STATUS_WRITE,
		.fault_operand = OPERAND_CR,
		.fault_addr = op->desc.cr,
		.cr_required = true,
	};

	tell_error(e, job, op, index, &error);
}

/* ---- Completion records ---- */

/* Bytes 8 to 31, then the first eight with the status in one store: never a status without them. */
static void
store_record(uint8_t *p, const struct dsa_cr *cr)
{
	_Atomic uint64_t *to = (_Atomic uint64_t *)(void *)p;
	uint64_t words[DSA_CR_BYTES / 8];

	memcpy(words, cr, sizeof(words));
	for (unsigned int i = 1; i < DSA_CR_BYTES / 8; i++)
		atomic_store_explicit(&to[i], words[i], memory_order_relaxed);
	/* Pairs with the acquire of who polls the status: data and record come before it. */
	atomic_store_explicit(to, words[0], memory_order_release);
}

/* Without a pointer: the status by itself, in a copy after that of the rest. */
static bool
copy_record(struct dsa_mem *mem, uint64_t iova, const struct dsa_cr *cr)
{
	struct dsa_window w;

	for (unsigned int part = 0; part < 2; part++) {
		unsigned int from = part == 0, n = part == 0 ? DSA_CR_BYTES - 1 : 1;

		if (dsa_mem_get(mem, iova + from, n, BUS_PROT_WRITE, &w) != 0)
			return false;
		/* Pairs with the acquire of who polls the status, as in store_record. */
		if (n == 1)
			atomic_store_explicit((_Atomic uint8_t *)w.p, cr->status,
					      memory_order_release);
		else
			memcpy(w.p, (const uint8_t *)cr + from, n);
		if (dsa_mem_put(mem, &w, n) != 0)
			return false;
	}
	return true;
}

static bool
write_record(struct dsa_engine *e, const struct dsa_job *job, uint64_t iova,
	     const struct dsa_cr *cr)
{
	struct dsa_window w;

	/* A record is waited for wherever page requests may be made: section 11.1. */
	dsa_job_mem(e, job, job->queue->config.prs);
	if (dsa_mem_get(e->mem, iova, DSA_CR_BYTES, BUS_PROT_WRITE, &w) != 0)
		return false;
	if (!w.bounced && w.len == DSA_CR_BYTES && (uintptr_t)w.p % sizeof(uint64_t) == 0) {
		store_record(w.p, cr);
		return true;
	}
	dsa_mem_put(e->mem, &w, 0);
	return copy_record(e->mem, iova, cr);
}

/* Section 7.4: what is said of a descriptor whose record is valid, or to whom else. */
static void
tell(struct dsa_engine *e, struct dsa_job *job, struct dsa_op *op, uint32_t index)
{
	uint32_t flags = DSA_FLAGS(&op->desc);
	uint8_t code = DSA_STATUS_CODE(op->cr.status);
	bool good = code == DSA_STATUS_SUCCESS || code == DSA_STATUS_FALSE_PREDICATE;

	if (good && (flags & (DSA_FLAG_CRAV | DSA_FLAG_RCR)) != (DSA_FLAG_CRAV | DSA_FLAG_RCR))
		return;
	if (code == DSA_STATUS_PRIV || !(flags & DSA_FLAG_CRAV)) {
		tell_unrecorded(e, job, op, index, op->cr.status);
		return;
	}
	/* Whatever else was found first: there is nowhere to tell it. */
	if (op->desc.cr % DSA_CR_BYTES != 0) {
		tell_unrecorded(e, job, op, index, DSA_STATUS_CR_ALIGN);
		return;
	}
	if (write_record(e, job, op->desc.cr, &op->cr))
		dsa_count(&e->counts[job->wq].records, 1);
	else
		tell_cr_fault(e, job, op, index);
}

#define OP(opcode) (UINT64_C(1) << DSA_OP_##opcode)
/* Opcodes that write memory: lines of theirs count as written. */
#define WRITERS                                                                                    \
	(OP(MOVE) | OP(FILL) | OP(CREATE_DELTA) | OP(APPLY_DELTA) | OP(DUALCAST) | OP(COPY_CRC) |  \
	 OP(DIF_INSERT) | OP(DIF_STRIP) | OP(DIF_UPDATE) | OP(DIX_GENERATE) | OP(IDOM_COPY) |      \
	 OP(IDOM_FILL))

static void
count(struct dsa_counts *c, const struct dsa_op *op)
{
	uint8_t code = DSA_STATUS_CODE(op->cr.status);
	unsigned int opcode = DSA_OPCODE(&op->desc) & 63;
	uint64_t lines = (op->done + 31) / 32;

	dsa_count(&c->ops[opcode], 1);
	if (lines != 0) {
		dsa_count(&c->bytes, op->done);
		dsa_count(&c->lines, lines);
		if (WRITERS >> opcode & 1)
			dsa_count(&c->lines_written, lines);
		dsa_count(&c->requests[opcode], (op->done + 63) / 64);
	}
	if (code == DSA_STATUS_SUCCESS || code == DSA_STATUS_FALSE_PREDICATE)
		dsa_count(&c->success, 1);
	else if (code == DSA_STATUS_PAGE_FAULT || code == DSA_STATUS_PAGE_REQUEST_FAILED)
		dsa_count(&c->partial, 1);
	else
		dsa_count(&c->error, 1);
}

void
dsa_record_end(struct dsa_engine *e, struct dsa_job *job, struct dsa_op *op, uint32_t index)
{
	const struct dsa_work_owner *o = &e->work->owner;
	struct dsa_counts *c = &e->counts[job->wq];

	count(c, op);
	if (index != DSA_NO_INDEX)
		dsa_count(&c->members, 1);
	tell(e, job, op, index);
	/* The interrupt comes after the record: section 10. */
	if ((DSA_FLAGS(&op->desc) & DSA_FLAG_RCI) && job->rules.interrupts && !job->barred &&
	    handle_ok(e, job, &op->desc)) {
		dsa_count(job->ims ? &c->ims : &c->msix, 1);
		o->interrupt(o->owner, op->desc.interrupt_handle, job->ims);
	}
}
