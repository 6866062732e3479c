import Foundation
import Glibc
import Loop
import Testing

@Suite("Room for descriptors")
struct DescriptorRoomTests {
    /// How many descriptors the kernel's table of this process has room for.
    private static func tableSize() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("FDSize:") })
        return try #require(line.split(separator: "\t").last.flatMap { Int($0) })
    }

    @Test(
        "The table is made as large as is asked for, and no larger than the process may have", arguments: [5_000, .max])
    func makeRoom(count: Int) throws {
        var limit = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        let allowed = Int(clamping: limit.rlim_cur)
        // A table without a bound is not asked for here.
        let wanted = min(count, 100_000)
        Descriptors.makeRoom(for: wanted)
        #expect(try Self.tableSize() >= min(wanted, allowed))
    }
}
