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
#include <sys/un.h>

#include "ctl_priv.h"
#include "say.h"
#include "sys.h"

#define STACK_BYTES (512u << 10)

/* A device's socket. Written before the thread is told of it, and by nobody later. */
struct listener {
	_Atomic int fd; /* -1 when there is none */
	struct ctl_device about;
	struct ctl_service service;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static struct listener listeners[DEVICE_MAX] = {
	[0 ... DEVICE_MAX - 1] = {.fd = -1},
};
static struct ctl_clients clients;
static int wake_fd = -1;
/* Whose sockets these are, 0 for nobody's: not those of a parent. */
static pid_t owner;

/* ---- The thread ---- */

/* What poll looks at: the sockets, the clients, and the call to look again. */
enum { AT_LISTENERS = 0, AT_CLIENTS = DEVICE_MAX, AT_WAKE = AT_CLIENTS + CTL_CLIENTS, POLLED };

static void
collect(struct pollfd p[POLLED])
{
	for (unsigned int i = 0; i < DEVICE_MAX; i++)
		/* Acquire pairs with the release in ctl_open: the rest is seen with it. */
		p[AT_LISTENERS + i] = (struct pollfd){
			.fd = atomic_load_explicit(&listeners[i].fd, memory_order_acquire),
			.events = POLLIN,
		};
	ctl_clients_collect(&clients, p + AT_CLIENTS);
	p[AT_WAKE] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
}

/* False when a descriptor is not there any more: the program closes what it does not know. */
static bool
serve(const struct pollfd p[POLLED])
{
	uint64_t count;

	ctl_clients_serve(&clients, p + AT_CLIENTS);
	for (unsigned int i = 0; i < DEVICE_MAX; i++) {
		if (p[AT_LISTENERS + i].revents & ~POLLIN)
			return false;
		if (p[AT_LISTENERS + i].revents != 0)
			ctl_clients_accept(&clients, p[AT_LISTENERS + i].fd,
					   &listeners[i].service);
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

	ctl_clients_init(&clients);
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

/* The program that this process was before exec had the same name: what it left is replaced. */
static int
listener_bind(struct listener *l, const char *dir, unsigned int index)
{
	int n = snprintf(l->path, sizeof(l->path), "%s/%d.%u.ctl", dir, (int)getpid(), index);

	return n >= (int)sizeof(l->path) ? -ENAMETOOLONG : ctl_listen(l->path, 0600);
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
	l->service = (struct ctl_service){.answer = ctl_answer, .arg = &l->about};
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
	if (wake_fd >= 0)
		ctl_clients_forked(&clients);
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
