/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * VFIO as the shim has it, seen from a program: containers, groups, regions, config space, maps and
 * interrupts, and what the kernel refuses.
 */
#include "vfio_test_rig.h"

#define PCI_COMMAND 0x04
#define EXP_CONTROL 0x08
#define SET_EVENTFD (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER)
#define SET_NONE    (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER)
#define SET_BOOL    (VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER)

/* Offset of a capability in config space. */
static uint64_t
capability(const struct vfio *v, uint32_t id)
{
	uint32_t at = vfio_read(v, CONFIG + 0x34, 1);

	while (at != 0 && vfio_read(v, CONFIG + at, 1) != id)
		at = vfio_read(v, CONFIG + at + 1, 1);
	assert_int_not_equal(at, 0);
	return CONFIG + at;
}

/* ---- Containers and groups ---- */

static void
a_device_is_opened_in_the_order_of_the_kernel(void **state)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	int container, group, device, other = 0;

	(void)state;
	container = open("/dev/vfio/vfio", O_RDWR);
	assert_int_equal(ioctl(container, VFIO_GET_API_VERSION), VFIO_API_VERSION);
	assert_int_equal(ioctl(container, VFIO_CHECK_EXTENSION, VFIO_TYPE1_IOMMU), 1);
	assert_int_equal(ioctl(container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU), 1);
	assert_int_equal(ioctl(container, VFIO_CHECK_EXTENSION, VFIO_SPAPR_TCE_IOMMU), 0);
	assert_errno(EINVAL, ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU));
	assert_errno(EINVAL, ioctl(container, VFIO_IOMMU_GET_INFO, &status));
	group = vfio_group_open(0);
	assert_errno(EBUSY, vfio_group_open(0));
	assert_int_equal(ioctl(group, VFIO_GROUP_GET_STATUS, &status), 0);
	assert_int_equal(status.flags, VFIO_GROUP_FLAGS_VIABLE);
	assert_errno(EINVAL, ioctl(group, VFIO_GROUP_GET_DEVICE_FD, vfio_address(0)));
	assert_errno(EINVAL, ioctl(group, VFIO_GROUP_UNSET_CONTAINER));
	assert_errno(EINVAL, ioctl(group, VFIO_GROUP_SET_CONTAINER, &other));
	other = -1;
	assert_errno(EBADF, ioctl(group, VFIO_GROUP_SET_CONTAINER, &other));
	assert_int_equal(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), 0);
	assert_errno(EINVAL, ioctl(group, VFIO_GROUP_SET_CONTAINER, &container));
	assert_int_equal(ioctl(group, VFIO_GROUP_GET_STATUS, &status), 0);
	assert_int_equal(status.flags, VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET);
	assert_errno(EINVAL, ioctl(group, VFIO_GROUP_GET_DEVICE_FD, vfio_address(0)));
	assert_errno(ENODEV, ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_IOMMU));
	assert_int_equal(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU), 0);
	assert_errno(EINVAL, ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU));
	assert_errno(ENODEV, ioctl(group, VFIO_GROUP_GET_DEVICE_FD, vfio_address(1)));
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, vfio_address(0));
	assert_true(device >= 0);
	assert_errno(EBUSY, ioctl(group, VFIO_GROUP_UNSET_CONTAINER));
	assert_int_equal(close(device), 0);
	assert_int_equal(ioctl(group, VFIO_GROUP_UNSET_CONTAINER), 0);
	assert_int_equal(close(group), 0);
	assert_int_equal(close(container), 0);
	assert_errno(EBADF, close(container));
}

