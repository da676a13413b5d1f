/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway run: shows modelled devices to a program, in place of the kernel, for as long as it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dirs.h"
#include "run_at.h"
#include "slipway.h"
#include "tree.h"

#define SHIM "libslipway_preload.so"

static const char help[] =
	"NAME\n"
	"       slipway run - run a program that sees modelled PCI devices\n"
	"\n"
	"SYNOPSIS\n"
	"       slipway run [--device MODEL[,version=V][,wqs=N]]... [--at SOCKET]...\n"
	"               [--trace FILE] [--] COMMAND [ARG...]\n"
	"\n"
	"DESCRIPTION\n"
	"       Runs COMMAND. When it, or a program that it starts, looks for PCI devices through\n"
	"       VFIO as DPDK does, it finds the modelled ones beside those of the machine. The\n"
	"       models live in the program's own process, or in that of slipway serve. Neither\n"
	"       root nor huge pages are needed; without the latter DPDK programs want --no-huge.\n"
	"       x86-64 only.\n"
	"\n"
	"       The first line on stderr names the devices and their PCI addresses: 0000:7e:00.0\n"
	"       and on, passing over addresses of real devices.\n"
	"\n"
	"       SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are passed on to COMMAND.\n"
	"       When slipway is killed by SIGKILL, so is COMMAND.\n"
	"\n"
	"OPTIONS\n"
	"       --device MODEL[,version=V][,wqs=N]\n"
	"              A device, 1 to 16 of them. MODEL is dlb, of version 2.0 or 2.5 (2.5 if not\n"
	"              said), or dsa, of version 1.0 or 2.0 (1.0) and with 1 to 64 work queues\n"
	"              (8). Default, without --at: one device, dlb.\n"
	"              dsa,kernel is a device that the kernel's idxd has: queues in /dev/dsa,\n"
	"              attributes in /sys/bus/dsa. kernel=dedicated, as without a word, and\n"
	"              kernel=shared: divided and enabled for programs; kernel=bare: for the\n"
	"              program to configure, as by accel-config. With rawio=no portals cannot be\n"
	"              mapped and descriptors go by write().\n"
	"       --at SOCKET\n"
	"              A device that slipway serve, or another vfio-user server, has at SOCKET.\n"
	"              A name without a slash is looked for in the directory of running devices.\n"
	"              A server takes one client at a time: the process that opens the device.\n"
	"       --trace FILE\n"
	"              Write every access to the devices, and of them, to FILE.\n"
	"       --help\n"
	"              This text.\n"
	"\n"
	"ENVIRONMENT\n"
	"       SLIPWAY_DIR, XDG_RUNTIME_DIR: see slipway --help.\n"
	"       LD_PRELOAD is kept, after the library that slipway adds.\n"
	"\n"
	"EXIT STATUS\n"
	"       That of COMMAND; when a signal ended it, the same signal ends slipway.\n"
	"       2    an argument is not accepted\n"
	"       125  the devices could not be set up\n"
	"       126  COMMAND cannot be run\n"
	"       127  COMMAND was not found\n"
	"\n"
	"EXAMPLES\n"
	"       slipway run -- dpdk-test-eventdev --no-huge -m 512 --lcores '(0-2)@(0-1)' \\\n"
	"               -a 0000:7e:00.0 -- --test=perf_queue --plcores=1 --wlcores=2 --stlist=a\n"
	"       slipway run --device dlb --device dlb,version=2.0 -- sh\n"
	"       DPDK_TEST=dmadev_autotest slipway run --device dsa -- dpdk-test --no-huge \\\n"
	"               -m 512 --iova-mode=va -a 0000:7e:00.0\n"
	"       slipway run --device dsa,kernel=shared -- accel-config list\n"
	"       slipway run --at /run/slipway/dlb -- dpdk-test-eventdev ...\n";

struct run {
	struct tree_device device[TREE_DEVICES];
	unsigned int count;
	const char *trace; /* as given, NULL for none */
	char trace_path[PATH_MAX];
	char shim[PATH_MAX];
	struct dirs dirs;
	struct tree tree;
	sigset_t signals;      /* those that are waited for */
	sigset_t mask;         /* as it was when we were started, */
	struct sigaction chld; /* and what the program is started with */
};

/* ---- Arguments ---- */

static int
refuse_model_option(const struct model *model, const char *option)
{
	complain("--device %s: '%s' is not accepted, only version=%s or version=%s%s, once",
		 model->name, option, model->version[0].name, model->version[1].name,
		 model->wqs_max != 0 ? ", wqs=1 to wqs=64, kernel=dedicated, kernel=shared, "
				       "kernel=bare and after that rawio=no"
				     : "");
	return -EINVAL;
}

