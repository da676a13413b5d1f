/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVE_H
#define SLIPWAY_SERVE_H

/**
 * @file
 * `slipway serve`: a modelled device at sockets of this machine.
 *
 *     serve.c         arguments, life
 *     serve_device.c  the model, its sockets, who comes and goes
 *     serve_loop.c    the one thread: messages, steps, control, signals
 *     serve_ctl.c     what control clients ask for; serve_stats.c: its counters
 *     serve_domains.c how the device is split among several clients
 *     serve_gate.c    before the model: recorder and faults (serve_inject.c, serve_rings.c)
 */

#include <sys/types.h>
#include <sys/un.h>

#include "ctl_clients.h"
#include "dirs.h"
#include "serve_domains.h"
#include "serve_gate.h"
#include "vfu_server.h"

/** Sockets of a device: its own, and one for each of its domains. */
#define SERVE_SOCKETS 33u
#define SERVE_PATH    sizeof(((struct sockaddr_un *)NULL)->sun_path)

/** What is asked for. */
struct serve_options {
	char path[SERVE_PATH]; /**< of the socket */
	enum dlb_version version;
	mode_t mode;
	bool share;
	bool stats;
	bool quiet;
	const char *trace; /**< file, or NULL */
	struct dirs dirs;  /**< where the socket is, if it was only named */
	unsigned int spin_us;
	struct serve_split split;
};

struct serve;

/** One socket: who connects there sees `dev`. */
struct serve_socket {
	struct serve *owner;
	struct vfu_server *server;
	struct bus_device *dev;
	char path[SERVE_PATH];
	pid_t client; /**< 0: nobody */
};

/** A served device. */
struct serve {
	struct serve_options options;
	struct serve_rings rings;
	struct serve_gate gate;
	struct bus_device *model;
	struct dlb_hub *hub;    /**< where the device is split, else NULL */
	struct bus_device *dev; /**< what is stepped */
	struct serve_socket socket[SERVE_SOCKETS];
	unsigned int sockets;
	char ctl_path[SERVE_PATH];
	int ctl_fd;
	struct ctl_clients ctl;
	struct ctl_service service;
	uint64_t tracer; /**< the control client that the trace belongs to, 0 when it is nobody's */
	uint64_t began;  /**< as ctl_now_ms has it */
	uint64_t ctl_requests;
	int signal_fd;
};

/** CLOCK_MONOTONIC: the clock of bus step. */
uint64_t serve_now_ns(void);

/* ---- serve_device.c ---- */

/** Make the device and its sockets: 0, or a negative errno, reported. */
int serve_device_open(struct serve *s);
/** Let clients go, remove sockets, free the device. */
void serve_device_close(struct serve *s);

/* ---- serve_ctl.c ---- */

/** Listen for control clients: 0, or a negative errno, reported. */
int serve_ctl_open(struct serve *s);
void serve_ctl_close(struct serve *s);

/* ---- serve_stats.c ---- */

/** Answer "stats": counters and levels of the device and of its sockets. */
void serve_stats_answer(struct serve *s, struct ctl_text *t);
/** Print what there was, as a table. */
void serve_stats_print(struct serve *s);

/* ---- serve_loop.c ---- */

/** Serve until a signal says to end: its number. */
int serve_loop(struct serve *s);

/** One line to stderr, but with --quiet. */
void serve_say(const struct serve *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* SLIPWAY_SERVE_H */
