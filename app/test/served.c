/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What only a device that another process serves can show: servers that are not there, that go, and
 * that stop answering. Starts and kills them itself.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_eventdev.h>
#include <rte_malloc.h>

#define DEVICE "event_dlb_served"
/* Nothing that works takes this long on a busy machine, and nothing that ends cleanly. */
#define PATIENCE_MS 4000
#define BURST 16

static const char *slipway;
static char directory[64], path[96];
static pid_t server;
static uint8_t work_port; /* that events are sent and received on */

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- Servers ---- */

/* Does somebody listen? A socket is there a moment before that. */
static bool
is_served(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool served;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	served = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;
	close(fd);
	return served;
}

static void
server_start(void)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	server = fork();
	if (server == 0) {
		execl(slipway, slipway, "serve", "dlb", path, "--quiet", NULL);
		_exit(127);
	}
	assert_true(server > 0);
	while (!is_served()) {
		assert_true(now_ms() < end);
		poll(NULL, 0, 2);
	}
}

static void
server_end(int sig)
{
	if (server > 0) {
		kill(server, SIGCONT);
		kill(server, sig);
		waitpid(server, NULL, 0);
	}
	server = 0;
}

/* ---- The device ---- */

static int
device_probe(const char *more)
{
	char args[160];

	snprintf(args, sizeof(args), "at=vfu:%s%s", path, more);
	return rte_eal_hotplug_add("vdev", DEVICE, args);
}

static int
device_id(void)
{
	return rte_event_dev_get_dev_id(DEVICE);
}

static void
device_remove(void)
{
	if (device_id() < 0)
		return;
	rte_event_dev_stop(device_id());
	assert_int_equal(rte_event_dev_close(device_id()), 0);
	assert_int_equal(rte_eal_hotplug_remove("vdev", DEVICE), 0);
}

/* A queue, and two ports linked to it, started. */
static void
device_start(void)
{
	struct rte_event_dev_config conf = {
		.event_dev_cfg = RTE_EVENT_DEV_CFG_PER_DEQUEUE_TIMEOUT,
		.nb_event_queues = 1,
		.nb_event_ports = 2,
		.nb_events_limit = 1024,
		.nb_event_queue_flows = 1024,
		.nb_event_port_dequeue_depth = BURST,
		.nb_event_port_enqueue_depth = BURST,
	};
	int id = device_id();
	uint8_t port;

	assert_true(id >= 0);
	assert_int_equal(rte_event_dev_configure(id, &conf), 0);
	assert_int_equal(rte_event_queue_setup(id, 0, NULL), 0);
	for (port = 0; port < 2; port++)
		assert_int_equal(rte_event_port_setup(id, port, NULL), 0);
	assert_int_equal(rte_event_port_link(id, work_port, NULL, NULL, 0), 1);
	assert_int_equal(rte_event_dev_start(id), 0);
}

static unsigned int
send_some(unsigned int n)
{
	struct rte_event ev[BURST] = {{.op = RTE_EVENT_OP_NEW}};
	unsigned int i;

	for (i = 0; i < BURST; i++) {
		ev[i] = ev[0];
		ev[i].sched_type = RTE_SCHED_TYPE_PARALLEL;
		ev[i].u64 = i;
	}
	return rte_event_enqueue_burst(device_id(), work_port, ev, n);
}

static unsigned int
receive_some(void)
{
	struct rte_event ev[BURST];

	return rte_event_dequeue_burst(device_id(), work_port, ev, BURST, 0);
}

static void
pass_events(unsigned int n)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	unsigned int sent = 0, received = 0;

	while (received < n) {
		if (sent < n)
			sent += send_some(RTE_MIN(n - sent, (unsigned int)BURST));
		received += receive_some();
		assert_true(now_ms() < end);
	}
}

/* ---- What was said meanwhile ---- */

static char *said;
static size_t said_len;
static FILE *listener;

static void
listen_begin(void)
{
	listener = open_memstream(&said, &said_len);
	assert_non_null(listener);
	rte_openlog_stream(listener);
}

static unsigned int
listen_end(const char *word)
{
	unsigned int n = 0;
	const char *at;

	rte_openlog_stream(NULL);
	fclose(listener);
	for (at = strstr(said, word); at != NULL; at = strstr(at + 1, word))
		n++;
	if (n == 0)
		print_error("said: %s\n", said);
	free(said);
	return n;
}

