/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_REF_H
#define SLIPWAY_DLB_REF_H

/**
 * @file
 * The reference interpreter: what the datasheet (section 7 and appendix C) allows a DLB to do. It
 * is told which commands the device was sent and which entries were seen in consumer queues, and
 * keeps what must hold whatever schedule the device chose. The first thing that may not be is kept
 * as the failure, with the name of the rule.
 *
 *   dlb_ref_hcw       a command was posted            dlb_ref_hcw.c
 *   dlb_ref_deliver   an entry appeared in a CQ       dlb_ref_deliver.c
 *   dlb_ref_observed  that was all there was to see   dlb_ref_deliver.c
 *   dlb_ref_quiet     the device has come to rest     dlb_ref_quiet.c
 *
 * Time is a count of commands. Between two observations the order of schedules at different CQs is
 * not known, nor that of commands at different ports; so arrivals have an earliest and a latest
 * time, and "before" means certainly before.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dlb_hcw.h"
#include "dlb_regs.h"

/* Up to three domains of six LDB ports, four LDB queues and three directed pairs. */
#define DLB_REF_DOMAINS    3
#define DLB_REF_LDB_CQS    18
#define DLB_REF_LDB_QUEUES 12
#define DLB_REF_DIRS       9
#define DLB_REF_CQS        (DLB_REF_LDB_CQS + DLB_REF_DIRS)
#define DLB_REF_QUEUES     (DLB_REF_LDB_QUEUES + DLB_REF_DIRS)
/** Waiting entries are kept by lock id modulo this, by type and by priority level. */
#define DLB_REF_BUCKETS 64
#define DLB_REF_CLASSES ((DLB_REF_BUCKETS + 3) * DLB_PRIO_BINS)
#define DLB_REF_NEVER   UINT64_MAX
#define DLB_REF_NONE    UINT32_MAX

/** The two counts that a queue's depth has: section 7.9. */
enum dlb_ref_kind { DLB_REF_ATM, DLB_REF_NALB, DLB_REF_KINDS };

enum dlb_ref_state {
	DLB_REF_REORDER,   /**< behind a smaller sequence number */
	DLB_REF_MAYBE,     /**< behind one that may be smaller or larger */
	DLB_REF_WAITING,   /**< in its queue */
	DLB_REF_DELIVERED, /**< in a CQ and not completed */
	DLB_REF_DONE,
};

/** One entry that the device took. */
struct dlb_ref_item {
	struct dlb_qe qe; /**< as it was sent */
	enum dlb_ref_state state;
	uint8_t queue, bin, sched, domain;
	uint8_t port;  /**< that sent it */
	uint8_t cq;    /**< that it was delivered to */
	bool final;    /**< not a fragment */
	bool resolved; /**< delivered ordered, and completed */
	bool closed;   /**< and its number has certainly passed */
	uint8_t code;  /**< depth code it was delivered with */
	uint16_t lock;
	uint16_t klass;
	uint64_t sent;      /**< when it was posted */
	uint64_t lo, hi;    /**< earliest and latest arrival in the queue */
	uint64_t seen, pos; /**< delivered: the observation, and the place in the CQ */
	uint32_t entry;     /**< ordered entry that it was forwarded for, or none */
	uint32_t child;     /**< first and next of those forwarded for this one */
	uint32_t sibling;
	uint32_t prev, next; /**< in the list of its class */
};

struct dlb_ref_list {
	uint32_t head, tail;
};

/** An atomic flow of a queue. */
struct dlb_ref_flow {
	uint16_t inflight;
	uint8_t cq;
};

