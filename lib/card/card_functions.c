/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The service behind the mailbox: it looks for requests as long as they come, and a while longer,
 * then it sleeps until a doorbell. Places and numbers are kept here; in card memory, where the host
 * can write, are only copies.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bus_relax.h"
#include "card_function.h"
#include "card_priv.h"

#define NS_PER_US   UINT64_C(1000)
#define SLOTS_BYTES (MIC_MAILBOX_SLOTS * sizeof(struct mic_mailbox_slot))
/* What is given to callers at least: a page. */
#define MEMORY_MIN UINT64_C(4096)

/* The host has its answer next, and perhaps calls anew at once. Looked at meanwhile, the line would
 * be taken from it in between, and go there and back once more: so many looks is it left alone. A
 * host that does not wait for answers writes elsewhere, where it is looked for all the time.
 */
#define REST_LOOKS 3u

struct function {
	struct mic_mailbox_slot *slots;
	uint64_t next; /**< number of the request that is looked for, or is being done */
	unsigned int slot; /**< of the last one */
	unsigned int rest; /**< looks for which that is left alone */
	const struct card_function *what;
	bool active;
	uint64_t place, memory, memory_size; /**< offsets of slots and memory */
	struct card_call call;
};

struct functions {
	struct function function[MIC_MAILBOX_FUNCTIONS];
	unsigned int count;
	bool awake;
	bool woken;       /**< by a doorbell, since the last step */
	uint64_t last_ns; /**< when there was something to do */
	uint64_t directory;
	int db;
};

/* ---- The directory ---- */

static struct mic_mailbox *
directory_of(struct card *card, const struct functions *f)
{
	return card_memory(card, f->directory);
}

static void
put_spad(struct card *card, uint64_t value)
{
	mic_model_card_write(card->model, MIC_SPAD_AT(MIC_MAILBOX_SPAD), (uint32_t)value);
}

/* As much as there is of what it wants, by halves. */
static void
take_memory(struct card *card, struct function *fn)
{
	uint64_t size = fn->what->share != 0 ? card_memory_size(card) / fn->what->share : 0;

	for (; size >= MEMORY_MIN; size /= 2) {
		if (card_memory_take(card, size, MEMORY_MIN, &fn->memory) != 0)
			continue;
		fn->memory_size = size;
		return;
	}
}

static void
list(struct card *card, struct functions *f, unsigned int i)
{
	struct function *fn = &f->function[i];
	struct mic_mailbox_function entry = {
		.slots = fn->place,
		.memory = fn->memory,
		.memory_size = fn->memory_size,
		.h2c_db = (uint32_t)f->db,
		.awake = 1,
	};

	snprintf(entry.name, sizeof(entry.name), "%s", fn->what->name);
	memcpy(&directory_of(card, f)->function[i], &entry, sizeof(entry));
	memcpy(card->function[i].name, entry.name, sizeof(entry.name));
}

static int
add(struct card *card, struct functions *f, const struct card_function *what)
{
	struct function *fn = &f->function[f->count];
	int ret = card_memory_get(card, SLOTS_BYTES, 64, &fn->place);

	if (ret < 0)
		return ret;
	fn->what = what;
	fn->slots = card_memory(card, fn->place);
	fn->next = 1;
	take_memory(card, fn);
	list(card, f, f->count++);
	return 0;
}

/* The host finds the directory by the register, so that is written last; of 32 bits. */
static int
publish(struct card *card, struct functions *f)
{
	struct mic_mailbox *directory = directory_of(card, f);

	directory->count = f->count;
	directory->magic = MIC_MAILBOX_MAGIC;
	atomic_thread_fence(memory_order_seq_cst);
	put_spad(card, f->directory);
	return 0;
}

static int
functions_start(struct card *card, void *state)
{
	struct functions *f = state;
	int ret = card_memory_get(card, sizeof(struct mic_mailbox), 4096, &f->directory);

	if (ret < 0 || f->directory > UINT32_MAX)
		return ret < 0 ? ret : -ENOMEM;
	f->db = card_doorbell_get(card, f);
	if (f->db < 0)
		return f->db;
	for (const struct card_function *const *what = card_functions; *what != NULL; what++) {
		ret = f->count < MIC_MAILBOX_FUNCTIONS ? add(card, f, *what) : -ENOSPC;
		if (ret < 0)
			return ret;
	}
	f->awake = true;
	f->woken = true;
	return publish(card, f);
}

static void
functions_stop(struct card *card, void *state)
{
	(void)state;
	put_spad(card, 0);
}

/* ---- Requests ---- */

/* Does the caller run on another CPU than the card? */
static bool
is_apart(const struct card *card)
{
	return card->config.functions_looks > 1;
}

