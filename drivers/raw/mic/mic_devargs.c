/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Device arguments. Each key is a row: its name, what it accepts in words, and a function that
 * stores the value or refuses it. One refusal is one log line with key, value and range.
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_kvargs.h>

#include "access_args.h"
#include "mic_irq.h"
#include "mic_priv.h"

/* What has an argument. */
enum owner {
	OF_ANY,     /* any device */
	OF_VIRTUAL, /* a virtual device, which is told where it is */
	OF_MODEL,   /* a card in this process: elsewhere its own process settles it */
};

struct devarg {
	const char *key;
	const char *accepted;
	enum owner owner;
	/* 0, or -EINVAL for a value outside what is accepted. */
	int (*store)(struct mic_devargs *args, const char *value);
};

static int
parse_number(const char *value, int base, unsigned long min, unsigned long max,
	     unsigned long *number)
{
	char *end;

	if (!isxdigit((unsigned char)*value))
		return -EINVAL;
	errno = 0;
	*number = strtoul(value, &end, base);
	return errno == 0 && *end == '\0' && *number >= min && *number <= max ? 0 : -EINVAL;
}

static int
parse_switch(const char *value, bool *result)
{
	int choice = access_arg_choice(value, "0", "1");

	*result = choice == 1;
	return RTE_MIN(choice, 0);
}

/* The index of a word in a list, or -EINVAL. */
static int
parse_word(const char *value, const char *const words[], unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (strcmp(value, words[i]) == 0)
			return (int)i;
	}
	return -EINVAL;
}

static int
store_at(struct mic_devargs *args, const char *value)
{
	const char *path = access_arg_socket(value);

	args->at = path != NULL ? MIC_AT_VFU : MIC_AT_MODEL;
	if (path != NULL)
		return access_arg_path(path, args->path, sizeof(args->path));
	return strcmp(value, "model") == 0 ? 0 : -EINVAL;
}

/* It becomes part of a path. */
static int
store_card(struct mic_devargs *args, const char *value)
{
	const char *c;

	for (c = value; *c != '\0'; c++) {
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return -EINVAL;
	}
	args->at = MIC_AT_CARD;
	return access_arg_path(value, args->card, sizeof(args->card));
}

static int
store_step(struct mic_devargs *args, const char *value)
{
	return access_arg_step(value, &args->step);
}

static int
store_numa_node(struct mic_devargs *args, const char *value)
{
	return access_arg_numa_node(value, &args->numa_node);
}

static int
store_era(struct mic_devargs *args, const char *value)
{
	static const char *const words[] = {"a", "c", "d"};
	int i = parse_word(value, words, RTE_DIM(words));

	if (i >= 0)
		args->era = *words[i];
	return RTE_MIN(i, 0);
}

static int
store_time_scale(struct mic_devargs *args, const char *value)
{
	return access_arg_count(value, 1, 1000, &args->time_scale);
}

static int
store_irq(struct mic_devargs *args, const char *value)
{
	static const char *const words[] = {"msix", "msi", "intx", "poll"};
	int i = parse_word(value, words, RTE_DIM(words));

	if (i >= 0)
		args->irq_modes = 1u << i;
	return RTE_MIN(i, 0);
}

static int
store_dma(struct mic_devargs *args, const char *value)
{
	return parse_switch(value, &args->dma);
}

static int
store_memory(struct mic_devargs *args, const char *value)
{
	if (access_arg_count(value, 32, 16384, &args->memory) < 0)
		return -EINVAL;
	return (args->memory & (args->memory - 1)) == 0 ? 0 : -EINVAL;
}

static int
store_device(struct mic_devargs *args, const char *value)
{
	unsigned long number;

	if (parse_number(value, 16, MIC_PCI_DEVICE_FIRST, MIC_PCI_DEVICE_LAST, &number) < 0)
		return -EINVAL;
	args->device_id = (uint16_t)number;
	return 0;
}

static int
store_revision(struct mic_devargs *args, const char *value)
{
	static const char *const words[] = {"a0", "b0", "b1", "c0"};
	static const uint8_t revisions[] = {MIC_STEPPING_A0, MIC_STEPPING_B0, MIC_STEPPING_B1,
					    MIC_STEPPING_C0};
	int i = parse_word(value, words, RTE_DIM(words));

	if (i < 0)
		return i;
	args->revision = revisions[i];
	args->a0 = i == 0;
	return 0;
}

static int
store_load_address(struct mic_devargs *args, const char *value)
{
	unsigned long number;

	if (parse_number(value, 0, 0x1000, 0x80000000, &number) < 0 || number % 0x1000 != 0)
		return -EINVAL;
	args->load_address = (uint32_t)number;
	return 0;
}

static int
store_ready_ms(struct mic_devargs *args, const char *value)
{
	return access_arg_count(value, 1, 60000, &args->ready_ms);
}

#define SWITCH(name)                                                \
	static int store_##name(struct mic_devargs *args, const char *value) \
	{                                                           \
		return parse_switch(value, &args->name);            \
	}

SWITCH(lose_smpt)
SWITCH(never_ready)
SWITCH(all_ones)
SWITCH(strict_enables)
SWITCH(trains_memory)
SWITCH(dma_dstat_16_bits)
SWITCH(dma_owner_card)
SWITCH(dma_after_boot_only)

