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
 *     serve_device.c  its sockets, who comes and goes
 *     serve_loop.c    the one thread: messages, steps, control, signals
 *     serve_ctl.c     what control clients ask for
 *
 * What is done otherwise for each kind of device is behind a table, struct serve_kind. Of the DLB:
 *
 *     serve_dlb.c     the model; serve_stats.c: its counters
 *     serve_domains.c how the device is split among several clients
 *     serve_gate.c    before the model: recorder and faults (serve_inject.c, serve_rings.c)
 *
 * and of the DSA:
 *
 *     serve_dsa.c     the model, as a whole; serve_dsa_stats.c: its counters
 *     serve_dsa_owner.c   work queues set up as asked for (dsa_plan.c)
 *     serve_dsa_client.c  many clients of a work queue, each with its memory
 *     serve_dsa_gate.c    before the model: recorder and faults
 *     serve_dsa_threads.c who else steps it
 *
 * and of the MIC, a whole virtual card:
 *
 *     serve_mic.c     the card, its memory, its console; serve_mic_stats.c: its counters
 */

#include <sys/types.h>
#include <sys/un.h>

#include "ctl_clients.h"
#include "dirs.h"
#include "dsa_plan.h"
#include "models.h"
#include "serve_domains.h"
#include "serve_gate.h"
#include "serve_mic.h"
#include "vfu_server.h"

/** Connections of a device: of itself, of its domains, of clients of its work queues. */
#define SERVE_SOCKETS 256u
/** Sockets at which several clients may connect: of work queues. */
#define SERVE_LISTENERS 64u
/** Kinds of control requests. */
#define SERVE_VERBS 16u
#define SERVE_PATH    sizeof(((struct sockaddr_un *)NULL)->sun_path)

/** What is asked for. */
struct serve_options {
	char path[SERVE_PATH]; /**< of the socket */
	const struct model *model;
	int version;              /**< index of that model's */
	const char *version_text; /**< as given, or NULL */
	mode_t mode;
	bool share;
	bool stats;
	bool quiet;
	const char *trace; /**< file, or NULL */
	struct dirs dirs;  /**< where the socket is, if it was only named */
	unsigned int spin_us;
	struct serve_split split;   /**< of a DLB */
	struct dsa_plan plan;         /**< of a DSA */
	unsigned int wqs;           /**< work queues, 0: as many as is usual */
	unsigned int threads;       /**< that step it, beside the first */
	bool gather;                /**< lines come in pieces, too */
	struct serve_mic_options mic; /**< of a MIC */
};

struct serve;
struct serve_dsa;

/** What is done for a kind of device. */
struct serve_kind {
	const char *model;
	const char *options; /**< letters of those that go with it only, see serve.c */
	/** Do the options fit together? 0, or a negative errno, reported. */
	int (*check)(const struct serve_options *options);
	/** Make the device and its sockets: 0, or a negative errno, reported. */
	int (*open)(struct serve *s);
	/** Free what open made, after all or some of it. The sockets are closed. */
	void (*close)(struct serve *s);
	void (*announce)(const struct serve *s);
	/** A client is gone, and the device has been reset. NULL: nothing. */
	void (*left)(struct serve *s);
	/** Somebody connects to one of s->listener. */
	void (*accept)(struct serve *s, unsigned int listener);
	/** After messages have been seen to. */
	void (*tidy)(struct serve *s);
	/** The first thread is about to sleep, or awake again. NULL, as the ones above: nothing. */
	void (*sleeps)(struct serve *s, bool begins);
	/** A number that changes when anything is posted without a message. */
	uint32_t (*posted)(const struct serve *s);
	void (*regs)(struct serve *s, struct ctl_text *t);
	void (*stats)(struct serve *s, struct ctl_text *t);
	void (*stats_print)(struct serve *s); /**< as a table */
	/** Record into a file from now on, which is its own on success: 0, or a negative errno. */
	int (*trace)(struct serve *s, int fd);
	void (*trace_end)(struct serve *s);
	bool (*traced)(const struct serve *s);
	/** Answer "inject": was there a new fault? */
	bool (*inject)(struct serve *s, const char *text, size_t len, struct ctl_text *t);
	/** Control requests that only this kind knows; their argument is the struct serve. */
	const struct ctl_verb *verbs;
	size_t verb_count;
};

