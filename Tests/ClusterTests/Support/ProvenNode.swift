import Core
import State

/// A process that holds the cluster key: it proves it, and then says what it likes.
final class ProvenNode {
    let wire: Wire
    private var reader = FrameReader(limit: Limits.nodeFrameBytes)
    /// Its trunk was accepted.
    private(set) var isAccepted = false
    /// How the other side ended it.
    private(set) var bye: Bye?

    /// Proves the key of the cluster's state folder, as a front does.
    init(_ wire: Wire, of cluster: Cluster) throws {
        self.wire = wire
        let digits = Files.text(cluster.folder + "/state/cluster.key").filter(\.isHexDigit)
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count - 1, by: 2) {
            let pair = digits.dropFirst(place).prefix(2)
            guard let byte = UInt8(pair, radix: 16) else { throw Failure("no key: \(digits)") }
            bytes.append(byte)
        }
        guard let key = ClusterKey(bytes: bytes) else { throw Failure("no key: \(digits)") }
        let greeting = Greeting(
            role: .front, name: "front-of-a-test", incarnation: Incarnation(rawValue: .random(in: 1 ... .max)),
            nonce: Nonce(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max)))
        var handshake = ConnectorHandshake(greeting: greeting, key: key)
        try wire.send(handshake.opening)
        try listen(until: { isAccepted }) { frame in
            switch try handshake.receive(frame) {
            case .send(let bytes): try wire.send(bytes)
            case .accepted: isAccepted = true
            }
        }
    }

    /// Reads until the other side has ended it.
    func awaitEnd() throws { try listen(until: { wire.isEnded }) { _ in } }

    private func listen(until isEnough: () -> Bool, _ take: (Frame) throws -> Void) throws {
        let bound = Bound(.seconds(10))
        while true {
            wire.fill()
            let bytes = wire.input
            wire.input = []
            try bytes.withUnsafeBytes { buffer in
                try reader.receive(
                    buffer,
                    { (frame) throws in
                        if frame.kind == .bye { bye = try frame.decode(Bye.init(from:)) }
                        try take(frame)
                    }, failed: { Failure("\($0)") as any Error })
            }
            if isEnough() { return }
            guard !wire.isEnded, !bound.isOver else { throw Failure("no answer; \(String(describing: bye))") }
            Wire.await([wire], bound)
        }
    }
}
