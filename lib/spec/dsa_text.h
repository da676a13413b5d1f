/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_TEXT_H
#define SLIPWAY_DSA_TEXT_H

/**
 * @file
 * Descriptors and completion records as people read them. No function keeps state or allocates; what
 * makes text does what snprintf does.
 */

#include <stdbool.h>
#include <stdio.h>

#include "dsa_desc.h"
#include "dsa_op_table.h"

/** Name of an operation, "opcode not defined" for others. */
static inline const char *
dsa_opcode_name(unsigned int opcode)
{
	return opcode < DSA_OPCODES && dsa_op_rows[opcode].name != NULL ? dsa_op_rows[opcode].name
									 : "opcode not defined";
}

/** What a status says, whatever its bit 7; "status not defined" for others. Section 12. */
static inline const char *
dsa_status_name(uint8_t status)
{
	static const char *const names[] = {
		[DSA_STATUS_NONE] = "not written yet",
		[DSA_STATUS_SUCCESS] = "success",
		[DSA_STATUS_FALSE_PREDICATE] = "success with a false predicate",
		[DSA_STATUS_PAGE_FAULT] = "page fault",
		[DSA_STATUS_PAGE_REQUEST_FAILED] = "page request refused",
		[DSA_STATUS_BATCH_FAILED] = "a descriptor of the batch failed",
		[DSA_STATUS_BATCH_FAULT] = "page fault on the batch's list",
		[DSA_STATUS_DELTA_ORDER] = "delta offsets do not ascend",
		[DSA_STATUS_DELTA_RANGE] = "delta offset out of range",
		[DSA_STATUS_DIF_ERROR] = "data integrity field is wrong",
		[DSA_STATUS_OPCODE] = "unsupported opcode",
		[DSA_STATUS_FLAGS] = "invalid flags",
		[DSA_STATUS_RESERVED] = "reserved field is not zero",
		[DSA_STATUS_SIZE] = "invalid transfer size",
		[DSA_STATUS_COUNT] = "invalid descriptor count",
		[DSA_STATUS_DELTA_SIZE] = "invalid delta record size or field",
		[DSA_STATUS_OVERLAP] = "buffers overlap",
		[DSA_STATUS_DUALCAST_ALIGN] = "dualcast destinations differ in bits 11:0",
		[DSA_STATUS_LIST_ALIGN] = "descriptor list not aligned",
		[DSA_STATUS_INTERRUPT_HANDLE] = "invalid interrupt handle",
		[DSA_STATUS_CR_FAULT] = "page fault on the completion record",
		[DSA_STATUS_CR_ALIGN] = "completion record not aligned",
		[DSA_STATUS_ALIGN] = "address or size not aligned",
		[DSA_STATUS_PRIV] = "privilege not allowed",
		[DSA_STATUS_TRAFFIC_CLASS] = "traffic class not allowed",
		[DSA_STATUS_DRAIN_FAULT] = "page fault on a drain's readback",
		[DSA_STATUS_READ_ERROR] = "hardware error on a read",
		[DSA_STATUS_WRITE_ERROR] = "hardware error on a write or readback",
		[DSA_STATUS_TRANSLATION_ERROR] = "hardware error on a translation",
		[DSA_STATUS_PCI_CHANGED] = "PCI configuration changed while enabled",
		[DSA_STATUS_CMD_BUSY] = "command written while one was active",
		[DSA_STATUS_WQ_FULL] = "dedicated work queue full",
		[DSA_STATUS_EVENT_LOG] = "event log full or not writable",
	};
	unsigned int code = status & 0x7f;

	return code < sizeof(names) / sizeof(names[0]) && names[code] != NULL ? names[code]
									       : "status not defined";
}

/** Name of a flag, by its bit, for an operation; NULL where the bit has no meaning. */
static inline const char *
dsa_flag_name(unsigned int opcode, unsigned int bit)
{
	static const char *const names[16] = {
		"fence", "block-on-fault", "cr-valid", "cr-request", "interrupt", "cache3", NULL,
		"check", "cache1", "tc1", "tc2", "tc3", "cr-tc", "strict", "cache2", NULL};
	bool crc = opcode == DSA_OP_CRC || opcode == DSA_OP_COPY_CRC;

	if (bit < 16)
		return names[bit];
	switch (1u << bit) {
	case DSA_FLAG_OP(0):
		return crc ? "seed-address"
		       : opcode == DSA_OP_BATCH ? "batch-error"
		       : opcode == DSA_OP_DRAIN ? "readback1"
		       : opcode == DSA_OP_TRANSLATION_FETCH ? "stride"
							     : NULL;
	case DSA_FLAG_OP(1):
		return crc ? "raw" : opcode == DSA_OP_DRAIN ? "readback2" : NULL;
	case DSA_FLAG_OP(2):
		return crc ? "raw-data"
		       : opcode == DSA_OP_FILL ? "pattern16"
		       : opcode == DSA_OP_DRAIN ? "no-readback-a"
						 : NULL;
	case DSA_FLAG_OP(3):
		return crc ? "crc64" : opcode == DSA_OP_DRAIN ? "no-readback-b" : NULL;
	default:
		return NULL;
	}
}

/** The flags of a descriptor, "cr-valid cr-request"; bits without a name as "bit6". */
static inline int
dsa_flags_text(unsigned int opcode, uint32_t flags, char *buf, size_t len)
{
	int total = 0;

	if (len > 0)
		buf[0] = '\0';
	for (unsigned int bit = 0; bit < 24; bit++) {
		const char *name = dsa_flag_name(opcode, bit);
		size_t at = (size_t)total < len ? (size_t)total : len;

		if (!(flags >> bit & 1))
			continue;
		if (name != NULL)
			total += snprintf(len > at ? buf + at : NULL, len - at, "%s%s",
					  total > 0 ? " " : "", name);
		else
			total += snprintf(len > at ? buf + at : NULL, len - at, "%sbit%u",
					  total > 0 ? " " : "", bit);
	}
	return total;
}

#endif /* SLIPWAY_DSA_TEXT_H */
