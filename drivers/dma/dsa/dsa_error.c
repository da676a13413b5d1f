/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Statuses of section 12 of the datasheet, and what they become. */

#include <inttypes.h>
#include <string.h>

#include <rte_common.h>

#include "dsa_error.h"
#include "dsa_priv.h"
#include "dsa_ring.h"

static const struct {
	uint16_t status;
	const char *text;
} statuses[] = {
	[DSA_STATUS_SUCCESS] = {RTE_DMA_STATUS_SUCCESSFUL, "success"},
	[DSA_STATUS_FALSE_PREDICATE] = {RTE_DMA_STATUS_SUCCESSFUL, "false predicate"},
	[DSA_STATUS_PAGE_FAULT] = {RTE_DMA_STATUS_PAGE_FAULT, "page fault"},
	[DSA_STATUS_PAGE_REQUEST_FAILED] = {RTE_DMA_STATUS_PAGE_FAULT, "page request failed"},
	[DSA_STATUS_BATCH_FAILED] = {RTE_DMA_STATUS_ERROR_UNKNOWN, "member of a batch failed"},
	[DSA_STATUS_BATCH_FAULT] = {RTE_DMA_STATUS_DESCRIPTOR_READ_ERROR,
				    "page fault on a list of descriptors"},
	[DSA_STATUS_DELTA_ORDER] = {RTE_DMA_STATUS_ERROR_UNKNOWN,
				    "offsets of a delta record not ascending"},
	[DSA_STATUS_DELTA_RANGE] = {RTE_DMA_STATUS_ERROR_UNKNOWN,
				    "offset of a delta record out of range"},
	[DSA_STATUS_DIF_ERROR] = {RTE_DMA_STATUS_ERROR_UNKNOWN, "data integrity field wrong"},
	[DSA_STATUS_OPCODE] = {RTE_DMA_STATUS_INVALID_OPCODE, "opcode not supported"},
	[DSA_STATUS_FLAGS] = {RTE_DMA_STATUS_ERROR_UNKNOWN, "invalid flags"},
	[DSA_STATUS_RESERVED] = {RTE_DMA_STATUS_ERROR_UNKNOWN, "reserved field not zero"},
	[DSA_STATUS_SIZE] = {RTE_DMA_STATUS_INVALID_LENGTH, "invalid transfer size"},
	[DSA_STATUS_COUNT] = {RTE_DMA_STATUS_INVALID_LENGTH, "invalid count of descriptors"},
	[DSA_STATUS_DELTA_SIZE] = {RTE_DMA_STATUS_INVALID_LENGTH, "invalid size of a delta record"},
	[DSA_STATUS_OVERLAP] = {RTE_DMA_STATUS_INVALID_ADDR, "buffers overlap"},
	[DSA_STATUS_DUALCAST_ALIGN] = {RTE_DMA_STATUS_INVALID_ADDR,
				       "low bits of two destinations differ"},
	[DSA_STATUS_LIST_ALIGN] = {RTE_DMA_STATUS_INVALID_ADDR, "list of descriptors misaligned"},
	[DSA_STATUS_INTERRUPT_HANDLE] = {RTE_DMA_STATUS_ERROR_UNKNOWN, "invalid interrupt handle"},
	[DSA_STATUS_CR_FAULT] = {RTE_DMA_STATUS_PAGE_FAULT, "page fault on a completion record"},
	[DSA_STATUS_CR_ALIGN] = {RTE_DMA_STATUS_INVALID_ADDR, "completion record misaligned"},
	[DSA_STATUS_ALIGN] = {RTE_DMA_STATUS_INVALID_ADDR, "address or size misaligned"},
	[DSA_STATUS_PRIV] = {RTE_DMA_STATUS_ERROR_UNKNOWN, "privilege not allowed"},
	[DSA_STATUS_TRAFFIC_CLASS] = {RTE_DMA_STATUS_ERROR_UNKNOWN, "traffic class not allowed"},
	[DSA_STATUS_DRAIN_FAULT] = {RTE_DMA_STATUS_PAGE_FAULT, "page fault on readback of a drain"},
	[DSA_STATUS_READ_ERROR] = {RTE_DMA_STATUS_BUS_READ_ERROR, "hardware error on a read"},
	[DSA_STATUS_WRITE_ERROR] = {RTE_DMA_STATUS_BUS_WRITE_ERROR, "hardware error on a write"},
	[DSA_STATUS_TRANSLATION_ERROR] = {RTE_DMA_STATUS_BUS_ERROR,
					  "hardware error on address translation"},
};

