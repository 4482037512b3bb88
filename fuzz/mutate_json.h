/* SPDX-License-Identifier: MIT OR Unlicense */
/* mutate_json.h: half of libFuzzer's mutations know JSON. Changes of single bytes seldom leave a body that can be read; here a value or a
 * member is deleted, doubled, moved, swapped or replaced, wherever one stands in the input (one body, or the lines of a stream). */
#ifndef FUZZ_MUTATE_JSON_H
#define FUZZ_MUTATE_JSON_H
#include <stdlib.h>

extern size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
extern size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

/* One value: where it begins (its key, for a member), where its own bytes begin and end, and how deep it stands (0: a line). */
typedef struct { size_t from, at, end; int depth, member; } mutate_value;
enum { MUTATE_VALUES = 1024, MUTATE_DEPTH = 64 };
static mutate_value mutate_found[MUTATE_VALUES];

static inline size_t mutate_string(const uint8_t *p, size_t n, size_t i) {
    for (i++; i < n && p[i] != '"'; i++) i += p[i] == '\\';
    return i + 1 < n ? i + 1 : n;
}
static inline int mutate_find(const uint8_t *p, size_t n) {
    int open[MUTATE_DEPTH], depth = 0, count = 0, object = 0;
    size_t i = 0;
    while (i < n && count < MUTATE_VALUES && depth < MUTATE_DEPTH) {
        mutate_value v;
        size_t k;
        if (p[i] == '}' || p[i] == ']') {
            if (depth) mutate_found[open[--depth]].end = i + 1;
            object = depth && p[mutate_found[open[depth - 1]].at] == '{';
            i++;
            continue;
        }
        if (!(p[i] == '"' || p[i] == '{' || p[i] == '[' || (depth && ((p[i] >= '0' && p[i] <= '9') || p[i] == '-' || (p[i] >= 'a' && p[i] <= 'z'))))) {
            i++;
            continue;
        }
        v.from = v.at = i;
        v.depth = depth;
        v.member = 0;
        if (object && p[i] == '"') {                                  /* a key, if a colon follows */
            for (k = mutate_string(p, n, i); k < n && p[k] == ' ';) k++;
            if (k < n && p[k] == ':') {
                for (k++; k < n && p[k] == ' ';) k++;
                v.at = k;
                v.member = 1;
                if (k >= n) break;
            }
        }
        i = v.at;
        v.end = n;
        if (p[i] == '{' || p[i] == '[') {
            object = p[i] == '{';
            open[depth++] = count;
            i++;
        } else {
            if (p[i] == '"') i = mutate_string(p, n, i);
            else do i++; while (i < n && p[i] != ',' && p[i] != '}' && p[i] != ']' && p[i] != '\n' && p[i] != ' ');
            v.end = i;
        }
        mutate_found[count++] = v;
    }
    return count;
}
/* data[at..end) becomes the n bytes at `with`; the new size, or the old one where there is no room. */
static inline size_t mutate_put(uint8_t *data, size_t size, size_t max, size_t at, size_t end, const uint8_t *with, size_t n) {
    if (size - (end - at) + n > max) return size;
    memmove(data + at + n, data + end, size - end);
    memcpy(data + at, with, n);
    return size - (end - at) + n;
}
static inline size_t mutate_once(uint8_t *data, size_t size, size_t max, uint64_t *state) {
    static const char *const words[] = { "null", "\"\"", "[]", "{}", "0", "-1", "1", "true", "false", "0.5", "10000000000000000000", "\"a\"",
                                         "\"\\u0000\"", "[\"\"]", "[null]", "{\"\":null}" };
    const int count = mutate_find(data, size);
    mutate_value a, b;
    uint8_t *piece;
    size_t n, tail;
    const char *word;
    if (!count) return size;
    a = mutate_found[aigw_base_random(state) % (uint64_t)count];
    b = mutate_found[aigw_base_random(state) % (uint64_t)count];
    word = words[aigw_base_random(state) % (sizeof words / sizeof *words)];
    switch (aigw_base_random(state) % 7) {
    case 0:                                                           /* away, with the comma behind or before it */
        if (a.end < size && data[a.end] == (a.depth ? ',' : '\n')) a.end++;
        else if (a.from && data[a.from - 1] == ',') a.from--;
        return mutate_put(data, size, max, a.from, a.end, data, 0);
    case 1: return mutate_put(data, size, max, a.at, a.end, (const uint8_t *)word, strlen(word));
    case 2:                                                           /* b behind a, of its own kind: twice, where b is a */
        if (a.member != b.member || !a.depth != !b.depth) b = a;
        n = b.end - b.from + 1;
        if (!(piece = (uint8_t *)malloc(n))) return size;
        piece[0] = a.depth ? ',' : '\n';
        memcpy(piece + 1, data + b.from, n - 1);
        size = mutate_put(data, size, max, a.end, a.end, piece, n);
        free(piece);
        return size;
    case 3:                                                           /* a's bytes become b's */
        n = b.end - b.at;
        if (!(piece = (uint8_t *)malloc(n + 1))) return size;
        memcpy(piece, data + b.at, n);
        size = mutate_put(data, size, max, a.at, a.end, piece, n);
        free(piece);
        return size;
    case 4:                                                           /* one for the other */
        if (b.from < a.from) { mutate_value c = a; a = b; b = c; }
        if (a.end > b.from || a.member != b.member || !(piece = (uint8_t *)malloc(size))) return size;
        n = b.end - b.from;
        memcpy(piece, data + b.from, n);
        memcpy(piece + n, data + a.end, b.from - a.end);
        tail = n + (b.from - a.end);
        memcpy(piece + tail, data + a.from, a.end - a.from);
        memcpy(data + a.from, piece, tail + (a.end - a.from));
        free(piece);
        return size;
    case 5:                                                           /* a's key becomes b's */
        if (!a.member || !b.member || !(piece = (uint8_t *)malloc(n = b.at - b.from))) return size;
        memcpy(piece, data + b.from, n);
        size = mutate_put(data, size, max, a.from, a.at, piece, n);
        free(piece);
        return size;
    default:                                                          /* a copy of the value before it, emptied */
        n = a.at - a.from;
        if (!(piece = (uint8_t *)malloc(n + strlen(word) + 1))) return size;
        piece[0] = a.depth ? ',' : '\n';
        memcpy(piece + 1, data + a.from, n);
        memcpy(piece + 1 + n, word, strlen(word));
        size = mutate_put(data, size, max, a.end, a.end, piece, n + 1 + strlen(word));
        free(piece);
        return size;
    }
}
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed) {
    uint64_t state = seed;
    size_t i, rounds = 1 + (size_t)(aigw_base_random(&state) % 4), was = size;
    if (aigw_base_random(&state) % 2) return LLVMFuzzerMutate(data, size, max);
    for (i = 0; i < rounds; i++) size = mutate_once(data, size, max, &state);
    return size == was && !mutate_find(data, size) ? LLVMFuzzerMutate(data, size, max) : size;
}
#endif
