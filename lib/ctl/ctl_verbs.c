/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "ctl_clients.h"

#define SHOWN_MAX 64

static void
answer_help(const struct ctl_verb verbs[], size_t count, struct ctl_text *t)
{
	ctl_text_add(t, "{\"requests\":[\"help\"");
	for (size_t i = 0; i < count; i++)
		ctl_text_add(t, ",\"%s\"", verbs[i].name);
	ctl_text_add(t, "]}");
}

static void
answer_unknown(const struct ctl_verb verbs[], size_t count, const struct ctl_request *request,
	       struct ctl_text *t)
{
	size_t len = request->len < SHOWN_MAX ? request->len : SHOWN_MAX;
	char shown[SHOWN_MAX];

	ctl_text_add(t, "{\"error\":\"unknown request; accepted are help");
	for (size_t i = 0; i < count; i++)
		ctl_text_add(t, "%s%s", i + 1 == count ? " and " : ", ", verbs[i].name);
	ctl_text_add(t, "\",\"request\":");
	for (size_t i = 0; i < len; i++)
		shown[i] = request->text[i] == '"' ? '\'' : request->text[i];
	ctl_text_quote(t, shown, len);
	ctl_text_add(t, "}");
}

static bool
is_request(const struct ctl_request *request, const char *name, bool arguments)
{
	size_t len = strlen(name);

	if (request->len < len || memcmp(request->text, name, len) != 0)
		return false;
	return request->len == len || (arguments && request->text[len] == ' ');
}

void
ctl_verbs_answer(const struct ctl_verb verbs[], size_t count, void *arg,
		 struct ctl_request *request, struct ctl_text *t)
{
	if (is_request(request, "help", false)) {
		answer_help(verbs, count, t);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (!is_request(request, verbs[i].name, verbs[i].arguments))
			continue;
		request->text += strlen(verbs[i].name);
		request->len -= strlen(verbs[i].name);
		while (request->len > 0 && *request->text == ' ') {
			request->text++;
			request->len--;
		}
		verbs[i].answer(arg, request, t);
		return;
	}
	answer_unknown(verbs, count, request, t);
}
