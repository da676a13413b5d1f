/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_STATE_PRIV_H
#define SLIPWAY_MIC_STATE_PRIV_H

/**
 * @file
 * The state machine of a card, inside. A card is in a state, and on its way through a reset in a
 * step; only the control thread takes steps.
 *
 *   NONE --ask--> TELL --> QUIET --1 s--> POLL --ready--> NONE, state ready
 *                                          |  ^              |  a restart: the image again
 *                                          +--+ 1 s, 45 x    +--> PLACE --> booted
 *                                          +--> NONE, state reset_failed
 */

#include <stdatomic.h>

#include "mic_control.h"
#include "mic_cosm.h"
#include "mic_state.h"

enum mic_step {
	MIC_STEP_NONE,
	MIC_STEP_TELL,  /**< those that have work on the card are to be told */
	MIC_STEP_QUIET, /**< nobody touches the card */
	MIC_STEP_POLL,  /**< is it ready? */
	MIC_STEP_PLACE, /**< the image is put there once more */
};

/** An image that may be needed again, in memory of ours. */
struct mic_kept {
	struct mic_image image;
	uint8_t *memory;
};

#define MIC_TOLD 64u

struct mic_machine {
	pthread_mutex_t lock; /**< never held while somebody else is called */
	pthread_cond_t changed;

	struct mic_conf conf;
	enum mic_state state, before;
	enum mic_shutdown shutdown;
	unsigned int ends; /**< times that the card OS has said how it ends */
	uint64_t entered[MIC_STATES]; /**< times */

	enum mic_step step;
	uint64_t due; /**< when the next step is */
	unsigned int polls;

	bool busy;   /**< somebody loads or boots, without the lock */
	bool loaded; /**< an image is there, where the card looks for it */
	bool bare;   /**< and it is no kernel (modes elf and flash) */
	bool watched; /**< the card OS has shown itself, or the bootstrap has refused it */
	uint64_t watch_until;
	bool stopping; /**< somebody waits for the card OS to end */
	bool again;    /**< after the reset, boot what is kept */
	bool was_up;   /**< before the host slept */
	unsigned int restarts_in_a_row; /**< none of which brought up a card that stayed so */
	struct mic_kept kept;
	uint64_t placed; /**< of it, in step PLACE */
	uint64_t looked; /**< when it was last seen to be there */
	_Atomic bool suspected; /**< not to be there, by who has read all ones */
	uint32_t post, spad2; /**< as they were read last, for when they cannot be */

	/* Eras C, D. */
	mic_cosm_send_fn *send;
	void *send_arg;
	enum mic_shutdown said; /**< of its end; counts once the connection is closed */
	uint64_t heartbeat_due; /**< MIC_CONTROL_NEVER: not watched */

	/* What is to be told, in order. */
	mic_state_watch_fn *watch;
	void *watch_arg;
	struct {
		enum mic_state state;
		enum mic_shutdown shutdown;
	} told[MIC_TOLD];
	unsigned int tell_head, tell_tail;

	uint64_t booted_ns, online_ns;
	uint64_t boots, resets, reset_failures, crashes, heartbeats, heartbeat_timeouts;
	uint64_t restarts, restarts_refused;
};

void mic_machine_init(struct mic_dev *dev);
void mic_machine_free(struct mic_dev *dev);
/** The part of the control thread: in how many ns it wants to be called again. */
uint64_t mic_machine_serve(struct mic_dev *dev);

/* With the lock held. */

/** Enter a state, or the same one again because `shutdown` has changed. */
void mic_machine_enter(struct mic_dev *dev, enum mic_state state);
/** The card OS has ended, or is about to. */
void mic_machine_ended(struct mic_dev *dev, enum mic_shutdown shutdown);
/** Begin to reset: 0, also when it is being reset already, -EBUSY, -ENODEV. */
int mic_machine_reset(struct mic_dev *dev);
/** May a card OS be up? */
bool mic_machine_is_up(const struct mic_machine *m);
/** Ask the card OS to end: 0, -EINVAL when the state has none, -ENOTCONN. Lets go of the lock. */
int mic_machine_ask_shutdown(struct mic_dev *dev);

/* mic_reset.c: take the step that is due, with the lock held; lets go of it meanwhile. */
void mic_reset_step(struct mic_dev *dev, uint64_t now);

/* mic_boot.c: without the lock, with `busy` set, or by the control thread in step PLACE. */
int mic_boot_plan(struct mic_dev *dev, const struct mic_image *image, struct mic_image_plan *plan);
/** A slice of it, from `*from` on, which is 0 once all of it is there. */
void mic_boot_place(struct mic_dev *dev, const struct mic_image *image,
		    const struct mic_image_plan *plan, uint64_t *from);
/** Section 11.5, and the state that follows: 0, or -ENODEV when it was lost meanwhile. */
int mic_boot_run(struct mic_dev *dev);
int mic_boot_keep(struct mic_kept *kept, const struct mic_image *image);
void mic_boot_forget(struct mic_kept *kept);

#endif /* SLIPWAY_MIC_STATE_PRIV_H */
