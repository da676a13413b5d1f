/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_SHARE_BENCH_H
#define SLIPWAY_DLB_SHARE_BENCH_H

/**
 * @file
 * A shared DLB on a test bench: each client is a rig of the model's tests, with memory of its own,
 * whose device is a share.
 */

#include "dlb_share_priv.h"
#include "dlb_test_case.h"

#define BENCH_CLIENTS 4

struct bench {
	struct dlb_hub *hub;
	struct bus_device *model;
	void *rings;
	unsigned int clients;
	struct rig client[BENCH_CLIENTS];
	unsigned int lines; /**< of its log */
	char line[320];     /**< the last one */
};

/** A device in equal parts, and a client with COMMAND on for each: 0 or -1. */
int bench_open(struct bench *b, enum dlb_version version, unsigned int clients);
void bench_close(struct bench *b);

/** First of a client's ports, queues, pairs. */
uint32_t bench_ldb_port(const struct bench *b, unsigned int c);
uint32_t bench_ldb_queue(const struct bench *b, unsigned int c);
uint32_t bench_dir_port(const struct bench *b, unsigned int c);

/**
 * Set a client's domain up: its first queue, linked to its first port, its second port to produce,
 * and its first directed pair.
 */
void bench_set_up(struct bench *b, unsigned int c, uint32_t credits);
/** A NEW, atomic or directed, from the client's producer. */
void bench_new(struct bench *b, unsigned int c, uint64_t data);
void bench_new_directed(struct bench *b, unsigned int c, uint64_t data);

/** A client is new: memory, rig and COMMAND. */
void bench_attach(struct bench *b, unsigned int c);
/** What a server does when a client's connection ends. */
void bench_hang_up(struct bench *b, unsigned int c);

/** Read a register of the device itself. */
uint32_t bench_peek(struct bench *b, enum dlb_reg row, uint32_t i);

#endif /* SLIPWAY_DLB_SHARE_BENCH_H */
