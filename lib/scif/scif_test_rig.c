/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_test_rig.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scif_path.h"

struct rig rig_node;
static volatile sig_atomic_t ended;

static void
end(int number)
{
	(void)number;
	ended = 1;
}

static void
log_line(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "engine: %s\n", line);
}

static int
serve(const struct rig *rig, const struct scif_engine_config *config, int ready)
{
	struct scif_host_config hc = {.log = log_line};
	struct scif_host *host;
	char byte = 0;

	if (config != NULL)
		hc.engine = *config;
	hc.engine.node = rig->node;
	hc.engine.page_poll_ms = 20;
	hc.joins = rig->joins;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, end);
	if (scif_host_create(&hc, &host) < 0)
		return 1;
	if (write(ready, &byte, 1) != 1)
		return 1;
	close(ready);
	while (!ended)
		scif_host_serve(host, 50);
	scif_host_destroy(host);
	return 0;
}

int
rig_again(struct rig *rig, const struct scif_engine_config *config)
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		return -errno;
	fflush(NULL);
	rig->pid = fork();
	if (rig->pid == 0) {
		close(ready[0]);
		/* exit, not _exit: so that leaks are looked for. */
		exit(serve(rig, config, ready[1]));
	}
	close(ready[1]);
	if (rig->pid < 0 || read(ready[0], &byte, 1) != 1) {
		close(ready[0]);
		return -EIO;
	}
	close(ready[0]);
	return 0;
}

int
rig_place(struct rig *rig)
{
	*rig = (struct rig){.dir = "/tmp/slipway-scif-XXXXXX"};
	if (mkdtemp(rig->dir) == NULL)
		return -errno;
	return setenv("SLIPWAY_DIR", rig->dir, 1);
}

int
rig_begin(struct rig *rig, const struct scif_engine_config *config)
{
	int ret = rig_place(rig);

	return ret < 0 ? ret : rig_again(rig, config);
}

int
rig_join(struct rig *rig, const struct rig *first, uint16_t node)
{
	*rig = *first;
	rig->node = node;
	rig->joins = true;
	return rig_again(rig, NULL);
}

void
rig_clean(const struct rig *rig)
{
	static const char *const suffix[] = {"sock", "link", "ctl", "lock"};
	char path[SCIF_PATH_MAX];

	for (unsigned int i = 0; i < 4; i++)
		if (scif_path(path, rig->node, suffix[i]) == 0)
			unlink(path);
	snprintf(path, sizeof(path), "%s/scif", rig->dir);
	rmdir(path);
	rmdir(rig->dir);
}

int
rig_end(struct rig *rig)
{
	int status;

	kill(rig->pid, SIGTERM);
	if (waitpid(rig->pid, &status, 0) != rig->pid)
		return -errno;
	rig_clean(rig);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

void
rig_kill(struct rig *rig)
{
	int status;

	kill(rig->pid, SIGKILL);
	waitpid(rig->pid, &status, 0);
}

int
rig_setup(void **state)
{
	(void)state;
	return rig_begin(&rig_node, NULL);
}

int
rig_teardown(void **state)
{
	(void)state;
	return rig_end(&rig_node);
}

int
rig_hurry(void **state)
{
	(void)state;
	alarm(RIG_PATIENCE_S);
	return 0;
}

int
rig_fresh(void **state)
{
	return rig_hurry(state) != 0 || rig_setup(state) != 0;
}

/* ., .. and the one that looks are among them, each time. */
unsigned int
rig_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n;
}
