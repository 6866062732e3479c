import Core
import Foundation
import Jobs
import Testing

/// A program that keeps jobs on a disk that forgets what was not synced, cut off at a random moment.
@Suite("Power cuts of the job store")
struct PowerCutTests {
    /// What was said before the cut, compared with what is there after it.
    struct Verdict {
        var acknowledged = 0
        var lost: [String] = []
    }

    @Test("L14: 50 power cuts lose nothing that was acknowledged")
    func nothingLost() throws {
        var acknowledged = 0
        for seed in 1...50 as ClosedRange<UInt64> {
            let verdict = try cut(seed: seed, disk: "honest")
            #expect(verdict.lost.isEmpty, "seed \(seed)")
            acknowledged += verdict.acknowledged
        }
        #expect(acknowledged > 1_000)
    }

    @Test("A disk that lies about its syncs is found out, so the cuts do cut")
    func lies() throws {
        var lost = 0
        for seed in 1...10 as ClosedRange<UInt64> {
            // With nothing durable the file may not even open.
            let verdict = try? cut(seed: seed, disk: "lying")
            lost += verdict?.lost.count ?? 1
        }
        #expect(lost > 10)
    }

    private func cut(seed: UInt64, disk: String) throws -> Verdict {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cut-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for part in ["/disk", "/after"] {
            try FileManager.default.createDirectory(atPath: folder + part, withIntermediateDirectories: true)
        }
        var dice = Dice(seed: seed)
        let process = Process()
        process.executableURL = try Self.program()
        process.arguments = [folder + "/disk", folder + "/after", "\(40 + dice.next() % 1_500)", "\(seed)", disk]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 9 else { throw Unexpected() }
        return try judge(said, folder + "/after/jobs.sqlite")
    }

    /// The program beside the tests.
    private static func program() throws -> URL {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        let places = [bundle, try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")]
        for place in places.compactMap({ $0 }) {
            let path = URL(fileURLWithPath: place).deletingLastPathComponent().appendingPathComponent("power-cut")
            if FileManager.default.isExecutableFile(atPath: path.path) { return path }
        }
        throw Unexpected()
    }

    private func judge(_ said: String, _ path: String) throws -> Verdict {
        var verdict = Verdict()
        var (asked, built): ([JobAddress: UInt64], [JobAddress: UInt64]) = ([:], [:])
        for line in said.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 4, let number = UInt64(words[3]) else { throw Unexpected() }
            let address = JobAddress(words[1], words[2])
            verdict.acknowledged += 1
            if words[0] == "a" {
                asked[address] = max(asked[address] ?? 0, number)
            } else {
                built[address] = max(built[address] ?? 0, number)
            }
        }
        let store = try SQLiteJobStore(path: path, wallOffset: 0)
        let held = Set(try store.load().records.map(\.address))
        for (address, after) in asked {
            let board = JobAddress("board", "/" + address.key.split(separator: "/")[0])
            let isDone = [address, board].contains { (built[$0] ?? 0) > after }
            if !isDone, !held.contains(address), !held.contains(board) { verdict.lost.append("\(address)") }
        }
        for (address, token) in built {
            let page = try store.page(address.key)
            if (page?.version.rawValue ?? 0) < token { verdict.lost.append("the page of \(address)") }
        }
        return verdict
    }
}
