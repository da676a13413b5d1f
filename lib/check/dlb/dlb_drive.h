/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_DRIVE_H
#define SLIPWAY_DLB_DRIVE_H

/**
 * @file
 * A driver of one DLB, with the reference interpreter at its side: all that it does to the device,
 * by the bus contract, it tells the interpreter, too.
 *
 * The interpreter knows the settings of a device as registers have them. Around a change that takes
 * rights away it is told afterwards, around one that gives rights beforehand, so that what the
 * device does in between is allowed.
 */

#include "bus.h"
#include "dlb_ref.h"
#include "dlb_script.h"

/** What makes a device for the given host, and takes it away. */
struct dlb_drive_maker {
	int (*create)(const struct dlb_script_line *device, struct bus_host *host,
		      struct bus_device **dev, void **kept);
	/** Accesses without a register, and entries that the host had no memory for. */
	uint64_t (*stray)(struct bus_device *dev);
	void (*destroy)(struct bus_device *dev, void *kept);
};

/** The ring of a CQ in the memory of the host. */
struct dlb_drive_ring {
	uint64_t iova;
	uint8_t *memory;
	uint32_t entries, step, next;
	bool generation;
	struct dlb_qe *shadow; /**< as it was when it was read */
};

enum dlb_drive_link { DLB_LINK_FREE, DLB_LINK_MAPPED, DLB_LINK_MAPPING, DLB_LINK_UNMAPPING };

struct dlb_drive_slot {
	enum dlb_drive_link state;
	uint8_t queue, priority;
};

/** What another thread does meanwhile: dlb_drive_meanwhile.c. */
struct dlb_drive_other;

struct dlb_drive {
	struct bus_host host;
	unsigned int map_policy;
	uint8_t *memory;
	size_t size;
	uint64_t irqs;
	struct dlb_drive_other *other;
	const struct dlb_drive_maker *maker;
	struct bus_device *dev;
	void *kept;
	struct dlb_ref *ref;
	enum dlb_version version;
	/* The lines of the script that describe the device and its parts. */
	const struct dlb_script_line *device;
	const struct dlb_script_line *domain[DLB_REF_DOMAINS];
	const struct dlb_script_line *queue[DLB_REF_LDB_QUEUES];
	const struct dlb_script_line *port[DLB_REF_LDB_CQS];
	const struct dlb_script_line *pair[DLB_REF_DIRS];
	unsigned int domains, queues, ports, pairs;
	const struct dlb_script *script;
	struct dlb_drive_ring ring[DLB_REF_CQS];
	struct dlb_drive_slot slot[DLB_REF_LDB_CQS][DLB_CQ_SLOTS];
	bool off[DLB_REF_CQS];  /**< disabled by the script */
	bool held[DLB_REF_CQS]; /**< disabled for a change of links or a reset */
	struct dlb_qe line[DLB_REF_CQS][DLB_LINE_HCWS];
	unsigned int filled[DLB_REF_CQS];
	uint32_t serial;
	uint64_t now_ns;
	uint64_t commands;
};

/** Arguments of the lines that describe, in the order of dlb_script.c. */
enum {
	DEVICE_VERSION,
	DEVICE_HOST,
	DEVICE_SPARSE_LDB,
	DEVICE_SPARSE_DIR,
	DEVICE_SN_0,
	DEVICE_SN_1,
	DEVICE_ALARMS,
	DEVICE_COMP_T_ONE,
	DEVICE_LOCK_IN_QID,
	DEVICE_SHARES,
	DEVICE_ARBITERS,
	DOMAIN_ID = 0,
	DOMAIN_CREDITS,
	DOMAIN_DIR_CREDITS,
	QUEUE_DOMAIN = 0,
	QUEUE_ID,
	QUEUE_INFLIGHTS,
	QUEUE_STAGE,
	QUEUE_FLOWS,
	QUEUE_ATOMIC,
	QUEUE_ORDERED,
	QUEUE_SN_GROUP,
	QUEUE_SN_SLOT,
	QUEUE_FOLD,
	QUEUE_THRESHOLD,
	PORT_DOMAIN = 0,
	PORT_ID,
	PORT_DEPTH,
	PORT_HISTORY,
	PORT_INFLIGHTS,
	PORT_BASE,
	PAIR_DOMAIN = 0,
	PAIR_ID,
	PAIR_DEPTH,
	PAIR_THRESHOLD,
	LINK_PORT = 0,
	LINK_QUEUE,
	LINK_PRIORITY,
};

/**
 * Make the device of a script and set it up.
 *
 * @return 0, -EINVAL when the script describes what no device has, -ENOMEM
 */
