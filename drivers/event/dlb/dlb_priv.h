/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_PRIV_H
#define SLIPWAY_DLB_PRIV_H

/**
 * @file
 * State of the event/dlb driver. What an application asks for is recorded as it comes; start
 * settles what each queue and port becomes in the device (dlb_plan.c), programs it (dlb_hw.c) and
 * installs the burst functions (dlb_fast.c).
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_eventdev.h>
#include <rte_log.h>
#include <rte_memzone.h>
#include <rte_spinlock.h>

#include "access.h"
#include "access_irq.h"
#include "dlb_alarms.h"
#include "dlb_credit.h"
#include "dlb_devargs.h"
#include "dlb_hcw.h"
#include "dlb_param.h"
#include "dlb_regs.h"
#include "dpdk_compat.h"

/** Largest burst advertised unless said otherwise; any burst is taken. */
#define DLB_ENQUEUE_DEPTH 128
/** Queue depth above which QEs carry the highest depth code, unless said otherwise. */
#define DLB_DEPTH_THRESHOLD 256
/** Codes of how deep a queue is, section 4.7. */
#define DLB_DEPTH_CODES 4
/** Flows of a queue that can be under way at once, the customary value. */
#define DLB_ATOMIC_FLOWS_ACTIVE 512
/** Longest dequeue timeout, ns. */
#define DLB_TIMEOUT_MAX (UINT32_MAX - 1)
/** Empty polls in a row after which a poller gives way. */
#define DLB_POLLS_BEFORE_YIELD 256
/** A control-path wait for the device gives up after this long without anything moving, ns. */
#define DLB_WAIT_NS (5 * UINT64_C(1000000000))

/**
 * Routes are found by the event's queue id and schedule type, ten neighbouring bits of the event.
 */
#define DLB_ROUTES 1024
/** No such queue, or it does not take this type. A route proper is never 0. */
#define DLB_NO_ROUTE 0

/** What a queue or a port is in the device. */
enum dlb_kind {
	DLB_KIND_LDB,
	DLB_KIND_DIR,
};

/** A queue as seen by the application, and what start made of it. */
struct dlb_queue {
	bool set_up;
	struct rte_event_queue_conf conf;

	/* Settled at start. */
	enum dlb_kind kind;
	uint8_t hw;   /**< number in the device, per kind */
	bool ordered; /**< owns sequence numbers */
	uint8_t sn_group, sn_slot, sn_mode;
	uint16_t inflight_limit; /**< sequence numbers, where it has some */
	uint16_t atomic_limit;   /**< AQED entries */
	uint16_t depth_threshold;
	uint8_t maps_pending;    /**< maps waiting for the queue to be idle; it is paused */
};

/** A link as the application asked for it; it outlives stop. */
struct dlb_link {
	uint8_t queue;    /**< event queue */
	uint8_t priority; /**< of the slot, 0 highest .. 7 */
};

/** State of one of the eight queue slots of a load-balanced CQ, see dlb_map.c. */
enum dlb_slot_state {
	DLB_SLOT_FREE, /* 0, what a cleared slot is */
	DLB_SLOT_MAPPED,
	DLB_SLOT_MAPPING,       /**< waits for the queue's inflight count to reach 0 */
	DLB_SLOT_UNMAPPING,     /**< waits for the CQ's inflight count to reach 0 */
	DLB_SLOT_UNMAPPING_MAP, /**< the same, and another queue takes the slot afterwards */
	DLB_SLOT_STATES
};

struct dlb_slot {
	enum dlb_slot_state state;
	struct dlb_link link; /**< who is in it, or about to be */
	struct dlb_link next; /**< who comes afterwards, in UNMAPPING_MAP */
};

/** Counters of a port, written by the thread that uses it. */
struct dlb_port_stats {
	uint64_t rx_ok;
	uint64_t polls;
	uint64_t empty_polls;
	uint64_t sleeps; /**< on the interrupt of the CQ */
	uint64_t tx_new;
	uint64_t tx_forward;
	uint64_t tx_release;
	uint64_t tx_implicit_release;
	uint64_t tx_no_credit;      /**< bursts cut short by nb_events_limit */
	uint64_t tx_over_threshold; /**< bursts cut short by new_event_threshold */
	uint64_t tx_invalid;   /**< events refused: bad queue, type or op, nothing to release */
	uint64_t wrong_thread; /**< bursts refused: another thread was in one */
};

/** An event port. Hot members come first; start fills them in. */
struct dlb_port {
	struct line_poster poster; /**< of this port's ring, where the device has one */
	struct access_bar bar;   /**< producer-port pages */
	uint64_t page;           /**< this port's, bytes into the bar */
	const uint32_t *routes;  /**< of the device */
	const uint8_t *queue_of; /**< event queue by device queue, of this port's kind */
	const uint8_t *cq;       /**< consumer queue */
	uint64_t command[4];     /**< HCW command by event op, in place */
	uint32_t cq_mask;        /**< slots - 1 */
	uint32_t cq_head;        /**< slots ever read */
	uint8_t cq_wrap_bit;     /**< bit of cq_head that turns with each pass */
	uint8_t cq_slot_shift;   /**< log2 of the bytes from slot to slot */
	bool directed;
	bool implicit_release;
	uint16_t flow_mask; /**< flow bits that survive the way to this port */
	bool per_call_timeout;
	bool gives_way;
	bool complained;      /**< an invalid event has been logged */
	uint32_t held;        /**< events dequeued and not yet released or forwarded */
	uint32_t idle_in_row; /**< polls that found nothing, and bursts without credits */
	uint64_t timeout_ns;  /**< unless the caller brings one */
	enum dlb_pop pop;     /**< looked at by the instances that know of modes */
	uint16_t owed;        /**< tokens of QEs read and not yet returned */
	uint16_t pop_after;   /**< releases after which they are, when delayed */
	uint16_t releases;    /**< since they were */
	uint8_t weight_mask;  /**< of the weight of an event: 0 when there is no limit */
	struct access_dev *access;
	const _Atomic uint32_t *sleepers; /**< threads that need others to let the device get on */
	uint8_t vector;                   /**< of the CQ, 0 when a dequeue polls */
	struct dlb_port_stats stats;

