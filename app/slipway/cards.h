/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CARDS_H
#define SLIPWAY_CARDS_H

/**
 * @file
 * What the actions of `slipway card` share. A card has a name, a file of settings, and while its
 * process runs a directory:
 *
 *     CONFIG/cards/NAME.conf     settings, key = value
 *     CONFIG/cards/NAME.img      the image that the first start makes,
 *     CONFIG/cards/NAME.map      and its System.map: where the card OS has its log
 *     DIR/cards/NAME/card        vfio-user socket of the card's process
 *     DIR/cards/NAME/card.ctl    control socket of the card's process: the card's side
 *     DIR/cards/NAME/pid         its lock (ctl_lock.h)
 *     DIR/cards/NAME/log         what it and the card's console print
 *     DIR/cards/NAME/owner.lock  lock of whoever drives the card: holds its raw_mic
 *     DIR/cards/NAME/owner.ctl   control socket of that one: the host's side
 *     DIR/mpssd.ctl, .lock, .log of slipway mpssd
 *
 * DIR is that of dirs.h. CONFIG is $SLIPWAY_CONFIG_DIR, else /etc/slipway for root, else
 * $XDG_CONFIG_HOME/slipway or $HOME/.config/slipway. All functions report their errors in one line.
 */

#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** Exit statuses of `slipway card`, beside those of slipway.h. */
enum {
	EXIT_NO_CARD = 3, /**< there is no card of that name */
	EXIT_OFF = 4,     /**< its process does not run */
	EXIT_TIMEOUT = 5, /**< it did not get there in time */
	EXIT_STATE = 6,   /**< not in the state that it is in */
};

#define CARD_NAME_MAX    24
#define CARD_CMDLINE_MAX 2035 /**< 2048 with its end and " mem=16384M " */
/** A path of a socket, with its end. */
#define CARD_SOCKET_MAX 108

/** Where a card's things are. */
struct card_paths {
	char name[CARD_NAME_MAX + 1];
	char directory[CARD_SOCKET_MAX];
	char socket[CARD_SOCKET_MAX];
	char control[CARD_SOCKET_MAX]; /**< card.ctl */
	char pid[CARD_SOCKET_MAX];
	char log[CARD_SOCKET_MAX];
	char owner_lock[CARD_SOCKET_MAX];
	char owner_control[CARD_SOCKET_MAX]; /**< owner.ctl */
	char settings[PATH_MAX];             /**< CONFIG/cards/NAME.conf */
	char image[PATH_MAX];                /**< CONFIG/cards/NAME.img */
	char map[PATH_MAX];                  /**< CONFIG/cards/NAME.map */
};

/** What a settings file says; see card_settings.c for the keys. */
struct card_settings {
	unsigned int memory;     /**< MiB: a power of two, 32 to 16384 */
	char era;                /**< 'a', 'c' or 'd' */
	unsigned int time_scale; /**< 1 to 1000 */
	char revision[3];        /**< "A0", "B0", "B1", "C0" */
	char image[PATH_MAX];    /**< "": that of card_paths, which start makes */
	char ramdisk[PATH_MAX];  /**< "" for none */
	char cmdline[CARD_CMDLINE_MAX + 1];
	bool restart;  /**< boot again when the card asks for a restart */
	char cpu[128]; /**< CPUs of the card's process, "1" or "0-1,3"; "" for any */
};

/* ---- card_paths.c ---- */

/** Find out where a card's things are; nothing is made. 0, or a status to exit with. */
int card_paths_find(const char *name, struct card_paths *paths);

/** Make the card's directory: 0 or a negative errno. */
int card_paths_make(const struct card_paths *paths);

/** CONFIG, without its end: 0 or a negative errno. */
int card_config_directory(char *path, size_t len);

/** Make the directories above a file: 0 or a negative errno. */
int card_make_above(const char *file);

/* ---- card_settings.c ---- */

/** As a card has them of which nothing is said. */
void card_settings_default(struct card_settings *s);

/** Read a card's settings: 0, EXIT_NO_CARD when there are none, or EXIT_FAILED. */
int card_settings_load(const struct card_paths *paths, struct card_settings *s);

/** Write them: the file has the old settings or the new ones, whatever happens. 0, EXIT_FAILED. */
int card_settings_save(const struct card_paths *paths, const struct card_settings *s);

/**
 * Set one.
 *
 * @param where for the message: a file and line, or what the user typed
 * @return 0, or -EINVAL
 */
