/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MODELS_H
#define SLIPWAY_MODELS_H

/**
 * @file
 * The devices that slipway knows: names, versions, and what the PCI bus shows of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Versions of a device, by the column of its register table. */
#define MODEL_VERSIONS 2
/** BARs of a PCI device. */
#define MODEL_BARS 6

/** A kind of device. */
struct model {
	const char *name;  /**< "dlb" */
	const char *title; /**< "DLB" */
	/** By column of the register table. */
	struct {
		const char *name;    /**< "2.5"; NULL: there is only the first */
		unsigned int pci_id; /**< vendor in the upper half; 0: programs are not shown it */
	} version[MODEL_VERSIONS];
	unsigned int standard;  /**< the version one gets without asking */
	unsigned int pci_class; /**< class, subclass, interface */
	uint64_t bar_size[MODEL_BARS]; /**< bytes, 0 for none */
	bool prefetch[MODEL_BARS];     /**< as the BAR says */
	/** Work queues without asking and at most, and bytes of BAR 2 for each; 0 for none. */
	unsigned int wqs, wqs_max;
	uint64_t wq_bytes;
	const char *vdev;          /**< name of our driver's first device */
};

extern const struct model models[];
extern const size_t model_count;

/** A kind by its name, or NULL. */
const struct model *model_find(const char *name);

/** Column of a version by its text, or -EINVAL. */
int model_version(const struct model *model, const char *text);

/** The kind and version of a PCI device: false when there is none. Of several, the first version. */
bool model_of_id(unsigned int pci_id, const struct model **model, unsigned int *version);

/** The names of those that programs can be shown, and of all, for messages. */
#define MODEL_NAMES     "dlb and dsa"
#define MODEL_NAMES_ALL "dlb, dsa and mic"

/** Bytes of a BAR of a device with so many work queues; 0 for as many as is usual. */
uint64_t model_bar_size(const struct model *model, unsigned int bar, unsigned int wqs);

#endif /* SLIPWAY_MODELS_H */
