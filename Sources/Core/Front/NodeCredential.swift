/// What a node shows with a request over HTTP: `Authorization: Switchback node=web-2, time=1763712000, mac=HEX`.
///
/// `mac` is 64 hex digits: HMAC-SHA-256 with the cluster key over `switchback POST /takeMessage.js`, the node's name, the time in
/// seconds since 1970 and the request's body, a line feed between one and the next. Names and times contain none.
package struct NodeCredential: Sendable, Equatable {
    package var node: String
    package var unixSeconds: UInt64
    package var mac: [UInt8]

    private static let label = "switchback POST \(NodeGate.path)"
    /// The longest name of a node.
    package static let nameLimit = 64

    package init(node: String, unixSeconds: UInt64, mac: [UInt8]) {
        (self.node, self.unixSeconds, self.mac) = (node, unixSeconds, mac)
    }

    /// For a node that asks.
    package init(signing body: [UInt8], node: String, unixSeconds: UInt64, key: ClusterKey) {
        self.init(node: node, unixSeconds: unixSeconds, mac: Self.mac(body, node, unixSeconds, key))
    }

    /// From the header's value; nil if it is none. The order of the three is free, each is there once.
    package init?(header: String) {
        guard header.utf8.count <= 512, header.hasPrefix("Switchback ") else { return nil }
        var parts: [String: String] = [:]
        for part in header.dropFirst("Switchback ".count).split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.trimmingSpaces }
            guard pair.count == 2, parts.updateValue(pair[1], forKey: pair[0]) == nil else { return nil }
        }
        guard parts.count == 3, let node = parts["node"], Self.isName(node), let time = parts["time"],
            let unixSeconds = UInt64(time), let mac = parts["mac"].flatMap(Self.bytes), mac.count == 32
        else { return nil }
        self.init(node: node, unixSeconds: unixSeconds, mac: mac)
    }

    /// As the header has it.
    package var header: String {
        let digits = Array("0123456789abcdef".utf8)
        let hex = String(decoding: mac.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        return "Switchback node=\(node), time=\(unixSeconds), mac=\(hex)"
    }

    /// Whether it was made for this body by somebody who has the key.
    package func proves(_ body: [UInt8], key: ClusterKey) -> Bool {
        Crypto.equalInConstantTime(mac, Self.mac(body, node, unixSeconds, key))
    }

    /// Letters, digits, `-`, `_` and `.`: at least one, at most 64.
    package static func isName(_ text: String) -> Bool {
        (1...nameLimit).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }

    private static func mac(_ body: [UInt8], _ node: String, _ unixSeconds: UInt64, _ key: ClusterKey) -> [UInt8] {
        Crypto.hmacSHA256(key: key.bytes, parts: Array("\(label)\n\(node)\n\(unixSeconds)\n".utf8), body)
    }

    private static func bytes(hex: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in hex.utf8 {
            let digit: UInt8
            switch character {
            case 0x30...0x39: digit = character - 0x30
            case 0x61...0x66: digit = character - 0x57
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return high == nil ? bytes : nil
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