static const struct devarg devargs[] = {
	{"at", "model, or vfu:PATH with the path of a socket, 1..107 bytes", OF_VIRTUAL, store_at},
	{"card", "the name of a virtual card, 1..31 letters, digits, - and _", OF_VIRTUAL,
	 store_card},
	{"step", "idle, manual", OF_MODEL, store_step},
	{"numa_node", "a node of this machine with memory for DPDK, or -1 for any", OF_VIRTUAL,
	 store_numa_node},
	{"era", "a, c, d", OF_ANY, store_era},
	{"time_scale", "1..1000", OF_ANY, store_time_scale},
	{"irq", "msix, msi, intx, poll", OF_ANY, store_irq},
	{"dma", "0, 1", OF_ANY, store_dma},
	{"memory", "a power of two, 32..16384, in MiB", OF_MODEL, store_memory},
	{"device", "2250..225e", OF_MODEL, store_device},
	{"revision", "a0, b0, b1, c0", OF_MODEL, store_revision},
	{"load_address", "a multiple of 0x1000, 0x1000..0x80000000", OF_MODEL, store_load_address},
	{"ready_ms", "1..60000", OF_MODEL, store_ready_ms},
	{"lose_smpt", "0, 1", OF_MODEL, store_lose_smpt},
	{"never_ready", "0, 1", OF_MODEL, store_never_ready},
	{"all_ones", "0, 1", OF_MODEL, store_all_ones},
	{"strict_enables", "0, 1", OF_MODEL, store_strict_enables},
	{"trains_memory", "0, 1", OF_MODEL, store_trains_memory},
	{"dma_dstat_16_bits", "0, 1", OF_MODEL, store_dma_dstat_16_bits},
	{"dma_owner_card", "0, 1", OF_MODEL, store_dma_owner_card},
	{"dma_after_boot_only", "0, 1", OF_MODEL, store_dma_after_boot_only},
};

static const struct devarg *
devarg_find(const char *key)
{
	size_t i;

	for (i = 0; i < RTE_DIM(devargs); i++) {
		if (strcmp(devargs[i].key, key) == 0)
			return &devargs[i];
	}
	return NULL;
}

static bool
is_for(const struct devarg *arg, const struct mic_devargs *args)
{
	return args->at != MIC_AT_BUS || arg->owner == OF_ANY;
}

static void
log_unknown(const char *name, const struct mic_devargs *args, const char *key, const char *value)
{
	const char *why = devarg_find(key) != NULL ? "for virtual devices only" : "unknown";
	char known[384] = "";
	size_t i, used = 0;

	for (i = 0; i < RTE_DIM(devargs) && used < sizeof(known); i++) {
		if (is_for(&devargs[i], args))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
						 used == 0 ? "" : ", ", devargs[i].key);
	}
	MIC_LOG(ERR, name, "device argument %s=%s: %s; accepted: %s", key, value, why, known);
}

static bool
is_repeated(const struct rte_kvargs *list, unsigned int i)
{
	unsigned int j;

	for (j = 0; j < i; j++) {
		if (strcmp(list->pairs[j].key, list->pairs[i].key) == 0)
			return true;
	}
	return false;
}

static int
store_pair(const char *name, const struct rte_kvargs *list, unsigned int i,
	   struct mic_devargs *args)
{
	const struct rte_kvargs_pair *pair = &list->pairs[i];
	const char *value = pair->value != NULL ? pair->value : "";
	const struct devarg *arg = devarg_find(pair->key);

	if (arg == NULL || !is_for(arg, args)) {
		log_unknown(name, args, pair->key, value);
		return -EINVAL;
	}
	if (is_repeated(list, i)) {
		MIC_LOG(ERR, name, "device argument %s=%s: given twice; accepted: once, %s",
			pair->key, value, arg->accepted);
		return -EINVAL;
	}
	if (arg->store(args, value) == 0)
		return 0;
	MIC_LOG(ERR, name, "device argument %s=%s: accepted: %s", pair->key, value, arg->accepted);
	return -EINVAL;
}

/* Is an argument said of a card that another process has settled it for? */
static int
check_owner(const char *name, const struct rte_kvargs_pair *pair, const struct mic_devargs *args)
{
	const char *value = pair->value != NULL ? pair->value : "";
	bool elsewhere = args->at == MIC_AT_VFU || args->at == MIC_AT_CARD;

	if (!elsewhere || devarg_find(pair->key)->owner != OF_MODEL)
		return 0;
	MIC_LOG(ERR, name,
		"device argument %s=%s: settled by the card's process; accepted: with at=model",
		pair->key, value);
	return -EINVAL;
}

static int
check_together(const char *name, const struct rte_kvargs *list)
{
	unsigned int i, places = 0;

	for (i = 0; i < list->count; i++)
		places += strcmp(list->pairs[i].key, "at") == 0 ||
			  strcmp(list->pairs[i].key, "card") == 0;
	if (places < 2)
		return 0;
	MIC_LOG(ERR, name, "device arguments at= and card=: accepted: one of them");
	return -EINVAL;
}

static int
parse_list(const char *name, const struct rte_kvargs *list, struct mic_devargs *args)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < list->count && ret == 0; i++)
		ret = store_pair(name, list, i, args);
	if (ret == 0)
		ret = check_together(name, list);
	for (i = 0; i < list->count && ret == 0; i++)
		ret = check_owner(name, &list->pairs[i], args);
	return ret;
}

int
mic_devargs_parse(const char *name, const char *text, struct mic_devargs *args)
{
	struct rte_kvargs *list;
	int ret;

	*args = (struct mic_devargs){
		.at = args->at,
		.step = ACCESS_STEP_IDLE,
		.numa_node = args->numa_node,
		.irq_modes = MIC_IRQ_ALL,
		.dma = true,
	};
	if (text == NULL || *text == '\0')
		return 0;
	list = rte_kvargs_parse(text, NULL);
	if (list == NULL) {
		MIC_LOG(ERR, name, "device arguments \"%s\": accepted: key=value[,key=value]...",
			text);
		return -EINVAL;
	}
	ret = parse_list(name, list, args);
	rte_kvargs_free(list);
	return ret;
}
