// Two leaves at once with the SHA extensions of x86: a round takes twice as long as the processor needs before it can
// begin another, so a second leaf comes for free.

__attribute__((target("sha,sse4.1"))) static void hash_pair(const uint8_t *leaves, uint8_t *digests) {
    enum { lanes = 2 };
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    // The instructions want the state as (a, b, e, f) and (c, d, g, h), first word highest.
    __m128i abef[lanes], cdgh[lanes];
    for (int lane = 0; lane < lanes; lane++) {
        abef[lane] = _mm_set_epi32(
            (int)initial_state[0], (int)initial_state[1], (int)initial_state[4], (int)initial_state[5]);
        cdgh[lane] = _mm_set_epi32(
            (int)initial_state[2], (int)initial_state[3], (int)initial_state[6], (int)initial_state[7]);
    }

    for (size_t offset = 0; offset <= CLEAVES_LEAF_SIZE; offset += 64) {
        __m128i w[lanes][4], x[lanes], y[lanes];
        for (int lane = 0; lane < lanes; lane++) {
            x[lane] = abef[lane];
            y[lane] = cdgh[lane];
            if (offset < CLEAVES_LEAF_SIZE) {
                const __m128i *block = (const __m128i *)(leaves + (size_t)lane * CLEAVES_LEAF_SIZE + offset);
                for (int i = 0; i < 4; i++) w[lane][i] = _mm_shuffle_epi8(_mm_loadu_si128(block + i), big_endian);
            } else {
                w[lane][0] = _mm_set_epi32(0, 0, 0, (int)padding_start);
                w[lane][1] = w[lane][2] = _mm_setzero_si128();
                w[lane][3] = _mm_set_epi32((int)padding_length, 0, 0, 0);
            }
        }
        _Pragma("clang loop unroll(full)")
        for (int four = 0; four < 16; four++) {
            __m128i constants = _mm_load_si128((const __m128i *)(round_constants + 4 * four));
            for (int lane = 0; lane < lanes; lane++) {
                __m128i now = w[lane][four & 3], last = w[lane][(four + 3) & 3];
                __m128i input = _mm_add_epi32(now, constants);
                y[lane] = _mm_sha256rnds2_epu32(y[lane], x[lane], input);
                x[lane] = _mm_sha256rnds2_epu32(x[lane], y[lane], _mm_shuffle_epi32(input, 0x0e));
                if (four < 12) {
                    __m128i middle = _mm_alignr_epi8(last, w[lane][(four + 2) & 3], 4);
                    __m128i next = _mm_add_epi32(_mm_sha256msg1_epu32(now, w[lane][(four + 1) & 3]), middle);
                    w[lane][four & 3] = _mm_sha256msg2_epu32(next, last);
                }
            }
        }
        for (int lane = 0; lane < lanes; lane++) {
            abef[lane] = _mm_add_epi32(abef[lane], x[lane]);
            cdgh[lane] = _mm_add_epi32(cdgh[lane], y[lane]);
        }
    }

    for (int lane = 0; lane < lanes; lane++) {
        uint32_t fe_ba[4], hg_dc[4];
        _mm_storeu_si128((__m128i *)fe_ba, abef[lane]);
        _mm_storeu_si128((__m128i *)hg_dc, cdgh[lane]);
        const uint32_t state[8] = {
            fe_ba[3], fe_ba[2], hg_dc[3], hg_dc[2], fe_ba[1], fe_ba[0], hg_dc[1], hg_dc[0],
        };
        for (int i = 0; i < 8; i++) store_big_endian(state[i], digests + lane * 32 + i * 4);
    }
}
