/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SLIPWAY_H
#define SLIPWAY_SLIPWAY_H

/**
 * @file
 * What the subcommands of `slipway` share. The program has one thread.
 */

#include <stddef.h>

/** Exit statuses; `run` passes on those of the command it ran. */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,       /**< what was asked for could not be done */
	EXIT_USAGE = 2,        /**< an argument is not accepted */
	EXIT_NOT_RUN = 125,    /**< run: the command could not be prepared */
	EXIT_CANNOT_RUN = 126, /**< run: the command is there and cannot be run */
	EXIT_NOT_FOUND = 127,  /**< run: there is no such command */
};

/** One line to stderr, "slipway: " in front. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * Refuse an argument that getopt_long did not take, with one line.
 *
 * @param command name of the subcommand, for the hint
 * @param argv arguments, getopt's optind and optopt as it left them
 * @param opt what getopt_long returned: ':' or '?'
 * @return EXIT_USAGE
 */
int refuse_option(const char *command, char **argv, int opt);

/** The path of a program that lies beside this one: 0, or a negative errno, reported. */
int program_beside(const char *command, const char *program, char *path, size_t len);

/**
 * The subcommands. `argv[0]` is the subcommand's name.
 *
 * @return the exit status; errors have been reported
 */
int run_command(int argc, char **argv);
int regs_command(int argc, char **argv);
int trace_command(int argc, char **argv);
int dlb_command(int argc, char **argv);
int dsa_command(int argc, char **argv);
int top_command(int argc, char **argv);
int serve_command(int argc, char **argv);
int inject_command(int argc, char **argv);
int card_command(int argc, char **argv);
int mpssd_command(int argc, char **argv);
int doctor_command(int argc, char **argv);
int scifd_command(int argc, char **argv);
int scif_command(int argc, char **argv);
int scif_perf_command(int argc, char **argv);

#endif /* SLIPWAY_SLIPWAY_H */
