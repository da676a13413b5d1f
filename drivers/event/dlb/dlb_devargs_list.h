/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_DEVARGS_LIST_H
#define SLIPWAY_DLB_DEVARGS_LIST_H

/**
 * @file
 * Device arguments that say a number for some queues or ports: `3:N`, `0-7:N`, `all:N`. Such a key
 * may be given several times; what comes later counts.
 */

#include <stdint.h>

/** In place of a number that was not said. */
#define DLB_LIST_UNSAID UINT16_MAX

/**
 * Take one value.
 *
 * @param list a number by id
 * @param ids how many there are
 * @param min, max range of the number
 * @return 0, or -EINVAL and the list is as it was
 */
int dlb_devargs_list_set(const char *value, uint16_t list[], unsigned int ids, unsigned int min,
			 unsigned int max);

#endif /* SLIPWAY_DLB_DEVARGS_LIST_H */
