/// Bytes in order, kept in the chunks in which they came.
struct ByteQueue {
    private var chunks: [ArraySlice<UInt8>] = []
    private var head = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        chunks.append(bytes)
        count += bytes.count
    }

    /// The first bytes, at most so many.
    mutating func removeFirst(_ limit: Int) -> [UInt8] {
        var taken: [UInt8] = []
        var missing = min(limit, count)
        taken.reserveCapacity(missing)
        count -= missing
        while missing > 0 {
            let part = chunks[head].prefix(missing)
            taken.append(contentsOf: part)
            missing -= part.count
            if part.count == chunks[head].count { head += 1 } else { chunks[head] = chunks[head].dropFirst(part.count) }
        }
        if head > 64 || count == 0 {
            chunks.removeFirst(head)
            head = 0
        }
        return taken
    }

    mutating func removeAll() { self = ByteQueue() }
}
