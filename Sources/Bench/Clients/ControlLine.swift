import FoundationEssentials

/// What a load generator and its harness say to each other: one JSON object a line.
enum ControlLine: Codable, Equatable {
    // From the generator.
    /// So many of its clients have got their first state.
    case joined(Int)
    /// It cannot go on.
    case failed(String)
    case tallied(DeliveryTally)
    // From the harness.
    case measure(start: UInt64, end: UInt64, period: UInt64)

    var bytes: [UInt8] {
        guard let data = try? JSONEncoder().encode(self) else { return [] }
        return Array(data) + [0x0A]
    }

    init?(_ line: some Collection<UInt8>) {
        guard let value = try? JSONDecoder().decode(ControlLine.self, from: Data(line)) else { return nil }
        self = value
    }
}

/// Cuts arriving bytes into lines.
struct LineCutter {
    private var held: [UInt8] = []

    /// Each whole line that is there now, without its end.
    mutating func receive(_ bytes: UnsafeRawBufferPointer, _ each: (ArraySlice<UInt8>) -> Void) {
        held.append(contentsOf: bytes)
        var start = 0
        // What was held before has been searched; only lines of a few bytes are many, so searching again costs nothing.
        while let end = held[start...].firstIndex(of: 0x0A) {
            each(held[start..<end])
            start = end + 1
        }
        held.removeFirst(start)
    }
}
