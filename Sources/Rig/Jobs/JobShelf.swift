import Core
import Node

/// The hub's page store, asked one page after the other.
struct JobShelf {
    private let caller: JobCaller
    private static let patienceMilliseconds: UInt64 = 10_000

    init(_ stateFolder: String) throws(NodeFailure) { caller = try JobCaller(stateFolder: stateFolder) }

    /// What the page at a path says; nil if there is none.
    func page(_ path: String) throws -> String? {
        caller.say(.fetch(number: 1, path: path))
        guard case .page(_, let page) = try caller.next(withinMilliseconds: Self.patienceMilliseconds) else {
            throw RigFailure("the hub answered something else than a page")
        }
        return page.map { String(decoding: $0.content, as: UTF8.self) }
    }
}
