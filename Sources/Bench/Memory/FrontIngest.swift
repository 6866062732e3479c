import CReferenceIngest
import Core
import State

/// A front's way of an input, in memory: masked WebSocket frames with one input each, read, checked, routed to their link and
/// appended to its batch, and the batch made one frame for the trunk. The C reference takes the same bytes and must make the same.
package final class FrontIngest {
    /// What was not as it must be: the figures would mean nothing.
    package struct Disagreement: Error {
        package let what: String
    }

    private var cluster: MemoryCluster
    private let reference: OpaquePointer
    /// One read of each client, as the kernel would hand it over.
    private var reads: [[UInt8]] = []
    private let scratch: UnsafeMutableRawBufferPointer
    private let credit: [UInt8]
    /// Inputs in one round: one read of each client and one flush.
    package let inputsPerRound: Int

    /// - Parameters:
    ///   - clients: connections that write to one channel, in turn.
    ///   - inputsPerRead: WebSocket messages in one read, each with one input of `bytes` bytes.
    package init(clients: Int, inputsPerRead: Int, bytes: Int) throws {
        inputsPerRound = clients * inputsPerRead
        cluster = try MemoryCluster(Sink.self, settings: ChannelSettings(rate: .hertz(20)))
        guard let reference = ref_front_make(clients, 1) else { throw Disagreement(what: "memory") }
        self.reference = reference
        for number in 1...UInt64(clients) { cluster.connect(number) }
        cluster.pass(.milliseconds(200))
        // Made ready: each client's read, with its own grant in every frame.
        for number in 1...UInt64(clients) {
            guard let grant = cluster.grant(of: number) else { throw Disagreement(what: "a client without a grant") }
            ref_front_grant(reference, Int(number) - 1, grant.rawValue, 0, 1, number)
            reads.append(
                (0..<inputsPerRead).flatMap { Self.message(grant, InputNumber(rawValue: UInt64($0 + 1)), bytes) })
        }
        scratch = .allocate(byteCount: (reads.map(\.count).max() ?? 0) + 16, alignment: 16)
        var credit = ByteWriter()
        let byteCount = UInt64(inputsPerRound * (bytes + 16))
        credit.frame(.credit) { Credit(link: LinkNumber(rawValue: 1), byteCount: byteCount).encode(into: &$0) }
        self.credit = credit.bytes
        cluster.isCut = true
    }

    deinit {
        ref_front_free(reference)
        scratch.deallocate()
    }

    private static func message(_ grant: GrantID, _ number: InputNumber, _ byteCount: Int) -> [UInt8] {
        var writer = ByteWriter()
        writer.frame(.inputs) {
            $0.u64(grant)
            $0.num(number)
            $0.blob((0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(number.rawValue)) })
        }
        return MemoryCluster.masked(writer.bytes)
    }

    /// One read of every client through the front, then its flush.
    package func product() {
        let now = cluster.now
        for (place, read) in reads.enumerated() {
            cluster.front.receive(copy(read), from: ConnectionID(rawValue: UInt64(place) + 1), now: now)
        }
        cluster.front.tick(now: now + .milliseconds(1))
        cluster.pump()
        // The back takes it all in at once.
        credit.withUnsafeBytes { cluster.front.receive($0, on: cluster.trunk, now: now) }
    }

    /// The same through the reference.
    package func plainC() {
        for (place, read) in reads.enumerated() {
            let bytes = copy(read)
            _ = ref_front_receive(
                reference, place, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
        var count = 0
        _ = ref_front_flush(reference, &count)
    }

    /// A round of each, whose records must be the same, however they are cut into frames.
    package func check() throws {
        product()
        for (place, read) in reads.enumerated() {
            let bytes = copy(read)
            let taken = ref_front_receive(
                reference, place, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
            guard taken == bytes.count else { throw Disagreement(what: "what the reference takes") }
        }
        var count = 0
        let batch = UnsafeBufferPointer(start: ref_front_flush(reference, &count), count: count)
        guard count > inputsPerRound else { throw Disagreement(what: "the reference's batch") }
        guard try Self.records(cluster.sent) == Self.records(batch) else { throw Disagreement(what: "the batch") }
    }

    /// What frames of inputs hold behind their link's number.
    private static func records(_ frames: some Collection<UInt8>) throws -> [UInt8] {
        try Array(frames).withUnsafeBytes { bytes in
            var cursor = FrameCursor(bytes, limit: Limits.nodeFrameBytes)
            var records: [UInt8] = []
            while let frame = try cursor.next() {
                guard frame.kind == .trunkInputs else { throw Disagreement(what: "the kind of a frame") }
                var reader = ByteReader(frame.body)
                let _: LinkNumber = try reader.num()
                records += reader.rest()
            }
            return records
        }
    }

    /// Reading unmasks in place, so each round reads a copy: on both sides the same.
    private func copy(_ read: [UInt8]) -> UnsafeMutableRawBufferPointer {
        let bytes = UnsafeMutableRawBufferPointer(rebasing: scratch[..<read.count])
        bytes.copyBytes(from: read)
        return bytes
    }
}

/// Takes inputs in and counts them and their bytes; no row changes.
struct Sink: Processor {
    private(set) var inputCount: UInt64 = 0
    private(set) var byteCount: UInt64 = 0

    init(_ state: inout State) {}

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            guard case .input(let input) = event else { continue }
            inputCount &+= 1
            byteCount &+= UInt64(input.bytes.count)
        }
    }
}
