/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "access_args.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_lcore.h>
#include <rte_memory.h>
#include <rte_string_fns.h>

#define SOCKET "vfu:"

/* strtol alone would take blanks and a plus. */
static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
access_arg_int(const char *value, long min, long max, long *result)
{
	char *end;
	long number;

	if (!is_digit(value[*value == '-' ? 1 : 0]))
		return -EINVAL;
	errno = 0;
	number = strtol(value, &end, 10);
	if (errno != 0 || *end != '\0' || number < min || number > max)
		return -EINVAL;
	*result = number;
	return 0;
}

int
access_arg_count(const char *value, long min, long max, unsigned int *result)
{
	long number;

	if (!is_digit(*value) || access_arg_int(value, min, max, &number) < 0)
		return -EINVAL;
	*result = (unsigned int)number;
	return 0;
}

int
access_arg_word(const char *value, const char *words)
{
	size_t len, wanted = strlen(value);
	int i;

	for (i = 0; *words != '\0'; i++) {
		len = strcspn(words, ",");
		if (len == wanted && strncmp(words, value, len) == 0)
			return i;
		words += len + strspn(words + len, ", ");
	}
	return -EINVAL;
}

int
access_arg_step(const char *value, enum access_step *step)
{
	int choice = access_arg_word(value, ACCESS_STEPS);

	if (choice >= 0)
		*step = choice == 0 ? ACCESS_STEP_IDLE : ACCESS_STEP_MANUAL;
	return RTE_MIN(choice, 0);
}

int
access_arg_numa_node(const char *value, int *node)
{
	unsigned int i;
	long number;

	if (access_arg_int(value, SOCKET_ID_ANY, RTE_MAX_NUMA_NODES - 1, &number) < 0)
		return -EINVAL;
	*node = (int)number;
	for (i = 0; i < rte_socket_count(); i++) {
		if (rte_socket_id_by_idx(i) == number)
			return 0;
	}
	return number == SOCKET_ID_ANY ? 0 : -EINVAL;
}

int
access_arg_path(const char *value, char *path, size_t size)
{
	size_t len = strlcpy(path, value, size);

	return len > 0 && len < size ? 0 : -EINVAL;
}

const char *
access_arg_socket(const char *value)
{
	return strncmp(value, SOCKET, strlen(SOCKET)) == 0 ? value + strlen(SOCKET) : NULL;
}