/* ---- Cases ---- */

static void
a_socket_that_is_not_there_says_what_to_start(void **state)
{
	(void)state;
	listen_begin();
	assert_true(device_probe("") < 0);
	assert_int_equal(listen_end("`slipway serve`"), 1);
	assert_true(device_id() < 0);
}

static void
what_the_server_has_cannot_be_chosen(void **state)
{
	(void)state;
	server_start();
	listen_begin();
	assert_true(device_probe(",version=2.0") < 0);
	assert_int_equal(listen_end("version=2.0: accepted: 2.5"), 1);
	listen_begin();
	assert_true(device_probe(",step=manual") < 0);
	assert_int_equal(listen_end("step=manual: accepted"), 1);
	assert_int_equal(device_probe(",version=2.5"), 0);
	device_start();
	pass_events(1000);
	device_remove();
	server_end(SIGTERM);
}

static void
one_client_at_a_time(void **state)
{
	char args[160];

	(void)state;
	server_start();
	assert_int_equal(device_probe(""), 0);
	snprintf(args, sizeof(args), "at=vfu:%s", path);
	listen_begin();
	assert_true(rte_eal_hotplug_add("vdev", DEVICE "_too", args) < 0);
	assert_int_equal(listen_end("one client at a time"), 1);
	device_start();
	pass_events(1000);
	device_remove();
	assert_int_equal(device_probe(""), 0);
	device_start();
	pass_events(1000);
	device_remove();
	server_end(SIGTERM);
}

/* Everything there is to call, on a device that is gone: each call ends, and soon. */
static void
expect_a_clean_end(void)
{
	uint64_t begun = now_ms();
	unsigned int i;

	/* More than the rings and the credits take. */
	for (i = 0; i < 4000; i++) {
		send_some(BURST);
		assert_true(receive_some() <= BURST);
	}
	assert_int_equal(send_some(BURST), 0);
	assert_int_equal(rte_errno, ENOSPC);
	assert_int_equal(receive_some(), 0);
	rte_event_port_unlink(device_id(), 0, NULL, 0);
	assert_true(rte_event_port_unlinks_in_progress(device_id(), 0) <= 0);
	rte_event_port_link(device_id(), 0, NULL, NULL, 0);
	rte_event_dev_xstats_by_name_get(device_id(), "dev_rx_ok", NULL);
	rte_event_dev_stop(device_id());
	assert_int_equal(rte_event_dev_start(device_id()), -EIO);
	device_remove();
	assert_true(now_ms() - begun < PATIENCE_MS);
}

static void
a_server_that_is_killed_ends_nothing_but_the_device(void **state)
{
	(void)state;
	server_start();
	assert_int_equal(device_probe(""), 0);
	device_start();
	pass_events(1000);
	send_some(BURST);
	listen_begin();
	server_end(SIGKILL);
	expect_a_clean_end();
	assert_int_equal(listen_end("has closed the connection"), 1);
	/* The next one finds the socket of the last in its way. */
	unlink(path);
	server_start();
	assert_int_equal(device_probe(""), 0);
	device_start();
	pass_events(1000);
	device_remove();
	server_end(SIGTERM);
}

static void
memory_that_comes_later_is_known_to_the_server(void **state)
{
	void *more[8];
	unsigned int i;

	(void)state;
	server_start();
	assert_int_equal(device_probe(""), 0);
	/* With huge pages these are new ones, and what the ports get then may lie in them. */
	for (i = 0; i < RTE_DIM(more); i++)
		more[i] = rte_malloc(NULL, 3 << 20, 0);
	device_start();
	pass_events(1000);
	for (i = 0; i < RTE_DIM(more); i++)
		rte_free(more[i]);
	pass_events(1000);
	device_remove();
	server_end(SIGTERM);
}

/* ---- A secondary process ---- */

#define SECONDARY "secondary"
#define SECONDARY_EVENTS 20000
/* How its exit status tells that it did its work: nothing else ends like this. */
#define SECONDARY_WORKED 77

static int eal_argc;
static char **eal_argv;

static bool
secondary_passes(unsigned int n)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	unsigned int sent = 0, received = 0;

	while (received < n && now_ms() < end) {
		if (sent < n)
			sent += send_some(RTE_MIN(n - sent, (unsigned int)BURST));
		received += receive_some();
	}
	return received == n;
}

