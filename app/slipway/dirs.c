/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "slipway.h"

/* ---- Where it is ---- */

static int
base_set(struct dirs *dirs, const char *from, const char *value, const char *below)
{
	int n = snprintf(dirs->base, sizeof(dirs->base), "%s%s", value, below);

	dirs->from = from;
	if (value[0] != '/') {
		complain("%s is '%s': accepted is an absolute path", from, value);
		return -EINVAL;
	}
	if (n > DIRS_PATH_MAX) {
		complain("%s is '%s': a path with sockets in it must not exceed %d characters",
			 from, value, (int)(DIRS_PATH_MAX - strlen(below)));
		return -EINVAL;
	}
	snprintf(dirs->run, sizeof(dirs->run), "%s/run", dirs->base);
	return 0;
}

int
dirs_find(struct dirs *dirs)
{
	const char *own = getenv("SLIPWAY_DIR"), *xdg = getenv("XDG_RUNTIME_DIR");

	memset(dirs, 0, sizeof(*dirs));
	if (own != NULL && own[0] != '\0')
		return base_set(dirs, "SLIPWAY_DIR", own, "");
	if (xdg != NULL && xdg[0] != '\0')
		return base_set(dirs, "XDG_RUNTIME_DIR", xdg, "/slipway");
	if (geteuid() == 0)
		return base_set(dirs, "SLIPWAY_DIR", "/run", "/slipway");
	dirs->private = true;
	snprintf(dirs->base, sizeof(dirs->base), "/tmp/slipway-%u", (unsigned int)geteuid());
	snprintf(dirs->run, sizeof(dirs->run), "%s/run", dirs->base);
	dirs->from = "SLIPWAY_DIR";
	return 0;
}

/* ---- Making and locking ---- */

/* mkdir -p. */
static int
make_path(const char *path)
{
	char part[DIRS_PATH_MAX + 8];
	size_t length = strlen(path);
	int ret;

	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		ret = mkdir(part, 0700) < 0 ? -errno : 0;
		/* Some file systems refuse before they look whether it is there. */
		if (ret < 0 && access(part, F_OK) < 0)
			return ret;
	}
	return 0;
}

/* Where everybody may create files, the directory must be nobody else's. */
static int
check_private(const struct dirs *dirs)
{
	struct stat st;

	if (!dirs->private)
		return 0;
	if (lstat(dirs->base, &st) < 0)
		memset(&st, 0, sizeof(st));
	if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return 0;
	complain("%s is not a directory that only you can use; set SLIPWAY_DIR to one", dirs->base);
	return -EPERM;
}

static int
not_writable(const struct dirs *dirs, const char *path, int ret)
{
	complain("cannot write to %s: %s; set %s to a directory that you can write to", path,
		 strerror(-ret), dirs->from);
	return ret;
}

/* Make base; `path` is what somebody wants to write to. */
static int
make_base(struct dirs *dirs, const char *path)
{
	int ret;

	if (access(dirs->base, F_OK) < 0)
		dirs->made_base = true;
	ret = make_path(dirs->base);
	return ret < 0 ? not_writable(dirs, path, ret) : check_private(dirs);
}

static int
make_directories(struct dirs *dirs)
{
	int ret = make_base(dirs, dirs->run);

	if (ret < 0)
		return ret;
	if (mkdir(dirs->run, 0700) < 0 && errno != EEXIST)
		ret = -errno;
	if (ret == 0 && access(dirs->run, W_OK | X_OK) < 0)
		ret = -errno;
	return ret < 0 ? not_writable(dirs, dirs->run, ret) : 0;
}

int
dirs_make(struct dirs *dirs)
{
	int ret = make_base(dirs, dirs->base);

	if (ret == 0 && access(dirs->base, W_OK | X_OK) < 0)
		ret = not_writable(dirs, dirs->base, -errno);
	return ret;
}

void
dirs_unmake(const struct dirs *dirs)
{
	/* Stays where something is in it. */
	if (dirs->made_base)
		rmdir(dirs->base);
}

int
dirs_enter(struct dirs *dirs)
{
	struct stat st;
	int fd, ret;

	for (;;) {
		ret = make_directories(dirs);
		if (ret < 0)
			return ret;
		fd = open(dirs->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0)
			return fd;
		/* Whoever had the lock may have removed it: begin again. */
		ret = -errno;
		if (fd >= 0)
			close(fd);
		else if (ret != -ENOENT)
			break;
	}
	complain("cannot open %s: %s", dirs->run, strerror(-ret));
	return ret;
}

void
dirs_leave(const struct dirs *dirs, int lock)
{
	/* Both stay where something is in them. */
	if (rmdir(dirs->run) == 0)
		dirs_unmake(dirs);
	close(lock);
}

/* ---- Cleaning up ---- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	/* What cannot be removed stays, and the next sweep tries again. */
	remove(path);
	return 0;
}

void
dirs_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

bool
dirs_is_control(const char *name)
{
	size_t pid = strspn(name, "0123456789"), n;

	if (pid == 0 || name[pid] != '.')
		return false;
	n = strspn(name + pid + 1, "0123456789");
	return n > 0 && strcmp(name + pid + 1 + n, ".ctl") == 0;
}

/* "PID", or "PID-N" where pid namespaces share a directory. */
static bool
is_tree(const char *name)
{
	return strspn(name, "0123456789") > 0 && name[strspn(name, "0123456789-")] == '\0';
}

/* A tree is alive as long as somebody holds its lock. A pid says less: it may have a new owner. */
static void
sweep_tree(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		dirs_remove(path);
	close(fd);
}

/* Nobody listens and the process is gone. One that lives may be about to listen. */
static void
sweep_control(const char *path, const char *name)
{
	int fd;

	if (kill(atoi(name), 0) == 0 || errno != ESRCH)
		return;
	fd = dirs_connect(path, SOCK_STREAM);
	if (fd >= 0)
		close(fd);
	else if (fd == -ECONNREFUSED)
		unlink(path);
}

void
dirs_sweep(const struct dirs *dirs)
{
	char path[DIRS_PATH_MAX + 8 + NAME_MAX + 2];
	struct dirent *entry;
	DIR *dir = opendir(dirs->run);

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dirs->run, entry->d_name);
		if (dirs_is_control(entry->d_name))
			sweep_control(path, entry->d_name);
		else if (is_tree(entry->d_name))
			sweep_tree(path);
	}
	closedir(dir);
}

int
dirs_connect(const char *path, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, ret;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}
