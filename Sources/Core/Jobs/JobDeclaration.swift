/// A kind as `hub.yaml` and `--job` spell it: `page=/{board}/{page} page within:pages delay:30s limit:30s`.
///
/// The name, the key's shape, then in any order a deadline class, the broader kind, a delay of its own and the time limit.
package enum JobDeclaration {
    /// Why a text declares no kind.
    package struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        package var description: String
        init(_ description: String) { self.description = description }
    }

    package static func kind(_ text: String) throws(Invalid) -> JobKind {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        let words = parts.count == 2 ? parts[1].split(separator: " ").map(String.init) : []
        guard let shapeText = words.first else {
            throw Invalid("'\(text)' is no kind of jobs; write NAME=SHAPE, as page=/{board}/{page}")
        }
        let shape: KeyShape
        do { shape = try KeyShape(shapeText) } catch { throw Invalid("'\(shapeText)': \(error)") }
        var kind = JobKind(parts[0], shape: shape)
        for word in words.dropFirst() { try apply(word, to: &kind) }
        return kind
    }

    private static func apply(_ word: String, to kind: inout JobKind) throws(Invalid) {
        let parts = word.split(separator: ":", maxSplits: 1).map(String.init)
        switch (parts[0], parts.count) {
        case ("within", 2): kind.within = parts[1]
        case ("delay", 2): kind.delay = try seconds(parts[1])
        case ("limit", 2): kind.timeLimit = try seconds(parts[1])
        default:
            guard let chosen = DeadlineClass(word) else {
                throw Invalid(
                    "'\(word)' is neither a class (\(DeadlineClass.allCases.map(\.description).joined(separator: ", "))) nor within:KIND, delay:5s or limit:30s"
                )
            }
            kind.deadlineClass = chosen
        }
    }

    private static func seconds(_ text: String) throws(Invalid) -> Duration {
        guard text.hasSuffix("s"), let count = Double(text.dropLast()), count >= 0, count <= 86_400 else {
            throw Invalid("'\(text)' is no time; write 30s")
        }
        return .milliseconds(Int(count * 1000))
    }
}
