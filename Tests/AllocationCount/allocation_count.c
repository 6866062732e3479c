// An executable's own malloc comes before the C library's, which stays reachable under another name.
#include "allocation_count.h"

#include <stddef.h>

static _Thread_local long count, bytes;

long allocation_count(void) { return count; }
long allocation_bytes(void) { return bytes; }

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OWN_ALLOCATOR 1
#endif
#endif

#ifndef HAS_OWN_ALLOCATOR
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

void *malloc(size_t size) {
    count++;
    bytes += (long)size;
    return __libc_malloc(size);
}
void *calloc(size_t n, size_t size) {
    count++;
    bytes += (long)(n * size);
    return __libc_calloc(n, size);
}
void *realloc(void *memory, size_t size) {
    count++;
    bytes += (long)size;
    return __libc_realloc(memory, size);
}
#endif
