/// The bytes of one message that did not arrive in one piece; owned memory with a stable address, so that its reader can
/// lend it out until the next call.
///
/// Grows by doubling as bytes arrive, so it never holds more than twice what was received, and is given back once empty.
struct WebSocketAssembly: ~Copyable {
    /// The first allocation, in bytes.
    private static let firstCapacity = 512

    private var storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private(set) var count = 0

    deinit { storage.deallocate() }

    /// All that was appended; valid until the next `append` or `clear`.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<count]) }

    var capacity: Int { storage.count }

    /// Appends `piece`; the caller has checked that all of it stays within `limit`.
    mutating func append(_ piece: UnsafeRawBufferPointer, limit: Int) {
        guard !piece.isEmpty else { return }
        let needed = count + piece.count
        if needed > storage.count {
            let doubled = min(max(Self.firstCapacity, storage.count * 2), limit)
            grow(to: max(needed, doubled))
        }
        UnsafeMutableRawBufferPointer(rebasing: storage[count...]).copyMemory(from: piece)
        count = needed
    }

    mutating func clear() {
        guard storage.count > 0 else { return }
        storage.deallocate()
        storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        count = 0
    }

    private mutating func grow(to capacity: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: bytes)
        storage.deallocate()
        storage = larger
    }
}
