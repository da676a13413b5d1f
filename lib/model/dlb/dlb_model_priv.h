/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_MODEL_PRIV_H
#define SLIPWAY_DLB_MODEL_PRIV_H

/**
 * @file
 * The whole state of a DLB. Two kinds of it:
 *
 *   register file    what was written, exact, slow             dlb_config.c turns the first
 *   run-time tables  what it decided, compact, fast            into the second, write by write
 *
 * Everything but the port rings' posting side, `lock` and `dirty` belongs to whoever holds the
 * lock.
 */

#include <stdatomic.h>

#include "dlb_hcw.h"
#include "dlb_irq.h"
#include "dlb_lane.h"
#include "dlb_model.h"
#include "dlb_pci.h"
#include "dlb_smon.h"
#include "dlb_turn.h"
#include "line_ring.h"
#include "regfile.h"

#define DLB_CACHE_LINE 64
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
/** Called where something is wrong: keeps its callers' other paths together. */
#define DLB_COLD    __attribute__((cold))
#define DLB_CQS        (DLB_LDB_PORTS + DLB_DIR_PORTS_MAX)
#define DLB_PORT_WORDS ((DLB_CQS + 63) / 64)
/** Credits there can be, so QEs that can be stored: 2.0 has 12288, 2.5 has 16384. */
#define DLB_POOL       DLB_CREDITS
/** Pages of the two producer-port windows: directed from 0, load-balanced from 256. */
#define DLB_PP_PAGES   512
#define DLB_PP_LDB     256
/** No QE: index 0 of the pool is never used. */
#define DLB_NIL        0

/** QEs that have left their lane, or are to wait before one, in order and linked through the pool. */
struct dlb_fifo {
	uint16_t head, tail;
};

/** The same in one FIFO per effective priority; bit b of `bins`: FIFO b has QEs. */
struct dlb_bins {
	struct dlb_fifo fifo[DLB_PRIO_BINS];
	uint8_t bins;
	uint8_t turn, wheel; /**< as those of lanes: atomic QEs of a queue, as one CQ gets them */
};

/** Depths at which the depth code of a delivered QE steps up: T/2, 3T/4, T (section 4.7). */
struct dlb_thresholds {
	uint32_t step[3];
};

/**
 * History entry: a QE scheduled to an LDB CQ and not yet completed. One word, in which the QE's own
 * bytes 8-15 keep their places, so that making one costs the scheduler a mask and a store.
 */
typedef uint64_t dlb_hist;

#define DLB_HIST_SN_HI      15 /**< where a QE has its opaque bytes */
#define DLB_HIST_SN_LO      0
#define DLB_HIST_QID_HI     DLB_QE_QID_HI
#define DLB_HIST_QID_LO     DLB_QE_QID_LO
#define DLB_HIST_SCHED_HI   DLB_QE_SCHED_HI
#define DLB_HIST_SCHED_LO   DLB_QE_SCHED_LO
#define DLB_HIST_TRACKED_HI 63 /**< counted in its flow */
#define DLB_HIST_TRACKED_LO 63

/** What is known of one sequence number that was given out. */
struct dlb_reorder {
	struct dlb_fifo parked; /**< QEs that wait for smaller numbers */
	bool resolved;          /**< completed: only smaller numbers hold it up */
};

/**
 * Atomic flow of a queue. It belongs to `cq` while any QE of it is in flight there (`inflight`) or
 * admitted and waiting for that CQ (`waiting`); both 0: free. Datasheet section 7.2.
 */
struct dlb_flow {
	uint32_t inflight : 12;
	uint32_t waiting : 12;
	uint32_t cq : 6;
};

