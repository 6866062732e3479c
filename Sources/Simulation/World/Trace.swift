/// The last events of a run, in words. Only a run that is repeated to be looked at has one: words cost more than events.
package final class Trace {
    package static let length = 200
    private var lines: [String] = []
    private var next = 0

    /// Whether each event is printed as it comes: for worlds that do not live to tell.
    private let isLive: Bool

    package init(isLive: Bool = false) { self.isLive = isLive }

    func note(_ seconds: Double, _ line: String) {
        let text = "\(seconds) s  \(line)"
        if isLive { print(text) }
        if lines.count < Self.length {
            lines.append(text)
        } else {
            lines[next] = text
        }
        next = (next + 1) % Self.length
    }

    /// Oldest first.
    package var last: [String] { lines.count < Self.length ? lines : Array(lines[next...] + lines[..<next]) }
}
