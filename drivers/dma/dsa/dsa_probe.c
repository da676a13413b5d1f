/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* From a device that a bus has found to a DMA device, and back. */

#include "dsa_priv.h"

RTE_LOG_REGISTER(dsa_logtype, pmd.dma.dsa, NOTICE)