/** Consumer queue; 0..63 load-balanced, then the directed ones. */
struct dlb_cq {
	/* Delivery. */
	uint8_t *ring;     /**< NULL: by host DMA */
	uint32_t step;     /**< bytes between slots */
	uint32_t entries;
	uint32_t wptr;     /**< slot, and above it the pass: 0 writes generation 1 */
	uint32_t tokens;   /**< in use */
	uint32_t token_limit;
	uint64_t scheduled;
	uint8_t vas;       /**< domain that gets the credits back */
	bool enabled;
	/* Load-balanced only. */
	uint8_t slot_count;
	uint8_t turn, wheel;               /**< among levels of slots, as those of lanes */
	uint8_t level_turn[DLB_PRIO_BINS]; /**< slot of a level that is first the next time */
	uint32_t queues;          /**< bit q: queue q is in a slot */
	dlb_hist *hist;
	uint32_t hist_size;
	uint32_t hist_push, hist_pop; /**< positions, 0..hist_size - 1 */
	bool push_pass, pop_pass;     /**< generation of the pointers, turns at each wrap */
	uint32_t inflight;            /**< entries in between */
	uint32_t inflight_limit;
	struct {
		uint8_t qid, bin;
	} slot[DLB_CQ_SLOTS]; /**< the valid ones, strongest first */
	uint64_t iova;
	uint32_t pasid;
};

/** Atomic and other QEs of a queue take turns of so many. */
#define DLB_TYPE_TURN 4

/** Load-balanced queue. */
struct dlb_ldb_queue {
	struct dlb_lanes atomic; /**< waiting before the atomic stage */
	struct dlb_lanes other;  /**< unordered and ordered */
	uint32_t atomic_count;
	uint32_t held;          /**< in the atomic stage: admitted, their flow's CQ has no room */
	uint32_t other_count;
	uint32_t inflight, inflight_limit;
	uint32_t share;         /**< of a CQ in this round, so that work spreads */
	uint8_t type_turn;      /**< atomic QEs below DLB_TYPE_TURN, then others, twice that in all */
	uint8_t type_wheel;     /**< atomic QEs first, or others, as arbiters turn it */
	bool tracked;           /**< flows are followed; a single linked CQ needs none of it */
	struct dlb_cq *only_cq; /**< the single linked CQ of a queue that is not tracked */
	uint64_t cqs;           /**< bit c: linked to CQ c */
	uint64_t held_cqs;      /**< bit c: something in held lists of CQ c */
	uint32_t stage_limit;   /**< AQED entries */
	uint32_t flow_limit;
	uint32_t lock_mask;     /**< bits of a lock id that tell flows apart */
	uint32_t flows;         /**< not free */
	uint32_t loose;         /**< flows with waiting QEs and none in flight: free to move */
	/* Ordering: numbers sn_head..sn_next-1 are given out and not yet in order. */
	uint16_t sn_head, sn_next;
	uint16_t sn_window;
	uint16_t sn_late;       /**< how many of them wait for smaller ones, done or parked */
	struct dlb_thresholds atomic_depth, other_depth;
	uint64_t atomic_enqueued, other_enqueued;
	uint32_t other_max;
};

/** Directed queue. */
struct dlb_dir_queue {
	struct dlb_lanes waiting;
	uint32_t count;
	uint32_t max;
	uint64_t enqueued;
	struct dlb_thresholds depth;
};

/** Producer port; numbered as its CQ. */
struct dlb_port {
	struct line_drainer drainer;
	bool valid;
	bool directed;
	uint8_t vas;
	/* Written by the posting thread only. */
	_Alignas(DLB_CACHE_LINE) struct line_poster poster;
};

/** Levels of an arbiter: priorities, or classes of service. */
#define DLB_ARB_LEVELS 4
#define DLB_COS        4
#define DLB_COS_PORTS  (DLB_LDB_PORTS / DLB_COS)

/** An arbiter: whose turn it is goes around a wheel of 256, of which level i has its part. */
struct dlb_wheel {
	uint16_t edge[DLB_ARB_LEVELS]; /**< turns below it are of this level, or a stronger one */
};

/** What the scheduler's arbiters were told; dlb_arb.c and dlb_weight.c use it. */
struct dlb_arb {
	struct dlb_wheel cos;
	uint8_t cos_no_extra; /**< bit c: class c takes no turns that another one leaves */
	uint8_t cos_never;    /**< bit c: and has none of its own */
	uint8_t cos_turn;     /**< on the wheel */
	uint8_t cos_spare;    /**< class that a turn nobody owns went to last */
	uint8_t cos_extra;    /**< class that took another one's turn last */
	uint8_t cos_last[DLB_COS]; /**< by class: CQ that got something last */
	struct dlb_wheel slot, atomic, other, directed;
	uint32_t unit_limit[DLB_LDB_PORTS];  /**< work units of a CQ */
	uint32_t flow_threshold[DLB_LDB_PORTS]; /**< in flight at a CQ that takes new flows */
	uint32_t cos_shadow[DLB_COS]; /**< LSP_CFG_SHDW_RANGE_COS as it was latched */
	bool shuns_flows;             /**< flow_threshold is in force */
};