struct dlb_ref_queue {
	bool exists, directed;
	uint8_t domain, number;
	bool open;            /**< VASQID_V */
	bool valid;           /**< QID_V */
	bool atomic, ordered; /**< FID_CFG_V, SN_CFG_V */
	bool paused;          /**< inflight limit 0 for now */
	bool folds;           /**< lock ids are compressed */
	uint32_t limit, window, stage, flows_max, threshold[DLB_REF_KINDS];
	uint32_t inflight, pinned;
	uint32_t waiting[DLB_REF_KINDS];  /**< certainly in the queue */
	uint32_t maybe[DLB_REF_KINDS];    /**< perhaps */
	uint32_t behind[DLB_REF_KINDS];   /**< certainly not yet */
	uint64_t enqueued[DLB_REF_KINDS]; /**< certainly, ever */
	/* Since the last observation, and the bounds of the largest depth so far. */
	uint32_t was[DLB_REF_KINDS], arrived[DLB_REF_KINDS], left[DLB_REF_KINDS];
	uint32_t depth_lo, depth_hi;
	/* Deliveries that passed a level by while it had something; levels against each other. */
	uint32_t passed[DLB_PRIO_BINS], left_bin[DLB_PRIO_BINS];
	uint64_t contest[DLB_PRIO_BINS][DLB_PRIO_BINS];
	uint32_t *order; /**< ordered entries that are not certainly closed */
	uint32_t order_count, order_room, closed;
	uint64_t scheduled; /**< ordered entries ever scheduled */
	struct dlb_ref_flow *flow;
	struct dlb_ref_list direct[DLB_REF_CLASSES], replay[DLB_REF_CLASSES];
};

struct dlb_ref_slot {
	bool valid;
	uint8_t queue, priority;
};

struct dlb_ref_cq {
	bool exists, directed, enabled;
	uint8_t domain, number;
	uint32_t entries, depth, history, limit;
	uint32_t tokens, inflight;
	uint64_t scheduled, placed;
	struct dlb_ref_slot slot[DLB_CQ_SLOTS];
	uint32_t *list; /**< the history, a ring of DLB_HIST_ENTRIES */
	uint64_t push, pop;
	/** Turns of slots of one level while the other had work, too: levels against each other. */
	uint64_t contest[DLB_PRIO_BINS][DLB_PRIO_BINS];
};

/** Alarms, section 9.4. */
enum dlb_ref_alarm_id {
	DLB_REF_ILLEGAL_QID,
	DLB_REF_DISABLED_QID,
	DLB_REF_ILLEGAL_HCW,
	DLB_REF_QID_CFG, /**< its number is not in the datasheet */
	DLB_REF_ILLEGAL_ENQ,
	DLB_REF_EXCESS_TOKENS,
};

struct dlb_ref_alarm {
	bool valid, more;
	enum dlb_ref_alarm_id id;
	uint8_t port;
	bool ldb;
	uint64_t meta; /**< bytes 8-15 of the offending command */
};

struct dlb_ref_failure {
	const char *rule; /**< NULL: none */
	char text[240];
};

struct dlb_ref {
	enum dlb_version version;
	uint32_t ldb_queues, dir_queues; /**< that the device has */
	bool comp_t_one, directed_lock_in_qid;
	uint32_t alarms_enabled; /**< SYS_INGRESS_ALARM_ENBL */
	struct dlb_ref_failure failure;
	uint64_t now, seen, span; /**< span: time at the last observation */
	uint8_t span_port;        /**< of all commands since, or DLB_REF_..._PORT(S) */
	uint32_t credits[DLB_REF_DOMAINS][2];
	struct dlb_ref_queue queue[DLB_REF_QUEUES];
	struct dlb_ref_cq cq[DLB_REF_CQS];
	uint64_t total[2]; /**< schedules to LDB and to directed CQs */
	/** What the alarm records hold: one for both sources, or one each. */
	struct dlb_ref_alarm alarm, alarm_sys, alarm_chp;
	struct dlb_ref_item *item;
	uint32_t items, room;
	uint32_t *touched; /**< items whose arrival moved since then */
	uint32_t touched_count;
	uint32_t *fresh; /**< items delivered since then */
	uint32_t fresh_count;
	uint64_t taken, dropped, delivered;
};

#define DLB_REF_NO_PORT    0xfe
#define DLB_REF_MANY_PORTS 0xff

