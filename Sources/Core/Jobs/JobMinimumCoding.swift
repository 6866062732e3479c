import State

/// The versions that a job waits for, as bytes: in the store, and in the messages of the jobs.
package enum JobMinimumCoding {
    package static func bytes(of minimums: [JobMinimum]) -> [UInt8] {
        guard !minimums.isEmpty else { return none }
        var writer = ByteWriter()
        writer.minimums(minimums)
        return writer.bytes
    }

    /// A list of none: its count.
    private static let none: [UInt8] = [0]

    /// Nil if the bytes are none.
    package static func minimums(_ bytes: [UInt8]) -> [JobMinimum]? {
        bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            return try? reader.minimums()
        }
    }
}

extension ByteWriter {
    package mutating func minimums(_ list: [JobMinimum]) {
        num(list.count)
        for minimum in list {
            text(minimum.channel.text)
            u64(minimum.lineage)
            num(minimum.version)
        }
    }
}

extension ByteReader {
    package mutating func minimums() throws(WireError) -> [JobMinimum] {
        let count = try count(limit: remaining, of: "a list's count")
        var list: [JobMinimum] = []
        for _ in 0..<count {
            let text = try text()
            guard let channel = try? ChannelID(text) else { throw .invalid("a channel of a job") }
            list.append(JobMinimum(channel: channel, lineage: try u64(), version: try num()))
        }
        return list
    }
}
