import Core
import Hub

/// What was said about the backs' number and their channels, which makes sense only when all of it is known.
struct PlacementWish {
    private var backCount: Int?
    private var spread: [String] = []
    private var place: [String] = []

    /// Takes a setting that is about this. False if it is not.
    mutating func take(_ values: [String], of name: String) throws(ArgumentMistake) -> Bool {
        switch name {
        case "backs":
            let last = values.last ?? ""
            guard let count = Int(last), (1...HubLimits.processCount).contains(count) else {
                throw .badValue(option: name, value: last, wanted: "a number from 1 to \(HubLimits.processCount)")
            }
            backCount = count
        case "channel": spread = values
        case "place": place = values
        default: return false
        }
        return true
    }

    /// Makes the backs and their channels of it.
    ///
    /// - Parameter entries: of the configuration file, without those that a flag replaced: complaints name their lines.
    func settle(_ options: inout HubOptions, _ entries: [ConfigurationEntry]) throws(RunOptions.Mistake) {
        if let backCount {
            guard options.backs.count == 1 else {
                throw .flag(
                    .badValue(
                        option: "backs", value: "\(backCount)",
                        wanted: "possible with \(options.backs.count) of --back: give one, or no number"))
            }
            options.backs = Array(repeating: options.backs[0], count: backCount)
        }
        do throws(ChannelPlacement.Mistake) {
            options.placement = try ChannelPlacement(spread: spread, place: place, backCount: options.backs.count)
        } catch {
            let (name, number): (String, Int) =
                switch error {
                case .spread(let number, _): ("channel", number)
                case .place(let number, _): ("place", number)
                }
            if let entry = entries.first(where: { $0.key == name }) {
                throw .file(entry.error("\(error.reason)", at: number))
            }
            throw .flag(.misplaced("\(error)"))
        }
    }
}
