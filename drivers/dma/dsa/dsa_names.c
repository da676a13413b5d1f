/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Numbers of the device in words, for messages: sections 4.3, 4.4, 8.1 and 12. */

#include <rte_common.h>

#include "dsa_hw.h"

struct name {
	unsigned int number;
	const char *text;
};

static const char *
find(const struct name names[], size_t n, unsigned int number)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (names[i].number == number)
			return names[i].text;
	}
	return "of unknown meaning";
}

static const struct name commands[] = {
	{DSA_COMMAND_ENABLE_DEVICE, "Enable Device"},
	{DSA_COMMAND_DISABLE_DEVICE, "Disable Device"},
	{DSA_COMMAND_DRAIN_ALL, "Drain All"},
	{DSA_COMMAND_ABORT_ALL, "Abort All"},
	{DSA_COMMAND_RESET_DEVICE, "Reset Device"},
	{DSA_COMMAND_ENABLE_WQ, "Enable WQ"},
	{DSA_COMMAND_DISABLE_WQ, "Disable WQ"},
	{DSA_COMMAND_DRAIN_WQ, "Drain WQ"},
	{DSA_COMMAND_ABORT_WQ, "Abort WQ"},
	{DSA_COMMAND_RESET_WQ, "Reset WQ"},
	{DSA_COMMAND_DRAIN_PASID, "Drain PASID"},
	{DSA_COMMAND_ABORT_PASID, "Abort PASID"},
	{DSA_COMMAND_REQUEST_INT_HANDLE, "Request interrupt handle"},
	{DSA_COMMAND_RELEASE_INT_HANDLE, "Release interrupt handle"},
	{DSA_COMMAND_REQUEST_IDPT_HANDLE, "Request IDPT handle"},
	{DSA_COMMAND_RELEASE_IDPT_HANDLE, "Release IDPT handle"},
	{DSA_COMMAND_INVALIDATE_BITMAP, "Invalidate submitter bitmap cache"},
};

const char *
dsa_command_name(unsigned int command)
{
	return find(commands, RTE_DIM(commands), command);
}

static const struct name command_errors[] = {
	{DSA_ERROR_COMMAND, "unknown command"},
	{DSA_ERROR_WQ_INDEX, "no such work queue"},
	{DSA_ERROR_HARDWARE, "hardware error"},
	{DSA_ERROR_RESERVED, "a reserved field is not 0"},
	{DSA_ERROR_HALT, "the device has halted"},
	{DSA_ERROR_DEVICE_ENABLED, "the device is not disabled"},
	{DSA_ERROR_DEVICE_OTHER, "the device cannot be enabled"},
	{DSA_ERROR_BUS_MASTER, "bus mastering is off"},
	{DSA_ERROR_PRS_ALLOC, "page requests have no valid allocation"},
	{DSA_ERROR_WQ_SIZES, "work queues have more entries than there are"},
	{DSA_ERROR_GROUP, "a group has work queues without engines, or engines without"},
	{DSA_ERROR_WQ_GROUP, "a work queue with entries is not in one group, or one without is"},
	{DSA_ERROR_ENGINE_GROUP, "an engine is in several groups"},
	{DSA_ERROR_READ_BUFFERS, "read buffers or bandwidth limits of a group are invalid"},
	{DSA_ERROR_EVENT_LOG, "the event log is not set up right"},
	{DSA_ERROR_ATS, "address translation is not set up right"},
	{DSA_ERROR_PASID, "PASIDs are not set up right"},
	{DSA_ERROR_DEVICE_NOT_ENABLED, "the device is not enabled"},
	{DSA_ERROR_WQ_ENABLED, "the work queue is not disabled"},
	{DSA_ERROR_WQ_SIZE, "the work queue has no entries"},
	{DSA_ERROR_WQ_PRIORITY, "the work queue has priority 0"},
	{DSA_ERROR_WQ_MODE, "the device has no such mode of work queues"},
	{DSA_ERROR_WQ_BOF, "block on fault needs page requests"},
	{DSA_ERROR_WQ_PASID, "a shared work queue needs PASIDs, which have to be on"},
	{DSA_ERROR_WQ_BATCH, "largest batch out of range"},
	{DSA_ERROR_WQ_TRANSFER, "largest transfer out of range"},
	{DSA_ERROR_WQ_PRIV, "privilege of the work queue is invalid"},
	{DSA_ERROR_WQ_OCCUPANCY, "interrupt of the occupancy is invalid"},
	{DSA_ERROR_WQ_ATS, "work queues cannot do without address translation"},
	{DSA_ERROR_WQ_OPCFG, "operations allowed that the device does not have"},
	{DSA_ERROR_WQ_PRS, "work queues cannot do without page requests like this"},
	{DSA_ERROR_NOT_ENABLED, "the device is not enabled"},
	{DSA_ERROR_WQ_NOT_ENABLED, "the work queue is not enabled"},
	{DSA_ERROR_HANDLE_INDEX, "no such interrupt table entry"},
	{DSA_ERROR_HANDLE_NONE, "no interrupt handle left"},
	{DSA_ERROR_IDPT_INDEX, "no such IDPT entry"},
	{DSA_ERROR_IDPT_NONE, "no IDPT handle left"},
};

