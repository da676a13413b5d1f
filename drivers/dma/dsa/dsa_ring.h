/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_RING_H
#define SLIPWAY_DSA_RING_H

/**
 * @file
 * A virtual channel as the data half has it. Operations are counted from the start of the channel
 * on, and never backwards; the low 16 bits of an operation's number are its index for applications:
 *
 *     returned <= ready <= issued <= released <= enqueued <= returned + nb_desc
 *        |          |         |          |          |
 *        |          |         |          |          +-- the next one gets this number
 *        |          |         |          +-- rte_dma_submit was called for those before
 *        |          |         +-- the device has those before
 *        |          +-- it is known how those before ended
 *        +-- the application was told of those before: their places are free
 *
 * What the device gets at once, a descriptor or a batch of them, is a submission; it has a record
 * of its own that is polled. The record of a member of a batch is beside its descriptor and is all
 * zeros until something goes wrong, as nobody asks for it on success. A place in the ring that is
 * not as a plain copy or fill finds it is noted as dirty, and cleaned when it is used again.
 *
 * An operation that no single descriptor can express, a scattered or a very long one, is a
 * compound: its descriptors are made when its turn comes to be issued, in one of a few windows.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_dmadev.h>

#include "access.h"
#include "dsa_desc.h"
#include "dsa_vchan.h"
#include "dsa_wq.h"

/** Descriptors of a window: a scattered copy of DSA_SGES_MAX at either end fits into one. */
#define DSA_WINDOW 32
static_assert(2 * DSA_SGES_MAX - 1 <= DSA_WINDOW, "a window for a scattered copy");
/** Windows: so many compounds are at the device at once. A power of two. */
#define DSA_WINDOWS 8

/** Submissions at once on a shared queue: as many as there are entries in a whole device. */
#define DSA_SUBS_SHARED 128

/** Empty polls before a thread that shares its CPU with the device gives way. */
#define DSA_POLLS_BEFORE_YIELD 256
/**
 * Polls in vain, or submissions given up, before somebody looks whether the queue is still enabled.
 * A power of two. Much work may be in front of ours; a look costs a register read.
 */
#define DSA_POLLS_BEFORE_LOOK 65536
#define DSA_BUSY_BEFORE_LOOK  64

/** What is noted of a place in the ring: a status of the API, and */
#define DSA_NOTE_STATUS   0x1ff
#define DSA_NOTE_COMPOUND 0x4000
#define DSA_NOTE_DIRTY    0x8000

/** A submission. The device writes the record, which is a line's first half. */
struct dsa_sub {
	struct dsa_cr cr;
	struct dsa_desc *list;
	struct dsa_cr *crs; /**< of the list's descriptors */
	uint64_t end;       /**< when it is over, operations before this one are */
	uint16_t count;
	bool window; /**< the list is a window: `end - 1` or, when more windows follow, `end` */
	bool keep;   /**< its one operation has a record to keep */
};
static_assert(sizeof(struct dsa_sub) == 64, "one line");

/** A compound being issued. */
struct dsa_job {
	bool active;
	const struct rte_dma_sge *src, *dst; /**< the pieces that are next; src NULL: a fill */
	uint32_t src_done, dst_done;         /**< bytes of these */
	uint64_t left;                       /**< bytes in all */
	struct rte_dma_sge one[2];           /**< where it is not scattered */
};

/** A submission that has not simply succeeded, being seen to: member by member. */
struct dsa_mend {
	bool active;
	bool waiting; /**< the device has a descriptor: its record is v->mend_cr */
	bool refused; /**< a shared queue did not take it: try again */
	bool failed;  /**< a member has failed for good */
	bool continued;
	uint8_t batch; /**< the batch itself was refused, with this status */
	uint8_t vain;  /**< continuations in a row that got no further */
	uint16_t at;
	uint16_t attempted;
	uint64_t done; /**< bytes before the present continuation */
};

/** A channel. One thread at a time. */
struct dsa_vchan {
	/* Enqueueing. */
	struct dsa_desc *ring;
	uint32_t mask;
	uint32_t open; /**< operations it takes: nb_desc, or 0 when it takes none */
	uint64_t enqueued, returned;
	uint32_t max_transfer;
	uint32_t move_flags, fill_flags; /**< with opcode */
	uint32_t llc;                    /**< flag of descriptors for RTE_DMA_OP_FLAG_LLC */
	uint32_t nb_dirty;               /**< places */
	uint32_t nb_special; /**< fenced operations and compounds not issued, and nb_fenced */
	uint32_t nb_fenced;  /**< fences inside the list at the device */

