/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve.h"
#include "slipway.h"

/* ---- What is there ---- */

static void
answer_info(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	const struct serve *s = arg;
	unsigned long long ms = ctl_now_ms() - s->began;
	const char *comma = "";

	(void)request;
	ctl_text_add(t, "{\"device\":\"%s\",\"version\":\"%s\",\"address\":", s->kind->model,
		     s->options.model->version[s->options.version].name);
	ctl_text_quote(t, s->options.path, strlen(s->options.path));
	ctl_text_add(t, ",\"pid\":%d,\"uptime\":%llu.%03llu,\"program\":\"slipway serve\",",
		     (int)getpid(), ms / 1000, ms % 1000);
	ctl_text_add(t, "\"traced\":%s,\"sockets\":[", s->kind->traced(s) ? "true" : "false");
	for (unsigned int i = 0; i < s->sockets; i++) {
		if (s->socket[i].server == NULL)
			continue;
		ctl_text_add(t, "%s{\"path\":", comma);
		ctl_text_quote(t, s->socket[i].path, strlen(s->socket[i].path));
		ctl_text_add(t, ",\"client\":%d}", (int)s->socket[i].client);
		comma = ",";
	}
	ctl_text_add(t, "]}");
}

static void
answer_regs(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	struct serve *s = arg;

	(void)request;
	s->kind->regs(s, t);
}

static void
answer_stats(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	struct serve *s = arg;

	(void)request;
	s->kind->stats(s, t);
}

/* ---- Traces ---- */

/* Where records may go without anybody waiting, and only behind what is there. A file of the
 * client's own opening: no path is opened here with rights that the client may not have.
 */
static const char *
file_refused(int fd)
{
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
	struct stat st;

	if (fd < 0)
		return "no descriptor came with it";
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return "the descriptor is not of a regular file";
	if ((flags & O_ACCMODE) == O_RDONLY || !(flags & O_APPEND))
		return "the file is not open for appending";
	return NULL;
}

static void
trace_start(struct serve *s, struct ctl_request *request, struct ctl_text *t)
{
	const char *why = file_refused(request->fd);
	int ret;

	if (why != NULL) {
		ctl_text_error(t,
			       "trace start: %s; accepted is a regular file, opened with "
			       "O_APPEND",
			       why);
		return;
	}
	ret = s->kind->trace(s, request->fd);
	if (ret == -ENOTSUP) {
		ctl_text_error(t, "trace start: accepted with a whole device, not with --domains");
	} else if (ret == -EOPNOTSUPP) {
		ctl_text_error(t, "trace start: a device of this kind records nothing");
	} else if (ret == -EBUSY) {
		ctl_text_error(t, "trace start: somebody records already, and one can at a time");
	} else if (ret < 0) {
		ctl_text_error(t, "trace start: %s", strerror(-ret));
	} else {
		s->tracer = request->client;
		request->fd = -1;
		ctl_text_add(t, "{\"trace\":\"started\"}");
	}
}

static void
trace_stop(struct serve *s, struct ctl_request *request, struct ctl_text *t)
{
	if (s->tracer != request->client) {
		ctl_text_error(t, "trace stop: this client has started none");
		return;
	}
	s->kind->trace_end(s);
	s->tracer = 0;
	ctl_text_add(t, "{\"trace\":\"stopped\"}");
}

static bool
is_word(const struct ctl_request *request, const char *word)
{
	return request->len == strlen(word) && memcmp(request->text, word, request->len) == 0;
}

static void
answer_trace(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	if (is_word(request, "start"))
		trace_start(arg, request, t);
	else if (is_word(request, "stop"))
		trace_stop(arg, request, t);
	else
		ctl_text_error(t, "trace: accepted are start, with the descriptor of a file, and "
				  "stop");
}

/* ---- Faults ---- */

static void
answer_inject(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	struct serve *s = arg;

	if (s->kind->inject(s, request->text, request->len, t))
		serve_say(s, "%s: injected: %.*s", s->options.path, (int)request->len,
			  request->text);
}

/* ---- Requests ---- */

static const struct ctl_verb verbs[] = {
	{"info", false, answer_info},    {"regs", false, answer_regs},
	{"stats", false, answer_stats},  {"trace", true, answer_trace},
	{"inject", true, answer_inject},
};

/* Those that any device knows, then those of its kind. */
static void
verbs_join(struct serve *s)
{
	s->verbs = 0;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		s->verb[s->verbs++] = verbs[i];
	for (size_t i = 0; i < s->kind->verb_count && s->verbs < SERVE_VERBS; i++)
		s->verb[s->verbs++] = s->kind->verbs[i];
}

static void
answer(void *arg, struct ctl_request *request, struct ctl_text *t)
{
	struct serve *s = arg;

	s->ctl_requests++;
	ctl_verbs_answer(s->verb, s->verbs, s, request, t);
}

/* A trace ends with who asked for it. */
static void
gone(void *arg, uint64_t client)
{
	struct serve *s = arg;

	if (s->tracer != client)
		return;
	s->kind->trace_end(s);
	s->tracer = 0;
}

/* ---- Life ---- */

/* Only a socket that nobody listens at makes way. A whole device and one in domains have different
 * sockets, and the same of these.
 */
static int
make_way(const char *path)
{
	int fd = dirs_connect(path, SOCK_STREAM | SOCK_NONBLOCK);
	struct stat st;

	if (fd >= 0)
		close(fd);
	if (fd >= 0 || fd == -EAGAIN)
		return -EADDRINUSE;
	return lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode) ? -EEXIST : 0;
}

int
serve_ctl_open(struct serve *s)
{
	int n = snprintf(s->ctl_path, sizeof(s->ctl_path), "%s.ctl", s->options.path);

	s->service = (struct ctl_service){.answer = answer, .gone = gone, .arg = s};
	verbs_join(s);
	ctl_clients_init(&s->ctl);
	s->ctl_fd = n >= (int)sizeof(s->ctl_path) ? -ENAMETOOLONG : make_way(s->ctl_path);
	if (s->ctl_fd == 0)
		s->ctl_fd = ctl_listen(s->ctl_path, s->options.mode);
	if (s->ctl_fd >= 0)
		return 0;
	complain("serve: %s.ctl: %s", s->options.path,
		 s->ctl_fd == -EADDRINUSE ? "somebody serves there already" : strerror(-s->ctl_fd));
	return s->ctl_fd;
}

void
serve_ctl_close(struct serve *s)
{
	if (s->ctl_fd < 0)
		return;
	ctl_clients_close(&s->ctl);
	close(s->ctl_fd);
	unlink(s->ctl_path);
	s->ctl_fd = -1;
}
