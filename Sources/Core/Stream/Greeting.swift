import State

/// What a peer is. A client proves a session, every other role the cluster key.
package enum Role: UInt8, Sendable {
    case client = 1, front, back, hub, worker, tool
}

/// The versions of the conversation that this build speaks.
package enum ProtocolVersion {
    package static let lowest: UInt8 = 1
    package static let highest: UInt8 = 1
}

/// What the side that connects says before its first frame on a plain stream.
package enum Preface {
    package static let bytes: [UInt8] = [0x00, 0x53, 0x57, 0x42]
}

/// 16 random bytes, so that a proof is good for one conversation only.
package struct Nonce: Equatable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package static let zero = Nonce(high: 0, low: 0)

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(using dice: inout some RandomNumberGenerator) {
        self.init(high: dice.next(), low: dice.next())
    }

    init(from reader: inout ByteReader) throws(WireError) { self.init(high: try reader.u64(), low: try reader.u64()) }

    func encode(into writer: inout ByteWriter) {
        writer.u64(high)
        writer.u64(low)
    }
}

/// The first frame of whoever connects.
package struct Greeting: Equatable, Sendable {
    package var lowestVersion: UInt8
    package var highestVersion: UInt8
    package var role: Role
    package var name: String
    package var incarnation: Incarnation
    package var nonce: Nonce

    package init(role: Role, name: String, incarnation: Incarnation, nonce: Nonce) {
        lowestVersion = ProtocolVersion.lowest
        highestVersion = ProtocolVersion.highest
        self.role = role
        self.name = name
        self.incarnation = incarnation
        self.nonce = nonce
    }

    /// A client's greeting: it has no name and proves nothing yet.
    package static let client = Greeting(
        role: .client, name: "", incarnation: Incarnation(rawValue: 0), nonce: .zero)

    package init(from reader: inout ByteReader) throws(WireError) {
        lowestVersion = try reader.u8()
        highestVersion = try reader.u8()
        guard let role = Role(rawValue: try reader.u8()) else { throw .invalid("the role") }
        self.role = role
        name = try reader.text()
        incarnation = try reader.u64()
        nonce = try Nonce(from: &reader)
    }

    package func encode(into writer: inout ByteWriter) {
        writer.u8(lowestVersion)
        writer.u8(highestVersion)
        writer.u8(role.rawValue)
        writer.text(name)
        writer.u64(incarnation)
        nonce.encode(into: &writer)
    }

    /// The highest version that both sides speak.
    package var commonVersion: UInt8? {
        let highest = min(highestVersion, ProtocolVersion.highest)
        return highest >= max(lowestVersion, ProtocolVersion.lowest) ? highest : nil
    }
}

/// The acceptor's answer to a node: its own name and nonce, and the proof that it holds the key.
package struct Challenge: Equatable, Sendable {
    package var version: UInt8
    package var name: String
    package var incarnation: Incarnation
    package var nonce: Nonce
    package var proof: [UInt8] = []

    package init(version: UInt8, name: String, incarnation: Incarnation, nonce: Nonce) {
        self.version = version
        self.name = name
        self.incarnation = incarnation
        self.nonce = nonce
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        version = try reader.u8()
        name = try reader.text()
        incarnation = try reader.u64()
        nonce = try Nonce(from: &reader)
        proof = Array(try reader.raw(Proof.byteCount))
    }

    func encodeWithoutProof(into writer: inout ByteWriter) {
        writer.u8(version)
        writer.text(name)
        writer.u64(incarnation)
        nonce.encode(into: &writer)
    }

    package func encode(into writer: inout ByteWriter) {
        encodeWithoutProof(into: &writer)
        writer.raw(proof)
    }
}

/// The acceptor's word that the node is in, with what it wants the node to know.
package struct Accepted: Equatable, Sendable {
    package var epoch: Epoch
    package var families: [String]
    package var options: [UInt8]

    package init(epoch: Epoch, families: [String], options: [UInt8]) {
        self.epoch = epoch
        self.families = families
        self.options = options
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        epoch = try reader.u64()
        let count = try reader.count(limit: Limits.familiesPerBack, of: "the families")
        families = []
        for _ in 0..<count { families.append(try reader.text()) }
        options = Array(try reader.blob())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.u64(epoch)
        writer.num(families.count)
        for family in families { writer.text(family) }
        writer.blob(options)
    }
}

/// HMAC-SHA256 over what both sides said, with a label for the direction so that no proof can be sent back.
enum Proof {
    static let byteCount = 32

    static func ofAcceptor(_ greeting: Greeting, _ challenge: Challenge, key: ClusterKey) -> [UInt8] {
        var said = ByteWriter()
        said.raw("switchback acceptor".utf8)
        greeting.encode(into: &said)
        challenge.encodeWithoutProof(into: &said)
        return Crypto.hmacSHA256(key: key.bytes, parts: said.bytes)
    }

    static func ofConnector(_ greeting: Greeting, _ challenge: Challenge, key: ClusterKey) -> [UInt8] {
        var said = ByteWriter()
        said.raw("switchback connector".utf8)
        greeting.encode(into: &said)
        challenge.encode(into: &said)
        return Crypto.hmacSHA256(key: key.bytes, parts: said.bytes)
    }
}

/// The secret that makes a process a member of the cluster: 32 bytes.
package struct ClusterKey: Sendable, Equatable {
    package let bytes: [UInt8]

    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// From the 64 hex digits of a key file; white space around them is ignored.
    package init?(hex: String) {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in hex where !character.isWhitespace {
            guard let digit = character.hexDigitValue.map(UInt8.init) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil else { return nil }
        self.init(bytes: bytes)
    }
}
