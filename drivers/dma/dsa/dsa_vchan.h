/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DSA_VCHAN_H
#define SLIPWAY_DSA_VCHAN_H

/**
 * @file
 * A virtual channel, as the control half of the driver (dsa_dmadev.c) knows it. Its rings, and the
 * functions that applications call through rte_dma_fp_objs, are the data half's (dsa_fast.c), which
 * finds a channel by `vchans` of struct dsa (dsa_priv.h).
 *
 *   setup --> start --> (work) --> stop --> drained? ... --> abort --> start or release
 *
 * Control path, one thread at a time; nobody is in a call of the data path of this channel but
 * where it says so.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_dmadev.h>

struct dsa;
struct dsa_vchan;
struct dsa_wq;

/** Pieces at either end of a scattered copy. */
#define DSA_SGES_MAX 16

/** Who finishes an operation that a page fault has stopped half-way. */
enum dsa_partial {
	DSA_PARTIAL_RESUBMIT, /**< the device: the page is touched, the rest submitted again */
	DSA_PARTIAL_CPU,      /**< this CPU */
};

/** What a channel is to be. */
struct dsa_vchan_config {
	const char *name;  /**< of the device, for memory and messages; stays */
	struct dsa_wq *wq; /**< the work queue it submits to; stays */
	uint16_t vchan;    /**< its number */
	uint16_t nb_desc;  /**< operations its ring holds: a power of two, 64..32768 */
	bool silent;       /**< nobody asks for completions */
	enum dsa_partial partial;
	uint32_t retries; /**< of a submission that a shared work queue refuses */
	uint32_t batch; /**< most descriptors in one batch, 1: no batches; wq->max_batch or less */
	int numa_node;  /**< for its memory, or SOCKET_ID_ANY */
};

/** What a channel has counted since it was set up, or since dsa_vchan_stats_reset. */
struct dsa_vchan_stats {
	struct rte_dma_stats dma; /**< as the DMA device API defines them */
	uint64_t batches;         /**< batch descriptors submitted */
	uint64_t retries;         /**< submissions that a shared work queue refused at first */
	uint64_t busy;            /**< submissions given up: it refused all the time */
	uint64_t partial;         /**< operations finished after a page fault */
};

/** Make one: rings and their memory. 0, -ENOTSUP by this CPU, -ENOMEM; logs why. */
int dsa_vchan_setup(const struct dsa_vchan_config *config, struct dsa_vchan **vchan);

/** The work queue is enabled: begin with an empty ring, at index 0. 0, or a negative errno. */
int dsa_vchan_start(struct dsa_vchan *vchan);

/**
 * Take no more. What was enqueued and not submitted ends as RTE_DMA_STATUS_USER_ABORT. Completions
 * can still be asked for.
 */
void dsa_vchan_stop(struct dsa_vchan *vchan);

/** After stop: has everything that was submitted ended? Finishes partial work as usual. */
bool dsa_vchan_drained(struct dsa_vchan *vchan);

/** The device has let go of the channel: what has not ended ends as RTE_DMA_STATUS_USER_ABORT. */
void dsa_vchan_abort(struct dsa_vchan *vchan);

/** Free it; it is stopped, and the device has let go of it. NULL is allowed. */
void dsa_vchan_release(struct dsa_vchan *vchan);

/** Any thread, while the channel is at work. */
void dsa_vchan_stats(const struct dsa_vchan *vchan, struct dsa_vchan_stats *stats);
/** Any thread that may use the channel. */
void dsa_vchan_stats_reset(struct dsa_vchan *vchan);

/**
 * Is there work in it that has not ended? Lets it get on, as asking for completions does: whoever
 * waits for an idle channel may ask for nothing else. The thread that uses the channel.
 */
bool dsa_vchan_busy(struct dsa_vchan *vchan);

/** Was its work queue found disabled or halted? It takes nothing then before the next start. */
bool dsa_vchan_halted(const struct dsa_vchan *vchan);

/** Ring, indexes, and what is in flight, for a person to read. */
void dsa_vchan_dump(const struct dsa_vchan *vchan, FILE *f);

/**
 * Let the device's data-path functions be those that go with its work queues and configuration: at
 * start, after all channels have started.
 */
void dsa_fast_install(struct dsa *dsa);

/**
 * The same of a device that is not started: nothing is taken, and what has ended can still be
 * asked for. At probe, when no channel is set up yet, and at stop, before channels stop.
 */
void dsa_fast_suspend(struct dsa *dsa);

#endif /* SLIPWAY_DSA_VCHAN_H */
