/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Pairs of processes: begun, given jobs, ended.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "perf.h"

#define PAGE 4096

/* No job takes as long. */
#define PATIENCE_S 30

static const char *const place_names[PERF_NB_PLACES] = {
	[PERF_NODE] = "one node",
	[PERF_NODE_64K] = "one node, rings of 64 KB",
	[PERF_TWO_NODES] = "two nodes",
};

/* Of the nodes that nodes.c serves. */
static const uint16_t nodes[PERF_NB_PLACES][2] = {
	[PERF_NODE] = {0, 0},
	[PERF_NODE_64K] = {1, 1},
	[PERF_TWO_NODES] = {3, 2},
};

static void *
memory_of(size_t size, int flags)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* What both processes of a pair inherit. */
static int
make_side(struct perf_side *s, size_t size)
{
	s->size = size;
	s->shared = memory_of(sizeof(*s->shared), MAP_SHARED);
	s->room = memory_of(size, MAP_SHARED);
	s->source = memory_of(size, MAP_PRIVATE);
	s->landing = memory_of(size, MAP_PRIVATE);
	if (posix_memalign((void **)&s->window, PAGE, PAGE + 2 * size) != 0)
		return -ENOMEM;
	return s->shared == NULL || s->room == NULL || s->source == NULL || s->landing == NULL
		       ? -ENOMEM
		       : 0;
}

static void
drop_side(const struct perf_side *s)
{
	munmap(s->shared, sizeof(*s->shared));
	munmap(s->room, s->size);
	munmap(s->source, s->size);
	munmap(s->landing, s->size);
	free(s->window);
}

static int
begin_side(struct perf_pair *pair, struct perf_side s, unsigned int cpu)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0)
		return -errno;
	fflush(NULL);
	pair->pid[s.side] = fork();
	if (pair->pid[s.side] == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGTERM, SIG_DFL);
		close(fd[0]);
		perf_side_serve(&s, fd[1], cpu);
	}
	close(fd[1]);
	pair->fd[s.side] = fd[0];
	setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return pair->pid[s.side] < 0 ? -errno : 0;
}

static int
begin_sides(struct perf_run *run, struct perf_pair *pair, struct perf_side *s, const int place)
{
	struct perf_sockets sockets;
	int ret = perf_sockets_make(&sockets);

	for (unsigned int side = 0; ret == 0 && side < 2; side++) {
		s->side = side;
		s->node = nodes[place][side];
		s->peer_node = nodes[place][!side];
		for (enum perf_way way = PERF_UNIX; perf_is_socket(way); way++) {
			s->fd[way] = sockets.fd[way][side];
			s->listener[way] = sockets.listener[way];
		}
		ret = begin_side(pair, *s, run->opt.cpu[side]);
	}
	perf_sockets_close(&sockets);
	return ret;
}

static int
wait_done(const struct perf_pair *pair, unsigned int side, struct perf_done *done)
{
	ssize_t n = recv(pair->fd[side], done, sizeof(*done), 0);

	if (n != sizeof(*done))
		return n < 0 && errno == EAGAIN ? -ETIMEDOUT : -EPIPE;
	return done->ret;
}

/* Both say when they are connected. */
static int
wait_ready(const struct perf_pair *pair)
{
	struct perf_done done;
	int ret = wait_done(pair, 0, &done);

	return ret < 0 ? ret : wait_done(pair, 1, &done);
}

static int
begin_pair(struct perf_run *run, int place)
{
	struct perf_pair *pair = &run->pair[place];
	struct perf_side s = {.yields = run->opt.cpu[0] == run->opt.cpu[1]};
	/* Only messages go through the bigger rings. */
	size_t size = place == PERF_NODE_64K ? 64u << 10 : run->room;
	int ret = make_side(&s, size);

	pair->name = place_names[place];
	if (ret == 0)
		ret = begin_sides(run, pair, &s, place);
	if (ret == 0)
		ret = wait_ready(pair);
	if (ret < 0)
		snprintf(pair->reason, sizeof(pair->reason), "%s: %s", pair->name, strerror(-ret));
	pair->ready = ret == 0;
	drop_side(&s);
	return ret;
}

/** Begin all pairs: 0, or a negative errno when not one could be. */
int
perf_pairs_begin(struct perf_run *run)
{
	int ret;

	run->room = 64u << 10;
	for (unsigned int i = 0; i < run->opt.copies.count; i++)
		if (run->opt.copies.value[i] > run->room)
			run->room = (run->opt.copies.value[i] + PAGE - 1) & ~(size_t)(PAGE - 1);
	ret = begin_pair(run, PERF_NODE);
	begin_pair(run, PERF_NODE_64K);
	begin_pair(run, PERF_TWO_NODES);
	return ret;
}

/** End all pairs. */
void
perf_pairs_end(struct perf_run *run)
{
	for (unsigned int i = 0; i < PERF_NB_PLACES; i++) {
		for (unsigned int side = 0; side < 2; side++) {
			if (run->pair[i].pid[side] <= 0)
				continue;
			kill(run->pair[i].pid[side], SIGTERM);
			waitpid(run->pair[i].pid[side], NULL, 0);
			close(run->pair[i].fd[side]);
		}
	}
}

/** Have a pair do a job, and what its first side says of it: 0, or a negative errno. */
int
perf_pair_do(const struct perf_pair *pair, const struct perf_job *job, struct perf_done *done)
{
	struct perf_done other;
	int ret;

	if (!pair->ready)
		return -ENOTCONN;
	for (unsigned int side = 0; side < 2; side++)
		if (send(pair->fd[side], job, sizeof(*job), MSG_NOSIGNAL) != sizeof(*job))
			return -EPIPE;
	ret = wait_done(pair, 0, done);
	/* When one failed, the other may wait for ever. */
	return ret < 0 ? ret : wait_done(pair, 1, &other);
}
