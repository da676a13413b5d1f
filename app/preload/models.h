/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MODELS_H
#define SLIPWAY_MODELS_H

/**
 * @file
 * Kinds of devices that SLIPWAY_DEVICES can name: what may be said of each, and how one is made.
 */

#include "device.h"

/** Versions of a device, by the column of its register table. */
#define MODEL_VERSIONS 2

/** A kind of device. */
struct model {
	const char *name; /**< "dlb" */
	const char *version[MODEL_VERSIONS];
	unsigned int standard; /**< the version one gets without asking */
	const char *accepted;  /**< options, in words */
	/** An option beside those that all have: is it accepted? NULL: there are none. */
	bool (*option)(struct device *dev, const char *option);
	/** Memory that is the device's for good, in whole cache lines; NULL for none. */
	size_t (*memory)(void);
	/** Make one: 0, or a negative errno. */
	int (*create)(const struct device *dev, void *memory, struct bus_host *host,
		      struct bus_device **bus);
};

/** A kind by its name, or NULL. */
const struct model *model_find(const char *name);

/** The names of all, for messages. */
extern const char model_names[];

/** Take an option: NULL, or what is accepted. `version` and, for any kind, `at` are seen to here. */
const char *model_option(const struct model *model, struct device *dev, const char *option);

#endif /* SLIPWAY_MODELS_H */
