/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * How a card is: what its process says, what its owner says, and what follows from both.
 */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "card_look.h"
#include "ctl_lock.h"
#include "mic_boot.h"
#include "slipway.h"

static const char *const states[] = {
	"off",       "bootstrap",     "ready",     "refused",      "booting",
	"online",    "shutting_down", "resetting", "reset_failed", "suspending",
	"suspended", "lost",          "running",   "silent",
};

#define STATES (sizeof(states) / sizeof(states[0]))

bool
card_state_known(const char *state)
{
	for (size_t i = 0; i < STATES; i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}

void
card_state_names(char *buf, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < STATES && at < len; i++)
		at += (size_t)snprintf(buf + at, len - at, "%s%s",
				       i == 0           ? ""
				       : i + 1 < STATES ? ", "
							: " and ",
				       states[i]);
}

const char *
card_text(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

json_int_t
card_number(json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* The owner knows best; without one, the card's hardware tells. */
static const char *
state_of(json_t *process, json_t *owner, bool silent)
{
	const char *state = card_text(owner, "state");

	if (owner != NULL && card_state_known(state))
		return state;
	if (process == NULL)
		return silent ? "silent" : "off";
	state = card_text(process, "power");
	return card_state_known(state) ? state : "running";
}

/* As they are in force. */
static json_t *
settings_json(const struct card_paths *paths)
{
	struct card_settings s;
	const char *key, *value;
	char buf[PATH_MAX];
	json_t *root;

	if (card_settings_load(paths, &s) != 0)
		return json_null();
	if (s.image[0] == '\0')
		strcpy(s.image, paths->image);
	root = json_object();
	for (size_t i = 0; (value = card_settings_get(&s, i, &key, buf, sizeof(buf))) != NULL; i++)
		json_object_set_new(root, key, json_string(value));
	return root;
}

/* `*silent`: somebody is there, and gives no answer; `*stopped`: nor will it soon. */
static json_t *
ask_one(const char *control, const char *request, bool *silent, pid_t *stopped)
{
	json_t *answer;
	int ret;

	*silent = false;
	*stopped = 0;
	if (!card_answers(control))
		return NULL;
	*stopped = ask_stopped(control);
	*silent = *stopped != 0;
	if (*silent)
		return NULL;
	answer = ask(control, request, true, &ret);
	if (json_is_object(answer))
		return answer;
	/* One that ends just now is gone; one that is there is to answer. */
	*silent = card_answers(control);
	if (*silent && answer == NULL)
		complain("card: %s: no answer to '%.*s'", control, (int)strcspn(request, "\n"),
			 request);
	json_decref(answer);
	return NULL;
}

json_t *
card_look(const struct card_paths *paths)
{
	bool silent, owner_silent;
	pid_t stopped, owner_stopped;
	json_t *process = ask_one(paths->control, "stats\n", &silent, &stopped);
	json_t *owner = ask_one(paths->owner_control, "status\n", &owner_silent, &owner_stopped);
	const char *code = card_text(owner, "post_code");
	char post[3] = "";
	json_t *look;

	if (code[0] == '\0')
		code = card_text(process, "post_code");
	/* Both are printed as they are. */
	for (size_t i = 0; i < 2 && code[i] > ' ' && code[i] <= '~'; i++)
		post[i] = code[i];
	look = json_pack("{s:s, s:s, s:s, s:s}", "name", paths->name, "state",
			 state_of(process, owner, silent), "post_code", post, "post_text",
			 card_post_text(post));
	json_object_set_new(look, "silent", json_boolean(silent));
	json_object_set_new(look, "stopped", json_boolean(stopped != 0));
	if (owner_silent)
		json_object_set_new(look, "owner_silent",
				    json_integer(ctl_lock_holder(paths->owner_lock)));
	json_object_set_new(look, "settings", settings_json(paths));
	json_object_set_new(look, "process", process != NULL ? process : json_null());
	json_object_set_new(look, "owner", owner != NULL ? owner : json_null());
	if (process == NULL)
		json_object_set_new(look, "ended_pid", json_integer(ctl_lock_holder(paths->pid)));
	return look;
}

/* ---- POST codes ---- */

const char *
card_post_text(const char *code)
{
	const char *name = code[0] == '\0' ? NULL : mic_post_name(MIC_POST(code[0], code[1]));

	return name != NULL ? name : code[0] == '\0' ? "" : "not known";
}

/* A digit of 0 to F, either case; 0 for others. */
static unsigned int
digit(char c)
{
	const char *at = c == '\0' ? NULL : strchr("0123456789ABCDEFabcdef", c);
	unsigned int n = at == NULL ? 0 : (unsigned int)(at - "0123456789ABCDEFabcdef");

	return n < 16 ? n : n - 6;
}

/* Of the way from reset to online, where the bootstrap comes by in this order. */
unsigned int
card_post_percent(const char *code)
{
	switch (code[0]) {
	case '0':
		return digit(code[1]) < 4 ? 2 * digit(code[1]) : 40 + digit(code[1]);
	case '3':
		return 8 + 2 * digit(code[1]);
	case '1':
		return digit(code[1]) < 3 ? 56 + digit(code[1]) : 60 + digit(code[1]);
	case '4':
		return 72;
	case '5':
		return 75 + digit(code[1]);
	case 'F':
		return code[1] == 'F' ? 95 : 0;
	}
	return 0;
}
