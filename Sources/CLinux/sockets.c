#include "CLinuxSockets.h"

#ifdef __linux__
#include <linux/filter.h>
#include <linux/tcp.h>
#include <stddef.h>

_Static_assert(
    offsetof(struct clinux_tcp_info, snd_mss) == offsetof(struct tcp_info, tcpi_snd_mss), "the kernel's layout");
_Static_assert(
    offsetof(struct clinux_tcp_info, snd_cwnd) == offsetof(struct tcp_info, tcpi_snd_cwnd), "the kernel's layout");
_Static_assert(
    offsetof(struct clinux_tcp_info, segs_out) == offsetof(struct tcp_info, tcpi_segs_out), "the kernel's layout");
_Static_assert(
    offsetof(struct clinux_tcp_info, notsent_bytes) == offsetof(struct tcp_info, tcpi_notsent_bytes),
    "the kernel's layout");
_Static_assert(
    offsetof(struct clinux_tcp_info, bytes_sent) == offsetof(struct tcp_info, tcpi_bytes_sent), "the kernel's layout");
_Static_assert(
    offsetof(struct clinux_tcp_info, snd_wnd) == offsetof(struct tcp_info, tcpi_snd_wnd), "the kernel's layout");
_Static_assert(sizeof(struct clinux_filter) == sizeof(struct sock_fprog), "the kernel's layout");

struct clinux_filter clinux_filter_dropping_all(void) {
    static const struct sock_filter drop[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    return (struct clinux_filter){.length = 1, .instructions = (uintptr_t)drop};
}
#else
struct clinux_filter clinux_filter_dropping_all(void) { return (struct clinux_filter){0, 0}; }
#endif
