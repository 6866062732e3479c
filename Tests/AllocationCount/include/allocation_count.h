// How often the calling thread has allocated memory since it began. Linked into the tests alone.
#ifndef SWITCHBACK_ALLOCATION_COUNT_H
#define SWITCHBACK_ALLOCATION_COUNT_H

/// Always 0 under a sanitizer, which brings an allocator of its own.
long allocation_count(void);

/// How many bytes this thread has asked for in all, whether or not it gave them back.
long allocation_bytes(void);

#endif
