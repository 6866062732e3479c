import Core
import State

/// A moment of a channel, as this front has seen it: who acted, which run of versions, and which of them.
public struct ChannelPosition: Hashable, Sendable {
    public let channel: String
    public let epoch: UInt64
    public let lineage: UInt64
    public let version: UInt64

    public init(channel: String, epoch: UInt64, lineage: UInt64, version: UInt64) {
        (self.channel, self.epoch, self.lineage, self.version) = (channel, epoch, lineage, version)
    }

    init(_ id: ChannelID, _ position: FrontCore.Position) {
        channel = id.text
        (epoch, lineage) = (position.epoch.rawValue, position.lineage.rawValue)
        version = position.version.rawValue
    }

    var minimum: JobMinimum? {
        (try? ChannelID(channel)).map {
            JobMinimum(channel: $0, lineage: Lineage(rawValue: lineage), version: Version(rawValue: version))
        }
    }

    var floor: PageFloor? { minimum.map { PageFloor($0, epoch: Epoch(rawValue: epoch)) } }
}

extension Link {
    /// Where the channel stands now, as far as this front knows. After a message of the back it is at or behind the tick that sent
    /// it. Nil while the link is being made again.
    public var position: ChannelPosition? {
        get async {
            let id = id
            return await front.onLoop { shell in shell.core.position(of: id).map { ChannelPosition(id, $0) } }
        }
    }
}

extension Front {
    /// Says that the work of `kind` and `key` is out of date: the hub's queue has it done once, however often that is said.
    ///
    /// - Parameter positions: what a worker must have seen before it begins.
    /// - Throws: a `WebFailure` (503) with the reason, if the hub does not take it or is away.
    public func submit(_ kind: String, _ key: String, after positions: [ChannelPosition] = []) async throws(WebFailure)
    {
        let request = JobRequest(JobAddress(kind, key), minimums: positions.compactMap(\.minimum))
        let answer: JobAnswer = await withCheckedContinuation { continuation in
            let isPosted = mailbox.post { [shell] in
                shell.value.pages.submit(request) { continuation.resume(returning: $0) }
            }
            if !isPosted { continuation.resume(returning: .rejected(.unavailable)) }
        }
        if case .rejected(let reason) = answer { throw WebFailure(503, "the job was not taken: \(reason)") }
    }
}

extension FrontSetup {
    /// Serves the pages that jobs of a kind build, at paths of a shape: `pages("/b/{board}/{page}", kind: "page")`. A page's path
    /// is its job's key. What is not in the store is built when somebody asks; of several shapes the first that fits counts.
    public mutating func pages(_ shape: String, kind: String) {
        do { pages.append((try KeyShape(shape), kind)) } catch { problem = problem ?? "'\(shape)': \(error)" }
    }
}

extension WebResponse {
    /// The same, and this browser's next reads of the page at `path`, for a minute, are not older than `position`: a form's sender
    /// sees what they sent.
    public func showing(_ position: ChannelPosition?, at path: String) -> WebResponse {
        var answer = self
        if let floor = position?.floor { answer.floors.append((path, floor)) }
        return answer
    }
}
