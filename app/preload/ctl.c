/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "ctl.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "ctl_priv.h"
#include "say.h"
#include "sys.h"

#define REQUEST_MAX 4096
#define CLIENTS     16
#define RETRY_MS    100
#define STACK_BYTES (512u << 10)

/* A device's socket. Written before the thread is told of it, and by nobody later. */
struct listener {
	_Atomic int fd; /* -1 when there is none */
	struct ctl_device about;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* A client is either asking or being answered. */
struct client {
	int fd; /* -1: free */
	unsigned int index;
	bool leave;    /* once it has its answer */
	uint64_t last; /* when it was last heard of, as ctl_now_ms has it */
	size_t asked;
	char request[REQUEST_MAX];
	struct ctl_text answer;
	size_t sent;
};

static struct listener listeners[DEVICE_MAX] = {
	[0 ... DEVICE_MAX - 1] = {.fd = -1},
};
static struct client clients[CLIENTS];
static int wake_fd = -1;
/* Whose sockets these are, 0 for nobody's: not those of a parent. */
static pid_t owner;

/* ---- Clients ---- */

static void
answer(struct client *c, size_t len)
{
	if (len > 0 && c->request[len - 1] == '\r')
		len--;
	ctl_answer(&listeners[c->index].about, c->request, len, &c->answer);
	ctl_text_add(&c->answer, "\n");
	c->sent = 0;
}

static void
client_drop(struct client *c)
{
	sys_close(c->fd);
	c->fd = -1;
	ctl_text_free(&c->answer);
}

/* Answer what has been asked; a later request waits until the answer is sent. */
static void
client_answer(struct client *c)
{
	char *end = memchr(c->request, '\n', c->asked);
	size_t len;

	if (end != NULL) {
		len = (size_t)(end - c->request);
		answer(c, len);
		c->asked -= len + 1;
		memmove(c->request, end + 1, c->asked);
	} else if (c->asked == REQUEST_MAX) {
		ctl_text_add(&c->answer, "{\"error\":\"a request has at most %d bytes\"}\n",
			     REQUEST_MAX);
		c->sent = 0;
		c->leave = true;
	}
	if (c->answer.short_of_memory)
		client_drop(c);
}

static void
client_receive(struct client *c)
{
	ssize_t n = recv(c->fd, c->request + c->asked, REQUEST_MAX - c->asked, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_drop(c);
		return;
	}
	c->asked += (size_t)n;
	client_answer(c);
}

static void
client_send(struct client *c)
{
	ssize_t n = send(c->fd, c->answer.bytes + c->sent, c->answer.len - c->sent,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		client_drop(c);
		return;
	}
	c->sent += (size_t)n;
	if (c->sent < c->answer.len)
		return;
	ctl_text_free(&c->answer);
	if (c->leave)
		client_drop(c);
	else
		client_answer(c);
}

/* A free client, or the one that has been quiet for longest. */
static struct client *
client_seat(void)
{
	struct client *oldest = &clients[0];

	for (unsigned int i = 0; i < CLIENTS; i++) {
		if (clients[i].fd < 0)
			return &clients[i];
		if (clients[i].last < oldest->last)
			oldest = &clients[i];
	}
	client_drop(oldest);
	return oldest;
}

static void
client_accept(unsigned int index, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c;

	if (fd < 0) {
		/* The program has used up its descriptors: look again when it may have some. */
		if (errno == EMFILE || errno == ENFILE)
			poll(NULL, 0, RETRY_MS);
		return;
	}
	c = client_seat();
	c->fd = fd;
	c->index = index;
	c->leave = false;
	c->last = ctl_now_ms();
	c->asked = 0;
}

/* ---- The thread ---- */

/* What poll looks at: the sockets, the clients, and the call to look again. */
enum { AT_LISTENERS = 0, AT_CLIENTS = DEVICE_MAX, AT_WAKE = AT_CLIENTS + CLIENTS, POLLED };

static void
collect(struct pollfd p[POLLED])
{
	for (unsigned int i = 0; i < DEVICE_MAX; i++)
		/* Acquire pairs with the release in ctl_open: the rest is seen with it. */
		p[AT_LISTENERS + i] = (struct pollfd){
			.fd = atomic_load_explicit(&listeners[i].fd, memory_order_acquire),
			.events = POLLIN,
		};
	for (unsigned int i = 0; i < CLIENTS; i++)
		p[AT_CLIENTS + i] = (struct pollfd){
			.fd = clients[i].fd,
			.events = clients[i].answer.len > 0 ? POLLOUT : POLLIN,
		};
	p[AT_WAKE] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
}

static void
serve_client(struct client *c, short events)
{
	c->last = ctl_now_ms();
	if (events & POLLNVAL)
		client_drop(c);
	else if (c->answer.len > 0)
		client_send(c);
	else
		client_receive(c);
}

/* False when a descriptor is not there any more: the program closes what it does not know. */
static bool
serve(const struct pollfd p[POLLED])
{
	uint64_t count;

	for (unsigned int i = 0; i < CLIENTS; i++)
		if (p[AT_CLIENTS + i].revents != 0)
			serve_client(&clients[i], p[AT_CLIENTS + i].revents);
	for (unsigned int i = 0; i < DEVICE_MAX; i++) {
		if (p[AT_LISTENERS + i].revents & ~POLLIN)
			return false;
		if (p[AT_LISTENERS + i].revents != 0)
			client_accept(i, p[AT_LISTENERS + i].fd);
	}
	if (p[AT_WAKE].revents & ~POLLIN)
		return false;
	/* Nothing to learn from the count: collect looks at all of them. */
	if (p[AT_WAKE].revents != 0)
		(void)!read(wake_fd, &count, sizeof(count));
	return true;
}

static void *
ctl_thread(void *arg)
{
	struct pollfd p[POLLED];

	(void)arg;
	for (;;) {
		collect(p);
		if (poll(p, POLLED, -1) > 0 && !serve(p))
			break;
	}
	say("a control socket was closed by the program: slipway regs will not find its devices");
	return NULL;
}

static int
thread_start(void)
{
	uint64_t all = UINT64_MAX, saved;
	pthread_attr_t attr;
	pthread_t thread;
	int ret;

	for (unsigned int i = 0; i < CLIENTS; i++)
		clients[i].fd = -1;
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0)
		return -errno;
	/* The thread inherits this: the program's signals are for the program's threads. */
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &saved, sizeof(all));
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	ret = pthread_create(&thread, &attr, ctl_thread, NULL);
	pthread_attr_destroy(&attr);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &saved, NULL, sizeof(saved));
	if (ret != 0) {
		sys_close(wake_fd);
		wake_fd = -1;
	}
	return -ret;
}

