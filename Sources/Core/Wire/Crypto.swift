import CCrypto

/// Hashes and comparisons over OpenSSL's libcrypto; pure functions.
package enum Crypto {
    /// 20 bytes. Only for WebSocket's handshake, which proves nothing about security.
    package static func sha1(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        digest(byteCount: Int(SHA_DIGEST_LENGTH)) { SHA1(pointer(bytes), bytes.count, $0) != nil }
    }

    package static func sha1(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { sha1($0) } }

    /// 32 bytes.
    package static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        digest(byteCount: Int(SHA256_DIGEST_LENGTH)) { SHA256(pointer(bytes), bytes.count, $0) != nil }
    }

    package static func sha256(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { sha256($0) } }

    /// HMAC-SHA-256 (RFC 2104) of the parts joined as they are: 32 bytes.
    ///
    /// Joining is not injective: a caller whose parts vary in length puts their lengths among the parts.
    package static func hmacSHA256(key: [UInt8], parts: [[UInt8]]) -> [UInt8] {
        var joined: [UInt8] = []
        joined.reserveCapacity(parts.reduce(0) { $0 + $1.count })
        for part in parts { joined.append(contentsOf: part) }
        return key.withUnsafeBytes { key in
            joined.withUnsafeBytes { bytes in
                digest(byteCount: Int(SHA256_DIGEST_LENGTH)) { out in
                    HMAC(EVP_sha256(), pointer(key), Int32(key.count), pointer(bytes), bytes.count, out, nil) != nil
                }
            }
        }
    }

    package static func hmacSHA256(key: [UInt8], parts: [UInt8]...) -> [UInt8] { hmacSHA256(key: key, parts: parts) }

    /// Whether both are the same, in a time that depends only on their lengths: for everything an attacker may guess at.
    package static func equalInConstantTime(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard one.count == other.count else { return false }
        return one.withUnsafeBytes { one in
            other.withUnsafeBytes { CRYPTO_memcmp(pointer(one), pointer($0), one.count) == 0 }
        }
    }

    /// libcrypto takes no null pointer where it expects bytes, not even for none of them.
    private static func pointer(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<UInt8> {
        bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? nothing
    }

    private nonisolated(unsafe) static let nothing: UnsafePointer<UInt8> = {
        let byte = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
        byte.initialize(to: 0)
        return UnsafePointer(byte)
    }()

    private static func digest(byteCount: Int, _ body: (UnsafeMutablePointer<UInt8>?) -> Bool) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            let isDone = body(buffer.baseAddress)
            precondition(isDone, "libcrypto could not hash: out of memory, or the algorithm is disabled")
            count = byteCount
        }
    }
}
