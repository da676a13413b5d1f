/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TEST_SCIF_SOAK_WINDOW_H
#define SLIPWAY_TEST_SCIF_SOAK_WINDOW_H

/**
 * @file
 * Windows of a connection in the soak, as soak_memory.c and soak_transfer.c use them.
 */

#include "soak.h"

#define SOAK_PAGES 16u /**< of a window, at most */

enum kind {
	PRIVATE,
	MEMFD,
	SHARED,
	HEAP,
	NB_KINDS,          /**< that can be mapped */
	COPIED = NB_KINDS, /**< of a file, and private */
	NB_ALL_KINDS,
};

/** A window; of one's own with its memory, of the other side's as it should be. */
struct soak_window {
	uint8_t *memory;
	uint8_t *shadow;
	size_t len;
	int64_t offset;
	int prot;
	enum kind kind;
};

enum { WRITE_TO, READ_FROM, VWRITE_TO, VREAD_FROM, NB_CALLS };

extern const enum soak_op soak_op_of[NB_CALLS];

static inline bool
soak_is_out(int64_t call)
{
	return call == WRITE_TO || call == VWRITE_TO;
}

static inline bool
soak_is_registered(int64_t call)
{
	return call == WRITE_TO || call == READ_FROM;
}

static inline bool
soak_is_sync(int flags)
{
	return (flags & (SCIF_RMA_SYNC | SCIF_RMA_USECPU)) != 0;
}

/* ---- soak_window.c ---- */

/** One of one's own, to be registered: what is asked for is as in SOAK_MAKE. */
struct soak_window *soak_window_new(const int64_t a[SOAK_ARGS], bool with_memory);
void soak_window_free(struct soak_window *w);
/** Where it is, or -1. */
int64_t soak_window_register(struct soak_session *s, struct soak_window *w, int64_t offset);
/** One that is there, or is not; SOAK_WINDOWS: none. */
unsigned int soak_window_pick(struct soak_window *const list[SOAK_WINDOWS], bool there);
void soak_fill(uint8_t *p, size_t len, uint64_t seed);

long soak_transfer(struct soak_session *s, int64_t call, void *local, int64_t loffset, size_t len,
		   int64_t roffset, int flags);
void soak_mark_and_wait(struct soak_session *s, int whose);
/** Wait for a value that a fence is to write. */
void soak_value_await(struct soak_session *s, const struct soak_window *w, uint64_t at,
		      uint64_t value);

void soak_compare(const uint8_t *is, const uint8_t *should_be, size_t len, const char *what,
		  int64_t offset);
/** Some of a window of the other side, as its owner sees it, with what is beside it. */
void soak_compare_theirs(struct soak_session *s, unsigned int at, size_t from, size_t len,
			 const char *what);
void soak_compare_own(const struct soak_window *w, const char *what);

/* ---- soak_transfer.c ---- */

/** A value that a fence writes into a window of either side: all before it is there. False: there
 * are no windows for that.
 */
bool soak_fence_by_signal(struct soak_session *s);
/** A transfer of this side. */
void soak_transfer_step(struct soak_session *s);
/** A transfer of the other side; this one waits for it. */
void soak_peer_transfer_step(struct soak_session *s);

#endif /* SLIPWAY_TEST_SCIF_SOAK_WINDOW_H */
