import State

/// An input that the tick gives to the application, as the walk found it: plain numbers.
struct ReadyInput {
    let session: SessionID
    let number: UInt64
    /// Where its bytes are in the inbox, which is far smaller than 4 GiB.
    let start: UInt32
    let byteCount: UInt32
    let slot: UInt32
}

/// Inputs that are the application's next events, made ready by a walk some at a time, so that they are still near when the
/// application takes them.
///
/// A list in memory of its own: neither the walk nor the application's loop counts references or checks for other owners of
/// it once an input. It belongs to one channel and is reached through that alone.
final class ReadyInputs {
    private static let firstCapacity = 32
    private static let capacityLimit = 512

    /// For the walk, which fills it from the start.
    @exclusivity(unchecked) private(set) var memory: UnsafeMutablePointer<ReadyInput>
    /// So many at once; more as the channel turns out to be busy.
    private(set) var capacity = ReadyInputs.firstCapacity
    @exclusivity(unchecked) private(set) var count = 0

    init() { memory = .allocate(capacity: capacity) }

    deinit { memory.deallocate() }

    subscript(place: Int) -> ReadyInput {
        @inline(__always) get { memory[place] }
    }

    /// A walk ended with so many.
    func filled(_ count: Int) { self.count = count }

    /// All are taken. A walk that filled it finds more room the next time.
    func clear() {
        if count == capacity, capacity < Self.capacityLimit {
            memory.deallocate()
            capacity *= 2
            memory = .allocate(capacity: capacity)
        }
        count = 0
    }
}