static void
unknown_requests_and_short_arguments_are_refused(void **state)
{
	struct vfio_region_info region = {.argsz = sizeof(region) - 1};
	struct vfio_device_info info = {.argsz = 12};
	struct vfio_irq_info irq = {.argsz = 12};
	struct vfio_group_status status = {.argsz = 4};
	struct vfio v;

	(void)state;
	vfio_set_up(&v, 0);
	assert_errno(ENOTTY, ioctl(v.container, VFIO_GROUP_GET_STATUS, &status));
	assert_errno(ENOTTY, ioctl(v.group, VFIO_DEVICE_RESET));
	assert_errno(ENOTTY, ioctl(v.device, VFIO_GET_API_VERSION));
	assert_errno(EINVAL, ioctl(v.group, VFIO_GROUP_GET_STATUS, &status));
	assert_errno(EINVAL, ioctl(v.device, VFIO_DEVICE_GET_INFO, &info));
	assert_errno(EINVAL, ioctl(v.device, VFIO_DEVICE_GET_REGION_INFO, &region));
	assert_errno(EINVAL, ioctl(v.device, VFIO_DEVICE_GET_IRQ_INFO, &irq));
	region.argsz = sizeof(region);
	region.index = VFIO_PCI_NUM_REGIONS;
	assert_errno(EINVAL, ioctl(v.device, VFIO_DEVICE_GET_REGION_INFO, &region));
	irq = (struct vfio_irq_info){.argsz = sizeof(irq), .index = VFIO_PCI_NUM_IRQS};
	assert_errno(EINVAL, ioctl(v.device, VFIO_DEVICE_GET_IRQ_INFO, &irq));
	vfio_tear_down(&v);
}

