/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>

#include "test.h"

/** What a device says of itself, to be freed. */
char *
dump(int16_t id)
{
	char *said = NULL;
	size_t len;
	FILE *f = open_memstream(&said, &len);

	assert_non_null(f);
	assert_int_equal(rte_dma_dump(id, f), 0);
	fclose(f);
	return said;
}
