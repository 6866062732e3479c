// What the State module does, in plain C for one fixed row type, so that benchmarks have something to be measured
// against: compare, encode and hash on arrays of structs, and apply into an open-addressing table.
// The bytes are those of docs/WIRE.md; a test checks that both sides make the same.
#ifndef SWITCHBACK_REFERENCE_STATE_H
#define SWITCHBACK_REFERENCE_STATE_H

#include <stddef.h>
#include <stdint.h>

/// {x, y: Int16; name: text of at most 15 bytes}
typedef struct {
    int16_t x, y;
    uint8_t name_length;
    char name[15];
} ref_row;

typedef struct { uint32_t first, second; } ref_hash;

typedef struct ref_state ref_state;
typedef struct ref_mirror ref_mirror;

/// A table of `count` rows with the keys 0 to count − 1, none of them closed yet.
ref_state *ref_state_new(size_t count);
void ref_state_free(ref_state *);
/// Writes a row and marks it as touched.
void ref_state_put(ref_state *, size_t key, ref_row row);
ref_row ref_state_get(const ref_state *, size_t key);
/// Ends a tick: the patch is at *patch until the next close. Answers its length.
size_t ref_state_close(ref_state *, const uint8_t **patch);
uint64_t ref_state_hash(const ref_state *);

ref_mirror *ref_mirror_new(void);
void ref_mirror_free(ref_mirror *);
/// Applies a patch of one table with integer keys. Answers how many rows changed, or −1 for bytes that are no patch.
long ref_mirror_apply(ref_mirror *, const uint8_t *patch, size_t length);
uint64_t ref_mirror_hash(const ref_mirror *);

#endif
