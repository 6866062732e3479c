import Core
import State
import Testing

@Suite("Handshakes")
struct HandshakeTests {
    private static let key = ClusterKey(bytes: Array(repeating: 1, count: 32))!
    private static let other = ClusterKey(bytes: Array(repeating: 2, count: 32))!

    private static func connector(_ key: ClusterKey, nonce: UInt64 = 1) -> ConnectorHandshake {
        ConnectorHandshake(
            greeting: Greeting(
                role: .front, name: "front-1", incarnation: Incarnation(rawValue: 1), nonce: Nonce(high: nonce, low: 1)),
            key: key)
    }

    private static func acceptor(_ key: ClusterKey, nonce: UInt64 = 9) -> AcceptorHandshake {
        AcceptorHandshake(
            name: "back-1", incarnation: Incarnation(rawValue: 2), nonce: Nonce(high: nonce, low: 9), key: key)
    }

    /// The first frame in `bytes`, given to `body`.
    private static func frame<T>(_ bytes: some Collection<UInt8>, _ body: (Frame) throws -> T) throws -> T {
        let bytes = Array(bytes)
        return try bytes.withUnsafeBytes { buffer in
            var cursor = FrameCursor(buffer, limit: 1000)
            let frame = try cursor.next()
            return try body(try #require(frame))
        }
    }

    private static func sent(_ answer: AcceptorHandshake.Answer) throws -> [UInt8] {
        guard case .send(let bytes) = answer else { throw Farewell(.failed, "nothing was sent") }
        return bytes
    }

    private static func sent(_ answer: ConnectorHandshake.Answer) throws -> [UInt8] {
        guard case .send(let bytes) = answer else { throw Farewell(.failed, "nothing was sent") }
        return bytes
    }

    /// The code that the conversation ends with; nil if it is a success.
    private static func run(
        _ connector: ConnectorHandshake, _ acceptor: AcceptorHandshake,
        tamper: (inout [UInt8], Int) -> Void = { _, _ in }
    ) throws -> CloseCode? {
        var (connector, acceptor) = (connector, acceptor)
        do {
            var greeting = Array(connector.opening.dropFirst(4))
            tamper(&greeting, 0)
            var challenge = try sent(try frame(greeting) { try acceptor.receive($0) })
            tamper(&challenge, 1)
            var proof = try sent(try frame(challenge) { try connector.receive($0) })
            tamper(&proof, 2)
            guard case .proved = try frame(proof, { try acceptor.receive($0) }) else { return .failed }
            return nil
        } catch let farewell as Farewell {
            return farewell.code
        }
    }

    @Test("One key on both sides opens the trunk; two do not, and the side that connects notices first")
    func keys() throws {
        #expect(try Self.run(Self.connector(Self.key), Self.acceptor(Self.key)) == nil)
        #expect(try Self.run(Self.connector(Self.key), Self.acceptor(Self.other)) == .unproven)
    }

    @Test("A byte changed on the way, in any frame at any place, never opens the trunk")
    func tampered() throws {
        for step in 0..<3 {
            for place in 2..<100 {
                var isTouched = false
                let opens: Bool
                do {
                    opens =
                        try Self.run(Self.connector(Self.key), Self.acceptor(Self.key)) { bytes, at in
                            guard at == step, place < bytes.count else { return }
                            bytes[place] ^= 0x01
                            isTouched = true
                        } == nil
                } catch {
                    opens = false
                }
                #expect(opens == !isTouched, "step \(step), byte \(place)")
            }
        }
    }

    @Test("A proof is good for its conversation only")
    func replay() throws {
        var first = Self.connector(Self.key)
        var acceptor = Self.acceptor(Self.key, nonce: 9)
        let challenge = try Self.sent(try Self.frame(first.opening.dropFirst(4)) { try acceptor.receive($0) })
        let proof = try Self.sent(try Self.frame(challenge) { try first.receive($0) })
        var next = Self.acceptor(Self.key, nonce: 10)
        _ = try Self.frame(first.opening.dropFirst(4)) { try next.receive($0) }
        #expect(throws: Farewell.self) { try Self.frame(proof) { try next.receive($0) } }
        // Nor can the acceptor's own proof be sent back to it.
        var mirror = ByteWriter()
        mirror.frame(.proof) { $0.raw(challenge.suffix(32)) }
        #expect(throws: Farewell.self) { try Self.frame(mirror.bytes) { try acceptor.receive($0) } }
    }
}
