#pragma once

#include <stdint.h>

/// Makes the file `length` bytes long with all of it reserved on disk, so that writing within it cannot run out of room.
/// Where the file system cannot reserve, only the length is set. 0, or the error's number.
int clinux_reserve(int descriptor, int64_t length);

/// Begins to write out what was written to this part of the file, without waiting for it. A hint: no errors.
void clinux_begin_writeback(int descriptor, int64_t offset, int64_t length);

/// Reserves room on disk for the first `length` bytes of the file without making it any longer. A hint: no errors.
void clinux_reserve_ahead(int descriptor, int64_t length);

/// Whether this part of the file seems to be in memory: its first, middle and last byte are. True where the system does
/// not tell.
int clinux_is_cached(int descriptor, int64_t offset, int64_t length);

/// Brings this part of the file into memory, and waits for it. A hint: no errors.
void clinux_load(int descriptor, int64_t offset, int64_t length);

/// Whether the machine's wall clock is kept right by others, such as an NTP server.
int clinux_clock_is_synchronised(void);
