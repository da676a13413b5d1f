/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <string.h>

#include "card_function.h"
#include "card_hash.h"
#include "card_priv.h"

#define NS_PER_S UINT64_C(1000000000)
/* Bytes hashed in one go: both passes over them find them in a cache. */
#define HASH_PART (UINT64_C(64) << 10)
/* Bytes in one go of the engine, and how long they may take: a host can stop a channel. */
#define COPY_PART    (UINT64_C(4) << 20)
#define COPY_TIME_NS NS_PER_S

/* ---- echo: answers what it was sent ---- */

static int64_t
echo_call(struct card *card, struct card_call *call)
{
	(void)card;
	memcpy(call->answer, call->arg, sizeof(call->answer));
	return 0;
}

static const struct card_function echo = {.name = "echo", .call = echo_call};

/* ---- hash: arg offset in card memory, bytes; answer CRC-32C, XXH64, bytes ---- */

struct hashing {
	uint64_t crc;
	struct card_hash hash;
};
static_assert(sizeof(struct hashing) <= sizeof(((struct card_call *)NULL)->state), "room for it");

static int64_t
hash_call(struct card *card, struct card_call *call)
{
	uint64_t offset = call->arg[0], len = call->arg[1], part = len - call->at;
	struct hashing s;
	const uint8_t *p;

	if (!card_memory_has(card, offset, len))
		return -EFAULT;
	memcpy(&s, call->state, sizeof(s));
	if (call->at == 0)
		card_hash_init(&s.hash);
	p = (const uint8_t *)card->config.model.gddr + offset + call->at;
	part = part < HASH_PART ? part : HASH_PART;
	s.crc = card_crc32c((uint32_t)s.crc, p, part);
	if (call->at + part < len) {
		card_hash_add(&s.hash, p, part);
		call->at += part;
		memcpy(call->state, &s, sizeof(s));
		return CARD_CALL_AGAIN;
	}
	call->answer[0] = s.crc;
	call->answer[1] = card_hash_end(&s.hash, p, part);
	call->answer[2] = len;
	return 0;
}

static const struct card_function hash = {.name = "hash", .share = 8, .call = hash_call};

/* ---- copy: arg destination, source, bytes; answer bytes copied ---- */

static int64_t
copy_more(struct card *card, struct card_call *call)
{
	uint64_t len = call->arg[2], part = len - call->at;
	int64_t job;

	part = part < COPY_PART ? part : COPY_PART;
	job = card_dma_copy(card, call->arg[0] + call->at, call->arg[1] + call->at, part);
	if (job == -EAGAIN)
		return CARD_CALL_AGAIN;
	if (job < 0)
		return job;
	call->job = job;
	call->began_ns = call->now_ns;
	call->at += part;
	return CARD_CALL_AGAIN;
}

static int64_t
copy_call(struct card *card, struct card_call *call)
{
	int done;

	if (call->job == 0)
		return copy_more(card, call);
	done = card_dma_done(card, call->job);
	if (done < 0)
		return done;
	if (done == 0 && call->now_ns - call->began_ns < COPY_TIME_NS)
		return CARD_CALL_AGAIN;
	if (done == 0) {
		card_dma_abort(card, call->job);
		return -ETIMEDOUT;
	}
	call->answer[0] = call->at;
	return call->at < call->arg[2] ? copy_more(card, call) : 0;
}

static const struct card_function copy = {.name = "copy", .share = 8, .call = copy_call};

/* ---- info: answer memory, ns since it came up, boots, time scale, era, functions ---- */

static int64_t
info_call(struct card *card, struct card_call *call)
{
	call->answer[0] = card_memory_size(card);
	call->answer[1] = call->now_ns - card->os.up_ns;
	call->answer[2] = card->boots;
	call->answer[3] = card->time_scale;
	call->answer[4] = (uint64_t)card->config.era;
	while (card_functions[call->answer[5]] != NULL)
		call->answer[5]++;
	return 0;
}

static const struct card_function info = {.name = "info", .call = info_call};

const struct card_function *const card_functions[] = {&echo, &hash, &copy, &info, NULL};
