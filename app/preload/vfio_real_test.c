/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Real VFIO devices beside modelled ones: what is the kernel's reaches the kernel, whose part
 * vfio_test_kernel.c plays.
 */
#include <dlfcn.h>

#include "vfio_test_kernel.h"
#include "vfio_test_rig.h"

static struct test_kernel *kernel;

static int
join(int group, int container)
{
	return ioctl(group, VFIO_GROUP_SET_CONTAINER, &container);
}

static uint64_t
pgsizes(int container)
{
	struct vfio_iommu_type1_info info = {.argsz = sizeof(info)};

	assert_int_equal(ioctl(container, VFIO_IOMMU_GET_INFO, &info), 0);
	return info.iova_pgsizes;
}

static void
a_real_group_works_alone(void **state)
{
	char *p = vfio_memory(PAGE);
	struct vfio v = {.container = open("/dev/vfio/vfio", O_RDWR)};
	uint64_t size = PAGE;

	(void)state;
	assert_int_equal(v.container, kernel->container);
	v.group = open("/dev/vfio/42", O_RDWR);
	assert_int_equal(v.group, kernel->group);
	assert_errno(EINVAL, ioctl(v.container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU));
	assert_int_equal(join(v.group, v.container), 0);
	assert_int_equal(ioctl(v.container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU), 0);
	assert_int_equal(kernel->iommu, VFIO_TYPE1_IOMMU);
	assert_int_equal(ioctl(v.group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0"),
			 TEST_KERNEL_DEVICE);
	assert_int_equal(vfio_map(&v, p, 0x10000, PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(kernel->bytes, PAGE);
	assert_int_equal(pgsizes(v.container), TEST_KERNEL_PGSIZES);
	assert_int_equal(vfio_unmap(&v, 0x10000, &size), 0);
	assert_int_equal(kernel->bytes, 0);
	assert_int_equal(ioctl(v.group, VFIO_GROUP_UNSET_CONTAINER), 0);
	close(v.group);
	close(v.container);
	munmap(p, PAGE);
}

static void
a_real_group_that_comes_later_gets_all_maps(void **state)
{
	char *p = vfio_memory(3 * PAGE);
	uint64_t size = 2 * PAGE;
	struct vfio v;
	int real;

	(void)state;
	vfio_set_up(&v, 0);
	assert_int_equal(vfio_map(&v, p, 0x10000, 2 * PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(kernel->bytes, 0);
	assert_int_not_equal(pgsizes(v.container), TEST_KERNEL_PGSIZES);
	real = open("/dev/vfio/42", O_RDWR);
	assert_int_equal(join(real, v.container), 0);
	assert_int_equal(kernel->iommu, VFIO_TYPE1_IOMMU);
	assert_int_equal(kernel->bytes, 2 * PAGE);
	/* From now on both are told. */
	assert_int_equal(vfio_map(&v, p + 2 * PAGE, 0x20000, PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(kernel->bytes, 3 * PAGE);
	assert_int_equal(kernel->iova, 0x20000);
	assert_int_equal(pgsizes(v.container), TEST_KERNEL_PGSIZES);
	assert_int_equal(vfio_unmap(&v, 0x10000, &size), 0);
	assert_int_equal(kernel->bytes, PAGE);
	/* What the kernel refuses is not mapped at all. */
	assert_errno(ENOMEM, vfio_map(&v, p, TEST_KERNEL_HOLE, PAGE, VFIO_READ_WRITE));
	size = PAGE;
	assert_int_equal(vfio_unmap(&v, TEST_KERNEL_HOLE, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(ioctl(real, VFIO_GROUP_UNSET_CONTAINER), 0);
	assert_int_equal(vfio_map(&v, p, 0x30000, PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(kernel->bytes, 0);
	close(real);
	vfio_tear_down(&v);
	munmap(p, 3 * PAGE);
}

static void
a_modelled_group_may_join_a_real_one(void **state)
{
	char *p = vfio_memory(PAGE);
	struct vfio v = {.container = open("/dev/vfio/vfio", O_RDWR)};
	int real = open("/dev/vfio/42", O_RDWR);

	(void)state;
	assert_int_equal(join(real, v.container), 0);
	assert_int_equal(ioctl(v.container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU), 0);
	v.group = vfio_group_open(0);
	assert_int_equal(join(v.group, v.container), 0);
	v.device = ioctl(v.group, VFIO_GROUP_GET_DEVICE_FD, vfio_address(0));
	assert_int_equal(vfio_read(&v, CONFIG, 2), 0x8086);
	assert_int_equal(vfio_map(&v, p, 0x10000, PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(kernel->bytes, PAGE);
	assert_int_equal(ioctl(real, VFIO_GROUP_UNSET_CONTAINER), 0);
	close(real);
	vfio_tear_down(&v);
	munmap(p, PAGE);
}

static void
a_container_that_all_have_left_begins_anew(void **state)
{
	char *p = vfio_memory(PAGE);
	struct vfio v = {.container = open("/dev/vfio/vfio", O_RDWR)};
	int real = open("/dev/vfio/42", O_RDWR);

	(void)state;
	assert_int_equal(join(real, v.container), 0);
	assert_int_equal(ioctl(v.container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU), 0);
	assert_int_equal(vfio_map(&v, p, 0x10000, PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(ioctl(real, VFIO_GROUP_UNSET_CONTAINER), 0);
	close(real);
	v.group = vfio_group_open(1);
	assert_int_equal(join(v.group, v.container), 0);
	assert_int_equal(ioctl(v.container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), 0);
	assert_int_equal(vfio_map(&v, p, 0x10000, PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(kernel->bytes, 0);
	close(v.group);
	close(v.container);
	munmap(p, PAGE);
}

static int
kernel_find(void **state)
{
	(void)state;
	kernel = dlsym(RTLD_DEFAULT, "test_kernel");
	if (kernel == NULL)
		fprintf(stderr, "libvfio_test_kernel.so has to be preloaded behind the shim\n");
	return kernel == NULL ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_group_works_alone),
		cmocka_unit_test(a_real_group_that_comes_later_gets_all_maps),
		cmocka_unit_test(a_modelled_group_may_join_a_real_one),
		cmocka_unit_test(a_container_that_all_have_left_begins_anew),
	};

	return cmocka_run_group_tests(tests, kernel_find, NULL);
}
