import Glibc
import Loop
import Testing

@Suite("Many streams that have something to be read at once")
struct ReadableTests {
    private final class Owner: StreamOwner {
        var readsOf: [UInt32: Int] = [:]
        var closed: Set<UInt32> = []
        /// Runs in the first read of all.
        var atFirst: (Loop.Stream) -> Void = { _ in }
        private var hasRead = false

        func streamOpened(_ stream: Loop.Stream) {}
        func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
            readsOf[stream.tag, default: 0] += bytes.count
            guard !hasRead else { return }
            hasRead = true
            atFirst(stream)
        }
        func streamDrained(_ stream: Loop.Stream) {}
        func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) { closed.insert(stream.tag) }
    }

    @Test(
        "Each is read in the turn; whoever is paused or closed by another's read of the same turn is not",
        arguments: [2, 32, 33, 100])
    func others(count: Int) throws {
        try withLoop { loop in
            let owner = Owner()
            let pairs = try (0..<count).map { _ in try Descriptors.socketPair() }
            let streams = try pairs.enumerated().map { place, pair in
                try Loop.Stream(accepted: pair.0, on: loop, owner: owner, tag: UInt32(place))
            }
            for pair in pairs { #expect(write(pair.1, [7, 7, 7], 3) == 3) }
            // Of the others every second is paused, and those between are closed, but for the last.
            var (paused, ended): (Set<UInt32>, Set<UInt32>) = ([], [])
            owner.atFirst = { first in
                for stream in streams where stream !== first && stream.tag != UInt32(count - 1) {
                    if stream.tag.isMultiple(of: 2) {
                        stream.pauseReading()
                        paused.insert(stream.tag)
                    } else {
                        stream.close()
                        ended.insert(stream.tag)
                    }
                }
            }
            try loop.wait(for: "the ends and the last read") {
                owner.readsOf[UInt32(count - 1)] == 3 && owner.closed == ended
            }
            #expect(paused.union(ended).allSatisfy { owner.readsOf[$0] == nil })
            for tag in paused { streams[Int(tag)].resumeReading() }
            try loop.wait(for: "the reads of those that were paused") { paused.allSatisfy { owner.readsOf[$0] == 3 } }
            for stream in streams { stream.close() }
            for pair in pairs { Descriptors.close(pair.1) }
        }
    }
}
