/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "client_convert.h"
#include "scif.h"

/* Private memory becomes shared memory with the same contents, at the same place:
 *
 *   write-protect the range     another thread that writes there waits from now on; what it wrote
 *                               before is in memory
 *   copy it to shared memory
 *   put that in its place       in one step: no access finds a hole
 *   let the others go on        they write into the shared memory
 *
 * The kernel protects (userfaultfd), for accesses of system calls too where it allows that to this
 * user. Where it does not, only a process with a single thread converts, as there is nobody else.
 * A device, or a kernel, that was given the memory before (O_DIRECT under way, buffers registered
 * with io_uring) goes on with the old pages.
 */

#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

/* Pages of the heap are whole pages: what an allocator has in them besides is moved, too. */
#define ANY_MEMORY __attribute__((no_sanitize_address))

/* Nearer to the stack pointer is what the conversion itself uses. */
#define STACK_NEAR 65536u

/* ---- Keeping other threads off ---- */

static int
guard_open(uint64_t features, uint64_t *offered)
{
	struct uffdio_api api = {.api = UFFD_API, .features = features};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, UFFDIO_API, &api) < 0) {
		close(fd);
		return -ENOTSUP;
	}
	*offered = api.features;
	return fd;
}

static int
protect(int fd, uintptr_t start, size_t size, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = {start, size},
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};
	int ret;

	do
		ret = ioctl(fd, UFFDIO_WRITEPROTECT, &wp);
	while (ret < 0 && errno == EAGAIN);
	return ret < 0 ? -errno : 0;
}

/* What was never written is protected only once it is there, on older kernels. */
ANY_MEMORY static void
touch(uintptr_t start, size_t size)
{
	for (size_t at = 0; at < size; at += CLIENT_PAGE)
		(void)*(const volatile char *)(start + at);
}

