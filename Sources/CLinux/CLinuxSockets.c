#include "CLinuxSockets.h"

#if defined(__linux__)
#include <linux/filter.h>

_Static_assert(sizeof(struct clinux_filter) == sizeof(struct sock_fprog), "one layout");

struct clinux_filter clinux_filter_dropping_all(void) {
    static const struct sock_filter drop[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    return (struct clinux_filter){.length = 1, .instructions = (uintptr_t)drop};
}
#else
struct clinux_filter clinux_filter_dropping_all(void) { return (struct clinux_filter){0, 0}; }
#endif