static void
descriptors_of_others_are_left_alone(void **state)
{
	int fd = open("/proc/self/status", O_RDONLY), copy;
	struct stat st;
	char c;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &c, 1, 0), 1);
	assert_int_equal(c, 'N');
	assert_errno(ENOTTY, ioctl(fd, VFIO_DEVICE_RESET));
	copy = dup(fd);
	assert_int_equal(close(fd), 0);
	assert_int_equal(pread(copy, &c, 1, 1), 1);
	assert_int_equal(close(copy), 0);
	assert_errno(EBADF, close(copy));
	assert_errno(ENOENT, open("/dev/vfio/9999", O_RDWR));
	assert_errno(ENOENT, open("/dev/vfio/9000x", O_RDWR));
	assert_errno(ENOENT, open("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", 0));
	assert_int_equal(stat("/sys/module/vfio", &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(stat("/sys/module/vfio_pci", &st), 0);
	assert_int_equal(access("/dev/vfio/vfio", R_OK | W_OK), 0);
	assert_errno(ENOENT, stat("/sys/module/vfio_pcix", &st));
}

static void
a_copied_descriptor_keeps_the_device_open(void **state)
{
	struct vfio v, w;
	int numbers[2] = {300, 301};

	(void)state;
	vfio_set_up(&v, 0);
	vfio_write(&v, CONFIG + PCI_COMMAND, 2, 6);
	assert_int_equal(dup2(v.device, numbers[0]), numbers[0]);
	assert_int_equal(fcntl(v.container, F_DUPFD_CLOEXEC, numbers[1]), numbers[1]);
	w = (struct vfio){.container = numbers[1], .group = v.group, .device = numbers[0]};
	assert_int_equal(close(v.device), 0);
	assert_int_equal(close(v.container), 0);
	assert_int_equal(vfio_read(&w, CONFIG + PCI_COMMAND, 2), 6);
	assert_int_equal(ioctl(w.container, VFIO_GET_API_VERSION), VFIO_API_VERSION);
	/* The last ones at once, as daemons do it. */
	assert_int_equal(close_range(300, 301, 0), 0);
	assert_errno(EBADF, ioctl(w.container, VFIO_GET_API_VERSION));
	assert_int_equal(close(v.group), 0);
	/* Closed for good: reset, and free to be opened again. */
	vfio_set_up(&v, 0);
	assert_int_equal(vfio_read(&v, CONFIG + PCI_COMMAND, 2), 2);
	vfio_tear_down(&v);
}

/* ---- Regions ---- */

static void
regions_are_those_of_the_device(void **state)
{
	static const uint64_t sizes[VFIO_PCI_ROM_REGION_INDEX + 1] = {UINT64_C(0x4000000), 0,
								      UINT64_C(0x100000000)};
	struct vfio_device_info info = {.argsz = sizeof(info)};
	struct vfio_region_info region;
	struct vfio v;

	(void)state;
	vfio_set_up(&v, 1);
	assert_int_equal(ioctl(v.device, VFIO_DEVICE_GET_INFO, &info), 0);
	assert_int_equal(info.flags, VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI);
	assert_int_equal(info.num_regions, 9);
	assert_int_equal(info.num_irqs, 5);
	for (uint32_t i = 0; i <= VFIO_PCI_ROM_REGION_INDEX; i++) {
		region = (struct vfio_region_info){.argsz = sizeof(region), .index = i};
		assert_int_equal(ioctl(v.device, VFIO_DEVICE_GET_REGION_INFO, &region), 0);
		assert_int_equal(region.size, sizes[i]);
		assert_int_equal(region.offset, REGION(i));
		assert_int_equal(region.flags, sizes[i] == 0 ? 0 : 7);
	}
	region.index = VFIO_PCI_CONFIG_REGION_INDEX;
	assert_int_equal(ioctl(v.device, VFIO_DEVICE_GET_REGION_INFO, &region), 0);
	assert_int_equal(region.size, 4096);
	assert_int_equal(region.flags, 3);
	vfio_tear_down(&v);
}

static void
registers_can_be_read_and_written_by_descriptor(void **state)
{
	uint32_t value;
	struct vfio v;

	(void)state;
	for (unsigned int n = 0; n < 2; n++) {
		vfio_set_up(&v, n);
		vfio_write(&v, vfio_reg(n, DLB_CM_CFG_PM_PMCSR_DISABLE), 4, 0);
		assert_int_equal(vfio_read(&v, vfio_reg(n, DLB_SYS_TOTAL_VAS), 4), 32);
		vfio_write(&v, vfio_reg(n, DLB_SYS_INGRESS_ALARM_ENBL), 4, 5);
		assert_int_equal(vfio_read(&v, vfio_reg(n, DLB_SYS_INGRESS_ALARM_ENBL), 4), 5);
		/* The table of MSI-X is the kernel's. */
		assert_int_equal(vfio_read(&v, REGION(0) + TABLE + 12, 4), UINT32_MAX);
		/* A driver that has switched its memory off has no business there. */
		vfio_write(&v, CONFIG + PCI_COMMAND, 2, 0);
		assert_errno(EIO,
			     pread(v.device, &value, 4, (off_t)vfio_reg(n, DLB_SYS_TOTAL_VAS)));
		vfio_tear_down(&v);
	}
}

static void
transfers_outside_a_region_are_refused(void **state)
{
	char bytes[8];
	struct vfio v;

	(void)state;
	vfio_set_up(&v, 0);
	assert_errno(EFAULT, pread(v.device, bytes, 4, (off_t)(CONFIG + 4094)));
	assert_errno(EFAULT, pwrite(v.device, bytes, 1, (off_t)(CONFIG + 4096)));
	assert_errno(EINVAL, pread(v.device, bytes, 4, (off_t)REGION(1)));
	assert_errno(EINVAL, pread(v.device, bytes, 4, (off_t)(REGION(0) + 0x4000000)));
	assert_errno(EINVAL, pread(v.device, bytes, 4, (off_t)REGION(9)));
	assert_errno(EINVAL, pread(v.device, bytes, 4, -1));
	/* What lies over the end is cut off. */
	assert_int_equal(pread(v.device, bytes, 8, (off_t)(REGION(0) + 0x3fffffc)), 4);
	assert_int_equal(pread(v.device, bytes, 0, (off_t)CONFIG), 0);
	vfio_tear_down(&v);
}

static void
config_space_is_that_of_the_model(void **state)
{
	struct vfio v;
	uint64_t msix;

	(void)state;
	for (unsigned int n = 0; n < 2; n++) {
		vfio_set_up(&v, n);
		assert_int_equal(vfio_read(&v, CONFIG, 4), n == 0 ? 0x27148086 : 0x27108086);
		assert_int_equal(vfio_read(&v, CONFIG + PCI_COMMAND, 2), 2);
		vfio_write(&v, CONFIG + PCI_COMMAND, 2, 6);
		assert_int_equal(vfio_read(&v, CONFIG + PCI_COMMAND, 2), 6);
		/* MSI-X is switched by SET_IRQS alone. */
		msix = capability(&v, 0x11);
		vfio_write(&v, msix + 2, 2, 0xc000);
		assert_int_equal(vfio_read(&v, msix + 2, 2), 64);
		vfio_tear_down(&v);
	}
}

static void
a_reset_keeps_command_bars_and_interrupts(void **state)
{
	int32_t fd = eventfd(0, EFD_NONBLOCK);
	uint64_t exp, msix, alarm = vfio_reg(0, DLB_SYS_INGRESS_ALARM_ENBL);
	struct vfio v;

	(void)state;
	vfio_set_up(&v, 0);
	exp = capability(&v, 0x10);
	msix = capability(&v, 0x11);
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_MSIX_IRQ_INDEX, SET_EVENTFD, 0, 1, &fd), 0);
	for (unsigned int how = 0; how < 2; how++) {
		vfio_write(&v, CONFIG + PCI_COMMAND, 2, 6);
		vfio_write(&v, CONFIG + 0x10, 4, 0xabc0000c);
		vfio_write(&v, vfio_reg(0, DLB_CM_CFG_PM_PMCSR_DISABLE), 4, 0);
		vfio_write(&v, alarm, 4, 5);
		if (how == 0)
			assert_int_equal(ioctl(v.device, VFIO_DEVICE_RESET), 0);
		else
			vfio_write(&v, exp + EXP_CONTROL, 2,
				   vfio_read(&v, exp + EXP_CONTROL, 2) | 0x8000);
		assert_int_equal(vfio_read(&v, alarm, 4), 0);
		assert_int_equal(vfio_read(&v, CONFIG + PCI_COMMAND, 2), 6);
		assert_int_equal(vfio_read(&v, CONFIG + 0x10, 4) & 0xfc000000, 0xa8000000);
		assert_int_equal(vfio_read(&v, msix + 2, 2), 0x8040);
	}
	vfio_tear_down(&v);
	close(fd);
}

