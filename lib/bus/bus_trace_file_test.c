/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The recorder and its file: several writers, killed ones, and a file that cannot take more.
 */
#include "bus_trace_bench.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- Several at once ---- */

/* Posts of each thread or process. */
#define POSTS 5000u

static void *
post_many(void *arg)
{
	struct bench *b = arg;
	uint32_t line[16] = {0};

	line[1] = (uint32_t)gettid();
	for (line[0] = 0; line[0] < POSTS; line[0]++)
		b->dev->ops->post(b->dev, 0, 0, line, sizeof(line));
	return NULL;
}

/* Posts of `threads` threads, each in its own order and all there. */
static void
expect_posts(struct bench *b, unsigned int threads)
{
	struct {
		uint32_t tid, seen;
	} who[4] = {0};
	struct bus_trace_record r;
	uint32_t line[16], n = 0, i;

	expect(b, BUS_TRACE_DEVICE);
	while (next(b, &r)) {
		assert_int_equal(r.op, BUS_TRACE_POST);
		memcpy(line, b->payload, sizeof(line));
		assert_int_equal(line[1], r.tid);
		for (i = 0; i < threads && who[i].tid != 0 && who[i].tid != r.tid;)
			i++;
		assert_true(i < threads);
		who[i].tid = r.tid;
		assert_int_equal(line[0], who[i].seen++);
		n++;
	}
	assert_int_equal(n, threads * POSTS);
}

static void
records_of_two_threads_do_not_mix(void **state)
{
	pthread_t thread[2];
	struct bench b;

	(void)state;
	bench_open(&b);
	b.fake.quiet = true;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, post_many, &b), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(b.fake.posts, 2 * POSTS);
	expect_posts(&b, 2);
	bench_close(&b);
}

/* A forked process goes on appending; one that is killed has lost nothing. */
static void
records_of_a_killed_process_are_there(void **state)
{
	struct bench b;
	int status;
	pid_t pid;

	(void)state;
	bench_open(&b);
	b.fake.quiet = true;
	pid = fork();
	if (pid == 0) {
		post_many(&b);
		kill(getpid(), SIGKILL);
	}
	post_many(&b);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	expect_posts(&b, 2);
	bench_close(&b);
}

/* ---- When the file cannot take more ---- */

/* What was said on standard error while `act` ran. */
static void
hear(char *text, size_t len, void (*act)(struct bench *), struct bench *b)
{
	int saved = dup(STDERR_FILENO), pipes[2];
	ssize_t n;

	assert_int_equal(pipe(pipes), 0);
	dup2(pipes[1], STDERR_FILENO);
	close(pipes[1]);
	act(b);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(pipes[0], text, len - 1);
	close(pipes[0]);
	text[n > 0 ? n : 0] = '\0';
}

static void
post_to_full_disk(struct bench *b)
{
	struct bus_trace *t = bus_trace_create(b->fd, 4, "dlb", 0, &b->host.host);
	unsigned char line[64] = {1};
	struct bus_device *dev;

	b->fake.host = bus_trace_host(t);
	dev = bus_trace_device(t, &b->fake.dev);
	errno = ENOENT;
	for (int i = 0; i < 10; i++)
		dev->ops->post(dev, 0, 0, line, sizeof(line));
	assert_int_equal(errno, ENOENT);
	bus_trace_destroy(t);
}

static void
on_a_full_disk_the_device_goes_on(void **state)
{
	char text[512];
	struct bench b;

	(void)state;
	bench_open(&b);
	close(b.fd);
	assert_true((b.fd = open("/dev/full", O_WRONLY | O_APPEND)) >= 0);
	hear(text, sizeof(text), post_to_full_disk, &b);
	assert_int_equal(b.fake.posts, 10);
	assert_int_equal(b.host.memory[0], 1);
	/* The hello, ten posts, ten DMA writes. */
	assert_string_equal(text, "slipway: trace of dlb device 4 ends here: no space left on "
				  "device (error 28); the device goes on\n"
				  "slipway: trace of dlb device 4: 21 records lost\n");
	bench_close(&b);
}

static void
post_past_limit(struct bench *b)
{
	const rlim_t size = sizeof(struct bus_trace_record) + sizeof(struct bus_trace_hello) +
			    sizeof(struct bus_trace_record) + 64 + 10;
	struct rlimit old, limit;

	/* The device's record is there; one post fits, of the next ten bytes. */
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = size;
	setrlimit(RLIMIT_FSIZE, &limit);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t line[16] = {i};

		b->dev->ops->post(b->dev, 0, 0, line, sizeof(line));
	}
	setrlimit(RLIMIT_FSIZE, &old);
}

static void
after_half_a_record_nothing_more_is_written(void **state)
{
	struct bus_trace_record r;
	char text[512];
	struct bench b;

	(void)state;
	bench_open(&b);
	b.fake.quiet = true;
	hear(text, sizeof(text), post_past_limit, &b);
	assert_non_null(strstr(text, "ends here: no space left"));
	assert_int_equal(b.fake.posts, 3);
	expect(&b, BUS_TRACE_DEVICE);
	expect(&b, BUS_TRACE_POST);
	assert_int_equal(fread(&r, 1, sizeof(r), b.in), 10);
	hear(text, sizeof(text), bench_close, &b);
	assert_string_equal(text, "slipway: trace of dlb device 4: 2 records lost\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_two_threads_do_not_mix),
		cmocka_unit_test(records_of_a_killed_process_are_there),
		cmocka_unit_test(on_a_full_disk_the_device_goes_on),
		cmocka_unit_test(after_half_a_record_nothing_more_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
