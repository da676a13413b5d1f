/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A fuzzer's large blocks, linked by --wrap: a sanitizer takes longer to make the buffers of a
 * connection than most inputs take. They come back as they were left. For one thread.
 */
#include <stddef.h>

#define LARGE  0x80000u
#define BLOCKS 8u

void *__real_malloc(size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void __wrap_free(void *block);

static struct {
	void *block;
	size_t size;
	int busy;
} kept[BLOCKS];

void *
__wrap_malloc(size_t size)
{
	for (unsigned int i = 0; size >= LARGE && i < BLOCKS; i++) {
		if (kept[i].block == NULL) {
			kept[i].block = __real_malloc(size);
			kept[i].size = size;
		}
		if (kept[i].busy || kept[i].size != size)
			continue;
		kept[i].busy = kept[i].block != NULL;
		return kept[i].block;
	}
	return __real_malloc(size);
}

void
__wrap_free(void *block)
{
	for (unsigned int i = 0; block != NULL && i < BLOCKS; i++) {
		if (kept[i].block != block)
			continue;
		kept[i].busy = 0;
		return;
	}
	__real_free(block);
}