/* ---- Memory for the device ---- */

static void
maps_are_checked_as_by_the_kernel(void **state)
{
	char *p = vfio_memory(4 * PAGE);
	uint64_t size = PAGE;
	struct vfio v;

	(void)state;
	vfio_set_up(&v, 0);
	assert_int_equal(vfio_map(&v, p, 0x10000, 2 * PAGE, VFIO_READ_WRITE), 0);
	assert_errno(EEXIST, vfio_map(&v, p, 0x11000, PAGE, VFIO_READ_WRITE));
	assert_errno(EINVAL, vfio_map(&v, p, 0x20000, PAGE, 0));
	assert_errno(EINVAL, vfio_map(&v, p, 0x20000, PAGE, 8));
	assert_errno(EINVAL, vfio_map(&v, p, 0x20000, 0, VFIO_READ_WRITE));
	assert_errno(EINVAL, vfio_map(&v, p, 0x20000, 100, VFIO_READ_WRITE));
	assert_errno(EINVAL, vfio_map(&v, p + 8, 0x20000, PAGE, VFIO_READ_WRITE));
	assert_errno(EINVAL, vfio_map(&v, p, 0x20008, PAGE, VFIO_READ_WRITE));
	assert_errno(EINVAL, vfio_map(&v, p, UINT64_MAX - PAGE + 1, 2 * PAGE, VFIO_READ_WRITE));
	assert_errno(EINVAL, vfio_map(&v, p, 0xfee00000, PAGE, VFIO_READ_WRITE));
	/* Memory that is not there, that is closed, that is for reading only. */
	assert_int_equal(munmap(p + 3 * PAGE, PAGE), 0);
	assert_errno(EFAULT, vfio_map(&v, p + 2 * PAGE, 0x20000, 2 * PAGE, VFIO_READ_WRITE));
	assert_int_equal(mprotect(p + 2 * PAGE, PAGE, PROT_NONE), 0);
	assert_errno(EFAULT, vfio_map(&v, p + 2 * PAGE, 0x20000, PAGE, 1));
	assert_int_equal(mprotect(p + 2 * PAGE, PAGE, PROT_READ), 0);
	assert_errno(EFAULT, vfio_map(&v, p + 2 * PAGE, 0x20000, PAGE, VFIO_READ_WRITE));
	assert_int_equal(vfio_map(&v, p + 2 * PAGE, 0x20000, PAGE, 1), 0);
	/* Either end counts. */
	assert_errno(EFAULT, vfio_map(&v, p + PAGE, 0x30000, 2 * PAGE, VFIO_READ_WRITE));
	assert_int_equal(mprotect(p + PAGE, PAGE, PROT_NONE), 0);
	assert_errno(EFAULT, vfio_map(&v, p + PAGE, 0x30000, 2 * PAGE, 1));
	/* Half a mapping, nothing, all of it, all of it again. */
	assert_errno(EINVAL, vfio_unmap(&v, 0x10000, &size));
	assert_errno(EINVAL, vfio_unmap(&v, 0x11000, &size));
	assert_int_equal(vfio_unmap(&v, 0x50000, &size), 0);
	assert_int_equal(size, 0);
	assert_errno(EINVAL, vfio_unmap(&v, 0x10000, &size));
	size = 0x20000;
	assert_int_equal(vfio_unmap(&v, 0x8000, &size), 0);
	assert_int_equal(size, 3 * PAGE);
	size = 2 * PAGE;
	assert_int_equal(vfio_unmap(&v, 0x10000, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(munmap(p, 3 * PAGE), 0);
	vfio_tear_down(&v);
}

static void
unmapped_memory_leaves_the_map(void **state)
{
	char *p = vfio_memory(3 * PAGE);
	uint64_t size = 3 * PAGE;
	struct vfio v;

	(void)state;
	vfio_set_up(&v, 0);
	assert_int_equal(vfio_map(&v, p, 0x10000, 3 * PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(munmap(p + PAGE, PAGE), 0);
	assert_int_equal(vfio_unmap(&v, 0x10000, &size), 0);
	assert_int_equal(size, 2 * PAGE);
	/* With the last group, all maps go. */
	assert_int_equal(vfio_map(&v, p, 0x10000, PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(close(v.device), 0);
	assert_int_equal(ioctl(v.group, VFIO_GROUP_UNSET_CONTAINER), 0);
	assert_int_equal(ioctl(v.group, VFIO_GROUP_SET_CONTAINER, &v.container), 0);
	assert_errno(EINVAL, vfio_map(&v, p, 0x10000, PAGE, VFIO_READ_WRITE));
	assert_int_equal(ioctl(v.container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), 0);
	assert_int_equal(vfio_map(&v, p, 0x10000, PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(close(v.group), 0);
	assert_int_equal(close(v.container), 0);
	assert_int_equal(munmap(p, PAGE), 0);
	assert_int_equal(munmap(p + 2 * PAGE, PAGE), 0);
}

static void
containers_are_apart(void **state)
{
	char *p = vfio_memory(PAGE);
	struct vfio v, w;

	(void)state;
	vfio_set_up(&v, 0);
	vfio_set_up(&w, 1);
	assert_int_equal(vfio_map(&v, p, 0x10000, PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(vfio_map(&w, p, 0x10000, PAGE, VFIO_READ_WRITE), 0);
	assert_errno(EEXIST, vfio_map(&w, p, 0x10000, PAGE, VFIO_READ_WRITE));
	assert_int_equal(vfio_read(&v, CONFIG, 4), 0x27148086);
	assert_int_equal(vfio_read(&w, CONFIG, 4), 0x27108086);
	vfio_tear_down(&v);
	vfio_tear_down(&w);
	assert_int_equal(munmap(p, PAGE), 0);
}

static void
the_iommu_tells_its_limits(void **state)
{
	char bytes[256];
	struct vfio_iommu_type1_info *info = (struct vfio_iommu_type1_info *)(void *)bytes;
	struct vfio_iommu_type1_info_cap_iova_range *cap;
	struct vfio v;

	(void)state;
	vfio_set_up(&v, 0);
	memset(bytes, 0x55, sizeof(bytes));
	info->argsz = 8;
	assert_errno(EINVAL, ioctl(v.container, VFIO_IOMMU_GET_INFO, info));
	info->argsz = 16;
	assert_int_equal(ioctl(v.container, VFIO_IOMMU_GET_INFO, info), 0);
	assert_int_equal(info->flags, VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS);
	assert_true(info->iova_pgsizes & PAGE);
	assert_int_equal(bytes[16], 0x55);
	assert_in_range(info->argsz, sizeof(*info) + sizeof(*cap), sizeof(bytes));
	assert_int_equal(ioctl(v.container, VFIO_IOMMU_GET_INFO, info), 0);
	cap = (struct vfio_iommu_type1_info_cap_iova_range *)(void *)(bytes + info->cap_offset);
	assert_int_equal(cap->header.id, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	assert_int_equal(cap->nr_iovas, 2);
	assert_int_equal(cap->iova_ranges[0].start, 0);
	assert_int_equal(cap->iova_ranges[0].end, 0xfedfffff);
	vfio_tear_down(&v);
}

/* ---- Interrupts ---- */

static void
interrupts_are_counted_by_eventfds(void **state)
{
	int32_t fds[3] = {eventfd(0, EFD_NONBLOCK), -1, eventfd(0, EFD_NONBLOCK)};
	const uint8_t third[] = {0, 0, 1};
	int32_t some, flags[3] = {0};
	uint64_t msix;
	struct vfio v;

	(void)state;
	memcpy(flags, third, sizeof(third));
	vfio_set_up(&v, 0);
	msix = capability(&v, 0x11);
	assert_errno(EINVAL, vfio_irqs(&v, VFIO_PCI_MSIX_IRQ_INDEX, SET_NONE, 0, 1, NULL));
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_MSIX_IRQ_INDEX, SET_EVENTFD, 5, 3, fds), 0);
	assert_int_equal(vfio_read(&v, msix + 2, 2), 0x8040);
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_MSIX_IRQ_INDEX, SET_NONE, 5, 3, NULL), 0);
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_MSIX_IRQ_INDEX, SET_NONE, 5, 1, NULL), 0);
	assert_int_equal(vfio_signals(fds[0]), 2);
	assert_int_equal(vfio_signals(fds[2]), 1);
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_MSIX_IRQ_INDEX, SET_BOOL, 5, 3, flags), 0);
	assert_int_equal(vfio_signals(fds[0]), 0);
	assert_int_equal(vfio_signals(fds[2]), 1);
	/* The program's descriptor may go; the vector stays. */
	some = dup(fds[0]);
	close(fds[0]);
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_MSIX_IRQ_INDEX, SET_NONE, 5, 1, NULL), 0);
	assert_int_equal(vfio_signals(some), 1);
	/* One away, then all. */
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_MSIX_IRQ_INDEX, SET_EVENTFD, 5, 1, fds + 1), 0);
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_MSIX_IRQ_INDEX, SET_NONE, 5, 3, NULL), 0);
	assert_int_equal(vfio_signals(some), 0);
	assert_int_equal(vfio_signals(fds[2]), 1);
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_MSIX_IRQ_INDEX, SET_NONE, 0, 0, NULL), 0);
	assert_int_equal(vfio_read(&v, msix + 2, 2), 64);
	assert_errno(EINVAL, vfio_irqs(&v, VFIO_PCI_MSIX_IRQ_INDEX, SET_NONE, 5, 1, NULL));
	vfio_tear_down(&v);
	close(some);
	close(fds[2]);
}

