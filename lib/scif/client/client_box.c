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
/* Looks in vain before it is asked whether those who have slots are there. */
#define AGAINS_PER_LOOK 20u

/* May more be waited for? 0, or a negative errno. */
static int
check_wait(const struct client_piece *piece, uint64_t end)
{
	int ret = client_is_dead(piece->ep->client) ? -ENODEV : client_verify(piece->ep);

	if (ret == 0 && atomic_load(&piece->box->closed) != 0)
		ret = -ENXIO;
	return ret == 0 && client_now_ns() > end ? -EIO : ret;
}

/* A slot of a process that has ended, which shared the endpoint: its number, or -1. */
static int
take_over(struct scif_box *box, int32_t me)
{
	for (unsigned int i = 0; i < SCIF_BOX_SLOTS; i++) {
		uint32_t word = atomic_load(&box->slot[i].state);
		enum scif_box_state state = scif_box_state(word);

		if ((state == SCIF_BOX_TAKEN || state == SCIF_BOX_DONE) &&
		    scif_box_pid(word) != me && client_has_ended(scif_box_pid(word)) &&
		    atomic_compare_exchange_strong(&box->slot[i].state, &word,
						   scif_box_word(SCIF_BOX_TAKEN, me)))
			return (int)i;
	}
	return -1;
}

static int
take(const struct client_piece *piece, int32_t me, uint64_t end)
{
	int slot, ret;

	for (uint32_t i = 1; (slot = scif_box_take(piece->box, me)) < 0; i++) {
		if (i % AGAINS_PER_LOOK == 0)
			slot = take_over(piece->box, me);
		ret = slot < 0 ? check_wait(piece, end) : 0;
		if (slot >= 0 || ret < 0)
			return slot >= 0 ? slot : ret;
		usleep(AGAIN_US);
	}
	return slot;
}

/* Wait for the answer; the slot of one that does not come is left to the owner. */
static int
wait_done(const struct client_piece *piece, struct scif_box_slot *slot, uint32_t asked,
	  uint64_t end)
{
	uint32_t was = asked;
	int ret;

	while (atomic_load(&slot->state) == asked) {
		client_futex_wait(&slot->state, asked, SLICE_MS);
		ret = check_wait(piece, end);
		if (ret < 0 && atomic_compare_exchange_strong(&slot->state, &was, SCIF_BOX_LEFT))
			return ret;
		was = asked;
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
	int32_t me = getpid();
	uint32_t asked = scif_box_word(SCIF_BOX_ASKED, me), error;
	int i = take(piece, me, end), ret;

	if (i < 0)
		return i;
	if (out)
		memcpy(box->room[i], here, n);
	scif_box_ask(box, i, out, offset, n, asked);
	client_futex_wake(&box->bell);
	ret = wait_done(piece, &box->slot[i], asked, end);
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
