/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_dev.h>

#include "test.h"

/* A card that is known by its name: this process owns it, and answers at its owner.ctl. */

static char reply[70000];

static bool
is_owner(void)
{
	return strcmp(dev.info.reach, "card") == 0;
}

static void
ask(const char *request)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t n;

	assert_true(fd >= 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "%.80s/owner.ctl", dev_card_directory());
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	do {
		n = read(fd, reply + len, sizeof(reply) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && reply[len - 1] != '\n');
	reply[len] = '\0';
	close(fd);
}

static void
expect(const char *request, const char *words)
{
	ask(request);
	if (strstr(reply, words) == NULL)
		fail_msg("%s: no %s in %s", request, words, reply);
}

static void
wait_for(const char *words)
{
	unsigned int i;

	for (i = 0; i < PATIENCE_MS; i++) {
		ask("status\n");
		if (strstr(reply, words) != NULL)
			return;
		usleep(1000);
	}
	fail_msg("no %s in %s", words, reply);
}

static void
make_image(char path[64])
{
	int fd;

	strcpy(path, "/tmp/mic-owner-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, image(), IMAGE_BYTES), IMAGE_BYTES);
	close(fd);
}

static void
the_owner_boots_and_stops_it_for_others(void)
{
	char path[64], request[256];

	if (!is_owner())
		return;
	make_image(path);
	expect("status\n", "\"state\":\"ready\"");
	expect("status\n", "\"last_error\":\"\"");
	snprintf(request, sizeof(request), "\"pid\":%d,", (int)getpid());
	expect("status\n", request);
	snprintf(request, sizeof(request), "boot {\"image\":\"%s\",\"cmdline\":\"by=owner\"}\n",
		 path);
	expect(request, "{\"begun\":\"boot\"}");
	wait_for("\"state\":\"online\"");
	wait_up(dev.id);
	wait_for("\"job\":\"\"");
	expect("smpt\n", "\"table\":[[0,");
	expect("wait\n", "\"online\":");
	/* For the raw device API it is started, too. */
	assert_int_equal(rte_rawdev_close(dev.id), -EBUSY);
	expect("stop\n", "{\"begun\":\"stop\"}");
	wait_for("\"state\":\"ready\"");
	wait_for("\"job\":\"\"");
	expect("reset\n", "{\"begun\":\"reset\"}");
	wait_for("\"job\":\"\"");
	expect("status\n", "\"last_error\":\"\"");
	remove(path);
}

static void
the_owner_tells_what_goes_wrong(void)
{
	if (!is_owner())
		return;
	expect("boot {\"image\":\"/nowhere/image\"}\n", "begun");
	wait_for("\"job\":\"\"");
	expect("status\n", "\"last_error\":\"boot: image /nowhere/image: No such file");
	expect("boot\n", "error");
	expect("boot {}\n", "error");
	expect("boot {\"image\":1}\n", "error");
	expect("boot {\"image\":\"x\",\"mode\":\"warp\"}\n", "error");
	expect("boot {\"image\":\"x\",\"and\":\"more\"}\n", "error");
	expect("boot [1,2\n", "error");
	expect("log\n", "error");
	expect("nonsense\n", "error");
	expect("\n", "error");
	expect("status\n", "\"state\":\"ready\"");
}

static void
the_owner_does_one_thing_at_a_time(void)
{
	if (!is_owner())
		return;
	expect("reset\n", "begun");
	expect("stop\n", "reset is under way");
	wait_for("\"job\":\"\"");
}

static void
a_second_owner_is_refused_by_name_of_the_first(void)
{
	char words[64], args[128], *said;

	if (!is_owner())
		return;
	snprintf(args, sizeof(args), "%s", strstr(dev.args, "card="));
	args[strcspn(args, ",")] = '\0';
	log_begin();
	assert_int_not_equal(other_try(args), 0);
	said = log_end();
	snprintf(words, sizeof(words), "process %d drives it; accepted: one owner", (int)getpid());
	if (lines_with(said, words) != 1)
		fail_msg("%s", said);
	free(said);
	/* The first one still does. */
	boot(dev.id);
}

static void
an_owner_that_lets_go_leaves_nothing_behind(void)
{
	char path[128];

	if (!is_owner())
		return;
	snprintf(path, sizeof(path), "%.100s/owner.ctl", dev_card_directory());
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(rte_eal_hotplug_remove(dev.bus, dev.name), 0);
	assert_int_equal(access(path, F_OK), -1);
	dev_probe_again();
	boot(dev.id);
}

static const struct test_case cases[] = {
	TEST_CASE(the_owner_boots_and_stops_it_for_others),
	TEST_CASE(the_owner_tells_what_goes_wrong),
	TEST_CASE(the_owner_does_one_thing_at_a_time),
	TEST_CASE(a_second_owner_is_refused_by_name_of_the_first),
	TEST_CASE(an_owner_that_lets_go_leaves_nothing_behind),
};

TEST_GROUP(owner, cases);