static void
wrong_interrupts_are_refused(void **state)
{
	int32_t file = open("/dev/null", O_RDWR), gone = 999, fd = eventfd(0, EFD_NONBLOCK);
	const uint32_t msix = VFIO_PCI_MSIX_IRQ_INDEX;
	struct vfio_irq_set set = {.argsz = sizeof(set) - 1};
	struct vfio v;

	(void)state;
	vfio_set_up(&v, 0);
	assert_errno(EINVAL, ioctl(v.device, VFIO_DEVICE_SET_IRQS, &set));
	assert_errno(EINVAL, vfio_irqs(&v, msix, SET_EVENTFD, 65, 1, &fd));
	assert_errno(EINVAL, vfio_irqs(&v, msix, SET_EVENTFD, 64, 2, NULL));
	assert_errno(EINVAL, vfio_irqs(&v, msix, SET_EVENTFD, 0, 1, NULL));
	assert_errno(EINVAL, vfio_irqs(&v, msix, SET_EVENTFD, 0, 1, &file));
	assert_errno(EBADF, vfio_irqs(&v, msix, SET_EVENTFD, 0, 1, &gone));
	assert_errno(EINVAL, vfio_irqs(&v, msix, SET_NONE | 0x100, 0, 1, NULL));
	assert_errno(EINVAL, vfio_irqs(&v, msix, VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1, NULL));
	assert_errno(EINVAL, vfio_irqs(&v, 5, SET_EVENTFD, 0, 1, &fd));
	assert_errno(EINVAL, vfio_irqs(&v, VFIO_PCI_INTX_IRQ_INDEX, SET_EVENTFD, 0, 1, &fd));
	assert_errno(ENOTTY, vfio_irqs(&v, msix, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK,
				       0, 1, NULL));
	/* What DPDK asks for first: to be told when the device is wanted back. */
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_REQ_IRQ_INDEX, SET_EVENTFD, 0, 1, &fd), 0);
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_REQ_IRQ_INDEX, SET_NONE, 0, 1, NULL), 0);
	assert_int_equal(vfio_signals(fd), 1);
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_REQ_IRQ_INDEX, SET_NONE, 0, 0, NULL), 0);
	assert_int_equal(vfio_irqs(&v, VFIO_PCI_REQ_IRQ_INDEX, SET_NONE, 0, 1, NULL), 0);
	assert_int_equal(vfio_signals(fd), 0);
	vfio_tear_down(&v);
	close(file);
	close(fd);
}

