#define _GNU_SOURCE
#include "CLinuxFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#ifdef __linux__
#include <sys/timex.h>
#endif
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

int clinux_is_cached(int descriptor, int64_t offset, int64_t length) {
#ifdef RWF_NOWAIT
    if (length <= 0) return 1;
    const int64_t probes[] = {offset, offset + length / 2, offset + length - 1};
    for (int index = 0; index < 3; index++) {
        char byte;
        struct iovec vector = {&byte, 1};
        if (preadv2(descriptor, &vector, 1, probes[index], RWF_NOWAIT) < 0 && errno == EAGAIN) return 0;
    }
#else
    (void)descriptor, (void)offset, (void)length;
#endif
    return 1;
}

void clinux_load(int descriptor, int64_t offset, int64_t length) {
#ifdef __linux__
    (void)readahead(descriptor, offset, (size_t)length);
#endif
    // Each read waits for what is still on its way around it.
    const int64_t step = 128 << 10;
    char byte;
    for (int64_t position = offset; position < offset + length; position += step) {
        (void)!pread(descriptor, &byte, 1, position);
    }
    if (length > 0) (void)!pread(descriptor, &byte, 1, offset + length - 1);
}

int clinux_clock_is_synchronised(void) {
#ifdef __linux__
    struct timex clock = {.modes = 0};
    int state = adjtimex(&clock);
    return state >= 0 && state != TIME_ERROR && !(clock.status & STA_UNSYNC);
#else
    return 0;
#endif
}