/** Scheduling domain. */
struct dlb_domain {
	/** By queue number: bit t (enum dlb_sched) set: a QE of that type may be enqueued there. */
	uint8_t permit[256];
};

struct dlb_model {
	struct bus_device dev;
	struct bus_host *host;
	struct dlb_model_config config;
	unsigned int dir_ports;
	struct regfile *regs;
	bool powered;    /**< CM_CFG_PM_PMCSR_DISABLE was cleared */
	bool answers;    /**< bars can be reached: COMMAND and power state */
	bool may_master; /**< memory can be reached, and interrupts: likewise */
	bool alarm_due;  /**< vector 0 is to fire, once it may */
	bool sparse_ldb, sparse_dir;
	_Atomic uint64_t stray;
	_Atomic uint64_t lost; /**< QEs there was no memory for */

	/* The one lock, and the note for its holder that somebody came while it was held. */
	_Alignas(DLB_CACHE_LINE) _Atomic uint32_t lock;
	_Atomic uint32_t dirty;
	_Atomic uint32_t waiting; /**< threads that wait for the lock */
	/** Bit p: port p is valid. Written with the lock held, read by who just let it go. */
	_Atomic uint64_t valid[DLB_PORT_WORDS];

	_Alignas(DLB_CACHE_LINE) uint32_t work; /**< bit q: LDB queue q has QEs */
	uint64_t dir_work[2];
	uint64_t ready;        /**< bit c: LDB CQ c may have room */
	bool stepping;         /**< this is a step: QEs may go to CQs */
	uint64_t carried;      /**< bits of bytes 8-15 that a QE keeps on its way */
	bool arbitrated;       /**< the arbiters were told something that dlb_arb.c has to do */
	uint32_t last_cq;      /**< LDB CQ that got something last */
	uint64_t holds;        /**< QEs ever put into a held list */
	uint32_t room;         /**< QEs that can be stored yet */
	uint16_t free;         /**< head of the free pool entries */
	int32_t credits[2][DLB_DOMAINS]; /**< [LDB or all, DIR], by domain */
	uint64_t ldb_scheduled, dir_scheduled;
	struct dlb_domain domain[DLB_DOMAINS];
	struct dlb_port *pages[DLB_PP_PAGES]; /**< by page of the producer-port windows */
	struct dlb_ldb_queue ldb[DLB_LDB_QUEUES];
	struct dlb_dir_queue dir[DLB_DIR_PORTS_MAX];
	struct dlb_cq cq[DLB_CQS];
	struct dlb_port port[DLB_CQS];
	/* Large tables last. */
	struct dlb_reorder reorder[DLB_LDB_QUEUES][DLB_SN_PER_GROUP]; /**< by queue and number */
	struct dlb_bins held[DLB_LDB_QUEUES][DLB_LDB_PORTS]; /**< by queue and CQ */
	uint16_t next[DLB_POOL + 1];                         /**< pool: links */
	uint16_t next_free[DLB_POOL + 1];                    /**< the same, all of it free */
	struct dlb_qe qe[DLB_POOL + 1];                      /**< pool: QEs held or parked */
	struct dlb_chunks chunks;                            /**< all others */
	dlb_hist hist[DLB_LDB_PORTS][DLB_HIST_ENTRIES];
	struct dlb_flow flow[DLB_LDB_QUEUES][DLB_FLOWS];
	struct dlb_irq irq;
	struct dlb_arb arb;
	struct dlb_smon smon;
	struct pci_config pci;
};

/* dlb_config.c, dlb_config_cq.c: registers into tables. All with the lock held. */

/** Make the register file, which a reset has to fill. 0, or -1 when memory is short. */
int dlb_config_create(struct dlb_model *m);
void dlb_config_destroy(struct dlb_model *m);
/** Registers to their reset values, and queue and CQ tables, which are all zero, after them. */
void dlb_config_reset(struct dlb_model *m, bool power);
/** Work out which ports are valid. */
void dlb_config_ports(struct dlb_model *m);
/** Work out what every CQ's registers say. */
void dlb_config_cqs(struct dlb_model *m);
/** Work out anew how QEs of every queue find their CQs. */
void dlb_config_links(struct dlb_model *m);

