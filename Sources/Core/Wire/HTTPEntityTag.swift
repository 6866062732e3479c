/// The strong tag of some bytes, and whether a reader's `If-None-Match` names it.
package struct HTTPEntityTag: Hashable, Sendable, CustomStringConvertible {
    /// With its quotes, as it stands in the header.
    package let description: String

    /// From the content itself: 16 bytes of its SHA-256 in hex.
    package init(of bytes: [UInt8]) { self.init(hash: Crypto.sha256(bytes)) }

    /// From a SHA-256 that is known already.
    package init(hash: [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        let text = hash.prefix(16).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        description = "\"" + String(decoding: text, as: UTF8.self) + "\""
    }

    /// A tag that was made before, with its quotes.
    package init(quoted: String) { description = quoted }

    /// RFC 9110's weak comparison, which is the one for `If-None-Match`: a list of tags, weak or not, or `*`.
    package func isNamed(by ifNoneMatch: String?) -> Bool {
        guard let ifNoneMatch else { return false }
        return ifNoneMatch.split(separator: ",").contains { part in
            let tag = HTTPText.trimmed(part)
            return tag == "*" || (tag.hasPrefix("W/") ? tag.dropFirst(2) : tag) == description[...]
        }
    }
}