const char *
dsa_command_error_name(unsigned int error)
{
	return find(command_errors, RTE_DIM(command_errors), error);
}

static const struct name opcodes[] = {
	{DSA_OP_NOOP, "no-op"},
	{DSA_OP_BATCH, "batch"},
	{DSA_OP_DRAIN, "drain"},
	{DSA_OP_MOVE, "memory move"},
	{DSA_OP_FILL, "fill"},
	{DSA_OP_COMPARE, "compare"},
	{DSA_OP_COMPARE_PATTERN, "compare pattern"},
	{DSA_OP_CREATE_DELTA, "create delta record"},
	{DSA_OP_APPLY_DELTA, "apply delta record"},
	{DSA_OP_DUALCAST, "copy with dualcast"},
	{DSA_OP_TRANSLATION_FETCH, "translation fetch"},
	{DSA_OP_CRC, "CRC generation"},
	{DSA_OP_COPY_CRC, "copy with CRC"},
	{DSA_OP_DIF_CHECK, "DIF check"},
	{DSA_OP_DIF_INSERT, "DIF insert"},
	{DSA_OP_DIF_STRIP, "DIF strip"},
	{DSA_OP_DIF_UPDATE, "DIF update"},
	{DSA_OP_DIX_GENERATE, "DIX generate"},
	{DSA_OP_CACHE_FLUSH, "cache flush"},
	{DSA_OP_UPDATE_WINDOW, "update window"},
	{DSA_OP_IDOM_COPY, "inter-domain copy"},
	{DSA_OP_IDOM_FILL, "inter-domain fill"},
	{DSA_OP_IDOM_COMPARE, "inter-domain compare"},
	{DSA_OP_IDOM_COMPARE_PATTERN, "inter-domain compare pattern"},
};

const char *
dsa_opcode_name(unsigned int opcode)
{
	return find(opcodes, RTE_DIM(opcodes), opcode);
}

static const struct name statuses[] = {
	{DSA_STATUS_NONE, "not done"},
	{DSA_STATUS_SUCCESS, "success"},
	{DSA_STATUS_FALSE_PREDICATE, "success, with another result than expected"},
	{DSA_STATUS_PAGE_FAULT, "page fault"},
	{DSA_STATUS_PAGE_REQUEST_FAILED, "page request failed"},
	{DSA_STATUS_BATCH_FAILED, "an operation of a batch failed"},
	{DSA_STATUS_BATCH_FAULT, "page fault on the list of a batch"},
	{DSA_STATUS_DELTA_ORDER, "offsets of a delta record out of order"},
	{DSA_STATUS_DELTA_RANGE, "offset of a delta record out of range"},
	{DSA_STATUS_DIF_ERROR, "data integrity field wrong"},
	{DSA_STATUS_OPCODE, "unsupported operation"},
	{DSA_STATUS_FLAGS, "invalid flags"},
	{DSA_STATUS_RESERVED, "a reserved field is not 0"},
	{DSA_STATUS_SIZE, "transfer size out of range"},
	{DSA_STATUS_COUNT, "descriptor count out of range"},
	{DSA_STATUS_DELTA_SIZE, "size of a delta record out of range"},
	{DSA_STATUS_OVERLAP, "buffers overlap"},
	{DSA_STATUS_DUALCAST_ALIGN, "destinations of a dualcast differ in bits 11:0"},
	{DSA_STATUS_LIST_ALIGN, "descriptor list not aligned"},
	{DSA_STATUS_INTERRUPT_HANDLE, "invalid interrupt handle"},
	{DSA_STATUS_CR_FAULT, "page fault on a completion record"},
	{DSA_STATUS_CR_ALIGN, "completion record not aligned"},
	{DSA_STATUS_ALIGN, "address or size not aligned"},
	{DSA_STATUS_PRIV, "privileged descriptor not allowed"},
	{DSA_STATUS_TRAFFIC_CLASS, "invalid traffic class"},
	{DSA_STATUS_DRAIN_FAULT, "page fault on a readback address of a drain"},
	{DSA_STATUS_READ_ERROR, "bus error on a read"},
	{DSA_STATUS_WRITE_ERROR, "bus error on a write"},
	{DSA_STATUS_TRANSLATION_ERROR, "bus error on address translation"},
	{DSA_STATUS_PCI_CHANGED, "configuration space changed while the device was enabled"},
	{DSA_STATUS_CMD_BUSY, "a command was given while another one was active"},
	{DSA_STATUS_WQ_FULL, "a descriptor was posted to a full work queue, and lost"},
	{DSA_STATUS_EVENT_LOG, "the event log could not be written"},
};

const char *
dsa_status_name(unsigned int status)
{
	/* Whether it was a write is said apart. */
	return find(statuses, RTE_DIM(statuses), status & ~(unsigned int)DSA_STATUS_WRITE);
}
