/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The owner of a virtual card that is known by its name: whoever holds owner.lock in the card's
 * directory drives the card, and answers at owner.ctl what others ask of it.
 *
 * Requests are answered by the control thread, at once. What takes time, boot, stop and reset, is
 * begun, in a thread of its own, one at a time; status tells how it goes.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include <rte_common.h>
#include <rte_errno.h>

#include "ctl_clients.h"
#include "ctl_lock.h"
#include "mic_control.h"
#include "mic_priv.h"
#include "mic_smpt.h"
#include "mic_state.h"

#define PATH_ROOM 108
/* More than any text of a request, as escapes only get shorter: none is cut. */
#define TEXT_ROOM (CTL_REQUEST_MAX + 1)
#define LOG_ROOM  65536

/* What is under way. */
struct job {
	const char *name; /* NULL: nothing */
	char image[TEXT_ROOM], ramdisk[TEXT_ROOM], cmdline[TEXT_ROOM];
	enum rte_pmd_mic_boot_mode mode;
	char error[MIC_DEV_ERROR]; /* of the last one; "": it went well */
};

struct mic_owner {
	struct mic *mic;
	char directory[PATH_ROOM];
	char control[PATH_ROOM];
	int lock, listener;
	struct mic_control_item item;
	struct ctl_clients clients;
	struct ctl_service service;
	bool serving;

	pthread_mutex_t job_lock;
	pthread_t thread;
	bool has_thread; /* one that is to be joined */
	bool working;
	struct job job;
};

/* ---- Places and the lock ---- */

/* Where everybody may create files, the directory must be nobody else's. */
static bool
is_private(const char *dir)
{
	struct stat st;

	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 077) == 0;
}

/* $SLIPWAY_DIR, else $XDG_RUNTIME_DIR/slipway, else /run/slipway for root and /tmp/slipway-UID for
 * others, as the command slipway has it.
 */
static int
find_directory(const char *card, char to[PATH_ROOM])
{
	const char *dir = getenv("SLIPWAY_DIR"), *runtime = getenv("XDG_RUNTIME_DIR");
	char own[32];
	int n;

	snprintf(own, sizeof(own), "/tmp/slipway-%u", (unsigned int)geteuid());

	if (dir != NULL && *dir != '\0')
		n = snprintf(to, PATH_ROOM, "%s/cards/%s", dir, card);
	else if (runtime != NULL && *runtime != '\0')
		n = snprintf(to, PATH_ROOM, "%s/slipway/cards/%s", runtime, card);
	else if (geteuid() == 0)
		n = snprintf(to, PATH_ROOM, "/run/slipway/cards/%s", card);
	else if (is_private(own))
		n = snprintf(to, PATH_ROOM, "%s/cards/%s", own, card);
	else
		return -EPERM;
	/* Names in there, the longest of which is owner.lock, have to fit as well. */
	return n > 0 && n < PATH_ROOM - 12 ? 0 : -ENAMETOOLONG;
}

static int
take_lock(struct mic *mic, struct mic_owner *owner)
{
	char path[PATH_ROOM + 16];
	pid_t holder;

	snprintf(path, sizeof(path), "%s/owner.lock", owner->directory);
	owner->lock = ctl_lock(path, 0600, &holder);
	if (owner->lock >= 0)
		return 0;
	if (owner->lock == -EBUSY)
		MIC_LOG(ERR, mic->name,
			"card %s: process %d drives it; accepted: one owner at a time",
			mic->args.card, (int)holder);
	else
		MIC_LOG(ERR, mic->name, "card %s: %s: %s; slipway card start %s makes it",
			mic->args.card, path, strerror(-owner->lock), mic->args.card);
	return owner->lock;
}

int
mic_owner_open(struct mic *mic)
{
	struct mic_owner *owner = calloc(1, sizeof(*owner));
	int ret;

	if (owner == NULL)
		return -ENOMEM;
	owner->mic = mic;
	owner->lock = owner->listener = -1;
	pthread_mutex_init(&owner->job_lock, NULL);
	mic->owner = owner;
	ret = find_directory(mic->args.card, owner->directory);
	if (ret == -EPERM)
		MIC_LOG(ERR, mic->name,
			"card %s: there is no directory of running devices that only this user can "
			"use; slipway card start makes one, or set SLIPWAY_DIR",
			mic->args.card);
	else if (ret < 0)
		MIC_LOG(ERR, mic->name,
			"card %s: its directory has too long a name; accepted: 1..%d bytes; set "
			"SLIPWAY_DIR",
			mic->args.card, PATH_ROOM - 13);
	if (ret == 0)
		ret = take_lock(mic, owner);
	if (ret < 0)
		return ret;
	snprintf(mic->args.path, sizeof(mic->args.path), "%.100s/card", owner->directory);
	return 0;
}

