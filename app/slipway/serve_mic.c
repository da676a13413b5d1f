/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A served MIC: a virtual card, and the one host at a time that it is plugged into. When the host
 * goes, that is the loss of its link: the card OS is gone, and the card is as switched on anew.
 */
#include "serve_mic.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl_mic.h"
#include "mic_boot.h"
#include "serve.h"
#include "slipway.h"

#define ABOUT_MAX 256
/* Of the model: mic_model.h. */
#define MEMORY_MIN     32u
#define MEMORY_MAX     16384u
#define MEMORY_DEFAULT 256u
#define SCALE_MAX      1000u
/* The bootstrap takes 10 s on silicon: 1 s is long enough to watch and short enough to wait for. */
#define SCALE_DEFAULT 10u

/* ---- Which one ---- */

void
serve_mic_defaults(struct serve_mic_options *options)
{
	*options = (struct serve_mic_options){
		.memory = MEMORY_DEFAULT,
		.era = CARD_ERA_A,
		.time_scale = SCALE_DEFAULT,
		.revision = MIC_STEPPING_C0,
	};
}

static int
parse(const char *option, const char *value, unsigned int min, unsigned int max,
      const char *accepted, unsigned int *number)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (isdigit((unsigned char)value[0]) && *end == '\0' && errno == 0 && n >= min &&
	    n <= max) {
		*number = (unsigned int)n;
		return 0;
	}
	complain("serve: --%s %s: accepted: %s", option, value, accepted);
	return -EINVAL;
}

int
serve_mic_set_memory(struct serve_mic_options *options, const char *value)
{
	static const char accepted[] = "a power of two from 32 to 16384, in MiB";
	unsigned int n;

	if (parse("memory", value, MEMORY_MIN, MEMORY_MAX, accepted, &n) < 0)
		return -EINVAL;
	if ((n & (n - 1)) != 0) {
		complain("serve: --memory %s: accepted: %s", value, accepted);
		return -EINVAL;
	}
	options->memory = n;
	return 0;
}

int
serve_mic_set_scale(struct serve_mic_options *options, const char *value)
{
	return parse("time-scale", value, 1, SCALE_MAX, "1 to 1000", &options->time_scale);
}

int
serve_mic_set_era(struct serve_mic_options *options, const char *value)
{
	for (enum card_era era = CARD_ERA_A; era <= CARD_ERA_D; era++)
		if (strcasecmp(value, card_era_name(era)) == 0) {
			options->era = era;
			return 0;
		}
	complain("serve: --era %s: accepted: a, c and d", value);
	return -EINVAL;
}

int
serve_mic_set_revision(struct serve_mic_options *options, const char *value)
{
	static const uint8_t revisions[] = {MIC_STEPPING_A0, MIC_STEPPING_B0, MIC_STEPPING_B1,
					    MIC_STEPPING_C0};

	for (size_t i = 0; i < sizeof(revisions); i++)
		if (strcasecmp(value, mic_stepping_name(revisions[i])) == 0) {
			options->revision = revisions[i];
			return 0;
		}
	complain("serve: --revision %s: accepted: A0, B0, B1 and C0", value);
	return -EINVAL;
}

/* ---- Life ---- */

static int
mic_check(const struct serve_options *options)
{
	if (options->trace == NULL)
		return 0;
	complain("serve: --trace: accepted with dlb and dsa only");
	return -EINVAL;
}

/* A file without a name, which the host maps as the card's aperture: only what is used of it takes
 * memory.
 */
