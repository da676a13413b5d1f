/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Device arguments: the table of keys, and what of them does not go together. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "access_devargs.h"
#include "mic_irq.h"
#include "mic_priv.h"

#define ERAS      "a, c, d"
#define IRQ_MODES "msix, msi, intx, poll"
#define REVISIONS "a0, b0, b1, c0"

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
store_at(void *to, const char *value)
{
	const char *path = access_arg_socket(value);
	struct mic_devargs *args = to;

	args->at_told = true;
	args->at = path != NULL ? MIC_AT_VFU : MIC_AT_MODEL;
	if (path != NULL)
		return access_arg_path(path, args->path, sizeof(args->path));
	return strcmp(value, "model") == 0 ? 0 : -EINVAL;
}

/* It becomes part of a path. */
static int
store_card(void *to, const char *value)
{
	struct mic_devargs *args = to;
	const char *c;

	for (c = value; *c != '\0'; c++) {
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return -EINVAL;
	}
	args->at = MIC_AT_CARD;
	return access_arg_path(value, args->card, sizeof(args->card));
}

static int
store_era(void *to, const char *value)
{
	struct mic_devargs *args = to;

	if (access_arg_word(value, ERAS) < 0)
		return -EINVAL;
	args->era = *value;
	return 0;
}

static int
store_irq(void *to, const char *value)
{
	int i = access_arg_word(value, IRQ_MODES);
	struct mic_devargs *args = to;

	if (i >= 0)
		args->irq_modes = 1u << i;
	return RTE_MIN(i, 0);
}

static int
store_memory(void *to, const char *value)
{
	struct mic_devargs *args = to;

	if (access_arg_count(value, 32, 16384, &args->memory) < 0)
		return -EINVAL;
	return (args->memory & (args->memory - 1)) == 0 ? 0 : -EINVAL;
}

static int
store_device(void *to, const char *value)
{
	struct mic_devargs *args = to;
	unsigned long number;

	if (parse_number(value, 16, MIC_PCI_DEVICE_FIRST, MIC_PCI_DEVICE_LAST, &number) < 0)
		return -EINVAL;
	args->device_id = (uint16_t)number;
	return 0;
}

static int
store_revision(void *to, const char *value)
{
	static const uint8_t revisions[] = {MIC_STEPPING_A0, MIC_STEPPING_B0, MIC_STEPPING_B1,
					    MIC_STEPPING_C0};
	int i = access_arg_word(value, REVISIONS);
	struct mic_devargs *args = to;

	if (i < 0)
		return i;
	args->revision = revisions[i];
	args->a0 = i == 0;
	return 0;
}

static int
store_load_address(void *to, const char *value)
{
	struct mic_devargs *args = to;
	unsigned long number;

	if (parse_number(value, 0, 0x1000, 0x80000000, &number) < 0 || number % 0x1000 != 0)
		return -EINVAL;
	args->load_address = (uint32_t)number;
	return 0;
}

#define COUNT(member, min, max) ACCESS_DEVARG_COUNT(struct mic_devargs, member, min, max)
#define SWITCH(member)          ACCESS_DEVARG_SWITCH(struct mic_devargs, member, "0, 1")
#define STEP(member)            ACCESS_DEVARG_STEP(struct mic_devargs, member)
#define NUMA_NODE(member)       ACCESS_DEVARG_NUMA_NODE(struct mic_devargs, member)
#define OWN(store, words)       ACCESS_DEVARG_OWN(store, words)

static const struct access_devarg rows[] = {
	{"at", ACCESS_OF_VIRTUAL,
	 OWN(store_at, "model, or vfu:PATH with the path of a socket, 1..107 bytes")},
	{"card", ACCESS_OF_VIRTUAL,
	 OWN(store_card, "the name of a virtual card, 1..31 letters, digits, - and _")},
	{"step", ACCESS_OF_MODEL, STEP(step)},
	{"numa_node", ACCESS_OF_VIRTUAL, NUMA_NODE(numa_node)},
	{"era", ACCESS_OF_USE, OWN(store_era, ERAS)},
	{"time_scale", ACCESS_OF_USE, COUNT(time_scale, 1, 1000)},
	{"irq", ACCESS_OF_USE, OWN(store_irq, IRQ_MODES)},
	{"dma", ACCESS_OF_USE, SWITCH(dma)},
	{"memory", ACCESS_OF_MODEL, OWN(store_memory, "a power of two, 32..16384, in MiB")},
	{"device", ACCESS_OF_MODEL, OWN(store_device, "2250..225e")},
	{"revision", ACCESS_OF_MODEL, OWN(store_revision, REVISIONS)},
	{"load_address", ACCESS_OF_MODEL,
	 OWN(store_load_address, "a multiple of 0x1000, 0x1000..0x80000000")},
	{"ready_ms", ACCESS_OF_MODEL, COUNT(ready_ms, 1, 60000)},
	{"lose_smpt", ACCESS_OF_MODEL, SWITCH(lose_smpt)},
	{"never_ready", ACCESS_OF_MODEL, SWITCH(never_ready)},
	{"all_ones", ACCESS_OF_MODEL, SWITCH(all_ones)},
	{"strict_enables", ACCESS_OF_MODEL, SWITCH(strict_enables)},
	{"trains_memory", ACCESS_OF_MODEL, SWITCH(trains_memory)},
	{"dma_dstat_16_bits", ACCESS_OF_MODEL, SWITCH(dma_dstat_16_bits)},
	{"dma_owner_card", ACCESS_OF_MODEL, SWITCH(dma_owner_card)},
	{"dma_after_boot_only", ACCESS_OF_MODEL, SWITCH(dma_after_boot_only)},
};

/* Where a card is; that is said once, by either. */
static bool
is_place(const struct access_devarg *arg)
{
	return strcmp(arg->key, "at") == 0 || strcmp(arg->key, "card") == 0;
}

/* What a card is, its process has settled where it has one. */
static void
settled(const void *to, const struct access_devarg *arg, char why[ACCESS_WHY_MAX])
{
	const struct mic_devargs *args = to;
	bool two_places = args->at_told && args->card[0] != '\0';

	if (two_places && is_place(arg))
		snprintf(why, ACCESS_WHY_MAX, "beside the other of at= and card=; accepted: one of "
					      "them");
	else if ((args->at == MIC_AT_VFU || args->at == MIC_AT_CARD) && !two_places &&
		 arg->of == ACCESS_OF_MODEL)
		snprintf(why, ACCESS_WHY_MAX,
			 "settled by the card's process; accepted: with at=model");
}

int
mic_devargs_parse(const char *name, const char *text, struct mic_devargs *args)
{
	struct access_devargs reader = {
		.name = name,
		.logtype = mic_logtype,
		.rows = rows,
		.nb_rows = RTE_DIM(rows),
		.args = args,
		.on_bus = args->at == MIC_AT_BUS,
		.settled = settled,
	};

	*args = (struct mic_devargs){
		.at = args->at,
		.step = ACCESS_STEP_IDLE,
		.numa_node = args->numa_node,
		.irq_modes = MIC_IRQ_ALL,
		.dma = true,
	};
	return access_devargs_read(&reader, text);
}