/* Nothing is there to receive: the wait is for an interrupt, and ends. */
static bool
secondary_sleeps(void)
{
	struct rte_event ev;
	uint64_t begun = now_ms();
	unsigned int i;

	for (i = 0; i < 10; i++) {
		if (rte_event_dequeue_burst(device_id(), work_port, &ev, 1, 5000000) != 0)
			return false;
	}
	return now_ms() - begun >= 10;
}

static int
secondary_run(void)
{
	work_port = 1;
	if (device_id() < 0 || !secondary_passes(SECONDARY_EVENTS) || !secondary_sleeps() ||
	    !secondary_passes(SECONDARY_EVENTS))
		return 1;
	/* What is not for it is refused. */
	if (rte_event_dev_close(device_id()) != -ENOTSUP)
		return 2;
	return SECONDARY_WORKED;
}

static int
secondary_wait(void)
{
	char *argv[32];
	int i, n = 0, status;
	pid_t pid;

	for (i = 0; i < eal_argc && n < 28; i++)
		argv[n++] = eal_argv[i];
	argv[n++] = "--proc-type=secondary";
	argv[n++] = "--";
	argv[n++] = SECONDARY;
	argv[n] = NULL;
	pid = fork();
	if (pid == 0) {
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
a_secondary_process_uses_a_port_of_its_own(void **state)
{
	(void)state;
	if (!rte_eal_has_hugepages())
		skip();
	server_start();
	assert_int_equal(device_probe(""), 0);
	work_port = 1;
	device_start();
	assert_int_equal(secondary_wait(), SECONDARY_WORKED);
	/* It is gone, and nothing of it is in the way. */
	pass_events(1000);
	device_remove();
	work_port = 0;
	server_end(SIGTERM);
}

static void
a_model_is_not_for_secondary_processes(void **state)
{
	(void)state;
	if (!rte_eal_has_hugepages())
		skip();
	assert_int_equal(rte_eal_hotplug_add("vdev", DEVICE, "at=model"), 0);
	device_start();
	assert_int_equal(secondary_wait(), 1);
	device_remove();
}

static int
after_each(void **state)
{
	(void)state;
	alarm(0);
	server_end(SIGKILL);
	if (device_id() >= 0)
		rte_eal_hotplug_remove("vdev", DEVICE);
	unlink(path);
	return 0;
}

static int
before_each(void **state)
{
	(void)state;
	alarm(30);
	return 0;
}

static int
usage(void)
{
	printf("usage: slipway-test-served EAL-OPTIONS -- SLIPWAY\n"
	       "Devices that another process serves: what becomes of them when that one goes.\n"
	       "SLIPWAY is the command that serves them, such as build/app/slipway.\n");
	return 2;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, before_each, after_each)
		CASE(a_socket_that_is_not_there_says_what_to_start),
		CASE(what_the_server_has_cannot_be_chosen),
		CASE(one_client_at_a_time),
		CASE(a_server_that_is_killed_ends_nothing_but_the_device),
		CASE(memory_that_comes_later_is_known_to_the_server),
		CASE(a_secondary_process_uses_a_port_of_its_own),
		CASE(a_model_is_not_for_secondary_processes),
	};
	int used, failed;

	/* EAL takes what is its own away. */
	for (eal_argc = 0; eal_argc < argc && strcmp(argv[eal_argc], "--") != 0; eal_argc++)
		;
	eal_argv = calloc((size_t)eal_argc + 1, sizeof(*eal_argv));
	if (eal_argv == NULL)
		return 2;
	memcpy(eal_argv, argv, (size_t)eal_argc * sizeof(*eal_argv));
	used = rte_eal_init(argc, argv);
	if (used >= 0 && argc - used == 2 && strcmp(argv[used + 1], SECONDARY) == 0)
		return secondary_run();
	if (used < 0 || argc - used != 2)
		return usage();
	slipway = argv[used + 1];
	snprintf(directory, sizeof(directory), "/tmp/slipway-served.XXXXXX");
	if (mkdtemp(directory) == NULL)
		return 2;
	snprintf(path, sizeof(path), "%s/dlb", directory);
	failed = cmocka_run_group_tests_name("served", tests, NULL, NULL);
	rmdir(directory);
	rte_eal_cleanup();
	return failed != 0;
}