/* dlb_pci.c: configuration space. */

/** Build it. */
void dlb_pci_create(struct dlb_model *m);
/** Write to it and do what that asks for: 0, or -EINVAL outside 0..4095. Lock held. */
int dlb_pci_write(struct dlb_model *m, uint16_t off, const void *bytes, size_t len);

/* dlb_reset.c: the whole device, lock held. */

/** Work out what resets go back to; once, before the first. */
void dlb_reset_create(struct dlb_model *m);
void dlb_model_reset(struct dlb_model *m, enum bus_reset kind);

/* dlb_alarm.c: errors of drivers, datasheet section 9.4. All with the lock held. */

/** Errors that SYS finds, and may be told to keep to itself. */
enum dlb_alarm_ingress {
	DLB_ALARM_COMMAND,        /**< reserved, or not for this kind of port */
	DLB_ALARM_PORT,           /**< the port is not valid */
	DLB_ALARM_QUEUE,          /**< there is no such queue, or not for this domain */
	DLB_ALARM_QUEUE_DISABLED, /**< not valid */
	DLB_ALARM_QUEUE_TYPE,     /**< takes no QEs of this type */
};
/** Errors that CHP finds: alarm ids. */
enum dlb_alarm_chp {
	DLB_ALARM_ENQUEUE = 1, /**< excess completion, fragment of nothing, no credit */
	DLB_ALARM_TOKENS = 2,  /**< more tokens returned than in use */
};

/** Report what is wrong with a command whose bytes 8-15 are `meta`. */
DLB_COLD void dlb_alarm_ingress(struct dlb_model *m, const struct dlb_port *port,
				enum dlb_alarm_ingress error, uint64_t meta);
DLB_COLD void dlb_alarm_chp(struct dlb_model *m, const struct dlb_port *port,
			    enum dlb_alarm_chp error, uint64_t meta);
/** Find out and report why a QE may not be enqueued. */
DLB_COLD void dlb_alarm_enqueue(struct dlb_model *m, const struct dlb_port *port, uint64_t meta);
/** Report the n lines that wait in the ring of a port that is not valid. */
void dlb_alarm_lines(struct dlb_model *m, const struct dlb_port *port, uint32_t n);
/** There is something to read: vector 0 fires, now or after the next acknowledge. */
void dlb_alarm_raise(struct dlb_model *m);
/** Does a line to a port that is not valid raise an alarm? */
bool dlb_alarm_wants_lines(const struct dlb_model *m);

/* dlb_admit.c: port rings into queues. All with the lock held. */

/** Take in every line a port's ring holds. */
void dlb_model_admit(struct dlb_model *m, struct dlb_port *port);
/** That, for the ports that are valid. */
void dlb_model_admit_valid(struct dlb_model *m);
/**
 * All that a register access must come after: those, and the lines to ports that are not valid
 * where these raise an alarm. Elsewhere such lines stay until the port becomes valid, and are lost
 * then.
 */
void dlb_model_admit_posted(struct dlb_model *m);
/**
 * Any line waiting in a valid port's ring? Needs no lock; may see a line that was just taken in.
 */
bool dlb_model_posted(const struct dlb_model *m);

/* dlb_sched.c: queues into consumer queues, until nothing more can go. Lock held. */
void dlb_model_schedule(struct dlb_model *m);
/** Up to `room` QEs of a queue to a CQ that has room for them: how many went. */
uint32_t dlb_sched_queue(struct dlb_model *m, struct dlb_cq *cq, uint8_t qid, uint32_t room);
/** Up to `room` QEs of a directed queue, as far as there is room: how many went. */
uint32_t dlb_sched_directed(struct dlb_model *m, uint32_t id, uint32_t room);
/** Give back to queue `q` what was held for CQ `c`, which it is no longer linked to. */
void dlb_sched_unhold(struct dlb_model *m, uint32_t q, uint32_t c);
/** Start following the flows of a queue that had a single CQ until now. */
void dlb_sched_track(struct dlb_model *m, uint32_t q);

/* dlb_order.c: the reorder stage. Lock held. */