	/* Submitting. */
	struct dsa_sub *subs __rte_cache_aligned;
	uint64_t released, issued;
	uint32_t sub_mask, sub_limit; /**< as many at once */
	uint32_t sub_head, sub_tail;  /**< issued, over */
	uint32_t batch;               /**< descriptors in one at most */
	uint32_t slot;                /**< of the portal */
	uint64_t delta;               /**< from an address of ours to one of the device's */
	uint64_t portal;
	enum dsa_wq_how how;
	bool silent;
	bool gives_way;
	struct access_bar bar;

	/* Completing. */
	uint64_t ready;
	uint32_t nb_failed; /**< operations, ready and not returned */
	uint32_t in_vain;   /**< polls in a row */
	struct access_dev *access;
	uint16_t *notes;
	struct dsa_cr *crs;

	/* Cold. */
	struct rte_dma_sge *sges; /**< of scattered copies: 2 * DSA_SGES_MAX for each place */
	struct dsa_job job;
	struct dsa_desc *windows;
	struct dsa_cr *window_crs;
	uint32_t window_head, window_tail;
	struct dsa_mend mend;
	struct dsa_cr *mend_cr;
	bool mends; /**< addresses of the device are this process's: faults can be seen to */
	bool dead;  /**< nothing is to be had of the device any more */
	bool gone;  /**< and not because somebody has stopped it */
	bool broken; /**< submitting fails in a way that does not get better */
	uint32_t busy_row;
	uint32_t seed; /**< of back-off */
	uint64_t nb_errors;
	struct dsa_vchan_stats counts; /**< dma: of starts before this one */
	struct dsa_vchan_stats base;   /**< at the last reset */
	uint64_t refusals[64];         /**< by status */
	struct dsa_vchan_config config;
	const struct rte_memzone *memory;
};

/** What the device knows an address as. */
static inline uint64_t
dsa_iova(const struct dsa_vchan *v, const void *p)
{
	return (uint64_t)(uintptr_t)p + v->delta;
}

/** Submissions that are not over. */
static inline uint32_t
dsa_subs_out(const struct dsa_vchan *v)
{
	return v->sub_head - v->sub_tail;
}

/** Note that a place is not as a plain operation leaves it. */
static inline void
dsa_note_dirty(struct dsa_vchan *v, uint64_t op, uint16_t note)
{
	uint16_t *old = &v->notes[op & v->mask];

	v->nb_dirty += !(*old & DSA_NOTE_DIRTY);
	*old |= DSA_NOTE_DIRTY | note;
}

/** Give `v->ring` and its records the contents that no plain operation changes. */
void dsa_ring_prepare(struct dsa_vchan *v);

/** Make a place as a plain operation expects it. */
void dsa_ring_clean(struct dsa_vchan *v, uint64_t op);

/** An operation has failed, unless it had before. */
void dsa_ring_fail(struct dsa_vchan *v, uint64_t op, enum rte_dma_status_code status);

/**
 * Have the device get a descriptor, by whatever way this channel has. Every store made before is
 * seen by the device.
 *
 * @return false: a shared queue did not take it, however often it was asked
 */
bool dsa_doorbell(struct dsa_vchan *v, const struct dsa_desc *line);

/** Issue what was released, as far as that is possible now. Not the hot path. */
void dsa_issue(struct dsa_vchan *v);

/**
 * Submit `count` descriptors, of which `end` says which operations are over with them.
 *
 * @return false: refused, as by dsa_doorbell
 */
bool dsa_issue_list(struct dsa_vchan *v, struct dsa_desc *list, struct dsa_cr *crs, uint32_t count,
		    uint64_t end, bool window);

/** Issue the next part of the compound whose turn it is: false when that has to wait. */
bool dsa_job_issue(struct dsa_vchan *v);

/** See which submissions are over. */
void dsa_reap(struct dsa_vchan *v);

/** Let device and channel get on. */
void dsa_poll(struct dsa_vchan *v);

/** In silent mode: free the places of what is ready. */
void dsa_reclaim(struct dsa_vchan *v);

/** A submission has ended in another way than by success: true when all is known about it. */
bool dsa_settle(struct dsa_vchan *v, struct dsa_sub *sub);

/** Nothing has come for long: is that queue still there? If not, give up. */
void dsa_look(struct dsa_vchan *v);

/**
 * Nothing more is to be had of the device: what it has not ended, ends as `issued`; what it never
 * got, as `pending`. The channel takes no more.
 */
void dsa_give_up(struct dsa_vchan *v, enum rte_dma_status_code issued,
		 enum rte_dma_status_code pending);

#endif /* SLIPWAY_DSA_RING_H */
