/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SAY_H
#define SLIPWAY_SAY_H

/**
 * @file
 * What the shim has to tell its user: one line to the standard error, by one write. Formatting of
 * integers and strings neither allocates nor locks, so this may be called from signal handlers.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/** Print "slipway: ", the message (without a newline; cut at 500 bytes) and a newline. */
static inline __attribute__((format(printf, 1, 2))) void
say(const char *format, ...)
{
	char line[512] = "slipway: ";
	int saved = errno, n = 9, more;
	va_list args;

	va_start(args, format);
	more = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
	va_end(args);
	if (more > 0)
		n += more < (int)sizeof(line) - n - 1 ? more : (int)sizeof(line) - n - 2;
	line[n++] = '\n';
	/* Nobody is left to tell when this fails. */
	(void)!syscall(SYS_write, STDERR_FILENO, line, (size_t)n);
	errno = saved;
}

#endif /* SLIPWAY_SAY_H */
