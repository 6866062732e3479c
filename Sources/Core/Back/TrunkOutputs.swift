import State

/// What a back process has to say on each of its trunks. One buffer a trunk, handed to the shell whole: one write a tick.
package struct TrunkOutputs {
    package struct Output {
        var writer = ByteWriter()
        /// Bytes that the shell was given.
        var givenByteCount = 0
        /// Those of them that it could not get rid of yet.
        var unsentByteCount = 0
    }

    private var outputs: [TrunkID: Output] = [:]
    /// Trunks with something to send, in the order in which they came to have it.
    private(set) var waiting: [TrunkID] = []

    mutating func open(_ trunk: TrunkID) { outputs[trunk] = Output() }

    mutating func close(_ trunk: TrunkID) {
        outputs[trunk] = nil
        waiting.removeAll { $0 == trunk }
    }

    mutating func setUnsent(_ byteCount: Int, on trunk: TrunkID) { outputs[trunk]?.unsentByteCount = byteCount }

    /// Whether the trunk's receiver does not keep up: state is squashed then instead of queued.
    func isCongested(_ trunk: TrunkID) -> Bool {
        guard let output = outputs[trunk] else { return false }
        return output.unsentByteCount + output.writer.count > Limits.congestedTrunkBytes
    }

    func unsentByteCount(_ trunk: TrunkID) -> Int { outputs[trunk]?.unsentByteCount ?? 0 }

    /// What the trunk's kernel has taken since it opened.
    func takenByteCount(_ trunk: TrunkID) -> Int { outputs[trunk].map { $0.givenByteCount - $0.unsentByteCount } ?? 0 }

    func pendingByteCount(_ trunk: TrunkID) -> Int { outputs[trunk]?.writer.count ?? 0 }

    /// Appends to a trunk's buffer. Nothing happens if the trunk is gone.
    mutating func append(to trunk: TrunkID, _ body: (inout ByteWriter) -> Void) {
        guard outputs[trunk] != nil else { return }
        let wasEmpty = outputs[trunk]!.writer.count == 0
        body(&outputs[trunk]!.writer)
        if wasEmpty, outputs[trunk]!.writer.count > 0 { waiting.append(trunk) }
    }

    /// All that is to be sent on the first trunk that has something.
    mutating func next() -> (TrunkID, [UInt8])? {
        guard !waiting.isEmpty else { return nil }
        let trunk = waiting.removeFirst()
        let bytes = outputs[trunk]?.writer.bytes ?? []
        outputs[trunk]?.writer = ByteWriter([], capacity: min(bytes.count, 64 << 10))
        outputs[trunk]?.givenByteCount += bytes.count
        return (trunk, bytes)
    }

    /// All that is to be sent on one trunk.
    mutating func take(_ trunk: TrunkID) -> [UInt8]? {
        guard waiting.contains(trunk), let bytes = outputs[trunk]?.writer.bytes else { return nil }
        waiting.removeAll { $0 == trunk }
        outputs[trunk]!.writer = ByteWriter()
        return bytes
    }
}