static void
answer(struct card *card, struct functions *f, struct function *fn, int64_t result)
{
	struct mic_mailbox_slot *slot = &fn->slots[fn->slot];
	unsigned int i = (unsigned int)(fn - f->function);

	memcpy(slot->arg, fn->call.answer, sizeof(slot->arg));
	slot->result = result;
	/* Before: the rest of the line. After: the turn that says it is there. Pairs with the
	 * acquire of the host that polls it.
	 */
	atomic_store_explicit((_Atomic uint64_t *)&slot->turn, MIC_MAILBOX_ANSWER(fn->next),
			      memory_order_release);
	fn->next++;
	fn->active = false;
	fn->rest = is_apart(card) ? REST_LOOKS : 0;
	card->function[i].calls++;
	card->function[i].refused += result < 0;
}

static inline bool
lies_in(const struct function *fn, unsigned int slot)
{
	/* Before: the turn. After: the arguments. Pairs with the release of the host. */
	return atomic_load_explicit((const _Atomic uint64_t *)&fn->slots[slot].turn,
				    memory_order_acquire) == MIC_MAILBOX_REQUEST(fn->next);
}

static inline bool
is_asked(struct function *fn)
{
	unsigned int next = (fn->slot + 1) % MIC_MAILBOX_SLOTS;

	if (lies_in(fn, next)) {
		fn->slot = next;
		return true;
	}
	if (fn->rest == 0)
		return lies_in(fn, fn->slot);
	fn->rest--;
	return false;
}

static void
take(struct function *fn, uint64_t now)
{
	fn->call = (struct card_call){.now_ns = now};
	memcpy(fn->call.arg, fn->slots[fn->slot].arg, sizeof(fn->call.arg));
	fn->active = true;
}

static bool
serve(struct card *card, struct functions *f, struct function *fn, uint64_t now)
{
	int64_t result;

	if (!fn->active) {
		if (!is_asked(fn))
			return false;
		take(fn, now);
	}
	fn->call.now_ns = now;
	result = fn->what->call(card, &fn->call);
	if (result != CARD_CALL_AGAIN)
		answer(card, f, fn, result);
	return true;
}

static bool
serve_all(struct card *card, struct functions *f, uint64_t now)
{
	bool served = false;

	for (unsigned int i = 0; i < f->count; i++)
		served |= serve(card, f, &f->function[i], now);
	return served;
}

/* Something is under way that goes on in other parts of the card: let them. */
static bool
is_active(const struct functions *f)
{
	for (unsigned int i = 0; i < f->count; i++)
		if (f->function[i].active)
			return true;
	return false;
}

/* ---- Sleep ---- */

static void
tell_awake(struct card *card, struct functions *f, bool awake)
{
	struct mic_mailbox *directory = directory_of(card, f);

	f->awake = awake;
	for (unsigned int i = 0; i < f->count; i++)
		atomic_store((_Atomic uint32_t *)&directory->function[i].awake, awake);
}

/* The host writes a request, then looks whether the card is awake; here it is the other way round.
 * Both sides keep the order (sequentially consistent), so one of them sees the other's store: no
 * request waits for a doorbell that nobody rings.
 */
static bool
fall_asleep(struct card *card, struct functions *f)
{
	tell_awake(card, f, false);
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned int i = 0; i < f->count; i++) {
		f->function[i].rest = 0;
		if (!is_asked(&f->function[i]))
			continue;
		tell_awake(card, f, true);
		return false;
	}
	return true;
}

static void
functions_doorbell(struct card *card, void *state, unsigned int db)
{
	struct functions *f = state;

	(void)card;
	(void)db;
	f->woken = true;
}

static void
wake(struct card *card, struct functions *f, uint64_t now)
{
	f->woken = false;
	f->last_ns = now;
	if (!f->awake)
		tell_awake(card, f, true);
}

static uint64_t
functions_step(struct card *card, void *state, uint64_t now_ns)
{
	struct functions *f = state;
	bool served = false;

	if (f->woken)
		wake(card, f, now_ns);
	if (!f->awake)
		return BUS_NO_DEADLINE;
	for (unsigned int n = 0; n < card->config.functions_looks; n++) {
		if (serve_all(card, f, now_ns)) {
			served = true;
			if (is_active(f))
				break;
		} else if (is_apart(card)) {
			bus_relax(0);
		}
	}
	if (served)
		f->last_ns = now_ns;
	if (now_ns - f->last_ns < card->config.functions_poll_us * NS_PER_US)
		return now_ns;
	return fall_asleep(card, f) ? BUS_NO_DEADLINE : now_ns;
}

const struct card_service card_service_functions = {
	.name = "functions",
	.size = sizeof(struct functions),
	.start = functions_start,
	.step = functions_step,
	.doorbell = functions_doorbell,
	.stop = functions_stop,
};
