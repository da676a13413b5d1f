/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Images, from memory and from files; and what is to say about them. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "mic_boot.h"
#include "mic_priv.h"
#include "mic_state.h"

/* The card keeps why, for whoever asks how a boot went. */
#define MIC_REFUSE(mic, ...) mic_dev_log((mic)->dev, RTE_LOG_ERR, __VA_ARGS__)

/* More than a kernel's symbols take. */
#define MAP_MAX (8u << 20)

/* ---- From memory ---- */

static int
check(const struct mic *mic, const struct rte_pmd_mic_firmware *f)
{
	if (f == NULL || f->version != 1) {
		MIC_REFUSE(mic, "firmware: structure of version %u; accepted: 1",
			f != NULL ? f->version : 0);
		return -EINVAL;
	}
	if (f->mode > RTE_PMD_MIC_BOOT_FLASH) {
		MIC_REFUSE(mic, "firmware: mode %u; accepted: 0..%u", f->mode,
			RTE_PMD_MIC_BOOT_FLASH);
		return -EINVAL;
	}
	return 0;
}

static int
load(struct mic *mic, const struct rte_pmd_mic_firmware *f,
     int (*step)(struct mic_dev *dev, const struct mic_image *image))
{
	const struct mic_image image = {
		.image = f->image,
		.image_size = f->image_size,
		.ramdisk = f->ramdisk,
		.ramdisk_size = f->ramdisk_size,
		.cmdline = f->cmdline != NULL ? f->cmdline : mic->conf.cmdline,
		.bare = f->mode != RTE_PMD_MIC_BOOT_LINUX,
	};

	return step(mic->dev, &image);
}

int
mic_load(struct mic *mic, const struct rte_pmd_mic_firmware *f)
{
	int ret = check(mic, f);

	return ret == 0 ? load(mic, f, mic_state_load) : ret;
}

/* ---- From files ---- */

/* First its size and its head, which are enough to refuse it; all of it later. */
struct file {
	const char *what, *path;
	int fd; /* -1: none */
	uint64_t size;
	uint8_t head[MIC_IMAGE_HEAD];
	uint8_t *bytes;
};

static int
read_part(const struct file *file, uint8_t *to, uint64_t len)
{
	uint64_t at = 0;
	ssize_t n = 1;

	/* A file may shrink meanwhile, which would be a signal where it is mapped. */
	while (at < len && n > 0) {
		n = pread(file->fd, to + at, RTE_MIN(len - at, UINT64_C(1) << 30), (off_t)at);
		if (n > 0)
			at += (uint64_t)n;
	}
	if (n < 0)
		return -errno;
	return at == len ? 0 : -ENODATA;
}

static int
look(struct file *file)
{
	struct stat st;

	file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0 || fstat(file->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EISDIR;
	if (st.st_size <= 0)
		return -ENODATA;
	file->size = (uint64_t)st.st_size;
	return read_part(file, file->head, RTE_MIN(file->size, sizeof(file->head)));
}

static int
get(struct file *file)
{
	void *at = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	if (at == MAP_FAILED)
		return -ENOMEM;
	file->bytes = at;
	return read_part(file, file->bytes, file->size);
}

static const char *
reason(int error)
{
	switch (error) {
	case -EISDIR:
		return "it is no regular file";
	case -ENODATA:
		return "it is empty, or got shorter while it was read";
	default:
		return strerror(-error);
	}
}

/* One step for a file, if there is one. */
static int
file_do(const struct mic *mic, struct file *file, int (*step)(struct file *file))
{
	int ret = file->path != NULL && *file->path != '\0' ? step(file) : 0;

	if (ret < 0)
		MIC_REFUSE(mic, "%s %s: %s", file->what, file->path, reason(ret));
	return ret;
}

static void
file_free(struct file *file)
{
	if (file->bytes != NULL)
		munmap(file->bytes, file->size);
	if (file->fd >= 0)
		close(file->fd);
}

/* Section 12.8: the 16 hex digits, a letter between blanks, and the symbol. */
static uint64_t
symbol(const char *map, const char *name)
{
	const char *at = strstr(map, name);
	char digits[17] = "";

	/* `name` begins with the second blank. */
	if (at == NULL || at - map < 18)
		return 0;
	memcpy(digits, at - 18, 16);
	return strtoull(digits, NULL, 16);
}

/* The text of a file, NULL for none. */
static char *
read_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	struct stat st;
	size_t size;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		size = RTE_MIN((size_t)st.st_size, (size_t)MAP_MAX);
		text = calloc(1, size + 1);
		if (text != NULL && read(fd, text, size) < 0)
			text[0] = '\0';
	}
	if (fd >= 0)
		close(fd);
	return text;
}

/* Where the card OS has its log, if a System.map lies beside its image. */
static void
find_log(struct mic *mic, const char *image)
{
	const char *slash = strrchr(image, '/');
	int n = slash != NULL ? (int)(slash - image) + 1 : 0;
	char path[PATH_MAX], *map;

	snprintf(path, sizeof(path), "%.*sSystem.map", n, image);
	map = read_text(path);
	if (map != NULL) {
		mic->log_buf_addr = symbol(map, " __log_buf\n");
		mic->log_buf_len = symbol(map, " log_buf_len\n");
	}
	free(map);
}

