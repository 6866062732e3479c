import Core
import Glibc

/// What was asked for, built and kept in a jobs run, and whether it fits together. Pure: it looks at what others wrote down.
package struct JobsVerdict {
    /// How often something went wrong, with the first example.
    package struct Wrong: Equatable {
        package var count = 0
        package var example = ""

        mutating func note(_ text: @autoclosure () -> String) {
            if count == 0 { example = text() }
            count += 1
        }

        var text: String { count == 0 ? "0" : "\(count): \(example)" }
    }

    let field: JobField
    let taken: [JobAsker.Taken]
    let builds: [Build]
    /// The token of the run whose page the hub has, for each address that has one.
    let pages: [Int: UInt64]
    let workerKills: [(pid: pid_t, at: UInt64)]
    let hubKills: [UInt64]

    private let buildsOf: [JobAddress: [Build]]
    private let startOf: [UInt64: UInt64]

    package init(
        field: JobField, taken: [JobAsker.Taken], builds: [Build], pages: [Int: UInt64],
        workerKills: [(pid: pid_t, at: UInt64)], hubKills: [UInt64]
    ) {
        (self.field, self.taken, self.builds, self.pages) = (field, taken, builds, pages)
        (self.workerKills, self.hubKills) = (workerKills, hubKills)
        buildsOf = Dictionary(grouping: builds, by: \.address)
        startOf = Dictionary(builds.map { ($0.token, $0.startedAt) }, uniquingKeysWith: { first, _ in first })
    }

    /// Keys that were asked for, with the time of their last request.
    var lastRequests: [Int: UInt64] {
        taken.reduce(into: [:]) { last, request in
            last[request.address] = max(last[request.address] ?? 0, request.sentAt)
        }
    }

    /// Keys whose kept page, or that of their board, is of a build that started before the key's last request.
    package var builtBeforeLastRequest: Wrong {
        var wrong = Wrong()
        for (address, asked) in lastRequests.sorted(by: { $0.key < $1.key }) {
            let kept = [address, field.boards[address]].compactMap { pages[$0] }.compactMap { startOf[$0] }.max()
            guard kept ?? 0 <= asked else { continue }
            let told =
                kept.map { "its page is of a build \(Self.milliseconds(asked - $0)) ms before that" } ?? "no page"
            wrong.note("\(field.addresses[address]) was asked for at \(asked), and \(told)")
        }
        return wrong
    }

    /// Keys that were asked for and have a page, or whose board has one.
    package var comparedCount: Int {
        lastRequests.keys.count { pages[$0] != nil || pages[field.boards[$0]] != nil }
    }

    /// Requests that the hub took and after which no build of their key, or of its board, ended well.
    package var lost: Wrong {
        var wrong = Wrong()
        var last: [Int: UInt64] = [:]
        for (place, address) in field.addresses.enumerated() {
            last[place] = buildsOf[address]?.last { $0.end != nil && $0.end?.outcome != .failed }?.startedAt
        }
        for request in taken {
            let built = max(last[request.address] ?? 0, last[field.boards[request.address]] ?? 0)
            if built <= request.sentAt { wrong.note("\(field.addresses[request.address]) asked at \(request.sentAt)") }
        }
        return wrong
    }

    /// Builds of a key that began while another of it went on. A build ends with its process, and at its time limit at the
    /// latest: what a worker does after that is its own affair.
    package var twoAtOnce: Wrong {
        var wrong = Wrong()
        for (address, list) in buildsOf.sorted(by: { $0.key < $1.key }) {
            var last: Build?
            for build in list {
                if let last, endOf(last) > build.startedAt {
                    wrong.note("\(address): \(last.token) until \(endOf(last)), \(build.token) from \(build.startedAt)")
                }
                if last.map({ endOf(build) > endOf($0) }) ?? true { last = build }
            }
        }
        return wrong
    }

    /// Awaited ends that were told before any build that could be meant had ended, or that told of something else.
    package var endsToldWrongly: Wrong {
        var wrong = Wrong()
        for request in taken {
            guard let end = request.end else { continue }
            let addresses = [field.addresses[request.address], field.addresses[field.boards[request.address]]]
            let isBuilt = addresses.flatMap { buildsOf[$0] ?? [] }.contains {
                guard let ended = $0.end, ended.outcome != .failed else { return false }
                return $0.startedAt > request.sentAt && ended.at < end.at
            }
            if end.outcome != .done || !isBuilt { wrong.note("\(addresses[0]): \(end.outcome)") }
        }
        return wrong
    }

    /// Builds that answered late while the hub lived all the time: their results must not have been taken. After a hub was
    /// killed the limit of a run begins anew, so others may be right in time.
    package var lateBuilds: [Build] {
        builds.filter { build in
            guard let end = build.end, end.outcome == .late else { return false }
            return !hubKills.contains { $0 > build.startedAt && $0 < end.at }
        }
    }

    /// From each request to the next build that does it, in milliseconds, sorted.
    package var waits: [Double] {
        var starts: [Int: [UInt64]] = [:]
        for (place, address) in field.addresses.enumerated() {
            let own = buildsOf[address] ?? []
            let board = buildsOf[field.addresses[field.boards[place]]] ?? []
            starts[place] = (own + board).map(\.startedAt).sorted()
        }
        return taken.compactMap { request -> Double? in
            guard let list = starts[request.address] else { return nil }
            var (low, high) = (0, list.count)
            while low < high {
                let middle = (low + high) / 2
                if list[middle] <= request.sentAt { low = middle + 1 } else { high = middle }
            }
            return low < list.count ? Double(list[low] - request.sentAt) / 1e6 : nil
        }.sorted()
    }

    /// Builds that a kill of their worker cut off.
    package var cutOff: Int {
        let killed = Set(workerKills.map(\.pid))
        return builds.count { $0.end == nil && killed.contains($0.pid) }
    }

    private func endOf(_ build: Build) -> UInt64 {
        let limit = build.startedAt + JobField.limitNanoseconds
        let end = build.end?.at ?? workerKills.first { $0.pid == build.pid }?.at ?? limit
        return min(end, limit)
    }

    package static func percentile(_ share: Double, of sorted: [Double]) -> Double {
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1))]
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> UInt64 { nanoseconds / 1_000_000 }
}
