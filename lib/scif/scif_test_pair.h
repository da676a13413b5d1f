/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_TEST_PAIR_H
#define SLIPWAY_SCIF_TEST_PAIR_H

/**
 * @file
 * Connected endpoints for tests: two of this process, or one here and one in a child.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "scif.h"

#define PAIR_PORT 2060
#define PAGE      4096u
#define RW        (SCIF_PROT_READ | SCIF_PROT_WRITE)

struct pair {
	scif_epd_t listener, a, b;
};

/** An endpoint that listens at PAIR_PORT, with room for four. */
scif_epd_t pair_listen(void);
/** What an endpoint is ready for, to receive or to send: waits that many ms. */
short pair_events(scif_epd_t epd, long timeout);

/** Connect two endpoints of this process. */
void pair_make(struct pair *p);
void pair_close(struct pair *p);

/** An endpoint here, and a child that has the other end: runs the function, and exits with what it
 * returns.
 */
struct other {
	scif_epd_t epd;
	pid_t pid;
};

void other_begin(struct other *o, int (*run)(scif_epd_t epd, void *arg), void *arg);
/** Wait for the child to end well, and close. */
void other_end(struct other *o);

/** A step of one side that the other waits for: a byte of the stream. */
void pair_say(scif_epd_t epd);
void pair_hear(scif_epd_t epd);
/** Tell and hear an offset. */
void pair_tell(scif_epd_t epd, off_t offset);
off_t pair_told(scif_epd_t epd);

/** Pages of private memory, and of shared memory with its descriptor. */
char *pair_pages(unsigned int count);
char *pair_shared(unsigned int count, int *fd);

/** Register pages: at an offset that the node chooses, or at that one. */
off_t pair_window(scif_epd_t epd, void *at, unsigned int pages, int prot);
off_t pair_window_at(scif_epd_t epd, void *at, unsigned int pages, off_t offset, int prot);

/** Is an address in a shared mapping of this process? */
bool pair_is_shared(const void *at);

/** Two sides of a connection, with memory of each registered at 0. */
struct two {
	struct pair pair;
	char *mine, *theirs; /**< of b, and of a */
	size_t size;
};

void two_make(struct two *t, size_t size);
void two_close(struct two *t);
/** Bytes that differ from each other, and by the seed. */
void two_fill(char *at, size_t n, uint32_t seed);

enum { WRITETO, READFROM, VWRITETO, VREADFROM, CALLS };

/** One of the calls, by b: 0, or -1. */
int two_call(const struct two *t, int which, size_t mine, size_t theirs, size_t n, int flags);

/** It failed for that reason. */
#define assert_failed(call, error)                                                                 \
	do {                                                                                       \
		errno = 0;                                                                         \
		assert_int_equal((call), -1);                                                      \
		assert_int_equal(errno, (error));                                                  \
	} while (0)

#endif /* SLIPWAY_SCIF_TEST_PAIR_H */