int dlb_drive_open(struct dlb_drive *d, const struct dlb_script *script,
		   const struct dlb_drive_maker *maker);
void dlb_drive_close(struct dlb_drive *d);

/* ---- Registers: dlb_drive_regs.c ---- */

uint32_t dlb_drive_read(struct dlb_drive *d, enum dlb_reg reg, uint32_t index);
void dlb_drive_write(struct dlb_drive *d, enum dlb_reg reg, uint32_t index, uint32_t value);
/** A register of two indexes. */
uint32_t dlb_drive_read_word(struct dlb_drive *d, enum dlb_reg reg, uint32_t index, uint32_t word);
void dlb_drive_write_word(struct dlb_drive *d, enum dlb_reg reg, uint32_t index, uint32_t word,
			  uint32_t value);
/** Read SYS_TOTAL_VAS: all writes before it are done. */
void dlb_drive_flush(struct dlb_drive *d);
/** Power on, as a driver does after a reset. */
void dlb_drive_power_on(struct dlb_drive *d);
/** Reset the function, by configuration space or by the bus, and look whether all is as new. */
void dlb_drive_function_reset(struct dlb_drive *d, bool by_config);
/** Compare the live counters and the alarm record. With `report`, what differs is a failure. */
bool dlb_drive_counters_agree(struct dlb_drive *d, bool report);
void dlb_drive_check_alarm(struct dlb_drive *d);
void dlb_drive_clear_alarm(struct dlb_drive *d);

/* ---- Set-up and domain reset: dlb_drive_setup.c, dlb_drive_reset.c ---- */

void dlb_drive_setup_device(struct dlb_drive *d);
void dlb_drive_setup_domain(struct dlb_drive *d, unsigned int domain);
void dlb_drive_reset_domain(struct dlb_drive *d, unsigned int domain);
/** Tokens that are in use before anything was delivered, 2.4. */
uint32_t dlb_drive_preset(const struct dlb_drive *d, unsigned int cq);

/* ---- Links: dlb_drive_link.c, datasheet section 6 ---- */

/** Write a slot's registers, and tell the interpreter. */
void dlb_drive_write_slot(struct dlb_drive *d, unsigned int port, unsigned int slot, bool valid);
void dlb_drive_map(struct dlb_drive *d, unsigned int port, unsigned int queue,
		   unsigned int priority);
void dlb_drive_unmap(struct dlb_drive *d, unsigned int port, unsigned int queue);
/** Finish what can be finished. */
void dlb_drive_link_work(struct dlb_drive *d);
/** Enable or disable a CQ as `off`, `held` and its links want it. */
void dlb_drive_set_cq(struct dlb_drive *d, unsigned int cq);
/** Set a queue's inflight limit to 0 while a link of it is waiting, or back. */
void dlb_drive_set_limit(struct dlb_drive *d, unsigned int queue);

/* ---- Commands and consumer queues: dlb_drive_queue.c ---- */

/** Put a command into the port's line, which is sent when it is full. */
void dlb_drive_push(struct dlb_drive *d, unsigned int port, struct dlb_qe hcw);
/** Send what the lines hold, four commands at a time, or each by itself. */
void dlb_drive_send(struct dlb_drive *d, unsigned int port, bool single);
void dlb_drive_send_all(struct dlb_drive *d);
/** A command with a payload of its own; the other fields as in `meta`. */
struct dlb_qe dlb_drive_hcw(struct dlb_drive *d, unsigned int cmd, uint64_t meta);
/** Send everything, see what came of it, compare all counters. */
void dlb_drive_sync(struct dlb_drive *d);
void dlb_drive_step(struct dlb_drive *d, uint64_t ns);
/** Step until nothing changes; then nothing that can be scheduled may wait. */
void dlb_drive_settle(struct dlb_drive *d);
/** Tell what came into the CQs: how many entries. */
uint32_t dlb_drive_scan(struct dlb_drive *d);
/** Slots that were read must be as they were. */
void dlb_drive_check_rings(struct dlb_drive *d);
/** Post bytes at a port's page. */
void dlb_drive_post(struct dlb_drive *d, bool directed, unsigned int id, const void *bytes,
		    unsigned int len);

static inline bool
dlb_drive_failed(const struct dlb_drive *d)
{
	return d->ref->failure.rule != NULL;
}

static inline bool
dlb_drive_directed(unsigned int cq)
{
	return cq >= DLB_REF_LDB_CQS;
}

#endif /* SLIPWAY_DLB_DRIVE_H */