/** Forget the numbers given out by queue `q`; what was parked goes where it was sent. */
void dlb_order_restart(struct dlb_model *m, uint32_t q, uint16_t sn);
/** Number `sn` of queue `q` is done; `qe` is what it forwards, or NULL. */
void dlb_order_resolve(struct dlb_model *m, uint32_t q, uint16_t sn, const struct dlb_qe *qe);
/** `qe` is a fragment of number `sn`, which stays open. */
void dlb_order_fragment(struct dlb_model *m, uint32_t q, uint16_t sn, const struct dlb_qe *qe);

/* The oldest number is done and nothing newer waits for it; false when it takes more than that. */
static inline bool
dlb_order_next(struct dlb_ldb_queue *q, uint16_t sn)
{
	if (unlikely(sn != q->sn_head || q->sn_late != 0 || q->sn_head == q->sn_next))
		return false;
	q->sn_head++;
	return true;
}

static inline uint32_t
dlb_meta_bin(uint64_t meta)
{
	return (uint32_t)REG_GET(DLB_QE_PRIO, meta) >> 1;
}

static inline void
dlb_fifo_append(struct dlb_model *m, struct dlb_fifo *f, uint16_t index)
{
	m->next[index] = DLB_NIL;
	if (f->head == DLB_NIL)
		f->head = index;
	else
		m->next[f->tail] = index;
	f->tail = index;
}

static inline void
dlb_bins_append(struct dlb_model *m, struct dlb_bins *b, uint32_t bin, uint16_t index)
{
	dlb_fifo_append(m, &b->fifo[bin], index);
	b->bins |= 1u << bin;
}

/* Whatever waits in a port's ring is lost. */
static inline void
dlb_port_discard(struct dlb_port *port)
{
	uint32_t n = line_ring_ready(&port->drainer);

	if (n != 0)
		line_ring_take(&port->drainer, n);
}

/* n QEs of a type have come to wait in an LDB queue. */
static inline void
dlb_ldb_count(struct dlb_ldb_queue *q, uint32_t sched, uint32_t n)
{
	if (sched == DLB_ATOMIC) {
		q->atomic_count += n;
		q->atomic_enqueued += n;
		return;
	}
	q->other_count += n;
	q->other_enqueued += n;
	if (q->other_count > q->other_max)
		q->other_max = q->other_count;
}

/* Append a QE to the LDB queue it names. */
static inline void
dlb_ldb_append(struct dlb_model *m, uint64_t data, uint64_t meta)
{
	uint32_t qid = (uint32_t)REG_GET(DLB_QE_QID, meta);
	uint32_t sched = (uint32_t)REG_GET(DLB_QE_SCHED, meta);
	struct dlb_ldb_queue *q = &m->ldb[qid];
	struct dlb_lanes *lanes = sched == DLB_ATOMIC ? &q->atomic : &q->other;

	m->work |= UINT32_C(1) << qid;
	lanes->bins |= 1u << dlb_meta_bin(meta);
	dlb_lane_append(&m->chunks, &lanes->lane[dlb_meta_bin(meta)], data, meta);
	dlb_ldb_count(q, sched, 1);
}

/* Append a QE to the directed queue it names. */
static inline void
dlb_dir_append(struct dlb_model *m, uint64_t data, uint64_t meta)
{
	uint32_t qid = (uint32_t)REG_GET(DLB_QE_QID, meta);
	struct dlb_dir_queue *q = &m->dir[qid];

	m->dir_work[qid / 64] |= UINT64_C(1) << qid % 64;
	q->waiting.bins |= 1u << dlb_meta_bin(meta);
	dlb_lane_append(&m->chunks, &q->waiting.lane[dlb_meta_bin(meta)], data, meta);
	q->enqueued++;
	if (++q->count > q->max)
		q->max = q->count;
}

/* Append a QE to the queue it names. */
static inline void
dlb_queue_append(struct dlb_model *m, uint64_t data, uint64_t meta)
{
	if (REG_GET(DLB_QE_SCHED, meta) == DLB_DIRECTED)
		dlb_dir_append(m, data, meta);
	else
		dlb_ldb_append(m, data, meta);
}

