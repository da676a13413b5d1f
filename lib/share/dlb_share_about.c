/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <jansson.h>

#include "dlb_share_priv.h"

/* What a client is told of its share: ranges of numbers, first and last of each, and amounts. */

static json_t *
ranges(const uint8_t owners[], unsigned int n, unsigned int owner)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < n; i++) {
		if (owners[i] != owner)
			continue;
		if (i == 0 || owners[i - 1] != owner)
			json_array_append_new(list, json_integer(i));
		if (i + 1 == n || owners[i + 1] != owner)
			json_array_append_new(list, json_integer(i));
	}
	return list;
}

static void
add_amount(json_t *about, const struct dlb_share *s, const char *key, enum dlb_res res)
{
	json_object_set_new(about, key,
			    json_integer(dlb_pool_held(&s->hub->pool, s->domain, res)));
}

static void
add_ranges(json_t *about, const struct dlb_share *s)
{
	const struct dlb_pool *pool = &s->hub->pool;

	json_object_set_new(about, "ldb_queues",
			    ranges(pool->ldb_queues, DLB_LDB_QUEUES, s->domain));
	json_object_set_new(about, "ldb_ports", ranges(pool->ldb_ports, DLB_LDB_PORTS, s->domain));
	json_object_set_new(about, "dir_ports",
			    ranges(pool->dir_ports, s->hub->dir_ports, s->domain));
	json_object_set_new(about, "history", ranges(pool->history, DLB_HIST_ENTRIES, s->domain));
}

/* By group: how many numbers a slot has, and which slots. */
static void
add_windows(json_t *about, const struct dlb_share *s)
{
	const struct dlb_pool *pool = &s->hub->pool;
	json_t *sizes = json_array(), *slots = json_array();

	for (unsigned int g = 0; g < DLB_SN_GROUPS; g++) {
		unsigned int size = (unsigned int)DLB_SN_MIN << pool->sn_mode[g];

		json_array_append_new(sizes, json_integer(size));
		json_array_append_new(slots, ranges(pool->windows[g], DLB_SN_PER_GROUP / size,
						    s->domain));
	}
	json_object_set_new(about, "sn", sizes);
	json_object_set_new(about, "sn_slots", slots);
}

char *
dlb_share_about(const struct dlb_share *s)
{
	json_t *about = json_object();
	char *text;

	json_object_set_new(about, "device", json_string("dlb"));
	json_object_set_new(about, "version",
			    json_string(s->hub->version == DLB_V20 ? "2.0" : "2.5"));
	json_object_set_new(about, "domain", json_integer(s->domain));
	add_ranges(about, s);
	add_amount(about, s, "ldb_credits", DLB_RES_CREDITS);
	if (s->hub->version == DLB_V20)
		add_amount(about, s, "dir_credits", DLB_RES_DIR_CREDITS);
	add_amount(about, s, "atomic", DLB_RES_ATOMIC);
	add_windows(about, s);
	text = json_dumps(about, JSON_COMPACT);
	json_decref(about);
	return text;
}
