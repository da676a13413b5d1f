/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <string.h>

#include "client_memory.h"
#include "scif_copy_box.h"

/* Who transfers to or from memory that cannot be shared: scif_copy_box.h has the picture. */

/* As long as a transfer by DMA may take. */
#define WAIT_NS  (5 * UINT64_C(1000000000))
#define SLICE_MS 100
/* Between looks for a free slot. */
#define AGAIN_US 50

/* May more be waited for? 0, or a negative errno. */
static int
check_wait(const struct client_piece *piece, uint64_t end)
{
	int ret = client_is_dead(piece->ep->client) ? -ENODEV : client_verify(piece->ep);

	if (ret == 0 && atomic_load(&piece->box->closed) != 0)
		ret = -ENXIO;
	return ret == 0 && client_now_ns() > end ? -EIO : ret;
}

static int
take(const struct client_piece *piece, uint64_t end)
{
	int slot, ret;

	while ((slot = scif_box_take(piece->box)) < 0) {
		ret = check_wait(piece, end);
		if (ret < 0)
			return ret;
		usleep(AGAIN_US);
	}
	return slot;
}

/* Wait for the answer; the slot of one that does not come is left to the owner. */
static int
wait_done(const struct client_piece *piece, struct scif_box_slot *slot, uint64_t end)
{
	uint32_t asked = SCIF_BOX_ASKED;
	int ret;

	while (atomic_load(&slot->state) == SCIF_BOX_ASKED) {
		client_futex_wait(&slot->state, SCIF_BOX_ASKED, SLICE_MS);
		ret = check_wait(piece, end);
		if (ret < 0 &&
		    atomic_compare_exchange_strong(&slot->state, &asked, SCIF_BOX_LEFT))
			return ret;
		asked = SCIF_BOX_ASKED;
	}
	return 0;
}

/* What the owner says went wrong. */
static int
error_of(uint32_t error)
{
	return error == EFAULT || error == EACCES || error == ENXIO ? -(int)error : -EIO;
}

static int
copy_some(const struct client_piece *piece, uint64_t offset, char *here, uint32_t n, bool out)
{
	uint64_t end = client_now_ns() + WAIT_NS;
	struct scif_box *box = piece->box;
	int i = take(piece, end), ret;
	uint32_t error;

	if (i < 0)
		return i;
	if (out)
		memcpy(box->room[i], here, n);
	scif_box_ask(box, i, out, offset, n, SCIF_BOX_ASKED);
	client_futex_wake(&box->bell);
	ret = wait_done(piece, &box->slot[i], end);
	if (ret < 0)
		return ret;
	error = (uint32_t)box->slot[i].error;
	if (error == 0 && !out)
		memcpy(here, box->room[i], n);
	atomic_store(&box->slot[i].state, SCIF_BOX_FREE);
	return error == 0 ? 0 : error_of(error);
}

int
client_box_copy(const struct client_piece *piece, uint64_t offset, char *here, size_t n, bool out)
{
	int ret = 0;

	while (n > 0 && ret == 0) {
		uint32_t part = n < SCIF_BOX_ROOM ? (uint32_t)n : SCIF_BOX_ROOM;

		ret = copy_some(piece, offset, here, part, out);
		offset += part;
		here += part;
		n -= part;
	}
	return ret;
}
