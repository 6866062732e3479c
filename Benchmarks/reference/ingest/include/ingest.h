// The front's way of an input in plain C: WebSocket frames in, checked, unmasked, routed by connection, appended to the batch
// of their link. The bytes are those of docs/WIRE.md; a test checks that both sides make the same.
#ifndef SWITCHBACK_REFERENCE_INGEST_H
#define SWITCHBACK_REFERENCE_INGEST_H

#include <stddef.h>
#include <stdint.h>

typedef struct ref_front ref_front;

ref_front *ref_front_make(size_t connection_count, size_t link_count);
void ref_front_free(ref_front *front);
/// Lets a connection write to a link under a grant, as this member.
void ref_front_grant(ref_front *front, size_t connection, uint64_t grant, size_t link, uint64_t link_number, uint64_t member);
/// Takes in one read, unmasking in place. Answers the bytes that were whole frames, or -1 for what no client may send.
ptrdiff_t ref_front_receive(ref_front *front, size_t connection, uint8_t *bytes, size_t count);
/// Makes one frame of each link's batch. The bytes are valid until the next call.
const uint8_t *ref_front_flush(ref_front *front, size_t *count);

#endif