/* By their sizes and heads: what cannot be loaded is not read first, large as it may be. */
static int
check_files(struct mic *mic, struct file *image, struct file *ramdisk,
	    struct rte_pmd_mic_firmware *f)
{
	int ret = file_do(mic, image, look);

	if (ret == 0)
		ret = file_do(mic, ramdisk, look);
	f->image = image->head;
	f->image_size = image->size;
	f->ramdisk = ramdisk->size != 0 ? ramdisk->head : NULL;
	f->ramdisk_size = ramdisk->size;
	if (ret == 0)
		ret = check(mic, f);
	return ret == 0 ? load(mic, f, mic_state_may_load) : ret;
}

int
mic_load_files(struct mic *mic, const char *image, const char *ramdisk, const char *cmdline,
	       enum rte_pmd_mic_boot_mode mode)
{
	struct file kernel = {.what = "image", .path = image, .fd = -1};
	struct file disk = {.what = "ramdisk", .path = ramdisk, .fd = -1};
	struct rte_pmd_mic_firmware f = {.version = 1, .cmdline = cmdline, .mode = mode};
	int ret;

	if (image == NULL || *image == '\0') {
		MIC_REFUSE(mic, "no image is named; accepted: the path of a file");
		return -EINVAL;
	}
	ret = check_files(mic, &kernel, &disk, &f);
	if (ret == 0)
		ret = file_do(mic, &kernel, get);
	if (ret == 0)
		ret = file_do(mic, &disk, get);
	f.image = kernel.bytes;
	f.ramdisk = disk.bytes;
	if (ret == 0)
		ret = load(mic, &f, mic_state_load);
	if (ret == 0)
		find_log(mic, image);
	file_free(&kernel);
	file_free(&disk);
	return ret;
}

int
mic_boot_files(struct mic *mic)
{
	struct mic_status status;
	int ret = 0;

	mic_state_status(mic->dev, &status);
	if (!status.loaded && mic->conf.firmware[0] != '\0')
		ret = mic_load_files(mic, mic->conf.firmware, mic->conf.ramdisk, NULL,
				     mic->conf.boot_mode);
	return ret == 0 ? mic_start(mic) : ret;
}

/* ---- What there is to say ---- */

void
mic_fill_status(struct mic *mic, struct rte_pmd_mic_status *s)
{
	struct mic_status status;

	mic_state_status(mic->dev, &status);
	*s = (struct rte_pmd_mic_status){
		.state = (enum rte_pmd_mic_state)status.state,
		.shutdown = (enum rte_pmd_mic_shutdown)status.shutdown,
		.ready = mic_spad2_is_ready(status.spad2),
		.image_loaded = status.loaded,
		.booted_ns = status.booted_ns,
		.online_ns = status.online_ns,
		.boots = (uint32_t)status.boots,
		.resets = (uint32_t)status.resets,
		.reset_failures = (uint32_t)status.reset_failures,
		.crashes = (uint32_t)status.crashes,
		.restarts = (uint32_t)status.restarts,
		.restarts_refused = (uint32_t)status.restarts_refused,
	};
	snprintf(s->state_text, sizeof(s->state_text), "%s",
		 mic_state_name((enum mic_era)mic->conf.era, status.state));
	snprintf(s->shutdown_text, sizeof(s->shutdown_text), "%s",
		 mic_shutdown_name(status.shutdown));
	mic_post_chars(status.post, s->post_code);
}

int
mic_firmware_status_get(struct rte_rawdev *raw, rte_rawdev_obj_t status)
{
	struct mic *mic = mic_of_id(raw->dev_id);
	struct rte_pmd_mic_status *s;

	if (mic == NULL || status == NULL)
		return mic == NULL ? -ENODEV : -EINVAL;
	s = rte_malloc(NULL, sizeof(*s), 0);
	if (s == NULL)
		return -ENOMEM;
	mic_fill_status(mic, s);
	*(struct rte_pmd_mic_status **)status = s;
	return 0;
}

int
mic_firmware_version_get(struct rte_rawdev *raw, rte_rawdev_obj_t version)
{
	struct mic *mic = mic_of_id(raw->dev_id);
	struct rte_pmd_mic_version *v;

	if (mic == NULL || version == NULL)
		return mic == NULL ? -ENODEV : -EINVAL;
	v = rte_zmalloc(NULL, sizeof(*v), 0);
	if (v == NULL)
		return -ENOMEM;
	snprintf(v->stepping, sizeof(v->stepping), "%s", mic_stepping_name(mic->revision));
	v->spad4 = mic_dev_read(mic->dev, MIC_SPAD_AT(4));
	v->spad7 = mic_dev_read(mic->dev, MIC_SPAD_AT(7));
	v->spad13 = mic_dev_read(mic->dev, MIC_SPAD_AT(13));
	mic_dev_page(mic->dev, &v->page_magic);
	v->page_layout = (uint8_t)mic->conf.era;
	*(struct rte_pmd_mic_version **)version = v;
	return 0;
}

int
mic_firmware_load(struct rte_rawdev *raw, rte_rawdev_obj_t firmware)
{
	struct mic *mic = mic_of_id(raw->dev_id);

	return mic != NULL ? mic_load(mic, firmware) : -ENODEV;
}

int
mic_firmware_unload(struct rte_rawdev *raw)
{
	struct mic *mic = mic_of_id(raw->dev_id);
	int ret = mic != NULL ? mic_state_unload(mic->dev) : -ENODEV;

	if (ret == 0)
		raw->started = 0;
	return ret;
}