static const char *const operations[] = {
	[DSA_OP_NOOP] = "no-op",
	[DSA_OP_BATCH] = "batch",
	[DSA_OP_DRAIN] = "drain",
	[DSA_OP_MOVE] = "memory move",
	[DSA_OP_FILL] = "fill",
	[DSA_OP_COMPARE] = "compare",
	[DSA_OP_COMPARE_PATTERN] = "compare pattern",
	[DSA_OP_CREATE_DELTA] = "create delta record",
	[DSA_OP_APPLY_DELTA] = "apply delta record",
	[DSA_OP_DUALCAST] = "copy with dualcast",
	[DSA_OP_CRC] = "CRC generation",
	[DSA_OP_COPY_CRC] = "copy with CRC",
	[DSA_OP_DIF_CHECK] = "DIF check",
	[DSA_OP_DIF_INSERT] = "DIF insert",
	[DSA_OP_DIF_STRIP] = "DIF strip",
	[DSA_OP_DIF_UPDATE] = "DIF update",
	[DSA_OP_CACHE_FLUSH] = "cache flush",
};

enum rte_dma_status_code
dsa_error_status(uint8_t status)
{
	unsigned int code = DSA_STATUS_CODE(status);

	if (code >= RTE_DIM(statuses) || statuses[code].text == NULL)
		return RTE_DMA_STATUS_ERROR_UNKNOWN;
	return statuses[code].status;
}

const char *
dsa_error_text(uint8_t status)
{
	unsigned int code = DSA_STATUS_CODE(status);

	if (code >= RTE_DIM(statuses) || statuses[code].text == NULL)
		return "status not known";
	return statuses[code].text;
}

const char *
dsa_error_op(unsigned int opcode)
{
	if (opcode >= RTE_DIM(operations) || operations[opcode] == NULL)
		return "operation not known";
	return operations[opcode];
}

/* One of a kind, or as many as twice those at the last line. */
static bool
worth_a_line(struct dsa_vchan *v, uint8_t status)
{
	uint64_t n = ++v->refusals[DSA_STATUS_CODE(status)];

	return (n & (n - 1)) == 0;
}

/* Which of the flags the device does not want, or where a page is missing. */
static const char *
details(const struct dsa_cr *cr, char *text, size_t len)
{
	unsigned int code = DSA_STATUS_CODE(cr->status);

	text[0] = '\0';
	if (code == DSA_STATUS_FLAGS)
		snprintf(text, len, ", flags 0x%06x", cr->invalid_flags & 0xffffff);
	else if (code == DSA_STATUS_PAGE_FAULT || code == DSA_STATUS_PAGE_REQUEST_FAILED)
		snprintf(text, len, " on a %s at 0x%" PRIx64 ", %u bytes done",
			 cr->status & DSA_STATUS_WRITE ? "write" : "read", cr->fault_addr,
			 cr->bytes_completed);
	return text;
}

void
dsa_error_log(struct dsa_vchan *v, uint64_t op, const struct dsa_desc *desc,
	      const struct dsa_cr *cr)
{
	char text[96];

	if (!worth_a_line(v, cr->status))
		return;
	DSA_LOG(ERR, v->config.name,
		"channel %u: operation %u, %s of %u bytes from 0x%" PRIx64 " to 0x%" PRIx64
		": status 0x%02x, %s%s (%" PRIu64 " of these so far)",
		v->config.vchan, (uint16_t)op, dsa_error_op(DSA_OPCODE(desc)), desc->size,
		desc->src, desc->dst, cr->status, dsa_error_text(cr->status),
		details(cr, text, sizeof(text)), v->refusals[DSA_STATUS_CODE(cr->status)]);
}

void
dsa_error_log_batch(struct dsa_vchan *v, uint64_t op, const struct dsa_cr *cr)
{
	char text[96];

	if (!worth_a_line(v, cr->status))
		return;
	DSA_LOG(ERR, v->config.name,
		"channel %u: batch that begins with operation %u: status 0x%02x, %s%s, %u "
		"descriptors done (%" PRIu64 " of these so far)",
		v->config.vchan, (uint16_t)op, cr->status, dsa_error_text(cr->status),
		details(cr, text, sizeof(text)), cr->bytes_completed,
		v->refusals[DSA_STATUS_CODE(cr->status)]);
}

void
dsa_error_refused(struct dsa_vchan *v, int error)
{
	if (!worth_a_line(v, DSA_STATUS_NONE))
		return;
	DSA_LOG(ERR, v->config.name, "channel %u: wq %u cannot be submitted to: %s",
		v->config.vchan, v->config.wq->id, strerror(-error));
}

void
dsa_error_gone(struct dsa_vchan *v)
{
	DSA_LOG(ERR, v->config.name,
		"channel %u: wq %u %s any more; %" PRIu64
		" operations end without having been done",
		v->config.vchan, v->config.wq->id,
		v->broken ? "takes nothing" : "is not enabled", v->enqueued - v->ready);
}