/* A guard over the range: its descriptor, or a negative errno. */
static int
guard(uintptr_t start, size_t size)
{
	struct uffdio_register reg = {
		.range = {start, size},
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	uint64_t offered = 0, wanted;
	int fd = guard_open(0, &offered);

	if (fd < 0)
		return fd;
	close(fd);
	wanted = offered & (UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM |
			    UFFD_FEATURE_WP_UNPOPULATED);
	if ((wanted & UFFD_FEATURE_PAGEFAULT_FLAG_WP) == 0)
		return -ENOTSUP;
	fd = guard_open(wanted, &offered);
	if (fd < 0)
		return fd;
	if ((wanted & UFFD_FEATURE_WP_UNPOPULATED) == 0)
		touch(start, size);
	if (ioctl(fd, UFFDIO_REGISTER, &reg) < 0) {
		close(fd);
		return -ENOTSUP;
	}
	return fd;
}

bool
client_is_alone(void)
{
	struct stat st;

	/* ., .., and one for each thread. */
	return stat("/proc/self/task", &st) == 0 && st.st_nlink == 3;
}

/* ---- Moving ---- */

ANY_MEMORY static bool
is_zero(const uint64_t *page)
{
	for (unsigned int i = 0; i < CLIENT_PAGE / 8; i += 8)
		if ((page[i] | page[i + 1] | page[i + 2] | page[i + 3] | page[i + 4] | page[i + 5] |
		     page[i + 6] | page[i + 7]) != 0)
			return false;
	return true;
}

ANY_MEMORY static void
copy_page(char *to, const char *from)
{
#if defined(__x86_64__)
	size_t n = CLIENT_PAGE;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
#else
	/* Volatile: a loop that is made a call of memcpy is what sanitizers look into. */
	volatile uint64_t *word = (volatile uint64_t *)(void *)to;
	const uint64_t *there = (const uint64_t *)(const void *)from;

	for (size_t i = 0; i < CLIENT_PAGE / sizeof(*word); i++)
		word[i] = there[i];
#endif
}

/* Pages of zeros are left out: shared memory begins as such. */
void
client_copy_pages(char *to, const char *from, size_t size)
{
	for (size_t at = 0; at < size; at += CLIENT_PAGE)
		if (!is_zero((const void *)(from + at)))
			copy_page(to + at, from + at);
}

static void
restore_prot(const struct client_area areas[], uint32_t count, uintptr_t start, size_t size,
	     uint32_t prot)
{
	for (uint32_t i = 0; i < count; i++) {
		uintptr_t from = areas[i].start > start ? areas[i].start : start;
		uintptr_t end = areas[i].end < start + size ? areas[i].end : start + size;

		if (areas[i].prot != prot)
			mprotect((void *)from, end - from, (int)areas[i].prot);
	}
}

/* Nothing here but system calls and the copy: whatever else might be waiting for a thread that
 * waits for this. No signal handler may write to the range on this thread, either.
 */
static int
move(int guard_fd, uintptr_t start, size_t size, char *shared, const struct client_area areas[],
     uint32_t count, uint32_t prot)
{
	sigset_t every, before;
	int ret = 0;

	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	if (guard_fd >= 0)
		ret = protect(guard_fd, start, size, true);
	if (ret == 0) {
		client_copy_pages(shared, (const char *)start, size);
		if (mremap(shared, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)start) ==
		    MAP_FAILED)
			ret = -errno;
	}
	if (ret == 0)
		restore_prot(areas, count, start, size, prot);
	else if (guard_fd >= 0)
		protect(guard_fd, start, size, false);
	/* Who waits, looks again. */
	if (guard_fd >= 0)
		close(guard_fd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

/* Others may read it where a window lets them, and write only by our descriptor. */
int
client_shared_memory(size_t size)
{
	int fd = memfd_create(CLIENT_MEMFD_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING), ret;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) == 0 && fchmod(fd, 0644) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

static int
areas_of(uintptr_t start, size_t size, struct client_area **areas, uint32_t *count)
{
	struct client_area *list = NULL, *more;

	*count = 0;
	for (uintptr_t at = start; at < start + size; at = list[*count - 1].end) {
		more = realloc(list, (*count + 1) * sizeof(*list));
		if (more == NULL || client_area_find(at, &more[*count]) < 0) {
			free(more != NULL ? more : list);
			return more != NULL ? -EFAULT : -ENOMEM;
		}
		list = more;
		(*count)++;
	}
	*areas = list;
	return 0;
}

/* All that any of them allows. */
static uint32_t
prot_of_all(const struct client_area areas[], uint32_t count)
{
	uint32_t prot = SCIF_PROT_READ | SCIF_PROT_WRITE;

	for (uint32_t i = 0; i < count; i++)
		prot |= areas[i].prot;
	return prot;
}

static int
convert_into(int fd, uintptr_t start, size_t size, const struct client_area areas[], uint32_t count)
{
	uint32_t prot = prot_of_all(areas, count);
	char *shared;
	int guard_fd, ret;

	guard_fd = guard(start, size);
	if (guard_fd < 0 && !client_is_alone())
		return -ENOTSUP;
	shared = mmap(NULL, size, (int)prot, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED) {
		/* Code, and a kernel that lets no shared memory be run. */
		ret = errno == EPERM || errno == EACCES ? -ENOTSUP : -errno;
		close(guard_fd);
		return ret;
	}
	ret = move(guard_fd, start, size, shared, areas, count, prot);
	if (ret < 0)
		munmap(shared, size);
	return ret;
}

static bool
is_own_stack(uintptr_t start, size_t size)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	return here + STACK_NEAR > start && here - STACK_NEAR < start + size;
}

static int
convert(uintptr_t start, size_t size, struct client_converted *made, int *fd)
{
	struct client_area *areas;
	uint32_t count;
	struct stat st;
	int ret = client_convert_room();

	if (ret < 0)
		return ret;
	ret = areas_of(start, size, &areas, &count);
	if (ret < 0)
		return ret;
	*fd = client_shared_memory(size);
	ret = *fd;
	if (ret >= 0 && fstat(*fd, &st) < 0)
		ret = -errno;
	if (ret >= 0)
		ret = convert_into(*fd, start, size, areas, count);
	free(areas);
	if (ret < 0) {
		if (*fd >= 0)
			close(*fd);
		return ret;
	}
	*made = (struct client_converted){
		.major = major(st.st_dev),
		.minor = minor(st.st_dev),
		.inode = st.st_ino,
		.start = start,
		.size = size,
	};
	client_convert_add(made);
	return 0;
}

int
client_convert(uintptr_t start, size_t size, struct client_converted *made, int *fd)
{
	int ret;

	client_convert_watch_forks();
	if (is_own_stack(start, size))
		return -ENOTSUP;
	client_lock(&client_convert_lock);
	ret = convert(start, size, made, fd);
	client_unlock(&client_convert_lock);
	return ret;
}
