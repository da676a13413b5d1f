/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_POOL_H
#define SLIPWAY_DLB_POOL_H

/**
 * @file
 * Who has what of a device: its queues, ports, credits, history entries, atomic storage and
 * sequence numbers, and the scheduling domains that share them; datasheet sections 2.1, 2.2 and
 * 11.1. Arithmetic only: no device is touched.
 *
 * A domain holds what it reserved for as long as it exists, and may use it while it runs. Of a
 * resource that it reserved nothing of, it takes what it needs when it starts, at most its share,
 * and gives it back when it stops. The share is an even part of what nobody reserved.
 *
 * Nothing here locks.
 */

#include "dlb_hcw.h"
#include "dlb_regs.h"
#include "dlb_request.h"
#include "dlb_status.h"

/** Owner of what nobody has. */
#define DLB_NOBODY 0xff
/** Owner of what is not ours to give: somebody else shares the device out. */
#define DLB_ELSEWHERE 0xfe

/** Slots of a reorder group in its smallest mode. */
#define DLB_SN_SLOTS (DLB_SN_PER_GROUP / DLB_SN_MIN)

struct dlb_pool_domain {
	bool exists;
	struct dlb_request reserved;
	uint32_t taken[DLB_RES_KINDS]; /**< by a start, of what was not reserved too */
};

struct dlb_pool {
	enum dlb_version version;
	uint32_t total[DLB_RES_KINDS];
	uint32_t domains_there; /**< bit d: domain d is there to be made */
	unsigned int nb_domains;
	struct dlb_pool_domain domains[DLB_DOMAINS];

	/* Owners. */
	uint8_t ldb_queues[DLB_LDB_QUEUES];
	uint8_t ldb_ports[DLB_LDB_PORTS];
	uint8_t dir_ports[DLB_DIR_PORTS_MAX];
	uint8_t history[DLB_HIST_ENTRIES];
	uint8_t windows[DLB_SN_GROUPS][DLB_SN_SLOTS];

	uint8_t sn_mode[DLB_SN_GROUPS]; /**< of each reorder group */
	bool sn_fixed;                  /**< the modes stay as they are */
};

/** The part of a device that somebody who shares it out has granted: one domain of it. */
struct dlb_part {
	unsigned int domain;
	/** Amounts; of what is numbered, those below say more. */
	uint32_t amount[DLB_RES_KINDS];
	bool ldb_queues[DLB_LDB_QUEUES];
	bool ldb_ports[DLB_LDB_PORTS];
	bool dir_ports[DLB_DIR_PORTS_MAX];
	bool history[DLB_HIST_ENTRIES];
	bool windows[DLB_SN_GROUPS][DLB_SN_SLOTS];
	uint8_t sn_mode[DLB_SN_GROUPS];
};

/** Numbers in the device that a start may use. */
struct dlb_grant {
	uint8_t ldb_queues[DLB_LDB_QUEUES];
	uint8_t ldb_ports[DLB_LDB_PORTS];
	uint8_t dir_ports[DLB_DIR_PORTS_MAX];
	uint16_t history_base;
};

/** A slot of a reorder group. */
struct dlb_window {
	uint8_t group, slot, mode;
};

/** A device that nobody has anything of. */
void dlb_pool_init(struct dlb_pool *pool, enum dlb_version version);

/** Only that part of the device is there. Before any domain is made. */
void dlb_pool_restrict(struct dlb_pool *pool, const struct dlb_part *part);

/** How much the device has of a resource. */
uint32_t dlb_pool_total(const struct dlb_pool *pool, enum dlb_res res);

/** How much no domain holds. */
uint32_t dlb_pool_free(const struct dlb_pool *pool, enum dlb_res res);

/** How much a domain holds, reserved or taken. */
uint32_t dlb_pool_held(const struct dlb_pool *pool, unsigned int domain, enum dlb_res res);

/** How much a domain has while it runs, or may take when it starts. */
uint32_t dlb_pool_limit(const struct dlb_pool *pool, unsigned int domain, enum dlb_res res);

/** Ports of a class that a domain holds; of DLB_NOBODY, those that are free. */
unsigned int dlb_pool_class_ports(const struct dlb_pool *pool, unsigned int owner,
				  unsigned int cos);

/** Sequence numbers in slots that an owner has; of DLB_NOBODY, those in free slots. */
unsigned int dlb_pool_sequence_numbers(const struct dlb_pool *pool, unsigned int owner);

/**
 * Make a domain, and reserve for it what the request names.
 *
 * @param domain its number, the lowest that is free
 * @param short_of what there is too little of, where the status is about a resource
 */
enum dlb_status dlb_pool_create(struct dlb_pool *pool, const struct dlb_request *request,
				unsigned int *domain, enum dlb_res *short_of);

/** Give back all that a domain has, and its number. */
void dlb_pool_destroy(struct dlb_pool *pool, unsigned int domain);

/**
 * A domain starts: take what it needs. All or nothing.
 *
 * @param need at most dlb_pool_limit() of each
 * @param grant the numbers of what is numbered, lowest first; by class where so reserved
 * @param short_of what there is too little of
 */
enum dlb_status dlb_pool_take(struct dlb_pool *pool, unsigned int domain,
			      const uint32_t need[DLB_RES_KINDS], struct dlb_grant *grant,
			      enum dlb_res *short_of);

/**
 * The same for sequence numbers: one slot a queue. The modes of groups that nobody uses change so
 * that queues get as much as possible of what they want, within the domain's share if that works.
 *
 * @param wanted sequence numbers for each queue, a mode's window each, in falling order
 */
enum dlb_status dlb_pool_take_windows(struct dlb_pool *pool, unsigned int domain,
				      const uint16_t wanted[], unsigned int n,
				      struct dlb_window windows[]);

/** A domain has stopped: give back what it took, but for what it reserved. */
void dlb_pool_give_back(struct dlb_pool *pool, unsigned int domain);

#endif /* SLIPWAY_DLB_POOL_H */
