/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Fuzz target: any bytes as a client's stream, to a server with a DLB. The first byte says which
 * version of it (bit 0), whether the handshake has been made (bit 1), and in how many pieces the rest
 * arrives (bits 4 to 7).
 */
#include "vfu_fuzz.h"

#include <string.h>

#define V25     1u
#define GREETED 2u

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int kind = size > 0 ? data[0] : 0, pieces = 1 + (kind >> 4);
	struct vfu_fuzz *f = vfu_fuzz_get(kind & V25 ? DLB_V25 : DLB_V20);
	size_t piece;

	if (size > 0)
		data++, size--;
	vfu_fuzz_connect(f);
	if (kind & GREETED)
		vfu_fuzz_hello(f, (kind & 4) != 0);
	for (; size > 0; data += piece, size -= piece) {
		piece = size / pieces + 1 < size ? size / pieces + 1 : size;
		vfu_fuzz_send(f, data, piece, NULL, 0);
		vfu_fuzz_pump(f);
		vfu_fuzz_drain(f);
	}
	vfu_fuzz_step(f, 1000);
	vfu_fuzz_hang_up(f);
	vfu_fuzz_next_client(f);
	return 0;
}

/* ---- Seeds ---- */

static unsigned char seed[0x4000];
static size_t seed_len;

static void
put(uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes && seed_len < sizeof(seed); i++)
		seed[seed_len++] = (unsigned char)(value >> (8 * i));
}

static void
put_header(uint16_t command, uint32_t flags, uint32_t payload)
{
	put(seed_len, 2);
	put(command, 2);
	put(16 + payload, 4);
	put(flags, 4);
	put(0, 4);
}

static void
put_version(const char *json)
{
	put_header(1, 0, (uint32_t)strlen(json) + 5);
	put(0, 4);
	for (size_t i = 0; i <= strlen(json); i++)
		put((unsigned char)json[i], 1);
}

static void
put_words(uint16_t command, uint32_t flags, const uint32_t word[], unsigned int n)
{
	put_header(command, flags, n * 4);
	for (unsigned int i = 0; i < n; i++)
		put(word[i], 4);
}

#define PUT(command, flags, ...)                                   \
	put_words(command, flags, (const uint32_t[]){__VA_ARGS__}, \
		  sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void
put_multi(unsigned int n)
{
	put_header(15, 0x10, 8 + 24 * n);
	put(n, 8);
	for (unsigned int i = 0; i < n; i++) {
		put(0x2100000 + i % 8 * 8, 8);
		put(0, 4);
		put(8, 4);
		put(0x0102030405060708, 8);
	}
}

static void
put_session(void)
{
	PUT(4, 0, 16, 0, 0, 0);
	for (uint32_t i = 0; i < 9; i++)
		PUT(5, 0, 32, 0, i, 0, 0, 0, 0, 0);
	for (uint32_t i = 0; i < 5; i++)
		PUT(7, 0, 16, 0, i, 0);
	PUT(2, 0, 32, 3, 0, 0, 0x100000, 0, 0x4000, 0);
	PUT(8, 0, 20, 0x24, 2, 0, 1);
	PUT(9, 0, 0, 0, 7, 4096);
	PUT(10, 0, 4, 0, 7, 2, 6);
	PUT(10, 0x10, 0x20, 0, 2, 4, 1);
	PUT(9, 0, 0xb4, 0, 2, 4);
	PUT(3, 0, 24, 0, 0x100000, 0, 0x4000, 0);
	PUT(3, 0, 24, 2, 0, 0, 0, 0);
	PUT(8, 0, 20, 0x21, 2, 0, 0);
	put_header(13, 0, 0);
}

static int
seed_end(const char *directory, const char *name)
{
	int ret = vfu_fuzz_seed(directory, name, seed, seed_len);

	seed_len = 0;
	return ret;
}

int
vfu_fuzz_seeds(const char *directory)
{
	static const char *const json[] = {
		"{}",
		"{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,"
		"\"max_dma_maps\":65535,\"pgsizes\":4096,\"write_multiple\":true,"
		"\"migration\":{\"pgsize\":4096,\"max_bitmap_size\":268435456},"
		"\"twin_socket\":{\"supported\":true,\"fd_index\":0},"
		"\"slipway\":{\"share\":true}}}",
	};
	int n = 0;

	put(V25, 1);
	put_version(json[0]);
	put_session();
	n += seed_end(directory, "session");
	put(0x70, 1);
	put_version(json[1]);
	put_session();
	n += seed_end(directory, "session-in-pieces");
	put(V25 | GREETED, 1);
	put_session();
	put_multi(8);
	put_multi(3);
	n += seed_end(directory, "greeted");
	put(V25 | GREETED | 4, 1);
	put_header(0x5301, 0, 0);
	PUT(5, 0, 4096, 0, 0, 0, 0, 0, 0, 0);
	n += seed_end(directory, "share");
	put(GREETED, 1);
	for (uint32_t command = 0; command < 20; command++)
		PUT((uint16_t)command, 0, 32, 1, 2, 3, 4, 5, 6, 7);
	n += seed_end(directory, "every-command");
	put(GREETED, 1);
	PUT(11, 1, 0, 0, 8, 0, 1, 2);
	PUT(12, 1, 0, 0, 8, 0);
	PUT(10, 0x21, 0, 0, 8, 0);
	n += seed_end(directory, "replies");
	return n;
}
