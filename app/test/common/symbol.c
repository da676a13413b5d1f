/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "common.h"

/* A function of a driver, looked for by name. */
struct symbol {
	const char *driver;
	const char *name;
	void *address;
};

static int
find_in_object(struct dl_phdr_info *object, size_t size, void *data)
{
	struct symbol *symbol = data;
	void *handle;

	(void)size;
	if (strstr(object->dlpi_name, symbol->driver) == NULL)
		return 0;
	handle = dlopen(object->dlpi_name, RTLD_NOW | RTLD_NOLOAD);
	if (handle == NULL)
		return 0;
	symbol->address = dlsym(handle, symbol->name);
	dlclose(handle);
	return symbol->address != NULL;
}

/**
 * A function that a driver exports, or NULL. EAL loads drivers without showing their symbols, so
 * the driver's file, named by `driver`, has to be found first.
 */
void *
driver_symbol(const char *driver, const char *name)
{
	struct symbol symbol = {
		.driver = driver, .name = name, .address = dlsym(RTLD_DEFAULT, name)};

	if (symbol.address == NULL)
		dl_iterate_phdr(find_in_object, &symbol);
	return symbol.address;
}