/* A QE into the pool; there is an entry, as there is for all that can be stored. */
static inline uint16_t
dlb_pool_take(struct dlb_model *m, struct dlb_qe qe)
{
	uint16_t index = m->free;

	m->free = m->next[index];
	m->qe[index] = qe;
	return index;
}

/* And out of it. */
static inline struct dlb_qe
dlb_pool_give(struct dlb_model *m, uint16_t index)
{
	m->next[index] = m->free;
	m->free = index;
	return m->qe[index];
}

/* The QE at the head of a lane. */
static inline struct dlb_qe
dlb_lanes_first(const struct dlb_model *m, const struct dlb_lanes *l, uint32_t bin)
{
	return m->chunks.qe[l->lane[bin].head];
}

/* n QEs were taken off the head of a lane, in one piece. */
static inline void
dlb_lanes_shrink(struct dlb_model *m, struct dlb_lanes *l, uint32_t bin, uint32_t n)
{
	if (!dlb_lane_shrink(&m->chunks, &l->lane[bin], n))
		l->bins &= (uint8_t)~(1u << bin);
}

/* The oldest QE of a bin that has one. */
static inline uint16_t
dlb_bins_pop(struct dlb_model *m, struct dlb_bins *b, uint32_t bin)
{
	struct dlb_fifo *f = &b->fifo[bin];
	uint16_t index = f->head;

	f->head = m->next[index];
	if (f->head == DLB_NIL)
		b->bins &= ~(1u << bin);
	return index;
}

/* Number of the flow that a QE or a history entry of an LDB queue belongs to. */
static inline uint32_t
dlb_flow_number(const struct dlb_ldb_queue *q, uint64_t meta)
{
	return (uint32_t)REG_GET(DLB_QE_LOCK, meta) & q->lock_mask;
}

/* A QE of a flow completed. */
static inline void
dlb_flow_complete(struct dlb_ldb_queue *q, struct dlb_flow *flow)
{
	if (flow->inflight == 0 || --flow->inflight != 0)
		return;
	if (flow->waiting == 0)
		q->flows--;
	else
		q->loose++;
}

/* The CQ's oldest history entry; there must be one. */
static inline dlb_hist
dlb_hist_pop(struct dlb_model *m, struct dlb_cq *cq)
{
	dlb_hist done = cq->hist[cq->hist_pop];
	uint32_t qid = (uint32_t)REG_GET(DLB_HIST_QID, done);

	if (++cq->hist_pop == cq->hist_size) {
		cq->hist_pop = 0;
		cq->pop_pass = !cq->pop_pass;
	}
	cq->inflight--;
	m->ldb[qid].inflight--;
	if (REG_GET(DLB_HIST_TRACKED, done))
		dlb_flow_complete(&m->ldb[qid],
				  &m->flow[qid][dlb_flow_number(&m->ldb[qid], done)]);
	return done;
}

/* Retire the oldest history entry, which there must be, without a forward. */
static inline void
dlb_hist_complete(struct dlb_model *m, struct dlb_cq *cq)
{
	dlb_hist done = dlb_hist_pop(m, cq);
	uint32_t qid = (uint32_t)REG_GET(DLB_HIST_QID, done);
	uint16_t sn = (uint16_t)REG_GET(DLB_HIST_SN, done);

	if (REG_GET(DLB_HIST_SCHED, done) == DLB_ORDERED && !dlb_order_next(&m->ldb[qid], sn))
		dlb_order_resolve(m, qid, sn, NULL);
}

static inline bool
dlb_cq_has_room(const struct dlb_cq *cq)
{
	return cq->enabled && cq->tokens < cq->token_limit && cq->inflight < cq->inflight_limit;
}

static inline uint32_t
dlb_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* n credits of a kind come back to a domain, as far as its register holds them. */
static inline void
dlb_credits_return(struct dlb_model *m, bool directed, uint32_t vas, uint32_t n)
{
	uint32_t most = (uint32_t)(directed ? REG_MASK(DLB_CHP_CFG_DIR_VAS_CRD_COUNT)
					    : REG_MASK(DLB_CHP_CFG_LDB_VAS_CRD_COUNT));

	m->credits[directed][vas] = (int32_t)dlb_min((uint32_t)m->credits[directed][vas] + n, most);
}

#endif /* SLIPWAY_DLB_MODEL_PRIV_H */
