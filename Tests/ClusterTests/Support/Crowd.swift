import State

/// Many clients, half of them of each form, who write at random, and whose states of one version are compared: not at every
/// version, because writing down hundreds of states is what such a test spends its time with.
final class Crowd {
    private(set) var binary: [FrameClient] = []
    private(set) var text: [TextClient] = []
    private(set) var differences: [String] = []
    private(set) var comparisons = 0
    private let port: UInt16
    private let channels: [String]
    /// States of the binary form are compared at every multiple of it, those of the text form at every fourth of these,
    /// by every fifth client in turn.
    private let sampling: Int
    private var sentBinary: [UInt64] = []
    /// What somebody held at a version: canonical bytes of the binary form, canonical text of the text form.
    private var states: [String: String] = [:]

    init(_ port: UInt16, sessions: Int, _ channels: [String]) throws {
        self.port = port
        self.channels = channels
        sampling = max(3, sessions / 16)
        for number in 0..<sessions {
            if number.isMultiple(of: 2) { try addBinary(number) } else { try addText(number) }
        }
        sentBinary = Array(repeating: 0, count: binary.count)
        try listen("every grant and state") {
            binary.enumerated().allSatisfy { $1.grants[channel(2 * $0)] != nil && $1.mirrors.count == channels.count }
                && text.enumerated().allSatisfy {
                    $1.grants[channel(2 * $0 + 1)] != nil && $1.copies.count == channels.count
                }
        }
    }

    private func channel(_ number: Int) -> String { channels[number % channels.count] }

    private func addBinary(_ number: Int) throws {
        let client = try FrameClient(port, read: channels, write: channel(number))
        watch(client)
        binary.append(client)
    }

    private func watch(_ client: FrameClient) {
        client.onCommit = { [unowned self] channel, mirror in
            guard mirror.version.isMultiple(of: UInt64(sampling)) else { return }
            note("\(channel) \(mirror.version) bytes", mirror.encoded().hex)
        }
    }

    private func addText(_ number: Int) throws {
        let client = try TextClient(port, read: channels, write: channel(number))
        watch(client, text.count)
        text.append(client)
    }

    private func watch(_ client: TextClient, _ place: Int) {
        client.onPatch = { [unowned self] channel, copy in
            let sample = copy.version / (sampling * 4)
            guard copy.version.isMultiple(of: sampling * 4), place % 5 == sample % 5 else { return }
            note("\(channel) \(copy.version) text", copy.canonical)
        }
    }

    private func note(_ what: String, _ state: String) {
        if let known = states[what] {
            comparisons += 1
            if known != state { differences.append(what) }
        } else {
            states[what] = state
        }
    }

    /// The back's own word on a version.
    func compare(_ channel: String, _ back: (version: UInt64, bytes: String)) {
        note("\(channel) \(back.version) bytes", back.bytes)
    }

    /// Every input that was sent has been acked.
    var isAllDecided: Bool {
        binary.indices.allSatisfy { binary[$0].isAcked(channel(2 * $0), sentBinary[$0]) }
            && text.indices.allSatisfy {
                text[$0].isAcked(channel(2 * $0 + 1), text[$0].sentCount(channel(2 * $0 + 1)))
            }
    }

    /// An input of a random client.
    func someInput(_ dice: inout some RandomNumberGenerator) throws {
        let number = Int.random(in: 0..<binary.count + text.count, using: &dice)
        let data =
            switch Int.random(in: 0..<6, using: &dice) {
            case 0: "{\"add\":\(Int.random(in: -9...9, using: &dice))}"
            case 1: "{\"note\":\(Int.random(in: 0...9, using: &dice))}"
            case 2: "{\"refuse\":\"chance\"}"
            case 3: "{}"
            default: "{\"dice\":\(UInt32.random(in: 0 ... .max, using: &dice))}"
            }
        if number.isMultiple(of: 2), number / 2 < binary.count {
            sentBinary[number / 2] += 1
            try binary[number / 2].input(channel(number), data, number: sentBinary[number / 2])
        } else if number / 2 < text.count {
            try text[number / 2].input(channel(2 * (number / 2) + 1), data)
        }
    }

    /// A random client of the text form loses its connection and comes back, often to another front.
    func comeAnew(_ dice: inout some RandomNumberGenerator) throws {
        let place = Int.random(in: 0..<text.count, using: &dice)
        let write = channel(2 * place + 1)
        let client = try text[place].resume(port, write: write)
        watch(client, place)
        text[place] = client
        try listen("the one that came back may write") { client.grants[write] != nil }
    }

    /// Waits until every input is decided and everyone holds the same versions.
    func settle() throws {
        try listen("everyone is at the same version", within: 10) {
            channels.allSatisfy { channel in
                let versions =
                    binary.map { $0.mirrors[channel]?.version ?? 0 }
                    + text.map { UInt64($0.copies[channel]?.version ?? 0) }
                return Set(versions).count == 1
            } && isAllDecided
        }
    }

    func listen(_ wish: String, within seconds: Int = 5, _ isReached: () throws -> Bool) throws {
        let bound = Bound(.seconds(seconds))
        while true {
            for client in binary { try client.listen() }
            for client in text { try client.listen() }
            if try isReached() { return }
            guard !bound.isOver else { throw Failure("not within \(seconds) s: \(wish)") }
            Wire.await(binary.map(\.wire) + text.map(\.socket.wire), bound)
        }
    }
}
