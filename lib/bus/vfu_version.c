/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_version.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "vfu_wire.h"

#define WHY_BYTES 160

/* ---- Reading ---- */

/* A whole number from least to most, or what is there already when it is not named. */
static int
number_read(const json_t *caps, const char *name, uint64_t least, uint64_t most, uint64_t *number,
	    char *why)
{
	const json_t *j = json_object_get(caps, name);
	json_int_t value = json_integer_value(j);

	if (j == NULL)
		return 0;
	if (!json_is_integer(j) || value < 0 || (uint64_t)value < least || (uint64_t)value > most) {
		snprintf(why, WHY_BYTES, "%s is not a whole number from %llu to %llu", name,
			 (unsigned long long)least, (unsigned long long)most);
		return -EINVAL;
	}
	*number = (uint64_t)value;
	return 0;
}

static int
boolean_read(const json_t *caps, const char *name, bool *value, char *why)
{
	const json_t *j = json_object_get(caps, name);

	if (j == NULL)
		return 0;
	if (!json_is_boolean(j)) {
		snprintf(why, WHY_BYTES, "%s is neither true nor false", name);
		return -EINVAL;
	}
	*value = json_is_true(j);
	return 0;
}

static int
numbers_read(const json_t *j, struct vfu_capabilities *caps, char *why)
{
	uint64_t fds = caps->max_msg_fds, xfer = caps->max_data_xfer, maps = caps->max_dma_maps;
	uint64_t pgsizes = caps->pgsizes;

	if (number_read(j, VFU_CAP_MAX_MSG_FDS, 0, UINT32_MAX, &fds, why) < 0 ||
	    number_read(j, VFU_CAP_MAX_DATA_XFER, 0, UINT32_MAX, &xfer, why) < 0 ||
	    number_read(j, VFU_CAP_MAX_DMA_MAPS, 0, UINT32_MAX, &maps, why) < 0 ||
	    number_read(j, VFU_CAP_PGSIZES, 1, INT64_MAX, &pgsizes, why) < 0)
		return -EINVAL;
	caps->names_msg_fds = json_object_get(j, VFU_CAP_MAX_MSG_FDS) != NULL;
	caps->names_data_xfer = json_object_get(j, VFU_CAP_MAX_DATA_XFER) != NULL;
	caps->names_dma_maps = json_object_get(j, VFU_CAP_MAX_DMA_MAPS) != NULL;
	caps->max_msg_fds = (uint32_t)fds;
	caps->max_data_xfer = (uint32_t)xfer;
	caps->max_dma_maps = (uint32_t)maps;
	caps->pgsizes = pgsizes;
	return 0;
}

static int
slipway_read(const json_t *j, struct vfu_capabilities *caps, char *why)
{
	if (j == NULL)
		return 0;
	if (!json_is_object(j)) {
		snprintf(why, WHY_BYTES, VFU_CAP_SLIPWAY " is not an object");
		return -EINVAL;
	}
	caps->slipway = true;
	return boolean_read(j, VFU_CAP_SHARE, &caps->share, why);
}

static int
capabilities_read(const json_t *root, struct vfu_capabilities *caps, char *why)
{
	const json_t *j = json_object_get(root, VFU_CAPABILITIES);
	int ret;

	if (j == NULL)
		return 0;
	if (!json_is_object(j)) {
		snprintf(why, WHY_BYTES, VFU_CAPABILITIES " is not an object");
		return -EINVAL;
	}
	ret = numbers_read(j, caps, why);
	if (ret == 0)
		ret = boolean_read(j, VFU_CAP_WRITE_MULTIPLE, &caps->write_multiple, why);
	if (ret == 0)
		ret = slipway_read(json_object_get(j, VFU_CAP_SLIPWAY), caps, why);
	return ret;
}

int
vfu_version_read(const char *text, size_t len, struct vfu_capabilities *caps, char why[WHY_BYTES])
{
	json_error_t error;
	json_t *root;
	int ret;

	*caps = (struct vfu_capabilities){
		.max_msg_fds = VFU_DEFAULT_MSG_FDS,
		.max_data_xfer = VFU_DEFAULT_DATA_XFER,
		.max_dma_maps = VFU_DEFAULT_DMA_MAPS,
		.pgsizes = VFU_DEFAULT_PGSIZES,
	};
	if (len == 0)
		return 0;
	if (len > VFU_VERSION_JSON_MAX || text[len - 1] != '\0') {
		snprintf(why, WHY_BYTES,
			 "its text has %zu bytes or no NUL at its end: 1 to %u, with NUL", len,
			 VFU_VERSION_JSON_MAX);
		return -EINVAL;
	}
	root = json_loadb(text, len - 1, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(root)) {
		snprintf(why, WHY_BYTES, "its text is no JSON object%s%.100s",
			 root == NULL ? ": " : "", root == NULL ? error.text : "");
		json_decref(root);
		return -EINVAL;
	}
	ret = capabilities_read(root, caps, why);
	json_decref(root);
	return ret;
}

bool
vfu_version_is_object(const char *text)
{
	json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	bool is = json_is_object(j);

	json_decref(j);
	return is;
}

/* ---- Writing ---- */

static json_t *
slipway_write(bool share, const char *about)
{
	json_t *j = json_pack("{s:b}", VFU_CAP_SHARE, share);

	if (about != NULL)
		json_object_set_new(j, VFU_CAP_ABOUT, json_loads(about, 0, NULL));
	return j;
}

/* {"capabilities": caps} as text; takes caps over. */
static char *
text_of(json_t *caps)
{
	json_t *root = json_pack("{s:o}", VFU_CAPABILITIES, caps);
	char *text = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	return text;
}

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* QEMU takes an answer as long as its proposal: nothing here that it knows without being told. */
char *
vfu_version_answer(const struct vfu_capabilities *asked, const struct vfu_capabilities *granted)
{
	json_t *j = json_object();
	uint32_t maps = least(asked->max_dma_maps, granted->max_dma_maps);

	if (asked->names_msg_fds)
		json_object_set_new(j, VFU_CAP_MAX_MSG_FDS, json_integer(granted->max_msg_fds));
	if (asked->names_data_xfer)
		json_object_set_new(
			j, VFU_CAP_MAX_DATA_XFER,
			json_integer(least(asked->max_data_xfer, granted->max_data_xfer)));
	if (asked->names_dma_maps && maps != VFU_DEFAULT_DMA_MAPS)
		json_object_set_new(j, VFU_CAP_MAX_DMA_MAPS, json_integer(maps));
	if (asked->write_multiple && granted->write_multiple)
		json_object_set_new(j, VFU_CAP_WRITE_MULTIPLE, json_true());
	if (asked->slipway)
		json_object_set_new(j, VFU_CAP_SLIPWAY,
				    slipway_write(asked->share && granted->share, granted->about));
	return text_of(j);
}