/* ---- Work that takes time ---- */

static void
finish_job(struct mic_owner *owner, int ret)
{
	struct job *job = &owner->job;
	char error[MIC_DEV_ERROR];

	mic_dev_error(owner->mic->dev, error);
	pthread_mutex_lock(&owner->job_lock);
	job->error[0] = '\0';
	if (ret < 0)
		snprintf(job->error, sizeof(job->error), "%s: %.200s", job->name,
			 error[0] != '\0' ? error : strerror(-ret));
	owner->working = false;
	pthread_mutex_unlock(&owner->job_lock);
}

static void *
do_boot(void *arg)
{
	struct mic_owner *owner = arg;
	const struct job *job = &owner->job;
	int ret = mic_load_files(owner->mic, job->image, job->ramdisk, job->cmdline, job->mode);

	if (ret == 0)
		ret = mic_start(owner->mic);
	finish_job(owner, ret);
	return NULL;
}

static void *
do_stop(void *arg)
{
	struct mic_owner *owner = arg;

	finish_job(owner, mic_stop(owner->mic));
	return NULL;
}

static void *
do_reset(void *arg)
{
	struct mic_owner *owner = arg;

	finish_job(owner, mic_reset(owner->mic));
	return NULL;
}

/* `job` is what is to be done, `work` does it. */
static void
begin_job(struct mic_owner *owner, const struct job *job, void *(*work)(void *arg),
	  struct ctl_text *t)
{
	int ret = 0;

	pthread_mutex_lock(&owner->job_lock);
	if (owner->working) {
		ctl_text_error(t, "%s is under way; accepted once it is done", owner->job.name);
		pthread_mutex_unlock(&owner->job_lock);
		return;
	}
	/* The last one has said that it is done: it ends at once. */
	if (owner->has_thread)
		pthread_join(owner->thread, NULL);
	owner->job = *job;
	mic_dev_error_clear(owner->mic->dev);
	ret = pthread_create(&owner->thread, NULL, work, owner);
	owner->has_thread = owner->working = ret == 0;
	pthread_mutex_unlock(&owner->job_lock);
	if (ret != 0)
		ctl_text_error(t, "%s: %s", job->name, strerror(ret));
	else
		ctl_text_add(t, "{\"begun\":\"%s\"}", job->name);
}

/* ---- Requests ---- */

static const char *
copy_text(char to[TEXT_ROOM], const char *from)
{
	snprintf(to, TEXT_ROOM, "%s", from != NULL ? from : "");
	return to;
}

static int
mode_of(const char *word)
{
	static const char *const words[] = {"linux", "elf", "flash"};
	unsigned int i;

	for (i = 0; i < RTE_DIM(words); i++) {
		if (word == NULL || strcmp(word, words[i]) == 0)
			return (int)i;
	}
	return -EINVAL;
}

/* {"image": "...", "ramdisk": "...", "cmdline": "...", "mode": "linux"}, all but the first
 * optional.
 */
static void
answer_boot(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	json_t *words = json_loadb(request->text, request->len, JSON_REJECT_DUPLICATES, NULL);
	const char *image = NULL, *ramdisk = NULL, *cmdline = NULL, *mode = NULL;
	struct job *job = calloc(1, sizeof(*job));
	bool good = words != NULL && job != NULL &&
		    json_unpack_ex(words, NULL, JSON_STRICT, "{s:s, s?s, s?s, s?s}", "image",
				   &image, "ramdisk", &ramdisk, "cmdline", &cmdline, "mode",
				   &mode) == 0 &&
		    mode_of(mode) >= 0;

	if (good) {
		job->name = "boot";
		job->mode = (enum rte_pmd_mic_boot_mode)mode_of(mode);
		copy_text(job->image, image);
		copy_text(job->ramdisk, ramdisk);
		copy_text(job->cmdline, cmdline);
		begin_job(arg, job, do_boot, t);
	} else {
		ctl_text_error(t,
			       "boot: accepted is {\"image\": a file, and if need be \"ramdisk\": "
			       "a file, \"cmdline\": a text, \"mode\": linux, elf or flash}");
	}
	json_decref(words);
	free(job);
}

