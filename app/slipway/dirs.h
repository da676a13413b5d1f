/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DIRS_H
#define SLIPWAY_DIRS_H

/**
 * @file
 * The directory where running devices are found:
 *
 *     DIR/NAME, DIR/NAME.ctl   sockets of what `slipway serve` serves under that name
 *     DIR/run/PID/             what `slipway run` shows to its program; locked while that runs
 *     DIR/run/PID.N.ctl        control socket of device N of the process PID
 *
 * DIR is $SLIPWAY_DIR, else $XDG_RUNTIME_DIR/slipway, else /run/slipway for root and
 * /tmp/slipway-UID for others.
 */

#include <stdbool.h>
#include <stddef.h>

/** Longest DIR that leaves room for a control socket: its path must fit into sockaddr_un. */
#define DIRS_PATH_MAX 87

/** DIR, and what it was made from. */
struct dirs {
	char base[DIRS_PATH_MAX + 1];
	char run[DIRS_PATH_MAX + 8]; /**< base/run */
	const char *from;            /**< what to set to have it elsewhere; text for a message */
	bool private;                /**< in a directory that everybody may write to */
	bool made_base;              /**< dirs_enter created it */
};

/**
 * Find out where DIR is; nothing is created.
 *
 * @return 0, or -EINVAL, reported, when it is not usable
 */
int dirs_find(struct dirs *dirs);

/** Create base where it is missing: 0, or a negative errno, reported. */
int dirs_make(struct dirs *dirs);

/** Remove base if dirs_make or dirs_enter made it and nothing is left in it. */
void dirs_unmake(const struct dirs *dirs);

/**
 * Create what is missing of base and run, and lock run against other `slipway run`s that begin or
 * end just now.
 *
 * @return a descriptor that dirs_leave takes, or a negative errno, reported
 */
int dirs_enter(struct dirs *dirs);

/** Remove run, and base if dirs_enter made it, when nothing is left in them; unlock. */
void dirs_leave(const struct dirs *dirs, int lock);

/** Remove what dead processes left in run. Only between dirs_enter and dirs_leave. */
void dirs_sweep(const struct dirs *dirs);

/** Remove a directory and all below it; links are removed, not followed. */
void dirs_remove(const char *path);

/** Is this the name of a control socket, "PID.N.ctl"? */
bool dirs_is_control(const char *name);

/**
 * Connect to a UNIX socket.
 *
 * @param type SOCK_STREAM or SOCK_SEQPACKET
 * @return the descriptor, or a negative errno; -ENAMETOOLONG when the path does not fit
 */
int dirs_connect(const char *path, int type);

#endif /* SLIPWAY_DIRS_H */
