import CReferenceState
import State

/// How fast the State module is beside plain C that does the same work on the same rows, in turn.
///
/// 10,000 rows of {x, y: whole numbers 0–999; name of 6 letters}; a tick moves 1,000 of them. Both sides make the same
/// bytes and hashes, or it is an error.
package enum StateBenchmark {
    static let rowCount = 10_000
    static let touchedCount = 1_000

    /// The two sides do not agree: what was measured would mean nothing.
    package struct Disagreement: Error {
        package let what: String
    }

    /// All measurements, each the median of so many pairs. `patchCount` patches are squashed.
    package static func run(
        pairCount: Int = 15, ticksPerPair: Int = 20, patchCount: Int = 100
    ) throws -> [StateMeasurement] {
        [
            try closing(pairCount, ticksPerPair), try applying(pairCount, ticksPerPair),
            try squashing(pairCount, patchCount),
        ]
    }

    /// Closing a tick, against the reference's close.
    static func closing(_ pairCount: Int, _ tickCount: Int) throws -> StateMeasurement {
        var bench = try BenchRows()
        return try measure("close", pairCount, rows: tickCount * touchedCount) {
            var (ours, theirs) = (Duration.zero, Duration.zero)
            for _ in 0..<tickCount {
                bench.move(touchedCount)
                let start = ThreadTime.now
                let changes = bench.state.closeAudiences()
                let middle = ThreadTime.now
                let patch = bench.reference.close()
                let end = ThreadTime.now
                ours += middle - start
                theirs += end - middle
                guard changes.first?.patch.elementsEqual(patch) == true else {
                    throw Disagreement(what: "the patch")
                }
                guard changes.first?.hash.rawValue == bench.reference.hash else { throw Disagreement(what: "the hash") }
            }
            return (ours, theirs)
        }
    }

    /// Applying a tick to a mirror, mark and all, against the reference's apply.
    static func applying(_ pairCount: Int, _ tickCount: Int) throws -> StateMeasurement {
        var bench = try BenchRows()
        var mirror = try bench.mirror()
        let reference = ReferenceMirror()
        guard reference.apply(bench.state.snapshot()) == rowCount else { throw Disagreement(what: "the snapshot") }
        return try measure("apply", pairCount, rows: tickCount * touchedCount) {
            var (ours, theirs) = (Duration.zero, Duration.zero)
            for _ in 0..<tickCount {
                bench.move(touchedCount)
                let section = bench.section(after: mirror.version)
                let start = ThreadTime.now
                try mirror.receive(section)
                let changes = try mirror.commit(base: section.base, version: section.version)
                let middle = ThreadTime.now
                let changedCount = reference.apply(section.patch)
                let end = ThreadTime.now
                ours += middle - start
                theirs += end - middle
                guard changes.count == changedCount, mirror.disagreement == nil, reference.hash == section.hash else {
                    throw Disagreement(what: "the mirrors")
                }
            }
            return (ours, theirs)
        }
    }

    /// Squashing patches into one, against applying them one by one to our own mirror.
    static func squashing(_ pairCount: Int, _ patchCount: Int) throws -> StateMeasurement {
        var bench = try BenchRows()
        let start = try bench.mirror()
        let sections = (0..<patchCount).map { step in
            bench.move(touchedCount)
            return bench.section(after: start.version + UInt64(step))
        }
        let patches = sections.map(\.patch)
        return try measure("squash", pairCount, rows: patchCount * touchedCount) {
            var (one, other) = (start, start)
            let begin = ThreadTime.now
            let squashed = try Patch.squash(patches)
            let middle = ThreadTime.now
            for section in sections {
                try one.receive(section)
                _ = try one.commit(base: section.base, version: section.version)
            }
            let end = ThreadTime.now
            let last = sections[sections.count - 1]
            try other.receive(
                StateSection(base: start.version, version: last.version, hash: last.hash, patch: squashed))
            _ = try other.commit(base: start.version, version: last.version)
            guard other.disagreement == nil, one.hash() == other.hash() else { throw Disagreement(what: "the squash") }
            return (middle - begin, end - middle)
        }
    }

    /// One tick of both sides, to be counted instead of timed: so many of the rows are moved, and each piece of work closes
    /// them. Both must run on what this answers, and once.
    package static func closings(_ touchedCount: Int) throws -> (product: () -> Void, reference: () -> Void) {
        var bench = try BenchRows()
        for _ in 0..<2 {
            bench.move(touchedCount)
            guard bench.state.closeAudiences().first?.patch.elementsEqual(bench.reference.close()) == true else {
                throw Disagreement(what: "the patch")
            }
        }
        bench.move(touchedCount)
        let (reference, rows) = (bench.reference, bench)
        return (
            {
                var rows = rows
                _ = rows.state.closeAudiences()
            },
            { _ = reference.close() }
        )
    }

    private static func measure(
        _ name: String, _ pairCount: Int, rows: Int, _ pair: () throws -> (Duration, Duration)
    ) throws -> StateMeasurement {
        _ = try pair()
        let pairs = try (0..<pairCount).map { _ in try pair() }
        return StateMeasurement(name: name, pairs: pairs, rowCount: rows)
    }
}