static void
begin_simple(struct mic_owner *owner, const char *name, void *(*work)(void *arg),
	     struct ctl_text *t)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL) {
		ctl_text_error(t, "%s: no memory", name);
		return;
	}
	job->name = name;
	begin_job(owner, job, work, t);
	free(job);
}

static void
answer_stop(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	RTE_SET_USED(request);
	begin_simple(arg, "stop", do_stop, t);
}

static void
answer_reset(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	RTE_SET_USED(request);
	begin_simple(arg, "reset", do_reset, t);
}

static void
add_job(struct mic_owner *owner, struct ctl_text *t)
{
	pthread_mutex_lock(&owner->job_lock);
	ctl_text_add(t, ",\"job\":\"%s\",\"last_error\":", owner->working ? owner->job.name : "");
	ctl_text_quote(t, owner->job.error, strlen(owner->job.error));
	pthread_mutex_unlock(&owner->job_lock);
}

static void
add_smpt(struct mic *mic, struct ctl_text *t)
{
	struct mic_dev_stats s;

	mic_dev_stats(mic->dev, &s);
	ctl_text_add(t,
		     "\"entries\":%u,\"used\":%" PRIu64 ",\"references\":%" PRIu64
		     ",\"maps\":%" PRIu64 ",\"unmaps\":%" PRIu64 ",\"refused\":%" PRIu64,
		     MIC_SMPT_ENTRIES, s.smpt_entries_used, s.smpt_ref_bytes, s.smpt_maps,
		     s.smpt_unmaps, s.smpt_failed);
}

/* States go by the names of the later eras, so that "ready" means one thing. */
static void
answer_status(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	static const char *const eras[] = {"a", "c", "d"};
	struct mic_owner *owner = arg;
	struct mic *mic = owner->mic;
	struct rte_pmd_mic_status s;
	double online;

	RTE_SET_USED(request);
	mic_fill_status(mic, &s);
	online = s.online_ns != 0 ? (double)(mic_control_now() - s.online_ns) / 1e9 : 0;
	ctl_text_add(t, "{\"state\":\"%s\",\"shutdown_status\":\"%s\",\"post_code\":",
		     mic_state_name(MIC_ERA_D, (enum mic_state)s.state), s.shutdown_text);
	ctl_text_quote(t, s.post_code, strlen(s.post_code));
	ctl_text_add(t, ",\"program\":");
	ctl_text_quote(t, program_invocation_short_name, strlen(program_invocation_short_name));
	ctl_text_add(t, ",\"pid\":%d,\"device\":", (int)getpid());
	ctl_text_quote(t, mic->name, strlen(mic->name));
	ctl_text_add(t, ",\"era\":\"%s\",\"boots\":%u,\"resets\":%u,\"reset_failures\":%u,"
			"\"crashes\":%u,\"restarts\":%u,\"restarts_refused\":%u",
		     eras[mic->conf.era], s.boots, s.resets, s.reset_failures, s.crashes,
		     s.restarts, s.restarts_refused);
	if (s.online_ns != 0)
		ctl_text_add(t, ",\"online\":%.3f", online);
	add_job(owner, t);
	ctl_text_add(t, ",\"smpt\":{");
	add_smpt(mic, t);
	ctl_text_add(t, "}}");
}

static void
answer_smpt(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	struct mic *mic = ((struct mic_owner *)arg)->mic;
	uint64_t refs;
	unsigned int i;

	RTE_SET_USED(request);
	ctl_text_add(t, "{");
	add_smpt(mic, t);
	ctl_text_add(t, ",\"table\":[");
	for (i = 0; i < MIC_SMPT_ENTRIES; i++) {
		uint32_t value = mic_dev_smpt(mic->dev, i, &refs);

		ctl_text_add(t, "%s[%u,%" PRIu64 ",%" PRIu64 "]", i == 0 ? "" : ",", i,
			     mic_smpt_translate(value, 0), refs);
	}
	ctl_text_add(t, "]}");
}