/** One connection, or the socket of one at a time: who connects sees `dev`. */
struct serve_socket {
	struct serve *owner;
	struct vfu_server *server; /**< NULL: free */
	struct bus_device *dev;
	char path[SERVE_PATH];
	pid_t client; /**< 0: nobody */
};

/** A socket for several clients: each gets a serve_socket of its own. */
struct serve_listener {
	int fd;
	bool full; /**< nobody can be taken now */
	char path[SERVE_PATH];
};

/** A served device. */
struct serve {
	struct serve_options options;
	const struct serve_kind *kind;
	struct bus_device *model;
	struct bus_device *dev; /**< what is stepped */
	struct serve_socket socket[SERVE_SOCKETS];
	unsigned int sockets; /**< up to the last one in use */
	struct serve_listener listener[SERVE_LISTENERS];
	unsigned int listeners;
	/* Of a DLB. */
	struct serve_rings rings;
	struct serve_gate gate;
	struct dlb_hub *hub; /**< where the device is split, else NULL */
	/* Of a DSA. */
	struct serve_dsa *dsa;
	/* Of a MIC. */
	struct serve_mic *mic;
	/* Of all. */
	char ctl_path[SERVE_PATH];
	int ctl_fd;
	struct ctl_clients ctl;
	struct ctl_service service;
	struct ctl_verb verb[SERVE_VERBS]; /**< of all kinds, and of this one */
	size_t verbs;
	uint64_t tracer; /**< the control client that the trace belongs to, 0 when it is nobody's */
	uint64_t began;  /**< as ctl_now_ms has it */
	uint64_t ctl_requests;
	int signal_fd;
};

/** CLOCK_MONOTONIC: the clock of bus step. */
uint64_t serve_now_ns(void);

/* ---- serve.c ---- */

/** Serve a device until a signal says to end: a status to exit with. Once in a process. */
int serve_until_signal(const struct serve_options *options, const struct serve_kind *kind);

/* ---- serve_dlb.c, serve_dsa.c, serve_mic.c ---- */

extern const struct serve_kind serve_dlb, serve_dsa, serve_mic;

/* ---- serve_device.c ---- */

/**
 * Open the next socket, whose path is set: one client at a time, after whom `dev` is reset.
 *
 * @param about what clients are told
 * @param max_dma_maps as of struct vfu_server_config
 * @return 0, or a negative errno, reported
 */
int serve_socket_open(struct serve *s, const char *about, uint32_t max_dma_maps);
/** The path of a socket beside that of the device: ".d", ".wq" and a number of one or two digits. */
void serve_socket_path(char path[SERVE_PATH], const struct serve *s, const char *kind,
		       unsigned int number);
/** One line about a socket, from its server. */
void serve_socket_log(void *arg, const char *line);
/** A client has come to a socket. */
void serve_socket_came(void *arg, pid_t pid, uid_t uid);
/** A signal now and then as long as there are clients. */
void serve_tick_set(const struct serve *s);
/** Open a socket for several clients, whose path is set: 0, or a negative errno, reported. */
int serve_listener_open(struct serve *s, struct serve_listener *listener);

/** Make the device and its sockets: 0, or a negative errno, reported. */
int serve_device_open(struct serve *s);
/** Let clients go, remove sockets, free the device. */
void serve_device_close(struct serve *s);

/* ---- serve_ctl.c ---- */

/** Listen for control clients: 0, or a negative errno, reported. */
int serve_ctl_open(struct serve *s);
void serve_ctl_close(struct serve *s);

/* ---- serve_stats.c ---- */

/** Of a DLB: as of struct serve_kind. */
void serve_stats_answer(struct serve *s, struct ctl_text *t);
void serve_stats_print(struct serve *s);
/** Add a socket's counters; print them; print a line of such a table. */
void serve_stats_socket(const struct serve_socket *socket, struct ctl_text *t);
void serve_stats_print_socket(const struct serve_socket *socket);
void serve_stats_row(const char *name, uint64_t value);

/* ---- serve_loop.c ---- */

/** Serve until a signal says to end: its number. */
int serve_loop(struct serve *s);

/** One line to stderr, but with --quiet. */
void serve_say(const struct serve *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* SLIPWAY_SERVE_H */
