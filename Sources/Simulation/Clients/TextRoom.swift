import Core
import State

/// What a client of the text form holds of one channel: rows as their JSON says them, as a script would keep them.
struct TextRoom {
    typealias Rows = [String: [String: [String: String]]]

    /// Why a patch cannot be one for this client.
    struct Misfit: Error {
        let what: String
    }

    let channel: String
    /// By table and key; each field's exact text.
    private(set) var rows: Rows = [:]
    private(set) var version: UInt64?
    /// The highest version that it was ever brought to, in whatever life of the channel.
    private(set) var highestVersion: UInt64 = 0
    /// Nil while it is no base for another connection.
    private(set) var lineage: UInt64?

    init(channel: String) { self.channel = channel }

    /// As `hello` and `read` name it.
    var held: String {
        guard let lineage, let version else { return "null" }
        return "{\"lineage\":\"\(lineage)\",\"version\":\(version)}"
    }

    mutating func apply(_ patch: JSONValue) throws(Misfit) {
        guard let next = patch["version"]?.integer(UInt64.self), let base = patch["base"], let set = patch["set"],
            let remove = patch["remove"]
        else { throw Misfit(what: "a patch without its members") }
        if base.isNull {
            rows = [:]
        } else if base.integer(UInt64.self) != version {
            throw Misfit(what: "a patch for version \(base.integer(UInt64.self) ?? 0), holding \(version ?? 0)")
        }
        for table in remove.members.map(Array.init) ?? [] {
            for key in table.value.elements.map(Array.init) ?? [] { rows[table.name]?[key.string ?? ""] = nil }
        }
        Self.add(set, to: &rows)
        version = next
        highestVersion = max(highestVersion, next)
        lineage = patch["lineage"]?.integer(UInt64.self)
    }

    static func add(_ set: JSONValue, to rows: inout Rows) {
        for table in set.members.map(Array.init) ?? [] {
            for row in table.value.members.map(Array.init) ?? [] {
                for field in row.value.members.map(Array.init) ?? [] {
                    rows[table.name, default: [:]][row.name, default: [:]][field.name] = String(
                        decoding: field.value.bytes, as: UTF8.self)
                }
            }
        }
    }

    /// Two that hold the same rows; tables without rows do not count.
    static func isSame(_ one: Rows, _ other: Rows) -> Bool {
        one.filter { !$0.value.isEmpty } == other.filter { !$0.value.isEmpty }
    }
}