/* ---- Sockets ---- */

static int
listener_bind(struct listener *l, const char *dir, unsigned int index)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, n, ret;

	n = snprintf(l->path, sizeof(l->path), "%s/%d.%u.ctl", dir, (int)getpid(), index);
	if (n >= (int)sizeof(l->path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, l->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* The program that this process was before exec had the same name. */
	unlink(l->path);
	/* Before bind this becomes the mode of the file. */
	if (fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, CLIENTS) == 0)
		return fd;
	ret = -errno;
	sys_close(fd);
	return ret;
}

void
ctl_open(const struct device *dev, unsigned int index)
{
	const char *dir = getenv("SLIPWAY_RUN_DIR");
	struct listener *l = &listeners[index];
	uint64_t one = 1;
	int fd = 0;

	/* Without slipway run there is no place for it. */
	if (dir == NULL || atomic_load_explicit(&l->fd, memory_order_relaxed) >= 0)
		return;
	if (wake_fd < 0)
		fd = thread_start();
	if (fd == 0)
		fd = listener_bind(l, dir, index);
	if (fd < 0) {
		say("%s: no control socket in %s: %s", dev->address, dir, strerror(-fd));
		return;
	}
	owner = getpid();
	l->about = (struct ctl_device){
		.dev = dev, .index = index, .pid = owner, .since = ctl_now_ms()};
	/* Release pairs with the acquire in collect. */
	atomic_store_explicit(&l->fd, fd, memory_order_release);
	sys_write(wake_fd, &one, sizeof(one));
}

void
ctl_forked(void)
{
	for (unsigned int i = 0; i < DEVICE_MAX; i++) {
		int fd = atomic_exchange_explicit(&listeners[i].fd, -1, memory_order_relaxed);

		if (fd >= 0)
			sys_close(fd);
	}
	for (unsigned int i = 0; i < CLIENTS && wake_fd >= 0; i++) {
		if (clients[i].fd >= 0)
			sys_close(clients[i].fd);
		/* Not freed: the parent's thread may just have been at it. */
		clients[i].answer = (struct ctl_text){0};
	}
	if (wake_fd >= 0)
		sys_close(wake_fd);
	wake_fd = -1;
	owner = 0;
}

/* The end of a program that is killed is left to slipway run. */
static __attribute__((destructor)) void
ctl_close(void)
{
	for (unsigned int i = 0; i < DEVICE_MAX && owner == getpid(); i++)
		if (atomic_load_explicit(&listeners[i].fd, memory_order_relaxed) >= 0)
			unlink(listeners[i].path);
}