static int
memory_open(struct serve_mic *m, unsigned int mib)
{
	m->size = (uint64_t)mib << 20;
	m->fd = memfd_create("slipway-card", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	/* Sealed, so that neither side can take it from under the other. */
	if (m->fd < 0 || ftruncate(m->fd, (off_t)m->size) < 0 ||
	    fcntl(m->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	m->memory = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (m->memory != MAP_FAILED)
		return 0;
	m->memory = NULL;
	return -errno;
}

static void
console(void *arg, const char *line)
{
	const struct serve *s = arg;

	if (s->options.quiet)
		return;
	puts(line);
	fflush(stdout);
}

static int
card_open(struct serve *s)
{
	const struct serve_mic_options *o = &s->options.mic;
	const struct card_config config = {
		.model = {
			.revision = o->revision,
			.a0 = o->revision == MIC_STEPPING_A0,
			.gddr = s->mic->memory,
			.gddr_size = s->mic->size,
			.gddr_fd = s->mic->fd,
			.time_scale = o->time_scale,
		},
		.era = o->era,
		.functions_looks = CARD_LOOKS_BUSY,
		.console = console,
		.arg = s,
	};

	return card_create(&config, vfu_server_host(s->socket[0].server), &s->dev);
}

static int
socket_open(struct serve *s)
{
	const struct serve_mic_options *o = &s->options.mic;
	char about[ABOUT_MAX];

	snprintf(about, sizeof(about),
		 "{\"device\":\"mic\",\"version\":\"x100\",\"name\":\"%s\",\"time_scale\":%u,"
		 "\"memory\":%u,\"era\":\"%s\"}",
		 o->name != NULL ? o->name : "", o->time_scale, o->memory, card_era_name(o->era));
	strcpy(s->socket[0].path, s->options.path);
	return serve_socket_open(s, about, 0);
}

static int
mic_open(struct serve *s)
{
	int ret;

	s->mic = calloc(1, sizeof(*s->mic));
	if (s->mic == NULL)
		return -ENOMEM;
	s->mic->fd = -1;
	ret = memory_open(s->mic, s->options.mic.memory);
	if (ret < 0) {
		complain("serve: %u MiB of memory for the card: %s", s->options.mic.memory,
			 strerror(-ret));
		return ret;
	}
	ret = socket_open(s);
	if (ret < 0)
		return ret;
	ret = card_open(s);
	if (ret < 0) {
		complain("serve: the card cannot be made: %s", strerror(-ret));
		return ret;
	}
	s->model = card_model(s->dev);
	s->socket[0].dev = s->dev;
	vfu_server_plug(s->socket[0].server, s->dev);
	return 0;
}

static void
mic_close(struct serve *s)
{
	if (s->mic == NULL)
		return;
	card_destroy(s->dev);
	s->dev = NULL;
	if (s->mic->memory != NULL)
		munmap(s->mic->memory, s->mic->size);
	if (s->mic->fd >= 0)
		close(s->mic->fd);
	free(s->mic);
	s->mic = NULL;
}

/* What was in its memory is nobody's any more. */
static void
mic_left(struct serve *s)
{
	mic_model_link(s->model, true);
	s->mic->link_lost = false;
	if (madvise(s->mic->memory, s->mic->size, MADV_REMOVE) < 0)
		memset(s->mic->memory, 0, s->mic->size);
}

static void
mic_announce(const struct serve *s)
{
	const struct serve_mic_options *o = &s->options.mic;
	char how[SERVE_PATH + 16];

	if (o->name != NULL)
		snprintf(how, sizeof(how), "card=%s", o->name);
	else
		snprintf(how, sizeof(how), "at=vfu:%s", s->options.path);
	serve_say(s, "card of %u MiB, stepping %s, era %s, times by %u; connect with "
		     "--vdev=raw_mic0,%s",
		  o->memory, mic_stepping_name(o->revision), card_era_name(o->era), o->time_scale,
		  how);
}

/* ---- Control ---- */

static uint32_t
read_register(void *arg, uint32_t bar4_off)
{
	return mic_model_card_read(arg, bar4_off);
}

static void
mic_regs(struct serve *s, struct ctl_text *t)
{
	const struct ctl_mic all = {s->options.path, read_register, s->model};

	ctl_mic_answer(&all, t);
}

static int
mic_trace(struct serve *s, int fd)
{
	(void)s;
	(void)fd;
	return -EOPNOTSUPP;
}

static void
mic_trace_end(struct serve *s)
{
	(void)s;
}

static bool
mic_traced(const struct serve *s)
{
	(void)s;
	return false;
}

/* ---- Faults ---- */

static bool
is(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(text, word, len) == 0;
}

static bool
inject_dma(struct serve *s, const char *text, size_t len)
{
	static const char word[] = "dma-error ";
	size_t n = sizeof(word) - 1;

	if (len != n + 1 || memcmp(text, word, n) != 0 || text[n] < '0' || text[n] > '7')
		return false;
	mic_model_dma_fail(s->model, (unsigned int)(text[n] - '0'));
	return true;
}

static bool
mic_inject(struct serve *s, const char *text, size_t len, struct ctl_text *t)
{
	struct serve_mic *m = s->mic;

	if (is(text, len, "list")) {
		ctl_text_add(t, "{\"faults\":[%s]}",
			     m->link_lost ? "{\"fault\":\"lost-link\"}" : "");
		return false;
	}
	if (is(text, len, "clear")) {
		ctl_text_add(t, "{\"cleared\":%u}", m->link_lost);
		mic_model_link(s->model, true);
		m->link_lost = false;
		return false;
	}
	if (is(text, len, "lost-link")) {
		mic_model_link(s->model, false);
		m->link_lost = true;
	} else if (!inject_dma(s, text, len)) {
		ctl_text_error(t, "inject: accepted are lost-link, dma-error and a channel, 0 to "
				  "7, clear and list");
		return false;
	}
	m->injected++;
	ctl_text_add(t, "{\"injected\":");
	ctl_text_quote(t, text, len);
	ctl_text_add(t, "}");
	return true;
}

/* ---- The console ---- */

static void
type(struct serve *s, struct ctl_text *t, const char *name, enum card_command command)
{
	enum card_state state = card_state(s->dev);

	if (card_tell(s->dev, command) < 0)
		ctl_text_error(t, "%s: accepted while the card OS is starting or up; it is %s",
			       name, card_state_name(state));
	else
		ctl_text_add(t, "{\"typed\":\"%s\"}", name);
}

static void
answer_halt(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	(void)request;
	type(arg, t, "halt", CARD_HALT);
}

static void
answer_poweroff(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	(void)request;
	type(arg, t, "poweroff", CARD_POWEROFF);
}

static void
answer_restart(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	(void)request;
	type(arg, t, "restart", CARD_RESTART);
}

static void
answer_crash(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	(void)request;
	type(arg, t, "crash", CARD_CRASH);
}

static void
answer_hang(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	(void)request;
	type(arg, t, "hang", CARD_HANG);
}

/* As the card OS has it, whatever a host wrote over it. */
static void
answer_log(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	struct serve *s = arg;
	static char text[CARD_LOG_MAX];
	size_t len = card_log_read(s->dev, text, sizeof(text));
	const char *line = text, *end;

	(void)request;
	ctl_text_add(t, "{\"log\":[");
	for (; len > 0; len -= (size_t)(end - line), line = end) {
		end = memchr(line, '\n', len);
		end = end != NULL ? end : line + len - 1;
		ctl_text_quote(t, line, (size_t)(end - line));
		end++;
		ctl_text_add(t, "%s", (size_t)(end - line) < len ? "," : "");
	}
	ctl_text_add(t, "]}");
}

static const struct ctl_verb verbs[] = {
	{"halt", false, answer_halt},       {"poweroff", false, answer_poweroff},
	{"restart", false, answer_restart}, {"crash", false, answer_crash},
	{"hang", false, answer_hang},       {"log", false, answer_log},
};

const struct serve_kind serve_mic = {
	.model = "mic",
	.options = "MEXR",
	.check = mic_check,
	.open = mic_open,
	.close = mic_close,
	.announce = mic_announce,
	.left = mic_left,
	.regs = mic_regs,
	.stats = serve_mic_stats,
	.stats_print = serve_mic_print,
	.trace = mic_trace,
	.trace_end = mic_trace_end,
	.traced = mic_traced,
	.inject = mic_inject,
	.verbs = verbs,
	.verb_count = sizeof(verbs) / sizeof(verbs[0]),
};