	/* Shared with ports that are short of credits; has its own cache line. */
	struct dlb_credit_cache credit;

	/* Cold from here on. */
	struct dlb *dlb;
	uint8_t id;
	bool set_up;
	enum dlb_kind kind;
	uint8_t hw; /**< number in the device, per kind */
	struct rte_event_port_conf conf;
	const struct rte_memzone *cq_zone; /**< memory of the CQ: pages in one piece for a device */
	uint32_t cq_slots;
	uint16_t tokens_preset; /**< tokens withheld so that a shallow CQ stays shallow */
	uint16_t history_base, history_size;
	uint16_t history_wanted;      /**< by the application, 0: no wish */
	uint16_t migration_threshold; /**< 0: none */
	uint16_t weight_limit;        /**< 0: none */
	uint8_t nb_links;
	struct dlb_link links[DLB_CQ_SLOTS];
	struct dlb_slot slots[DLB_CQ_SLOTS];
	/** Events by queue and by how deep that was; counted by instances that know of modes. */
	uint64_t depth_seen[DLB_QUEUES_MAX][DLB_DEPTH_CODES];
};

/** An event device: one scheduling domain of a device. */
struct dlb {
	const char *name;
	struct rte_eventdev *dev;       /**< of the primary process */
	struct rte_eventdev_data *data; /**< its part that all processes see */
	struct dlb_device *device; /**< shared with the other domains, dlb_domain.h */
	uint8_t domain;            /**< number in the device */
	struct access_dev *access;
	struct access_bar regs;
	struct dlb_part *part; /**< of a device that somebody shares out; NULL: all of it is ours */
	struct dlb_devargs args;
	struct eventdev_ops ops; /**< own copy: the library keeps the flush callback in there */
	uint32_t service;
	bool has_service;

	rte_spinlock_t lock; /**< control path: links, slots, started */
	bool started;
	bool failed;       /**< the last reset found work left: needs a fresh device */
	bool alarm_set;    /**< a pending map or unmap is being retried */
	uint32_t cqs_made; /**< CQ memory ever allocated: keeps its names apart */

	struct dlb_alarms alarms;

	/* Settled at start. */
	unsigned int nb_ldb_queues, nb_ldb_ports, nb_dir_ports;
	int32_t events_limit;
	uint32_t dir_credits; /**< 2.0 only: of those that directed queues have to themselves */
	struct dlb_credit_pool credits;
	uint32_t routes[DLB_ROUTES];
	uint8_t ldb_queue_of[DLB_QUEUES_MAX]; /**< event queue by device queue */
	uint8_t dir_queue_of[DLB_QUEUES_MAX];

	struct dlb_queue queues[DLB_QUEUES_MAX];
	struct dlb_port *ports[DLB_PORTS_MAX];
	struct dlb_port_param params[DLB_PORTS_MAX];
};

extern int dlb_logtype;

/** One line, the device's name in front. */
#define DLB_LOG(level, name, fmt, ...) \
	rte_log(RTE_LOG_##level, dlb_logtype, "%s: " fmt "\n", name, ##__VA_ARGS__)

static inline struct dlb *
dlb_of(const struct rte_eventdev *dev)
{
	return dev->data->dev_private;
}

/** Are the device's BARs mapped, so that it is not to be called? */
static inline bool
dlb_is_mapped(const struct dlb *dlb)
{
	return dlb->regs.mmio != NULL;
}

/** Queues and ports the application configured. */
static inline unsigned int
dlb_nb_queues(const struct dlb *dlb)
{
	return dlb->data->nb_queues;
}

static inline unsigned int
dlb_nb_ports(const struct dlb *dlb)
{
	return dlb->data->nb_ports;
}

/** Directed ports, and queues, of this version of the device. */
static inline unsigned int
dlb_dir_ports_max(const struct dlb *dlb)
{
	return dlb->args.version == DLB_V20 ? DLB_DIR_PORTS_V20 : DLB_DIR_PORTS_V25;
}

/** Bytes from slot to slot of a CQ. */
static inline unsigned int
dlb_cq_step(const struct dlb *dlb)
{
	return dlb->args.sparse_cq ? DLB_CQ_STEP_SPARSE : DLB_CQ_STEP_DENSE;
}

static inline bool
dlb_queue_is_single(const struct dlb_queue *q)
{
	return q->conf.event_queue_cfg & RTE_EVENT_QUEUE_CFG_SINGLE_LINK;
}

static inline bool
dlb_port_is_single(const struct dlb_port *p)
{
	return p->conf.event_port_cfg & RTE_EVENT_PORT_CFG_SINGLE_LINK;
}

#endif /* SLIPWAY_DLB_PRIV_H */
