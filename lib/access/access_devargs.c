/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "access_devargs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_kvargs.h>
#include <rte_log.h>

/* All keys of a driver, with what stands between them. */
#define KEYS_MAX 512
/* Two numbers. */
#define RANGE_MAX 32

static const struct access_devarg *
find(const struct access_devargs *reader, const char *key)
{
	const struct access_devarg *arg = reader->rows;

	for (; arg < reader->rows + reader->nb_rows; arg++) {
		if (strcmp(arg->key, key) == 0 ||
		    (arg->synonym != NULL && strcmp(arg->synonym, key) == 0))
			return arg;
	}
	return NULL;
}

static bool
is_for(const struct access_devargs *reader, const struct access_devarg *arg)
{
	return !reader->on_bus || arg->of == ACCESS_OF_USE || arg->of == ACCESS_OF_DEVICE;
}

static const char *
value_of(const struct rte_kvargs_pair *pair)
{
	return pair->value != NULL ? pair->value : "";
}

static const char *
accepted(const struct access_devarg *arg, char range[RANGE_MAX])
{
	if (arg->accepted != NULL)
		return arg->accepted;
	snprintf(range, RANGE_MAX, "%u..%u", arg->min, arg->max);
	return range;
}

static int
refuse(const struct access_devargs *reader, const struct rte_kvargs_pair *pair, const char *why,
       const char *what)
{
	rte_log(RTE_LOG_ERR, reader->logtype, "%s: device argument %s=%s: %s%s\n", reader->name,
		pair->key, value_of(pair), why, what);
	return -EINVAL;
}

static int
refuse_key(const struct access_devargs *reader, const struct rte_kvargs_pair *pair, bool known)
{
	const struct access_devarg *arg = reader->rows;
	char keys[KEYS_MAX] = "";
	size_t used = 0;

	for (; arg < reader->rows + reader->nb_rows && used < sizeof(keys); arg++) {
		if (is_for(reader, arg) && arg->kind != ACCESS_NOTHING)
			used += (size_t)snprintf(keys + used, sizeof(keys) - used, "%s%s",
						 used == 0 ? "" : ", ", arg->key);
	}
	return refuse(reader, pair,
		      known ? "for virtual devices only; accepted: " : "unknown; accepted: ", keys);
}

/* Has the key of pair i been said before, by whichever name? */
static bool
is_repeated(const struct access_devargs *reader, const struct rte_kvargs *list, unsigned int i)
{
	const struct access_devarg *arg = find(reader, list->pairs[i].key);
	unsigned int j;

	for (j = 0; j < i && !arg->many; j++) {
		if (find(reader, list->pairs[j].key) == arg)
			return true;
	}
	return false;
}

static int
store_own(const struct access_devargs *reader, const struct access_devarg *arg, const char *value)
{
	return arg->store != NULL ? arg->store(reader->args, value)
				  : arg->store_key(reader->args, arg->key, value);
}

/* 0, or -EINVAL for a value that is not accepted. */
static int
store(const struct access_devargs *reader, const struct access_devarg *arg, const char *value)
{
	void *to = (char *)reader->args + arg->at;
	int choice;

	switch (arg->kind) {
	case ACCESS_COUNT:
		return access_arg_count(value, arg->min, arg->max, to);
	case ACCESS_SWITCH:
		choice = access_arg_word(value, arg->accepted);
		*(bool *)to = choice == 1;
		return RTE_MIN(choice, 0);
	case ACCESS_STEP_WORD:
		return access_arg_step(value, to);
	case ACCESS_NUMA_NODE:
		return access_arg_numa_node(value, to);
	default:
		return store_own(reader, arg, value);
	}
}

static int
store_pair(struct access_devargs *reader, const struct rte_kvargs *list, unsigned int i)
{
	const struct rte_kvargs_pair *pair = &list->pairs[i];
	const struct access_devarg *arg = find(reader, pair->key);
	char range[RANGE_MAX];

	if (arg == NULL || !is_for(reader, arg))
		return refuse_key(reader, pair, arg != NULL);
	if (arg->kind == ACCESS_NOTHING) {
		rte_log(RTE_LOG_NOTICE, reader->logtype,
			"%s: device argument %s=%s: ignored, it means nothing here\n",
			reader->name, pair->key, value_of(pair));
		return 0;
	}
	if (is_repeated(reader, list, i))
		return refuse(reader, pair, "given twice; accepted: once, ",
			      accepted(arg, range));
	if (arg->of == ACCESS_OF_DEVICE && reader->device_said[0] == '\0')
		snprintf(reader->device_said, sizeof(reader->device_said), "%s=%s", pair->key,
			 value_of(pair));
	if (store(reader, arg, value_of(pair)) < 0)
		return refuse(reader, pair, "accepted: ", accepted(arg, range));
	return 0;
}

static int
check_pair(const struct access_devargs *reader, const struct rte_kvargs_pair *pair)
{
	char why[ACCESS_WHY_MAX] = "";

	if (reader->settled != NULL)
		reader->settled(reader->args, find(reader, pair->key), why);
	return why[0] == '\0' ? 0 : refuse(reader, pair, why, "");
}

static int
read_list(struct access_devargs *reader, const struct rte_kvargs *list)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < list->count && ret == 0; i++)
		ret = store_pair(reader, list, i);
	for (i = 0; i < list->count && ret == 0; i++)
		ret = check_pair(reader, &list->pairs[i]);
	return ret;
}

int
access_devargs_read(struct access_devargs *reader, const char *text)
{
	struct rte_kvargs *list;
	int ret;

	reader->device_said[0] = '\0';
	if (text == NULL || *text == '\0')
		return 0;
	list = rte_kvargs_parse(text, NULL);
	if (list == NULL) {
		rte_log(RTE_LOG_ERR, reader->logtype,
			"%s: device arguments \"%s\": accepted: key=value[,key=value]...\n",
			reader->name, text);
		return -EINVAL;
	}
	ret = read_list(reader, list);
	rte_kvargs_free(list);
	return ret;
}
