#pragma once

#include <stdint.h>

/// What the kernel knows of a TCP connection: `struct tcp_info` of <linux/tcp.h>, up to the last field read here. Its own
/// name, since the C library has an older struct of that one.
struct clinux_tcp_info {
    uint8_t state, ca_state, retransmits, probes, backoff, options, window_scales, flags;
    uint32_t rto, ato, snd_mss, rcv_mss;
    uint32_t unacked, sacked, lost, retrans, fackets;
    uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
    uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
    uint32_t rcv_rtt, rcv_space, total_retrans;
    uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
    uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
    uint32_t delivered, delivered_ce;
    uint64_t bytes_sent, bytes_retrans;
    uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd;
};

/// A program for `SO_ATTACH_FILTER`: `struct sock_fprog` of <linux/filter.h>.
struct clinux_filter {
    uint16_t length;
    uintptr_t instructions;
};

/// Drops everything that arrives.
struct clinux_filter clinux_filter_dropping_all(void);