static int
parse_version(struct tree_device *device, const char *text)
{
	const struct model *model = device->model;
	int version = model_version(model, text);

	if (version < 0) {
		complain("--device %s: version '%s' is not accepted, only %s and %s", model->name,
			 text, model->version[0].name, model->version[1].name);
		return -EINVAL;
	}
	device->version = (unsigned int)version;
	return 0;
}

static int
parse_wqs(struct tree_device *device, const char *text)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || number < 1 ||
	    number > device->model->wqs_max) {
		complain("--device %s: wqs=%s is not accepted, only 1 to %u", device->model->name,
			 text, device->model->wqs_max);
		return -EINVAL;
	}
	device->wqs = (unsigned int)number;
	return 0;
}

/* What is the kernel's is divided, unless its division is for the program to make. */
static int
parse_kernel(struct tree_device *device, const char *text)
{
	static const struct {
		const char *text;
		enum tree_owner kernel;
	} owners[] = {
		{"", TREE_KERNEL_DEDICATED},
		{"=dedicated", TREE_KERNEL_DEDICATED},
		{"=shared", TREE_KERNEL_SHARED},
		{"=bare", TREE_KERNEL_BARE},
	};

	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
		if (strcmp(text, owners[i].text) == 0) {
			device->kernel = owners[i].kernel;
			return 0;
		}
	complain("--device %s: kernel%s is not accepted, only kernel=dedicated, kernel=shared and "
		 "kernel=bare",
		 device->model->name, text);
	return -EINVAL;
}

/* "dlb" or "dsa,version=2.0,wqs=4"; `text` is taken apart. */
static int
parse_model(char *text, struct tree_device *device)
{
	const char *name = strsep(&text, ","), *option;
	bool version = false;
	int ret = 0;

	*device = (struct tree_device){.model = model_find(name)};
	if (device->model == NULL || device->model->version[0].pci_id == 0) {
		complain("--device '%s': there are only the models " MODEL_NAMES, name);
		return -EINVAL;
	}
	device->version = device->model->standard;
	while (ret == 0 && (option = strsep(&text, ",")) != NULL) {
		if (strncmp(option, "version=", 8) == 0 && !version) {
			ret = parse_version(device, option + 8);
			version = true;
		} else if (strncmp(option, "wqs=", 4) == 0 && device->wqs == 0 &&
			   device->model->wqs_max != 0) {
			ret = parse_wqs(device, option + 4);
		} else if (strncmp(option, "kernel", 6) == 0 && device->kernel == TREE_VFIO &&
			   device->model->wqs_max != 0) {
			ret = parse_kernel(device, option + 6);
		} else if (strcmp(option, "rawio=no") == 0 && device->kernel != TREE_VFIO) {
			device->no_rawio = true;
		} else {
			ret = refuse_model_option(device->model, option);
		}
	}
	return ret;
}

static int
check_room(const struct run *run, const char *option, const char *text)
{
	if (run->count < TREE_DEVICES)
		return 0;
	complain("%s %s: accepted are 1 to %d devices", option, text, TREE_DEVICES);
	return -EINVAL;
}

