import State

/// The opening of a trunk from the side that connects.
///
/// `greeted → proved → accepted`; a wrong answer at any step is a `Farewell` and the end. Nothing else may be sent before
/// `accepted`, so the other side never parses a stranger's messages.
package struct ConnectorHandshake: Sendable {
    private enum Step {
        case greeted
        case proved(Challenge)
    }

    private let greeting: Greeting
    private let key: ClusterKey
    private var step: Step = .greeted

    package init(greeting: Greeting, key: ClusterKey) {
        self.greeting = greeting
        self.key = key
    }

    /// Preface and greeting: the first bytes on the stream.
    package var opening: [UInt8] {
        var writer = ByteWriter(Preface.bytes, capacity: 96)
        writer.frame(.greeting) { greeting.encode(into: &$0) }
        return writer.bytes
    }

    package enum Answer {
        case send([UInt8])
        case accepted(Accepted, peer: Challenge)
    }

    /// The acceptor's next frame.
    package mutating func receive(_ frame: Frame) throws(Farewell) -> Answer {
        do {
            switch (step, frame.kind) {
            case (.greeted, .challenge):
                let challenge = try frame.decode(Challenge.init(from:))
                guard challenge.version >= greeting.lowestVersion, challenge.version <= greeting.highestVersion else {
                    throw Farewell(.version, "version \(challenge.version) was chosen, which we do not speak")
                }
                guard Crypto.equalInConstantTime(challenge.proof, Proof.ofAcceptor(greeting, challenge, key: key))
                else { throw Farewell(.unproven, "the peer does not hold our cluster key") }
                step = .proved(challenge)
                var writer = ByteWriter()
                writer.frame(.proof) { $0.raw(Proof.ofConnector(greeting, challenge, key: key)) }
                return .send(writer.bytes)
            case (.proved(let challenge), .accepted):
                return .accepted(try frame.decode(Accepted.init(from:)), peer: challenge)
            case (_, .bye):
                let bye = try frame.decode(Bye.init(from:))
                throw bye.farewell
            default:
                throw Farewell(.protocolError, "frame \(frame.kind) does not belong into a handshake")
            }
        } catch let error as WireError {
            throw Farewell(error)
        } catch let farewell as Farewell {
            throw farewell
        } catch {
            throw Farewell(.protocolError, "\(error)")
        }
    }
}

/// The opening of a trunk from the side that was connected to: `waiting → challenged → in`.
package struct AcceptorHandshake: Sendable {
    private enum Step {
        case waiting
        case challenged(Greeting, Challenge)
    }

    private let name: String
    private let incarnation: Incarnation
    private let nonce: Nonce
    private let key: ClusterKey
    private var step: Step = .waiting

    package init(name: String, incarnation: Incarnation, nonce: Nonce, key: ClusterKey) {
        self.name = name
        self.incarnation = incarnation
        self.nonce = nonce
        self.key = key
    }

    package enum Answer {
        case send([UInt8])
        case proved(Greeting)
    }

    /// The connector's next frame. After `.proved` the caller sends its `accepted`.
    package mutating func receive(_ frame: Frame) throws(Farewell) -> Answer {
        do {
            switch (step, frame.kind) {
            case (.waiting, .greeting):
                let greeting = try frame.decode(Greeting.init(from:))
                guard let version = greeting.commonVersion else {
                    throw Farewell(
                        .version,
                        "we speak versions \(ProtocolVersion.lowest) to \(ProtocolVersion.highest), not \(greeting.lowestVersion) to \(greeting.highestVersion)"
                    )
                }
                guard greeting.role != .client else {
                    throw Farewell(.unproven, "clients are not served here; connect to a front")
                }
                var challenge = Challenge(version: version, name: name, incarnation: incarnation, nonce: nonce)
                challenge.proof = Proof.ofAcceptor(greeting, challenge, key: key)
                step = .challenged(greeting, challenge)
                var writer = ByteWriter()
                writer.frame(.challenge) { challenge.encode(into: &$0) }
                return .send(writer.bytes)
            case (.challenged(let greeting, let challenge), .proof):
                let proof = try frame.decode { (reader) throws(WireError) in Array(try reader.raw(Proof.byteCount)) }
                guard Crypto.equalInConstantTime(proof, Proof.ofConnector(greeting, challenge, key: key)) else {
                    throw Farewell(.unproven, "wrong cluster key")
                }
                return .proved(greeting)
            default:
                throw Farewell(.protocolError, "frame \(frame.kind) does not belong into a handshake")
            }
        } catch let error as WireError {
            throw Farewell(error)
        } catch let farewell as Farewell {
            throw farewell
        } catch {
            throw Farewell(.protocolError, "\(error)")
        }
    }
}
