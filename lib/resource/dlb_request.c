/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_request.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "dlb_hcw.h"

#define COS_KEY     "cos"
#define COS_ACCEPTS "A:B:C:D, load-balanced ports of classes of service 0..3, 0..16 each"

/* A domain without credits could hold no event. */
static const struct {
	const char *key;
	const char *accepts;
	uint32_t min, max;
} keys[DLB_RES_KINDS] = {
	[DLB_RES_LDB_QUEUES] = {"ldb_queues", "0..32", 0, DLB_LDB_QUEUES},
	[DLB_RES_LDB_PORTS] = {"ldb_ports", "0..64", 0, DLB_LDB_PORTS},
	[DLB_RES_DIR_PORTS] = {"dir_ports", "0..64 (version=2.0) or 0..96 (version=2.5)", 0,
			       DLB_DIR_PORTS_MAX},
	[DLB_RES_CREDITS] = {"credits", "1..8192 (version=2.0) or 1..16384 (version=2.5)", 1,
			     DLB_CREDITS},
	[DLB_RES_DIR_CREDITS] = {"dir_credits", "0..4096 (version=2.0)", 0, DLB_DIR_CREDITS},
	[DLB_RES_HISTORY] = {"history", "0..2048", 0, DLB_HIST_ENTRIES},
	[DLB_RES_ATOMIC] = {"atomic", "0..2048", 0, DLB_AQED_ENTRIES},
};

void
dlb_request_init(struct dlb_request *request)
{
	unsigned int i;

	*request = (struct dlb_request){.by_class = false};
	for (i = 0; i < DLB_RES_KINDS; i++)
		request->amount[i] = DLB_UNSAID;
}

const char *
dlb_res_key(enum dlb_res res)
{
	return keys[res].key;
}

static int
find(const char *key)
{
	int i;

	for (i = 0; i < DLB_RES_KINDS; i++) {
		if (strcmp(keys[i].key, key) == 0)
			return i;
	}
	return -ENOENT;
}

const char *
dlb_request_accepts(const char *key)
{
	int i = find(key);

	if (i >= 0)
		return keys[i].accepts;
	return strcmp(key, COS_KEY) == 0 ? COS_ACCEPTS : NULL;
}

/* A number up to max that ends where `end` says; strtoul alone would take signs and blanks. */
static int
parse_amount(const char **text, char end, uint32_t min, uint32_t max, uint32_t *amount)
{
	unsigned long number;
	char *rest;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoul(*text, &rest, 10);
	if (errno != 0 || *rest != end || number < min || number > max)
		return -EINVAL;
	*amount = (uint32_t)number;
	*text = rest + (end != '\0');
	return 0;
}

static int
set_classes(struct dlb_request *request, const char *value)
{
	uint32_t ports[DLB_COS_CLASSES];
	unsigned int i;

	for (i = 0; i < DLB_COS_CLASSES; i++) {
		if (parse_amount(&value, i + 1 < DLB_COS_CLASSES ? ':' : '\0', 0, DLB_COS_PORTS,
				 &ports[i]) < 0)
			return -EINVAL;
	}
	request->by_class = true;
	for (i = 0; i < DLB_COS_CLASSES; i++)
		request->class_ports[i] = (uint8_t)ports[i];
	return 0;
}

int
dlb_request_set(struct dlb_request *request, const char *key, const char *value)
{
	int i = find(key);

	if (i >= 0)
		return parse_amount(&value, '\0', keys[i].min, keys[i].max, &request->amount[i]);
	return strcmp(key, COS_KEY) == 0 ? set_classes(request, value) : -ENOENT;
}
