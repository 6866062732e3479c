import Glibc
import Testing
import Loop

@Suite struct RestTests {
    @Test(
        "A rest lasts until its instant, and the turn behind it has an end though nothing came", arguments: [-1, 0, 3])
    func lasts(_ milliseconds: Int) throws {
        try withLoop { loop in
            var wanted: UInt64?
            var ends: [UInt64] = []
            loop.onTurnEnd {
                ends.append(loop.nowNanoseconds)
                guard wanted == nil else { return }
                let instant = UInt64(Int(loop.nowNanoseconds) + milliseconds * 1_000_000)
                wanted = instant
                loop.rest(until: instant, unlessReadable: [])
            }
            try loop.wait(for: "the end of the turn behind the rest") { ends.count == 2 }
            #expect(ends[1] >= wanted ?? .max)
        }
    }

    @Test("What comes on a watched descriptor ends a rest; what comes elsewhere waits for its end and is not lost")
    func ends() throws {
        try withLoop { loop in
            let watched = try Descriptors.pipe(), other = try Descriptors.pipe()
            defer { for one in [watched.reading, watched.writing] { Descriptors.close(one) } }
            var endCount = 0, restCount = 0
            let watcher = try DescriptorWatcher(other.reading, on: loop) { endCount += 1 }
            defer { watcher.close() }
            loop.onTurnEnd {
                guard restCount == 0 else { return }
                restCount = 1
                Descriptors.close(other.writing)
                #expect(write(watched.writing, "x", 1) == 1)
                // Nobody waits for so long.
                loop.rest(until: loop.nowNanoseconds + 3_600_000_000_000, unlessReadable: [watched.reading])
            }
            try loop.wait(for: "what came during the rest") { endCount == 1 }
            #expect(restCount == 1)
        }
    }
}
