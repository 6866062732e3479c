import Foundation

/// A channel as a reader of the text form holds it: patches applied as the issue words it, and nothing assumed.
struct TextCopy {
    let lineage: String
    private(set) var version: Int
    private(set) var tick: Int
    /// Table, key, field.
    private(set) var tables: [String: [String: Members]] = [:]

    /// What a patch does to what is held, or what is wrong with it.
    static func apply(_ patch: Members, to held: TextCopy?) throws -> TextCopy {
        // Null while the session is in audiences of its own: what is held then is good for this front only.
        let lineage = patch["lineage"] is NSNull ? "" : try patch.text("lineage")
        let version = try patch.number("version")
        var copy: TextCopy
        if patch["base"] is NSNull {
            copy = TextCopy(lineage: lineage, version: version, tick: try patch.number("tick"))
        } else {
            let base = try patch.number("base")
            guard let held, held.lineage == lineage, held.version == base else {
                throw Failure(
                    "base \(base) of \(lineage) is not what is held: \(held.map { "\($0.version)" } ?? "nothing")")
            }
            guard version > base else { throw Failure("version \(version) does not follow base \(base)") }
            copy = held
        }
        copy.version = version
        copy.tick = try patch.number("tick")
        let removals = patch["remove"] == nil ? [:] : try patch.members("remove")
        for (table, keys) in removals {
            guard let keys = keys as? [String] else { throw Failure("remove.\(table) is no list of keys: \(keys)") }
            for key in keys { copy.tables[table]?[key] = nil }
        }
        let settings = patch["set"] == nil ? [:] : try patch.members("set")
        for (table, rows) in settings {
            guard let rows = rows as? [String: Members] else { throw Failure("set.\(table) has no rows: \(rows)") }
            for (key, fields) in rows { copy.tables[table, default: [:]][key, default: [:]].merge(fields) { $1 } }
        }
        copy.tables = copy.tables.filter { !$0.value.isEmpty }
        return copy
    }

    /// The content, the same text for the same state.
    var canonical: String { (tables as Members).canonical }

    func row(_ table: String, _ key: String) -> Members? { tables[table]?[key] }
}
