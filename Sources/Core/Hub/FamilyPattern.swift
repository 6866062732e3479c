/// Which channel ids a back serves: one id, or everything below a path.
///
/// `arena/7` matches that id alone. `arena/*` matches `arena/7` and `arena/7/left`, but neither `arena` nor `arenas/7`: the
/// `*` stands for one or more whole segments and may only be the last one. `*` alone matches every id.
package struct FamilyPattern: Hashable, Sendable, CustomStringConvertible {
    package enum Shape: Hashable, Sendable {
        case exactly(ChannelID)
        /// Every id that begins with these segments and goes on; nil is every id.
        case below(ChannelID?)
    }

    package let shape: Shape

    /// Why a text is no pattern.
    package enum Invalid: Error, Equatable, Sendable, CustomStringConvertible {
        case id(ChannelID.Invalid, in: String)
        case starInside(String)

        package var description: String {
            switch self {
            case .id(let fault, let text): "the family '\(text)' is not valid: \(fault)"
            case .starInside(let text):
                "the family '\(text)' is not valid: '*' may only be the last segment, on its own"
            }
        }
    }

    /// That id and no other.
    package init(exactly id: ChannelID) { shape = .exactly(id) }

    package init(_ text: String) throws(Invalid) {
        if text == "*" {
            shape = .below(nil)
            return
        }
        let isOpen = text.hasSuffix("/*")
        let fixed = isOpen ? String(text.dropLast(2)) : text
        guard !fixed.utf8.contains(UInt8(ascii: "*")) else { throw .starInside(text) }
        let id: ChannelID
        do { id = try ChannelID(fixed) } catch { throw .id(error, in: text) }
        shape = isOpen ? .below(id) : .exactly(id)
    }

    package var description: String {
        switch shape {
        case .exactly(let id): id.text
        case .below(let id?): id.text + "/*"
        case .below(nil): "*"
        }
    }

    package func matches(_ channel: ChannelID) -> Bool {
        switch shape {
        case .exactly(let id): return id == channel
        case .below(nil): return true
        case .below(let id?):
            let (prefix, whole) = (id.text.utf8, channel.text.utf8)
            guard whole.count > prefix.count, whole.starts(with: prefix) else { return false }
            return whole[whole.index(whole.startIndex, offsetBy: prefix.count)] == UInt8(ascii: "/")
        }
    }

    /// Greater is more specific: an exact id before any `*`, a longer path before a shorter one. Two patterns that match the
    /// same id and are equally specific are the same pattern.
    package var specificity: Int {
        switch shape {
        case .exactly: Int.max
        case .below(let id?): id.text.utf8.count
        case .below(nil): 0
        }
    }
}
