/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_TEST_RIG_H
#define SLIPWAY_DLB_TEST_RIG_H

/**
 * @file
 * A DLB on a test bench: the register sequences of datasheet sections 5 to 8, commands, and reading
 * consumer queues, through the bus contract and nothing else. Knows nothing of any test framework.
 */

#include "dlb_hcw.h"
#include "dlb_model.h"
#include "test_host.h"

/** Number of a directed port where both kinds are counted through. */
#define RIG_DIR(n) (DLB_LDB_PORTS + (n))
#define RIG_PORTS  (DLB_LDB_PORTS + DLB_DIR_PORTS_MAX)
/** Load-balanced port that rig_balance keeps for producing. */
#define RIG_PRODUCER 63u
/** No sequence numbers: the queue takes no ordered events. */
#define RIG_NOT_ORDERED (-1)
/** COMMAND of a device that may be reached and may reach memory. */
#define RIG_COMMAND_ON 0x0006u
/** Bytes of host memory per CQ ring: 1024 entries, one per line. */
#define RIG_RING_BYTES 0x10000u

/** What the rig knows of a port, and its reading position in the CQ. */
struct rig_port {
	bool made;
	uint8_t domain;
	uint32_t entries;
	uint32_t preset; /**< tokens taken at creation, for depths below 8 */
	uint32_t next;   /**< QEs read so far */
	uint32_t hist_base, hist;
	uint64_t iova;
	bool slot_used[DLB_CQ_SLOTS];
	uint8_t slot[DLB_CQ_SLOTS]; /**< queue in each */
};

/** How an LDB queue is made. */
struct rig_queue {
	uint32_t inflights;
	uint32_t stage;     /**< AQED entries; 0: takes no atomic events */
	uint32_t flows;     /**< FID limit */
	uint32_t threshold; /**< depth threshold, atomic and not */
	int sn_mode;        /**< sequence numbers: 64 << sn_mode, or RIG_NOT_ORDERED */
	uint32_t sn_group, sn_slot;
	bool made;
	uint8_t domain;
};

/** The bench. */
struct rig {
	struct test_host host;
	struct bus_device *dev;
	void *rings;
	enum dlb_version version;
	unsigned int dir_ports;
	bool dense;
	uint32_t hist_next;
	struct rig_port port[RIG_PORTS];
	struct rig_queue queue[DLB_LDB_QUEUES];
	bool dir_queue[DLB_DIR_PORTS_MAX];
};

/** The next of a row of random numbers, which a seed repeats. */
static inline uint32_t
rig_draw(uint32_t *seed)
{
	*seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
	return *seed >> 8;
}

/* dlb_test_rig.c: the bench, registers, set-up */

/** A bench with a device that has power and writes sparse CQs. 0 or a negative errno. */
int rig_open(struct rig *r, enum dlb_version version, enum test_host_map policy);
/** Take it down. Returns the device's stray count. */
uint64_t rig_close(struct rig *r);
/** The same device anew: COMMAND enables it, its own power register does not. */
int rig_replug(struct rig *r, const struct dlb_model_open_points *open);
/** A field of configuration space, 1, 2 or 4 bytes. */
uint32_t rig_config_read(struct rig *r, uint16_t off, unsigned int size);
void rig_config_write(struct rig *r, uint16_t off, unsigned int size, uint32_t value);
/** Write COMMAND. */
void rig_command(struct rig *r, uint32_t command);

/** Does this version have the register? */
bool rig_has(const struct rig *r, enum dlb_reg row);
uint64_t rig_offset(const struct rig *r, enum dlb_reg row, uint32_t i);
uint32_t rig_read(struct rig *r, enum dlb_reg row, uint32_t i);
void rig_write(struct rig *r, enum dlb_reg row, uint32_t i, uint32_t value);
/** Read or write an instance of the second index. */
uint32_t rig_read_word(struct rig *r, enum dlb_reg row, uint32_t i, uint32_t word);
void rig_write_word(struct rig *r, enum dlb_reg row, uint32_t i, uint32_t word, uint32_t value);
/** The drivers' write flush. */
void rig_flush(struct rig *r);
void rig_step(struct rig *r);

