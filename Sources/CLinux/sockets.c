#include "CLinuxSockets.h"

#ifdef __linux__
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
#endif
