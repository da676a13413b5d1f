/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reg.h"
#include "regs.h"
#include "slipway.h"

const char *
regs_version_name(const struct regs_dump *dump)
{
	return dump->model->version[dump->version].name;
}

int
regs_set_model(struct regs_dump *dump, const char *model, const char *version, const char *where)
{
	int v;

	dump->model = model_find(model);
	if (dump->model == NULL) {
		complain("%s: device \"%s\"; accepted are " MODEL_NAMES_ALL, where, model);
		return -EINVAL;
	}
	v = model_version(dump->model, version);
	if (v < 0) {
		complain("%s: version \"%s\" of %s; accepted: %s%s%s", where,
			 version == NULL ? "" : version, model, dump->model->version[0].name,
			 dump->model->version[1].name != NULL ? " and " : "",
			 dump->model->version[1].name != NULL ? dump->model->version[1].name : "");
		return -EINVAL;
	}
	dump->version = (unsigned int)v;
	return 0;
}

int
regs_add(struct regs_dump *dump, unsigned int bar, uint64_t off, uint32_t value)
{
	size_t room = dump->room == 0 ? 64 : 2 * dump->room;
	struct regs_value *values = dump->values;

	if (dump->count == dump->room) {
		values = realloc(values, room * sizeof(*values));
		if (values == NULL) {
			complain("%s", strerror(ENOMEM));
			return -ENOMEM;
		}
		dump->values = values;
		dump->room = room;
	}
	values[dump->count++] = (struct regs_value){.bar = bar, .off = off, .value = value};
	return 0;
}

void
regs_free(struct regs_dump *dump)
{
	free(dump->values);
	*dump = (struct regs_dump){0};
}

/* Bars of a PCI device, and what stands for that of a virtual function. */
static bool
bar_accepted(json_int_t bar)
{
	return (bar >= 0 && bar <= 5) || bar == REG_BAR_VF;
}

static int
add_entry(struct regs_dump *dump, const json_t *entry, size_t n, const char *where)
{
	json_int_t number[3];

	for (size_t i = 0; i < 3; i++) {
		const json_t *item = json_array_get(entry, i);

		if (json_array_size(entry) != 3 || !json_is_integer(item)) {
			complain("%s: registers[%zu] is not [bar, offset, value]", where, n);
			return -EINVAL;
		}
		number[i] = json_integer_value(item);
	}
	if (!bar_accepted(number[0])) {
		complain("%s: registers[%zu]: bar %" JSON_INTEGER_FORMAT
			 "; accepted are 0 to 5, and %d for the VF's",
			 where, n, number[0], REG_BAR_VF);
		return -EINVAL;
	}
	if (number[1] < 0) {
		complain("%s: registers[%zu]: offset %" JSON_INTEGER_FORMAT
			 "; accepted is 0 and more",
			 where, n, number[1]);
		return -EINVAL;
	}
	if (number[2] < 0 || number[2] > UINT32_MAX) {
		complain("%s: registers[%zu]: value %" JSON_INTEGER_FORMAT "; accepted are 0 to %u",
			 where, n, number[2], UINT32_MAX);
		return -EINVAL;
	}
	return regs_add(dump, (unsigned int)number[0], (uint64_t)number[1], (uint32_t)number[2]);
}

/* Only some devices have it, and where they have it differs. */
static int
read_msix(struct regs_dump *dump, const json_t *msix, const char *where)
{
	for (size_t i = 0; msix != NULL && i < 3; i++) {
		json_int_t n = json_integer_value(json_array_get(msix, i));

		if (json_array_size(msix) != 3 || n < 0 || n > 0x10000) {
			complain("%s: \"msix\" is not three numbers of up to 65536", where);
			return -EINVAL;
		}
		dump->msix[i] = (uint32_t)n;
	}
	return 0;
}

int
regs_from_json(struct regs_dump *dump, const json_t *root, const char *where)
{
	const char *device = json_string_value(json_object_get(root, "device"));
	const json_t *list = json_object_get(root, "registers");
	int ret;

	*dump = (struct regs_dump){0};
	if (device == NULL || !json_is_array(list)) {
		complain("%s: not a register file: \"device\" and \"registers\" are wanted", where);
		return -EINVAL;
	}
	ret = regs_set_model(dump, device, json_string_value(json_object_get(root, "version")),
			     where);
	if (ret == 0)
		ret = read_msix(dump, json_object_get(root, "msix"), where);
	if (ret < 0)
		return ret;
	for (size_t n = 0; n < json_array_size(list); n++) {
		ret = add_entry(dump, json_array_get(list, n), n, where);
		if (ret < 0) {
			regs_free(dump);
			return ret;
		}
	}
	return 0;
}

json_t *
regs_to_json(const struct regs_dump *dump)
{
	json_t *list = json_array(), *root;

	for (size_t i = 0; i < dump->count; i++)
		if (json_array_append_new(list, json_pack("[i, I, I]", (int)dump->values[i].bar,
							  (json_int_t)dump->values[i].off,
							  (json_int_t)dump->values[i].value)) < 0) {
			json_decref(list);
			return NULL;
		}
	root = json_pack("{s:s, s:s, s:o}", "device", dump->model->name, "version",
			 regs_version_name(dump), "registers", list);
	if (dump->msix[0] != 0)
		json_object_set_new(root, "msix",
				    json_pack("[i, i, i]", (int)dump->msix[0], (int)dump->msix[1],
					      (int)dump->msix[2]));
	return root;
}
