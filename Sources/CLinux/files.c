#define _GNU_SOURCE
#include "CLinuxFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int clinux_reserve(int descriptor, int64_t length) {
    int result;
#ifdef __linux__
    if (length > 0) {
        do result = fallocate(descriptor, 0, 0, length);
        while (result != 0 && errno == EINTR);
        if (result == 0) return 0;
        if (errno != EOPNOTSUPP && errno != ENOSYS) return errno;
    }
#endif
    do result = ftruncate(descriptor, length);
    while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

void clinux_begin_writeback(int descriptor, int64_t offset, int64_t length) {
#ifdef __linux__
    (void)sync_file_range(descriptor, offset, length, SYNC_FILE_RANGE_WRITE);
#else
    (void)descriptor, (void)offset, (void)length;
#endif
}

void clinux_reserve_ahead(int descriptor, int64_t length) {
#ifdef __linux__
    (void)fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, length);
#else
    (void)descriptor, (void)length;
#endif
}