/* A JSON string of lines that are foreign text. */
static void
add_lines(struct ctl_text *t, const char *text, size_t len)
{
	size_t i;

	ctl_text_add(t, "\"");
	for (i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\n')
			ctl_text_add(t, "\\n");
		else
			ctl_text_add(t, "%c",
				     c < ' ' || c > '~' || c == '"' || c == '\\' ? '?' : c);
	}
	ctl_text_add(t, "\"");
}

static void
answer_log(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	struct mic_owner *owner = arg;
	char *text = malloc(LOG_ROOM);
	int n;

	RTE_SET_USED(request);
	if (text == NULL) {
		ctl_text_error(t, "log: no memory");
		return;
	}
	n = mic_read_log(owner->mic, text, LOG_ROOM);
	if (n < 0) {
		ctl_text_error(t, "log: the addresses of the card's log are not set, or wrong");
	} else {
		ctl_text_add(t, "{\"log\":");
		add_lines(t, text, (size_t)n);
		ctl_text_add(t, "}");
	}
	free(text);
}

static const struct ctl_verb verbs[] = {
	{"status", false, answer_status}, {"boot", true, answer_boot},
	{"stop", false, answer_stop},     {"reset", false, answer_reset},
	{"wait", false, answer_status},   {"log", false, answer_log},
	{"smpt", false, answer_smpt},
};

static void
answer(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	ctl_verbs_answer(verbs, RTE_DIM(verbs), arg, request, t);
}

/* ---- In the control thread ---- */

/* An answer never waits, so this is not nested. */
static uint64_t
serve(void *arg, const struct pollfd p[], unsigned int n)
{
	struct mic_owner *owner = arg;

	if (n != CTL_CLIENTS + 1)
		return MIC_CONTROL_NEVER;
	ctl_clients_serve(&owner->clients, p);
	if (p[CTL_CLIENTS].revents != 0)
		ctl_clients_accept(&owner->clients, owner->listener, &owner->service);
	return MIC_CONTROL_NEVER;
}

static unsigned int
collect(void *arg, struct pollfd p[], unsigned int max)
{
	const struct mic_owner *owner = arg;

	if (max < CTL_CLIENTS + 1)
		return 0;
	ctl_clients_collect(&owner->clients, p);
	p[CTL_CLIENTS] = (struct pollfd){.fd = owner->listener, .events = POLLIN};
	return CTL_CLIENTS + 1;
}

int
mic_owner_serve(struct mic *mic)
{
	struct mic_owner *owner = mic->owner;
	int ret;

	if (owner == NULL)
		return 0;
	snprintf(owner->control, sizeof(owner->control), "%.90s/owner.ctl", owner->directory);
	owner->listener = ctl_listen(owner->control, 0600);
	if (owner->listener < 0) {
		MIC_LOG(ERR, mic->name, "%s: %s", owner->control, strerror(-owner->listener));
		return owner->listener;
	}
	ctl_clients_init(&owner->clients);
	owner->service = (struct ctl_service){.answer = answer, .arg = owner};
	owner->item = (struct mic_control_item){.serve = serve, .collect = collect, .arg = owner};
	ret = mic_control_add(mic_dev_control(mic->dev), &owner->item);
	owner->serving = ret == 0;
	return ret;
}

/* From here on nobody asks, and nothing that was asked for is under way. */
void
mic_owner_quiet(struct mic *mic)
{
	struct mic_owner *owner = mic->owner;

	if (owner == NULL || !owner->serving)
		return;
	mic_control_remove(mic_dev_control(mic->dev), &owner->item);
	owner->serving = false;
	ctl_clients_close(&owner->clients);
	if (owner->has_thread)
		pthread_join(owner->thread, NULL);
	owner->has_thread = false;
}

void
mic_owner_close(struct mic *mic)
{
	struct mic_owner *owner = mic->owner;

	if (owner == NULL)
		return;
	mic_owner_quiet(mic);
	if (owner->listener >= 0) {
		close(owner->listener);
		unlink(owner->control);
	}
	if (owner->lock >= 0)
		close(owner->lock);
	pthread_mutex_destroy(&owner->job_lock);
	free(owner);
	mic->owner = NULL;
}
