import State

/// What a client shows to be the same session again: its id, whose it is and until when, under an HMAC of the cluster key.
///
/// `u8` 1 · `id` session · `u64` expiry in seconds since 1970 · `text` user · 32 bytes HMAC-SHA256 over `switchback session` and
/// all before. Any front of the cluster can check it; none keeps a list.
package struct SessionToken: Equatable, Sendable {
    package let session: SessionID
    package let expiry: UInt64
    package let user: String

    private static let label = Array("switchback session".utf8)
    private static let proofByteCount = 32

    package init(session: SessionID, expiry: UInt64, user: String) {
        self.session = session
        self.expiry = expiry
        self.user = user
    }

    package func signed(with key: ClusterKey) -> [UInt8] {
        var writer = ByteWriter()
        writer.u8(1)
        writer.session(session)
        writer.u64(expiry)
        writer.text(user)
        writer.raw(Crypto.hmacSHA256(key: key.bytes, parts: Self.label, writer.bytes))
        return writer.bytes
    }

    /// The token in `bytes`, if it is one of ours and still good.
    package static func check(_ bytes: [UInt8], key: ClusterKey, unixSeconds: UInt64) -> SessionToken? {
        guard bytes.count > proofByteCount else { return nil }
        let said = Array(bytes.dropLast(proofByteCount))
        let proof = Array(bytes.suffix(proofByteCount))
        guard Crypto.equalInConstantTime(proof, Crypto.hmacSHA256(key: key.bytes, parts: label, said)) else {
            return nil
        }
        let token: SessionToken? = try? ByteReader.read(said) { (reader) throws(WireError) -> SessionToken in
            guard try reader.u8() == 1 else { throw .invalid("the kind of a token") }
            let token = SessionToken(session: try reader.session(), expiry: try reader.u64(), user: try reader.text())
            try reader.end()
            return token
        }
        guard let token, token.expiry > unixSeconds else { return nil }
        return token
    }
}
