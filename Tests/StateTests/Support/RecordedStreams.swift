import Foundation
import State

/// A stream of Tests/Vectors/state as its README describes it, to be fed to a mirror again.
struct RecordedStreams: Decodable {
    struct Section: Decodable {
        let audience: UInt64?
        let base: UInt64
        let version: UInt64
        let patch: String
    }

    struct Attached: Decodable {
        let listed: [UInt64]
        let kept: [UInt64]
    }

    struct Mark: Decodable {
        let attached: Attached?
        let base: UInt64
        let version: UInt64
        let sections: [Section]
    }

    let schema: String
    let sections: [Section]?
    let marks: [Mark]?

    static let names = ["types", "keys", "random", "audiences"]

    init(_ name: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Vectors/state/\(name).json")
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
    }

    /// Calls `body` with the mirror that is to receive a section, every section, and its mark's version; feeds it then.
    func walk(_ body: (ChannelMirror, StateSection, UInt64) throws -> Void) throws {
        let description = try ByteReader.read(bytes(schema)) { (reader) throws(WireError) in
            try SchemaDescription(&reader)
        }
        var mirror = ChannelMirror()
        let plain = (sections ?? []).map {
            Mark(attached: nil, base: $0.base, version: $0.version, sections: [$0])
        }
        for mark in marks ?? plain {
            if let attached = mark.attached { mirror.setAudiences(listed: attached.listed, kept: attached.kept) }
            for recorded in mark.sections {
                let audience = recorded.audience ?? 0
                let section = StateSection(
                    audience: audience, base: recorded.base, version: recorded.version,
                    schema: recorded.base == 0 && audience == 0 ? description : nil, patch: bytes(recorded.patch))
                try body(mirror, section, mark.version)
                try mirror.receive(section)
            }
            _ = try mirror.commit(base: mark.base, version: mark.version)
        }
    }
}
