import Glibc

/// The bytes a stream's kernel buffer had no room for, in order, and the descriptors that travel with some of them.
///
/// One block of memory, grown by doubling, its front given up lazily; nothing is kept while it is empty. The limit is the
/// stream's to keep. Every path out of a stream calls `discard`, so it has no deinit of its own.
struct WriteQueue {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var begin = 0
    private var end = 0
    /// How many bytes ever left; positions of descriptors are counted from the queue's first byte ever.
    private var leftByteCount: UInt64 = 0
    /// Copies of descriptors, each to go with the byte at its position. The queue closes them.
    private var passed: [(position: UInt64, descriptor: Int32)] = []
    private static let smallestByteCount = 4096

    var count: Int { end - begin }
    var isEmpty: Bool { end == begin }

    /// What can be sent in one go: up to the next byte that carries a descriptor, and the one that the first byte carries
    /// or -1.
    var head: (bytes: UnsafeRawBufferPointer, descriptor: Int32) {
        var length = count
        var descriptor: Int32 = -1
        for next in passed.prefix(2) {
            if next.position == leftByteCount {
                descriptor = next.descriptor
            } else {
                length = min(length, Int(next.position - leftByteCount))
                break
            }
        }
        return (UnsafeRawBufferPointer(rebasing: memory[begin..<begin + length]), descriptor)
    }

    /// Adds bytes behind the others.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        makeRoom(for: bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: memory[end..<end + bytes.count]).copyMemory(from: bytes)
        end += bytes.count
    }

    /// Says that the next byte appended carries this descriptor, which the queue now owns.
    mutating func passWithNextByte(_ descriptor: Int32) {
        passed.append((leftByteCount + UInt64(count), descriptor))
    }

    /// The kernel took this many bytes of `head`, and with the first its descriptor.
    mutating func removeFirst(_ byteCount: Int) {
        guard byteCount > 0 else { return }
        if let first = passed.first, first.position == leftByteCount {
            close(first.descriptor)
            passed.removeFirst()
        }
        begin += byteCount
        leftByteCount += UInt64(byteCount)
        if isEmpty { release() }
    }

    /// Forgets all and frees the memory.
    mutating func discard() {
        for one in passed { close(one.descriptor) }
        passed = []
        release()
    }

    private mutating func release() {
        memory.deallocate()
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        begin = 0
        end = 0
    }

    private mutating func makeRoom(for byteCount: Int) {
        guard end + byteCount > memory.count else { return }
        let used = count
        if used + byteCount <= memory.count, begin >= used {
            // The front half is free, so source and target do not overlap.
            memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[begin..<end]))
        } else {
            var capacity = max(Self.smallestByteCount, memory.count)
            while capacity < used + byteCount { capacity *= 2 }
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[begin..<end]))
            memory.deallocate()
            memory = larger
        }
        begin = 0
        end = used
    }
}
