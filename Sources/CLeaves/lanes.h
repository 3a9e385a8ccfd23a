// One SHA-256 per lane of a vector register, in plain arithmetic. Included once per register width, with LANES (how many
// 32-bit lanes), TARGET (the instructions that may be used) and NAME (of the function) defined.

#define VECTOR_(name) name##_vector
#define VECTOR__(name) VECTOR_(name)
#define VECTOR VECTOR__(NAME)
#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))

typedef uint32_t VECTOR __attribute__((vector_size(LANES * 4)));

__attribute__((target(TARGET))) static void NAME(const uint8_t *leaves, uint8_t *digests) {
    VECTOR state[8];
    for (int i = 0; i < 8; i++) state[i] = (VECTOR){} + initial_state[i];

    for (size_t offset = 0; offset <= CLEAVES_LEAF_SIZE; offset += 64) {
        VECTOR w[16];
        if (offset < CLEAVES_LEAF_SIZE) {
            // Word i of every leaf side by side. Scalar loads and stores beat what compilers make of lane inserts.
            uint32_t words[16][LANES] __attribute__((aligned(64)));
            for (int lane = 0; lane < LANES; lane++) {
                const uint8_t *block = leaves + (size_t)lane * CLEAVES_LEAF_SIZE + offset;
                for (int i = 0; i < 16; i += 2) {
                    uint64_t pair;
                    memcpy(&pair, block + i * 4, sizeof pair);
                    pair = __builtin_bswap64(pair);
                    words[i][lane] = (uint32_t)(pair >> 32);
                    words[i + 1][lane] = (uint32_t)pair;
                }
            }
            memcpy(w, words, sizeof w);
        } else {
            for (int i = 0; i < 16; i++) w[i] = (VECTOR){};
            w[0] += padding_start;
            w[15] += padding_length;
        }

        VECTOR a = state[0], b = state[1], c = state[2], d = state[3];
        VECTOR e = state[4], f = state[5], g = state[6], h = state[7];
        _Pragma("clang loop unroll(full)")
        for (int t = 0; t < 64; t++) {
            if (t >= 16) {
                VECTOR x = w[(t + 1) & 15], y = w[(t + 14) & 15];
                w[t & 15] += (ROTATE(x, 7) ^ ROTATE(x, 18) ^ (x >> 3)) + w[(t + 9) & 15]
                    + (ROTATE(y, 17) ^ ROTATE(y, 19) ^ (y >> 10));
            }
            VECTOR t1 = h + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) + ((e & f) ^ (~e & g))
                + round_constants[t] + w[t & 15];
            VECTOR t2 = (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
        state[4] += e, state[5] += f, state[6] += g, state[7] += h;
    }

    for (int lane = 0; lane < LANES; lane++) {
        for (int i = 0; i < 8; i++) store_big_endian(state[i][lane], digests + lane * 32 + i * 4);
    }
}

#undef ROTATE
#undef VECTOR
#undef VECTOR__
#undef VECTOR_
