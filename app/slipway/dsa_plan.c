/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dsa_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slipway.h"

#define PRIORITY_MAX 15

void
dsa_plan_init(struct dsa_plan *plan, const char *command)
{
	memset(plan, 0, sizeof(*plan));
	plan->command = command;
	for (unsigned int i = 0; i < DSA_PLAN_WQS; i++)
		plan->wq[i].group = -1;
}

/* ---- What is said ---- */

static bool
number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = *text >= '0' && *text <= '9' ? strtoull(text, &end, 0) : 0;
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *value >= min &&
	       *value <= max;
}

static bool
power_of_two(uint64_t value)
{
	return (value & (value - 1)) == 0;
}

/* One of them, with what is accepted when it is not. */
static const char *
take_number(struct dsa_plan_wq *wq, const char *key, const char *value)
{
	const struct {
		const char *key;
		uint64_t min, max;
		bool power;
		unsigned int *to;
		const char *accepted;
	} keys[] = {
		{"size", 1, 65535, false, &wq->size, "1 to 65535"},
		{"threshold", 1, 65535, false, &wq->threshold, "1 to 65535, at most the size"},
		{"priority", 1, PRIORITY_MAX, false, &wq->priority, "1 to 15"},
		{"max_batch", 2, 32768, true, &wq->max_batch, "a power of two from 2 to 32768"},
	};
	uint64_t n;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(key, keys[i].key) != 0)
			continue;
		if (!number(value, keys[i].min, keys[i].max, &n) ||
		    (keys[i].power && !power_of_two(n)))
			return keys[i].accepted;
		*keys[i].to = (unsigned int)n;
		return NULL;
	}
	return "";
}

static const char *
take_name(char to[DSA_PLAN_NAME], const char *value)
{
	if (value[0] == '\0' || strlen(value) >= DSA_PLAN_NAME || strpbrk(value, " \t\n/") != NULL)
		return "1 to 63 characters, none of them a space or a slash";
	strcpy(to, value);
	return NULL;
}

/* NULL, what is accepted, or "" for a key that there is not. */
static const char *
take_value(struct dsa_plan_wq *wq, const char *key, const char *value)
{
	uint64_t n;

	if (strcmp(key, "mode") == 0) {
		wq->dedicated = strcmp(value, "dedicated") == 0;
		wq->mode_said = wq->dedicated || strcmp(value, "shared") == 0;
		return wq->mode_said ? NULL : "shared and dedicated";
	}
	if (strcmp(key, "group") == 0) {
		if (!number(value, 0, DSA_PLAN_GROUPS - 1, &n))
			return "0 to 15";
		wq->group = (int)n;
		return NULL;
	}
	if (strcmp(key, "max_transfer") == 0) {
		if (!number(value, 1, UINT64_C(1) << 31, &n) || !power_of_two(n))
			return "a power of two from 1 to 2147483648";
		wq->max_transfer = n;
		return NULL;
	}
	if (strcmp(key, "name") == 0)
		return take_name(wq->name, value);
	if (strcmp(key, "driver") == 0)
		return take_name(wq->driver, value);
	return take_number(wq, key, value);
}

/* One KEY=VALUE, which is cut in two. */
static int
take_pair(const struct dsa_plan *plan, struct dsa_plan_wq *wq, char *pair)
{
	char *value = strchr(pair, '=');
	const char *accepted;

	if (value == NULL) {
		complain("%s: --wq: '%s': accepted is KEY=VALUE", plan->command, pair);
		return -EINVAL;
	}
	*value++ = '\0';
	accepted = take_value(wq, pair, value);
	if (accepted == NULL)
		return 0;
	if (accepted[0] == '\0')
		complain("%s: --wq: %s=%s: accepted are mode, size, threshold, priority, group, "
			 "max_transfer, max_batch, name and driver",
			 plan->command, pair, value);
	else
		complain("%s: --wq: %s=%s: accepted: %s", plan->command, pair, value, accepted);
	return -EINVAL;
}

int
dsa_plan_say(struct dsa_plan *plan, const char *text)
{
	char *copy, *pair, *save = NULL, *rest;
	unsigned long k;
	int ret = 0;

	errno = 0;
	k = strtoul(text, &rest, 10);
	if (*text < '0' || *text > '9' || (*rest != ':' && *rest != '\0') || errno != 0 ||
	    k >= DSA_PLAN_WQS) {
		complain("%s: --wq %s: accepted is K:KEY=VALUE,... with K from 0 to %u",
			 plan->command, text, DSA_PLAN_WQS - 1);
		return -EINVAL;
	}
	copy = strdup(*rest == ':' ? rest + 1 : rest);
	if (copy == NULL)
		return -ENOMEM;
	plan->count += !plan->wq[k].said;
	plan->wq[k].said = true;
	for (pair = strtok_r(copy, ",", &save); pair != NULL && ret == 0;
	     pair = strtok_r(NULL, ",", &save))
		ret = take_pair(plan, &plan->wq[k], pair);
	free(copy);
	return ret;
}

