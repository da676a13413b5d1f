/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_BUS_TRACE_H
#define SLIPWAY_BUS_TRACE_H

/**
 * @file
 * A recorder between a host and a device: what either asks of the other passes unchanged, and
 * becomes a record in a file.
 *
 *   host <---- bus_trace_host ---- device        the device is made with bus_trace_host, and
 *     |                              ^           everybody calls bus_trace_device from then on
 *     +------ bus_trace_device ------+
 *
 * A record is appended by one system call: several threads, devices and processes may share a file,
 * and what was recorded is there when the program is killed. Between bus_trace_device and
 * bus_trace_destroy nothing here allocates, takes a lock or waits, so that it may all be called
 * from signal handlers.
 *
 * What another thread may react to is recorded before it happens (write, post, DMA write, irq), so
 * that causes come before effects in the file; what has a result, afterwards, with its result.
 */

#include "bus.h"

/** First bytes of a record: "Tr" where it was written, anything else elsewhere. */
#define BUS_TRACE_MARK 0x7254u
/** Version of this format. */
#define BUS_TRACE_FORMAT 1u
/** First bytes of the payload of BUS_TRACE_DEVICE. */
#define BUS_TRACE_MAGIC "slipway bustrace"
/** Most payload bytes of a record; of a longer transfer the first ones are kept. */
#define BUS_TRACE_PAYLOAD_MAX 4032u
/** Devices of a program that can be told apart: index 0 to 255. */
#define BUS_TRACE_DEVICES 256u

/** What a record tells. The number of each is part of the format. */
enum bus_trace_op {
	BUS_TRACE_DEVICE = 1,       /**< a device begins: struct bus_trace_hello */
	BUS_TRACE_CONFIG_READ = 2,  /**< off, value: length; payload; result */
	BUS_TRACE_CONFIG_WRITE = 3, /**< off, value: length; payload; result */
	BUS_TRACE_READ = 4,         /**< bar, off, size, value: what was read */
	BUS_TRACE_WRITE = 5,        /**< bar, off, size, value */
	BUS_TRACE_POST = 6,         /**< bar, off, value: length; payload */
	BUS_TRACE_SUBMIT = 7,       /**< bar, off, pasid, value: length; payload; result */
	BUS_TRACE_RESET = 8,        /**< value: enum bus_reset */
	BUS_TRACE_REMAP = 9,
	BUS_TRACE_DMA_READ = 10,  /**< off: IO address, pasid, value: length; payload; result */
	BUS_TRACE_DMA_WRITE = 11, /**< off: IO address, pasid, value: length; payload */
	BUS_TRACE_DMA_FAULT = 12, /**< the DMA write this thread began failed; as it, and result */
	BUS_TRACE_PAGE_REQUEST = 13, /**< off: IO address, pasid, value: enum bus_prot; result */
	BUS_TRACE_IRQ = 14,          /**< value: vector */
};

/** Head of every record, in the byte order of the machine; `bytes` of payload follow. */
struct bus_trace_record {
	uint16_t mark;  /**< BUS_TRACE_MARK */
	uint16_t bytes; /**< of payload, 0 to BUS_TRACE_PAYLOAD_MAX */
	uint8_t device; /**< index of the device in its program */
	uint8_t op;     /**< enum bus_trace_op */
	uint8_t size;   /**< bytes of the register */
	uint8_t zero;
	uint32_t bar;
	uint32_t pid;   /**< process that plugged the device in */
	uint32_t tid;   /**< thread that asked */
	uint32_t pasid; /**< or BUS_NO_PASID */
	uint64_t ns;    /**< when it began, CLOCK_MONOTONIC */
	uint32_t took;  /**< how long, ns; 0 for what is recorded before it happens */
	int32_t result; /**< 0 or a negative errno */
	uint64_t off;   /**< offset in the bar or in config space, or IO address */
	uint64_t value;
};

/** Payload of BUS_TRACE_DEVICE. */
struct bus_trace_hello {
	char magic[16]; /**< BUS_TRACE_MAGIC, without its final 0 */
	uint32_t format;
	uint32_t version; /**< column of the register table */
	char model[16];   /**< "dlb"; ends with 0 */
};

_Static_assert(sizeof(struct bus_trace_record) == 56, "part of the format");
_Static_assert(sizeof(struct bus_trace_hello) == 40, "part of the format");

/** A recorder. */
struct bus_trace;

/**
 * Make a recorder and record that a device begins.
 *
 * When a record cannot be written, as on a full disk, one line on standard error says so, recording
 * ends and the device goes on.
 *
 * @param fd where to append: opened with O_APPEND, kept open by the caller until the recorder is
 *   gone. The caller keeps the program from closing it.
 * @param index number of the device in this program, 0 to 255
 * @param model its name, at most 15 characters
 * @param version column of its register table
 * @param host what the device is to be plugged into; has `dma`; outlives the recorder
 * @return the recorder, or NULL with errno EINVAL for an index, name or host that is not accepted,
 *   ENOMEM
 */
struct bus_trace *bus_trace_create(int fd, unsigned int index, const char *model,
				   unsigned int version, struct bus_host *host);

/**
 * What the device is to be made with. Its `map` never has a pointer, so that the device uses `dma`
 * and all it does to memory is seen. Operations that the real host lacks are NULL here, too.
 */
struct bus_host *bus_trace_host(struct bus_trace *trace);

/**
 * Put the recorder in front of a device.
 *
 * Operations that the device lacks are NULL here, too. Line rings are described as trapped pages,
 * as posts through them would not be seen. Steps pass and leave no record of their own.
 *
 * @param dev the device made with bus_trace_host; outlives the recorder
 * @return the device that everybody calls from now on
 */
struct bus_device *bus_trace_device(struct bus_trace *trace, struct bus_device *dev);

/**
 * Free a recorder; says how many records were lost, if any. Neither its device nor its host is
 * called through it any more. NULL is allowed.
 */
void bus_trace_destroy(struct bus_trace *trace);

#endif /* SLIPWAY_BUS_TRACE_H */