/** Make an interpreter of a device after power-on. @return NULL: no memory */
struct dlb_ref *dlb_ref_create(enum dlb_version version);
void dlb_ref_destroy(struct dlb_ref *r);
/** Make room for entries with numbers below `items`. @return false: no memory */
bool dlb_ref_reserve(struct dlb_ref *r, uint32_t items);

/** A directed queue or CQ has the same place behind the load-balanced ones. */
static inline unsigned int
dlb_ref_dir_cq(unsigned int pair)
{
	return DLB_REF_LDB_CQS + pair;
}

static inline unsigned int
dlb_ref_dir_queue(unsigned int pair)
{
	return DLB_REF_LDB_QUEUES + pair;
}

/** Credits by kind on 2.0; one pool on 2.5. */
static inline uint32_t *
dlb_ref_credits(struct dlb_ref *r, unsigned int domain, bool directed)
{
	return &r->credits[domain][r->version == DLB_V20 && directed];
}

static inline enum dlb_ref_kind
dlb_ref_kind(const struct dlb_ref_item *i)
{
	return i->sched == DLB_ATOMIC ? DLB_REF_ATM : DLB_REF_NALB;
}

/** Keep the first failure. */
void dlb_ref_fail(struct dlb_ref *r, const char *rule, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Make a queue or a CQ anew: what it is must be filled in, what it holds is emptied. */
void dlb_ref_queue_reset(struct dlb_ref *r, unsigned int q);
void dlb_ref_cq_reset(struct dlb_ref *r, unsigned int c);
/** After a reset of the device: nothing is left. */
void dlb_ref_reset(struct dlb_ref *r);
/** A domain has been reset: it must have been empty. */
void dlb_ref_domain_empty(struct dlb_ref *r, unsigned int domain);

/**
 * A command was posted at a port. Entries have their number in the low half of `data`, so that
 * each is told from all others.
 */
void dlb_ref_hcw(struct dlb_ref *r, unsigned int port, struct dlb_qe hcw);
/** The entry that a completion of the port would retire: NULL when there is none. */
struct dlb_ref_item *dlb_ref_oldest(struct dlb_ref *r, unsigned int port);

/** An entry appeared in a CQ. */
void dlb_ref_deliver(struct dlb_ref *r, unsigned int cq, struct dlb_qe qe);
/** All entries that were there have been told. */
void dlb_ref_observed(struct dlb_ref *r);

/** The device has come to rest: nothing that can be scheduled may wait. */
void dlb_ref_quiet(struct dlb_ref *r);
/** The run is over: what only shows over time. */
void dlb_ref_finish(struct dlb_ref *r);

/* ---- Between the files of the interpreter ---- */

/** Does a certainly have its sequence number before b? Both were scheduled from one queue. */
bool dlb_ref_order_before(const struct dlb_ref *r, const struct dlb_ref_item *a,
			  const struct dlb_ref_item *b);
/** Does a certainly arrive in the queue before b? */
bool dlb_ref_arrives_before(const struct dlb_ref *r, const struct dlb_ref_item *a,
			    const struct dlb_ref_item *b);
/** An ordered entry was scheduled; one was completed. */
void dlb_ref_order_push(struct dlb_ref *r, uint32_t item);
void dlb_ref_order_resolved(struct dlb_ref *r, unsigned int q);
/** Hand an entry to the reorder stage. */
void dlb_ref_order_child(struct dlb_ref *r, uint32_t entry, uint32_t item);
/** May the window of the queue be full? Must it be? */
bool dlb_ref_window_may_be_full(const struct dlb_ref *r, unsigned int q);
bool dlb_ref_window_overrun(const struct dlb_ref *r, unsigned int q);
/** An entry came into its queue now. */
void dlb_ref_arrive(struct dlb_ref *r, uint32_t item, bool certain);
void dlb_ref_unlink(struct dlb_ref *r, uint32_t item);

#endif /* SLIPWAY_DLB_REF_H */