/* ---- What follows ---- */

/* Entries that nobody has said go evenly to those that have not said how many. */
static int
resolve_sizes(struct dsa_plan *plan, const struct dsa_plan_caps *caps)
{
	unsigned int rest = caps->entries, without = 0;

	for (unsigned int i = 0; i < DSA_PLAN_WQS; i++) {
		if (!plan->wq[i].said)
			continue;
		without += plan->wq[i].size == 0;
		if (plan->wq[i].size > rest) {
			complain("%s: --wq %u: size=%u: accepted: up to %u, what is left of the "
				 "device's %u entries",
				 plan->command, i, plan->wq[i].size, rest, caps->entries);
			return -EINVAL;
		}
		rest -= plan->wq[i].size;
	}
	if (rest < without) {
		complain("%s: --wq: %u entries are left for %u work queues; accepted: at least one "
			 "for each",
			 plan->command, rest, without);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < DSA_PLAN_WQS; i++)
		if (plan->wq[i].said && plan->wq[i].size == 0)
			plan->wq[i].size = rest / without;
	return 0;
}

static int
resolve_wq(const struct dsa_plan *plan, unsigned int i, struct dsa_plan_wq *wq,
	   const struct dsa_plan_caps *caps)
{
	if (wq->priority == 0)
		wq->priority = 1;
	if (wq->group < 0)
		wq->group = 0;
	if (wq->max_transfer == 0)
		wq->max_transfer = caps->max_transfer;
	if (wq->max_batch == 0)
		wq->max_batch = caps->max_batch;
	if (wq->threshold == 0 && !wq->dedicated)
		wq->threshold = wq->size;
	if (i >= caps->wqs)
		complain("%s: --wq %u: accepted are 0 to %u, the work queues of the device",
			 plan->command, i, caps->wqs - 1);
	else if ((unsigned int)wq->group >= caps->groups)
		complain("%s: --wq %u: group=%d: accepted are 0 to %u", plan->command, i, wq->group,
			 caps->groups - 1);
	else if (wq->dedicated && wq->threshold != 0)
		complain("%s: --wq %u: threshold=%u: accepted with mode=shared only", plan->command,
			 i, wq->threshold);
	else if (wq->threshold > wq->size)
		complain("%s: --wq %u: threshold=%u: accepted are 1 to %u, its size", plan->command,
			 i, wq->threshold, wq->size);
	else if (wq->max_transfer > caps->max_transfer)
		complain("%s: --wq %u: max_transfer=%llu: accepted are up to %llu", plan->command,
			 i, (unsigned long long)wq->max_transfer,
			 (unsigned long long)caps->max_transfer);
	else if (wq->max_batch > caps->max_batch)
		complain("%s: --wq %u: max_batch=%u: accepted are up to %u", plan->command, i,
			 wq->max_batch, caps->max_batch);
	else
		return 0;
	return -EINVAL;
}

static int
resolve_engines(struct dsa_plan *plan, const struct dsa_plan_caps *caps)
{
	unsigned int groups[DSA_PLAN_GROUPS], n = 0;

	for (unsigned int g = 0; g < DSA_PLAN_GROUPS; g++)
		for (unsigned int i = 0; i < DSA_PLAN_WQS; i++)
			if (plan->wq[i].said && plan->wq[i].group == (int)g) {
				groups[n++] = g;
				break;
			}
	if (n > caps->engines) {
		complain("%s: --wq: %u groups; accepted are up to %u, as many as engines",
			 plan->command, n, caps->engines);
		return -EINVAL;
	}
	for (unsigned int e = 0; e < DSA_PLAN_ENGINES; e++)
		plan->engine_group[e] = e < caps->engines && n > 0 ? (int)groups[e % n] : -1;
	return 0;
}

int
dsa_plan_resolve(struct dsa_plan *plan, const struct dsa_plan_caps *caps)
{
	int ret = resolve_sizes(plan, caps);

	for (unsigned int i = 0; i < DSA_PLAN_WQS && ret == 0; i++)
		if (plan->wq[i].said)
			ret = resolve_wq(plan, i, &plan->wq[i], caps);
	return ret < 0 ? ret : resolve_engines(plan, caps);
}