static void
nothing_stays_open(void **state)
{
	struct vfio v;
	int before, after;
	int32_t fd;

	(void)state;
	/* The numbers that a program sees: the lowest free one. */
	before = dup(0);
	close(before);
	for (unsigned int i = 0; i < 20; i++) {
		vfio_set_up(&v, i % 2);
		fd = eventfd(0, EFD_NONBLOCK);
		assert_int_equal(vfio_irqs(&v, VFIO_PCI_MSIX_IRQ_INDEX, SET_EVENTFD, 3, 1, &fd), 0);
		close(fd);
		vfio_tear_down(&v);
	}
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_opened_in_the_order_of_the_kernel),
		cmocka_unit_test(unknown_requests_and_short_arguments_are_refused),
		cmocka_unit_test(descriptors_of_others_are_left_alone),
		cmocka_unit_test(a_copied_descriptor_keeps_the_device_open),
		cmocka_unit_test(regions_are_those_of_the_device),
		cmocka_unit_test(registers_can_be_read_and_written_by_descriptor),
		cmocka_unit_test(transfers_outside_a_region_are_refused),
		cmocka_unit_test(config_space_is_that_of_the_model),
		cmocka_unit_test(a_reset_keeps_command_bars_and_interrupts),
		cmocka_unit_test(maps_are_checked_as_by_the_kernel),
		cmocka_unit_test(unmapped_memory_leaves_the_map),
		cmocka_unit_test(containers_are_apart),
		cmocka_unit_test(the_iommu_tells_its_limits),
		cmocka_unit_test(interrupts_are_counted_by_eventfds),
		cmocka_unit_test(wrong_interrupts_are_refused),
		cmocka_unit_test(nothing_stays_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