int card_settings_set(struct card_settings *s, const char *key, const char *value,
		      const char *where);

/** Text of a key's value, the keys counted from 0; NULL when there are no more. */
const char *card_settings_get(const struct card_settings *s, size_t n, const char **key, char *buf,
			      size_t len);

/** The CPUs of a text such as "1" or "0-1,3": 0 or -EINVAL. */
int card_cpus_parse(const char *text, cpu_set_t *set);

/* ---- card_image.c ---- */

/** Make an image that a virtual card boots; the file is there as a whole or not at all. */
int card_image_make(const char *path);

/** Make its System.map; likewise. */
int card_map_make(const char *path);

/* ---- card_daemon.c ---- */

/** A process that is to stay when we end. */
struct card_daemon {
	const char *what;         /**< for messages */
	const char *program;      /**< path of it */
	const char *const *argv;  /**< its arguments, ended by NULL */
	const char *log;          /**< where its output goes, */
	bool fresh_log;           /**< in place of what is there */
	const char *cpus;         /**< as in the settings, or NULL */
	const char *control;      /**< it is there when this socket takes connections */
	unsigned int patience_ms; /**< which takes so long at most */
	int taken_status;         /**< how it exits when another one has its place */
};

/** Start it and wait until it is there: 0 or a negative errno. */
int card_daemon_start(const struct card_daemon *d);

/** Does somebody listen at a socket? */
bool card_answers(const char *control);

/* ---- card_owner.c ---- */

/** Is the card's process there? 0, or EXIT_OFF. */
int card_process_need(const struct card_paths *paths);
/** And can it answer? 0, EXIT_OFF, or EXIT_STATE where it is stopped. */
int card_process_need_awake(const struct card_paths *paths);

/**
 * See that somebody drives the card: an application that holds it, or slipway mpssd, which is
 * started where it does not run and told to take the card. 0, EXIT_OFF, EXIT_FAILED or
 * EXIT_TIMEOUT.
 */
int card_owner_need(const struct card_paths *paths, const struct card_settings *s);

/**
 * A card that slipway mpssd has, and that is down, is free for others: 0, EXIT_FAILED, or
 * EXIT_TIMEOUT after so many seconds.
 */
int card_owner_release(const struct card_paths *paths, double seconds);

/** Who drives it now: a process id, 0 for nobody. */
pid_t card_owner_pid(const struct card_paths *paths);

/* ---- card_manage.c ---- */

/** End the card's process, by SIGTERM and, if that is not enough, SIGKILL: 0 or EXIT_FAILED. */
int card_process_end(const struct card_paths *paths);

/* ---- mpssd.c ---- */

/** Where slipway mpssd is, and its things. */
struct mpssd_paths {
	char program[PATH_MAX];
	char directory[CARD_SOCKET_MAX];
	char control[CARD_SOCKET_MAX];
	char log[CARD_SOCKET_MAX];
};

/** How it exits when another one runs. */
#define MPSSD_TAKEN 3

/** 0 or a negative errno. */
int mpssd_paths_find(struct mpssd_paths *paths);

/* ---- card.c ---- */

/**
 * Read an action's arguments.
 *
 * @param options of the action's own, ended by {0}, or NULL; --help is known everywhere
 * @param take gets each of them: 0, or a status to exit with, reported
 * @param least, most how many words are to follow; they begin at optind
 * @return 0, a status to exit with, or -1 after --help
 */
int card_arguments(int argc, char **argv, const struct option *options,
		   int (*take)(void *arg, int opt, const char *value), void *arg, int least,
		   int most);

/** Seconds of an option, more than 0 and up to 86400: 0 or EXIT_USAGE. */
int card_seconds(const char *option, const char *value, double *seconds);

/* ---- Actions. argv[0] is the action's name; the exit status is returned. ---- */

int card_boot(int argc, char **argv);
int card_config(int argc, char **argv);
int card_crash(int argc, char **argv);
int card_delete(int argc, char **argv);
int card_list(int argc, char **argv);
int card_log(int argc, char **argv);
int card_reset(int argc, char **argv);
int card_start(int argc, char **argv);
int card_status(int argc, char **argv);
int card_stop(int argc, char **argv);
int card_wait(int argc, char **argv);
int card_run(int argc, char **argv);     /* card_process.c: the card's process itself */
int card_mkimage(int argc, char **argv); /* card_image.c */

/** How card_run exits when the card's process runs already. */
#define CARD_TAKEN 6

#endif /* SLIPWAY_CARDS_H */
