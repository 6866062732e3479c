import CCrypto

/// SHA-256 of one content after the other, as hexadecimal text: what libcrypto sets up for a hash is set up once.
package final class ContentHasher {
    /// Of a hash's text.
    package static let textByteCount = 64

    private let context = EVP_MD_CTX_new()

    package init() {
        precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "libcrypto has no SHA-256")
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Writes the text of the content's hash to `text`, which has room for `textByteCount` bytes.
    package func write(_ content: [UInt8], to text: UnsafeMutableRawBufferPointer) {
        precondition(text.count >= Self.textByteCount, "\(text.count) bytes for a hash")
        withUnsafeTemporaryAllocation(byteCount: Int(SHA256_DIGEST_LENGTH), alignment: 1) { hash in
            let bytes = hash.bindMemory(to: UInt8.self)
            let isDone = content.withUnsafeBytes {
                EVP_DigestInit_ex(context, nil, nil) == 1 && EVP_DigestUpdate(context, $0.baseAddress, $0.count) == 1
                    && EVP_DigestFinal_ex(context, bytes.baseAddress, nil) == 1
            }
            precondition(isDone, "libcrypto could not hash: out of memory, or the algorithm is disabled")
            for (place, byte) in bytes.enumerated() {
                text[2 * place] = Self.digit(byte >> 4)
                text[2 * place + 1] = Self.digit(byte & 15)
            }
        }
    }

    @inline(__always) private static func digit(_ value: UInt8) -> UInt8 { value &+ (value < 10 ? 48 : 87) }
}
