/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "mpssd.h"

#define WHY_MAX         200
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static void
answer_info(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	const struct keeper *k = arg;

	(void)request;
	ctl_text_add(t, "{\"program\":\"slipway-mpssd\",\"pid\":%d,\"cards\":%u}", (int)getpid(),
		     k->count);
}

static void
answer_cards(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	const struct keeper *k = arg;

	(void)request;
	ctl_text_add(t, "{\"cards\":[");
	for (unsigned int i = 0; i < k->count; i++)
		ctl_text_add(t, "%s{\"card\":\"%s\",\"state\":\"%s\",\"leaves\":%s}",
			     i > 0 ? "," : "", keeper_name(k, i), keeper_state(k, i),
			     keeper_leaves(k, i) ? "true" : "false");
	ctl_text_add(t, "]}");
}

/* The words of {"card": "...", "restart": true, "map": "..."}; NULL after an error. */
static json_t *
parse(const struct ctl_request *request, const char **card, struct keeper_want *want,
      struct ctl_text *t)
{
	json_error_t error;
	json_t *words = json_loadb(request->text, request->len, JSON_REJECT_DUPLICATES, &error);
	int restart = 1;

	*want = (struct keeper_want){0};
	if (words != NULL &&
	    json_unpack_ex(words, &error, JSON_STRICT, "{s:s, s?b, s?s}", "card", card, "restart",
			   &restart, "map", &want->map) == 0 &&
	    strlen(*card) <= MPSSD_NAME_MAX && strspn(*card, NAME_CHARACTERS) == strlen(*card)) {
		want->restart = restart;
		return words;
	}
	ctl_text_error(t,
		       "accepted are, as JSON, card, a name of up to %d letters, digits, _ and "
		       "-, restart, true or false, and map, a file",
		       MPSSD_NAME_MAX);
	json_decref(words);
	return NULL;
}

static void
answer_attach(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	char why[WHY_MAX] = "";
	struct keeper_want want;
	const char *card;
	json_t *words = parse(request, &card, &want, t);

	if (words == NULL)
		return;
	if (keeper_attach(arg, card, &want, why, sizeof(why)) < 0)
		ctl_text_error(t, "%s", why);
	else
		ctl_text_add(t, "{\"attached\":\"%s\"}", card);
	json_decref(words);
}

static void
answer_detach(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	struct keeper_want want;
	const char *card;
	json_t *words = parse(request, &card, &want, t);

	if (words == NULL)
		return;
	if (keeper_detach(arg, card) < 0)
		ctl_text_error(t, "%s is not attached here", card);
	else
		ctl_text_add(t, "{\"detached\":\"%s\"}", card);
	json_decref(words);
}

static const struct ctl_verb verbs[] = {
	{"info", false, answer_info},
	{"cards", false, answer_cards},
	{"attach", true, answer_attach},
	{"detach", true, answer_detach},
};

void
control_answer(void *k, struct ctl_request *request, struct ctl_text *t)
{
	ctl_verbs_answer(verbs, sizeof(verbs) / sizeof(verbs[0]), k, request, t);
}
