/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MPSSD_H
#define SLIPWAY_MPSSD_H

/**
 * @file
 * Inside slipway-mpssd. One thread, the main one, answers requests and attaches; each card has a
 * thread besides, which sleeps until something happens to the card, resets it when its OS is gone
 * (datasheet section 21.2), and lets go of it in the end, which may take a minute.
 *
 *     mpssd.c    arguments, EAL, the loop
 *     control.c  requests at DIR/mpssd.ctl
 *     keep.c     cards
 *     map.c      where a card OS has its log
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl_clients.h"

#define MPSSD_NAME_MAX  24
#define MPSSD_CARDS_MAX 16

struct kept;

/** One line to the log. */
void mpssd_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** All cards of this process. */
struct keeper {
	const char *directory; /**< of running devices */
	struct kept *card[MPSSD_CARDS_MAX];
	unsigned int count;
	int wake_fd; /**< readable when a card was let go */
};

/** 0 or a negative errno. */
int keeper_open(struct keeper *k, const char *directory);

/** Let go of all, at the same time; those that are online are shut down first. */
void keeper_close(struct keeper *k);

/** How a card is wanted. */
struct keeper_want {
	bool restart;    /**< boot it again when its OS asks for a restart */
	const char *map; /**< System.map of its image, or NULL */
};

/**
 * Take a card: 0, also for one that is taken already, or a negative errno.
 *
 * @param why what a person is told of an error
 */
int keeper_attach(struct keeper *k, const char *name, const struct keeper_want *want, char *why,
		  size_t len);

/** Begin to let go of one, which is held until that is done: 0, or -ENOENT. */
int keeper_detach(struct keeper *k, const char *name);

/** Forget those that were let go. */
void keeper_sweep(struct keeper *k);

/** Name and state of one, counted from 0. */
const char *keeper_name(const struct keeper *k, unsigned int i);
const char *keeper_state(const struct keeper *k, unsigned int i);
/** Is it being let go? */
bool keeper_leaves(const struct keeper *k, unsigned int i);

/** Where a card OS has its log, by its System.map (datasheet section 12.8): 0, or -errno. */
int map_read(const char *path, uint64_t *log_buf, uint64_t *log_buf_len);

/** Answer a request about `k`. */
void control_answer(void *k, struct ctl_request *request, struct ctl_text *t);

#endif /* SLIPWAY_MPSSD_H */
