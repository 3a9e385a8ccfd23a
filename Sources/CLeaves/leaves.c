#include "CLeaves.h"

#include <string.h>

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include "constants.h"

static void store_big_endian(uint32_t word, uint8_t *bytes) {
    word = __builtin_bswap32(word);
    memcpy(bytes, &word, sizeof word);
}

#include "pair.h"

#define LANES 8
#define TARGET "avx2"
#define NAME hash_eight
#include "lanes.h"
#undef LANES
#undef TARGET
#undef NAME

#define LANES 16
#define TARGET "avx512f,avx512bw,avx512vl"
#define NAME hash_sixteen
#include "lanes.h"
#undef LANES
#undef TARGET
#undef NAME

static int has_sha(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1) && __builtin_cpu_supports("sse4.1");
}

static int has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl");
}

size_t cleaves_lanes(cleaves_way way) {
    switch (way) {
    case cleaves_pair: return has_sha() ? 2 : 0;
    case cleaves_sixteen: return has_avx512() ? 16 : 0;
    case cleaves_eight: return __builtin_cpu_supports("avx2") ? 8 : 0;
    }
    return 0;
}

void cleaves_hash(cleaves_way way, const uint8_t *leaves, uint8_t *digests) {
    switch (way) {
    case cleaves_pair: hash_pair(leaves, digests); break;
    case cleaves_sixteen: hash_sixteen(leaves, digests); break;
    case cleaves_eight: hash_eight(leaves, digests); break;
    }
}

#else

// Processors of other kinds hash one leaf after the other in hardware, through the cryptographic library.

size_t cleaves_lanes(cleaves_way way) {
    (void)way;
    return 0;
}

void cleaves_hash(cleaves_way way, const uint8_t *leaves, uint8_t *digests) {
    (void)way, (void)leaves, (void)digests;
}

#endif