/** Section 1.6: without this nothing else answers. */
void rig_power_on(struct rig *r);
/** CQ layout of both kinds: four QEs per line, or one. */
void rig_set_dense(struct rig *r, bool dense);
/** Section 5.4. On 2.5 the two kinds are one pool of the sum. */
void rig_domain(struct rig *r, uint32_t domain, uint32_t ldb_credits, uint32_t dir_credits);
/** A queue for atomic and unordered events, with generous limits. */
struct rig_queue rig_queue_plain(void);
/** Section 5.6. */
void rig_ldb_queue(struct rig *r, uint32_t domain, uint32_t q, struct rig_queue how);
/** Section 5.7; history entries are handed out one after another. */
void rig_ldb_port(struct rig *r, uint32_t domain, uint32_t p, uint32_t depth, uint32_t hist);
/** Section 5.8. */
void rig_dir_port(struct rig *r, uint32_t domain, uint32_t p, uint32_t depth);
/** Section 5.9. */
void rig_dir_queue(struct rig *r, uint32_t domain, uint32_t q, uint32_t threshold);
/** Section 5.10. */
void rig_start(struct rig *r, uint32_t domain);
/** Section 5.11. */
void rig_enable(struct rig *r, uint32_t port, bool on);

/** Domain 0 with queue 0, linked to LDB ports 0..ports-1, and RIG_PRODUCER; started. */
void rig_balance(struct rig *r, uint32_t ports, uint32_t depth, uint32_t hist, int sn_mode);

/* dlb_test_rig.c: traffic */

/** An HCW. */
struct dlb_qe rig_hcw(enum dlb_cmd cmd, enum dlb_sched sched, uint32_t qid, uint32_t prio,
		      uint32_t lock, uint64_t data);
/** Send commands in lines of four; `port` counts both kinds through. */
void rig_send(struct rig *r, uint32_t port, const struct dlb_qe hcw[], uint32_t n);
/** One command in a line of its own. */
void rig_send_one(struct rig *r, uint32_t port, struct dlb_qe hcw);
/** NEW of priority 0 from RIG_PRODUCER. */
void rig_new(struct rig *r, enum dlb_sched sched, uint32_t qid, uint32_t flow, uint64_t data);
/** FWD of priority 0. */
void rig_forward(struct rig *r, uint32_t port, enum dlb_sched sched, uint32_t qid, uint32_t flow,
		 uint64_t data);
void rig_complete(struct rig *r, uint32_t port);
void rig_tokens(struct rig *r, uint32_t port, uint32_t n);
/** Return one token and, on an LDB port, complete. */
void rig_finish(struct rig *r, uint32_t port);
/** Section 8.2: returns when the device has seen everything sent to the port. */
void rig_fence(struct rig *r, uint32_t port);
/** Take the next QE of a CQ, if there is one; nothing is returned to the device. */
bool rig_poll(struct rig *r, uint32_t port, struct dlb_qe *qe);
/** How many QEs can be taken from a CQ now; takes them. */
uint32_t rig_poll_all(struct rig *r, uint32_t port);
/** Slot i of a CQ ring as it is in memory. */
struct dlb_qe rig_slot(struct rig *r, uint32_t port, uint32_t i);
/** QEs waiting in an LDB queue, as section 3.17 sums it. */
uint32_t rig_depth(struct rig *r, uint32_t q);

/* dlb_test_links.c: section 6 */

/** Static map, 6.3 steps 4 to 8. */
void rig_link(struct rig *r, uint32_t q, uint32_t p, uint32_t slot, uint32_t prio);
/** Dynamic map, 6.4. 0 when done, 1 when the queue has events in flight: call rig_map_retry. */
int rig_map(struct rig *r, uint32_t q, uint32_t p, uint32_t slot, uint32_t prio);
int rig_map_retry(struct rig *r, uint32_t q, uint32_t p, uint32_t slot, uint32_t prio);
/** Unmap, 6.6. 0 when done, 1 when the CQ has events in flight: call it again. */
int rig_unmap(struct rig *r, uint32_t q, uint32_t p);
/** Is queue q in a slot of LDB port p? Which one, in *slot. */
bool rig_is_linked(const struct rig *r, uint32_t q, uint32_t p, uint32_t *slot);

/* dlb_test_reset.c: section 8 */

/** Domain reset, 8.1. 0, or the number of the step that failed. */
int rig_domain_reset(struct rig *r, uint32_t domain);

#endif /* SLIPWAY_DLB_TEST_RIG_H */
