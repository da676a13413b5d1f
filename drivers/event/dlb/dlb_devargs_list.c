/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dlb_devargs_list.h"

/* A number up to max, and what follows it. */
static int
take_number(const char **text, unsigned long max, unsigned long *number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	errno = 0;
	*number = strtoul(*text, &end, 10);
	*text = end;
	return errno == 0 && *number <= max ? 0 : -EINVAL;
}

static int
take_ids(const char **text, unsigned int ids, unsigned long *first, unsigned long *last)
{
	if (strncmp(*text, "all", 3) == 0) {
		*text += 3;
		*first = 0;
		*last = ids - 1;
		return 0;
	}
	if (take_number(text, ids - 1, first) < 0)
		return -EINVAL;
	*last = *first;
	if (**text != '-')
		return 0;
	(*text)++;
	return take_number(text, ids - 1, last) == 0 && *first <= *last ? 0 : -EINVAL;
}

int
dlb_devargs_list_set(const char *value, uint16_t list[], unsigned int ids, unsigned int min,
		     unsigned int max)
{
	unsigned long first, last, number;

	if (take_ids(&value, ids, &first, &last) < 0 || *value++ != ':' ||
	    take_number(&value, max, &number) < 0 || number < min || *value != '\0')
		return -EINVAL;
	for (; first <= last; first++)
		list[first] = (uint16_t)number;
	return 0;
}
