import Core

/// A cookie for one page that says what its reader has seen of the channel behind it: the page is not older than that. Signed, for
/// the path that it was made for, so that nobody can have pages built by making one up.
enum PageFloorCookie {
    static let name = "page-floor"
    /// How long a browser keeps it: the page is built long before.
    static let seconds = 60

    /// `channel:lineage:epoch:version:signature`, numbers in hex.
    static func value(_ floor: PageFloor, path: String, key: ClusterKey) -> String {
        let said = [
            floor.minimum.channel.text, hex(floor.minimum.lineage.rawValue), hex(floor.version.epoch.rawValue),
            hex(floor.version.version.rawValue),
        ].joined(separator: ":")
        return said + ":" + signature(said, path, key)
    }

    /// What the request's cookie says, if it is ours.
    static func floor(of head: HTTPRequestHead, key: ClusterKey) -> PageFloor? {
        guard let text = WebRequest.cookie(name, in: head) else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 5, let channel = try? ChannelID(String(parts[0])),
            let lineage = UInt64(parts[1], radix: 16), let epoch = UInt64(parts[2], radix: 16),
            let version = UInt64(parts[3], radix: 16)
        else { return nil }
        let said = parts[..<4].joined(separator: ":")
        let isOurs = Crypto.equalInConstantTime(Array(parts[4].utf8), Array(signature(said, head.path, key).utf8))
        guard isOurs else { return nil }
        return PageFloor(
            JobMinimum(
                channel: channel, lineage: Lineage(rawValue: lineage), version: Version(rawValue: version)),
            epoch: Epoch(rawValue: epoch))
    }

    private static func hex(_ number: UInt64) -> String { String(number, radix: 16) }

    private static func signature(_ said: String, _ path: String, _ key: ClusterKey) -> String {
        let code = Crypto.hmacSHA256(
            key: key.bytes, parts: Array("switchback page floor".utf8), Array(said.utf8), [0], Array(path.utf8))
        return code.prefix(12).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
