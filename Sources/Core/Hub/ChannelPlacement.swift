/// Which back owns which channel, where an operator says so instead of leaving it to the hash over the backs' names.
///
/// Placed channels are exact families of their back in the directory, and an exact family goes before every other, so fronts
/// need not know of placement. A channel has one owner.
package struct ChannelPlacement: Sendable, Equatable {
    /// What is wrong with the wish; `place` and `spread` count the values as they were given, from 0.
    package enum Mistake: Error, Equatable, Sendable, CustomStringConvertible {
        case spread(Int, Reason)
        case place(Int, Reason)

        package var reason: Reason {
            switch self {
            case .spread(_, let reason), .place(_, let reason): reason
            }
        }

        package var description: String {
            switch self {
            case .spread(_, let reason): "--channel: \(reason)"
            case .place(_, let reason): "--place: \(reason)"
            }
        }
    }

    package enum Reason: Error, Equatable, Sendable, CustomStringConvertible {
        case noChannel(String, ChannelID.Invalid)
        case noPair(String)
        case secondOwner(ChannelID, first: String)
        case missingBack(String, channel: String, backCount: Int)

        package var description: String {
            switch self {
            case .noChannel(let text, let reason): "'\(text)' is no channel: \(reason)"
            case .noPair(let text): "'\(text)' is not CHANNEL=BACK, as arena/1=back-2"
            case .secondOwner(let channel, let first): "'\(channel)' has an owner already: \(first)"
            case .missingBack(let back, let channel, let count):
                "there is no '\(back)' to own '\(channel)'; there are back-1 to back-\(count)"
            }
        }
    }

    /// By the back's name, in the order in which they were given.
    package private(set) var channels: [String: [ChannelID]] = [:]

    package init() {}

    /// - Parameters:
    ///   - spread: ids that are dealt to the backs in turn: no back has two more than another.
    ///   - place: `CHANNEL=BACK`, the back by its name or its number.
    package init(spread: [String], place: [String], backCount: Int) throws(Mistake) {
        for (number, text) in place.enumerated() {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw .place(number, .noPair(text)) }
            let digits = parts[1].hasPrefix("back-") ? String(parts[1].dropFirst(5)) : parts[1]
            guard let back = Int(digits), (1...max(1, backCount)).contains(back), backCount > 0 else {
                throw .place(number, .missingBack(parts[1], channel: parts[0], backCount: backCount))
            }
            do throws(Reason) { try give(parts[0], to: back) } catch { throw .place(number, error) }
        }
        for (number, text) in spread.enumerated() {
            do throws(Reason) { try give(text, to: number % max(1, backCount) + 1) } catch {
                throw .spread(number, error)
            }
        }
    }

    /// What a back owns besides its own families.
    package func families(of back: String) -> [FamilyPattern] {
        (channels[back] ?? []).map(FamilyPattern.init(exactly:))
    }

    private mutating func give(_ text: String, to back: Int) throws(Reason) {
        let channel: ChannelID
        do { channel = try ChannelID(text) } catch { throw .noChannel(text, error) }
        if let owner = channels.first(where: { $0.value.contains(channel) }) {
            throw .secondOwner(channel, first: owner.key)
        }
        channels["back-\(back)", default: []].append(channel)
    }
}