static int
add_device(struct run *run, const char *text)
{
	char *copy;
	int ret;

	if (check_room(run, "--device", text) < 0)
		return -EINVAL;
	copy = strdup(text);
	if (copy == NULL) {
		complain("%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	ret = parse_model(copy, &run->device[run->count]);
	if (ret == 0)
		run->count++;
	free(copy);
	return ret;
}

/* What it is, is asked when all arguments are known to be good. */
static int
add_served(struct run *run, const char *socket)
{
	if (check_room(run, "--at", socket) < 0)
		return -EINVAL;
	run->device[run->count++].at = socket;
	return 0;
}

/* 0, or a status to exit with; -1 after --help. The command begins at optind. */
static int
parse_arguments(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		{"device", required_argument, NULL, 'd'},
		{"at", required_argument, NULL, 'a'},
		{"trace", required_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	char standard[] = "dlb";
	int opt;

	while ((opt = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		switch (opt) {
		case 'd':
			if (add_device(run, optarg) < 0)
				return EXIT_USAGE;
			break;
		case 'a':
			if (add_served(run, optarg) < 0)
				return EXIT_USAGE;
			break;
		case 't':
			run->trace = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return -1;
		default:
			return refuse_option("run", argv, opt);
		}
	}
	if (optind == argc) {
		complain("run: no command to run; see slipway run --help");
		return EXIT_USAGE;
	}
	return run->count > 0 || add_device(run, standard) == 0 ? 0 : EXIT_USAGE;
}

/* ---- What the program needs ---- */

/* Beside this program, as built; else where it is installed. */
static int
find_shim(struct run *run)
{
	char self[PATH_MAX - sizeof(SHIM)], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL)
		*slash = '\0';
	snprintf(run->shim, sizeof(run->shim), "%s/%s", self, SHIM);
	if (access(run->shim, R_OK) < 0)
		snprintf(run->shim, sizeof(run->shim), "%s/%s", SLIPWAY_LIBDIR, SHIM);
	if (access(run->shim, R_OK) < 0) {
		complain("there is no %s in %s and none in %s", SHIM, self, SLIPWAY_LIBDIR);
		return -ENOENT;
	}
	/* The dynamic linker takes these for the end of a name. */
	if (strpbrk(run->shim, ": ") != NULL) {
		complain("%s: a library whose path has a space or a colon cannot be preloaded",
			 run->shim);
		return -EINVAL;
	}
	return 0;
}

/* The program may have another working directory, and several processes append. */
static int
begin_trace(struct run *run)
{
	int fd;

	if (run->trace == NULL)
		return 0;
	fd = open(run->trace, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0 || realpath(run->trace, run->trace_path) == NULL) {
		complain("--trace %s: %s", run->trace, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -EINVAL;
	}
	close(fd);
	return 0;
}

static int
set_up(struct run *run)
{
	int lock, ret;

	ret = find_shim(run);
	for (unsigned int i = 0; i < run->count && ret == 0; i++)
		if (run->device[i].at != NULL)
			ret = run_at(&run->device[i]);
	if (ret == 0)
		ret = dirs_find(&run->dirs);
	if (ret == 0)
		ret = begin_trace(run);
	if (ret < 0)
		return ret;
	lock = dirs_enter(&run->dirs);
	if (lock < 0)
		return lock;
	dirs_sweep(&run->dirs);
	ret = tree_create(&run->tree, &run->dirs, run->device, run->count);
	/* A tree is in it now, so this keeps it, or there was an error. */
	dirs_leave(&run->dirs, lock);
	return ret;
}

static void
tear_down(struct run *run)
{
	int lock = dirs_enter(&run->dirs);

	tree_destroy(&run->tree);
	if (lock < 0)
		return;
	dirs_sweep(&run->dirs);
	dirs_leave(&run->dirs, lock);
}

static const char *
version_name(const struct tree_device *device)
{
	return device->model->version[device->version].name;
}

static void
announce(const struct run *run)
{
	fputs("slipway: ", stderr);
	for (unsigned int i = 0; i < run->count; i++)
		fprintf(stderr, "%s%s%s %s%s%s at %s", i > 0 ? ", " : "",
			run->device[i].kernel != TREE_VFIO ? "the kernel's " : "",
			run->device[i].model->name,
			version_name(&run->device[i]), run->device[i].at != NULL ? " of " : "",
			run->device[i].at != NULL ? run->device[i].at : "",
			run->device[i].address);
	fputc('\n', stderr);
}

/* ---- The program ---- */

static int
set_preload(const struct run *run)
{
	const char *others = getenv("LD_PRELOAD");
	char *value;
	int ret;

	if (others == NULL || others[0] == '\0')
		return setenv("LD_PRELOAD", run->shim, 1);
	if (asprintf(&value, "%s:%s", run->shim, others) < 0)
		return -1;
	ret = setenv("LD_PRELOAD", value, 1);
	free(value);
	return ret;
}

static int
set_devices(const struct run *run)
{
	char text[TREE_DEVICES * (64 + RUN_AT_MAX)];
	size_t at = 0;

	for (unsigned int i = 0; i < run->count; i++) {
		const struct tree_device *device = &run->device[i];

		at += snprintf(text + at, sizeof(text) - at, "%s%s %d %s,version=%s%s%s",
			       i > 0 ? ";" : "", device->address, device->group,
			       device->model->name, version_name(device),
			       device->at != NULL ? ",at=" : "",
			       device->at != NULL ? device->at : "");
		if (device->wqs != 0 && device->at == NULL)
			at += snprintf(text + at, sizeof(text) - at, ",wqs=%u", device->wqs);
		if (device->kernel != TREE_VFIO)
			at += snprintf(text + at, sizeof(text) - at, ",kernel%s",
				       device->no_rawio ? "=norawio" : "");
	}
	return setenv("SLIPWAY_DEVICES", text, 1);
}

/* What the shim carries out for a CPU that has not got it, as far as the devices take commands by
 * nothing else.
 */
static const char *
emulated(const struct run *run)
{
	const char *features = NULL;

	for (unsigned int i = 0; i < run->count; i++) {
		if (run->device[i].kernel != TREE_VFIO)
			return "+movdir64b,+enqcmd";
		if (run->device[i].model->wqs != 0)
			features = "+movdir64b";
	}
	return features;
}

/* What is said beside counts. */
static int
set_cpu(const struct run *run)
{
	const char *features = emulated(run), *given = getenv("SLIPWAY_CPU");
	char *value;
	int ret;

	if (features == NULL)
		return 0;
	if (given == NULL)
		return setenv("SLIPWAY_CPU", features, 1);
	if (asprintf(&value, "%s,%s", features, given) < 0)
		return -1;
	ret = setenv("SLIPWAY_CPU", value, 1);
	free(value);
	return ret;
}

static int
set_environment(const struct run *run)
{
	char devices[sizeof(run->tree.path) + 16];

	snprintf(devices, sizeof(devices), "%s/devices", run->tree.path);
	if (setenv("SYSFS_PCI_DEVICES", devices, 1) < 0 ||
	    setenv("SLIPWAY_RUN_DIR", run->dirs.run, 1) < 0 || set_devices(run) < 0)
		return -1;
	if (setenv("SLIPWAY_KERNEL_DIR", run->tree.path, 1) < 0 || set_cpu(run) < 0)
		return -1;
	if (run->trace == NULL)
		unsetenv("SLIPWAY_TRACE");
	else if (setenv("SLIPWAY_TRACE", run->trace_path, 1) < 0)
		return -1;
	return set_preload(run);
}

static void
child(const struct run *run, pid_t parent, char **argv)
{
	/* SIGKILL cannot be passed on by the one who gets it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_NOT_RUN);
	if (set_environment(run) < 0) {
		complain("%s", strerror(errno));
		_exit(EXIT_NOT_RUN);
	}
	sigaction(SIGCHLD, &run->chld, NULL);
	sigprocmask(SIG_SETMASK, &run->mask, NULL);
	execvp(argv[0], argv);
	complain("%s: %s", argv[0], strerror(errno));
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

/* Wait for the program's end, passing signals on: its status as waitpid has it. */
static int
attend(pid_t pid, const sigset_t *signals)
{
	siginfo_t info;
	pid_t ended;
	int status;

	for (;;) {
		if (sigwaitinfo(signals, &info) < 0)
			continue;
		/* What the terminal sends, it sends to the program, too. */
		if (info.si_signo != SIGCHLD && info.si_code <= 0)
			kill(pid, info.si_signo);
		/* As process 1 of a container we inherit others, too. */
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			if (ended == pid)
				return status;
	}
}

/* From here on a signal waits until somebody attends to it, so that none leaves a tree behind. */
static void
hold_signals(struct run *run)
{
	static const int passed_on[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
	struct sigaction standard = {.sa_handler = SIG_DFL};

	sigemptyset(&run->signals);
	sigaddset(&run->signals, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&run->signals, passed_on[i]);
	/* Were it ignored, there would be no status to wait for. */
	sigaction(SIGCHLD, &standard, &run->chld);
	sigprocmask(SIG_BLOCK, &run->signals, &run->mask);
}

/* Run it: its status as waitpid has it, or -1. */
static int
run_program(const struct run *run, char **argv)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		child(run, parent, argv);
	if (pid < 0) {
		complain("cannot start a process: %s", strerror(errno));
		return -1;
	}
	return attend(pid, &run->signals);
}

/* End as the program did, so that a shell sees the same. */
static int
end_like(int status)
{
	struct rlimit no_core = {0, 0};
	sigset_t all;
	int sig;

	if (status < 0)
		return EXIT_NOT_RUN;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	sig = WTERMSIG(status);
	/* The core that there may be is the program's. */
	setrlimit(RLIMIT_CORE, &no_core);
	signal(sig, SIG_DFL);
	raise(sig);
	sigemptyset(&all);
	sigaddset(&all, sig);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	/* Signals do not end process 1 of a container. */
	return 128 + sig;
}

int
run_command(int argc, char **argv)
{
	static struct run run;
	int ret, status;

	ret = parse_arguments(&run, argc, argv);
	if (ret != 0)
		return ret < 0 ? EXIT_DONE : ret;
#ifndef __x86_64__
	complain("run: this needs an x86-64 machine");
	return EXIT_NOT_RUN;
#endif
	hold_signals(&run);
	if (set_up(&run) < 0)
		return EXIT_NOT_RUN;
	announce(&run);
	status = run_program(&run, argv + optind);
	tear_down(&run);
	return end_like(status);
}
