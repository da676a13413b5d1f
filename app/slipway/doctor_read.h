/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DOCTOR_READ_H
#define SLIPWAY_DOCTOR_READ_H

/**
 * @file
 * Reading the machine for the doctor: files, links and directories below its root. What is not
 * there, or may not be read, is no error: it reads as nothing.
 */

#include <dirent.h>

#include "doctor.h"

/** A path below the root. */
void doctor_path(const struct doctor *d, char *path, size_t len, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** Is it there? */
bool doctor_has(const struct doctor *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** May this user do that with it (R_OK, W_OK)? */
bool doctor_may(const struct doctor *d, int mode, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** The first line of a file, without its newline; "" for none. */
void doctor_line(const struct doctor *d, char *line, size_t len, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** The number that a file begins with, in C's notation, or -1. */
long long doctor_number(const struct doctor *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** The last component of where a link leads; "" for none. */
void doctor_link(const struct doctor *d, char *name, size_t len, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * The rest of the first line of a file that begins with a word, without spaces in front.
 *
 * @return whether there is such a line
 */
bool doctor_find(const struct doctor *d, const char *path, const char *word, char *rest,
		 size_t len);

/** Call a function for each name in a directory, in order. */
void doctor_each(struct doctor *d, const char *path,
		 void (*visit)(struct doctor *d, const char *path, const char *name));

/** Has this process a capability of capabilities(7), by its number? */
bool doctor_capable(const struct doctor *d, unsigned int capability);

/** Capabilities that matter here. */
enum { DOCTOR_CAP_IPC_LOCK = 14, DOCTOR_CAP_SYS_RAWIO = 17, DOCTOR_CAP_SYS_ADMIN = 21 };

#endif /* SLIPWAY_DOCTOR_READ_H */
