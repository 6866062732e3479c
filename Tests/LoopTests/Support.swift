import Glibc
import Synchronization
import Loop

/// Something a test waited for did not come within the overall bound.
struct NeverHappened: Error, CustomStringConvertible {
    let description: String
    init(_ what: String) { description = "never happened: \(what)" }
}

/// Raised once, from any thread.
final class Flag: Sendable {
    private let raised = Mutex(false)
    func raise() { raised.withLock { $0 = true } }
    var isRaised: Bool { raised.withLock { $0 } }
}

/// Carries a loop's own object through a mailbox back to that loop's thread, where alone it is used.
final class Confined<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// A thread that arrays can hold, joined once.
final class JoinedThread {
    private var thread: LoopThread?
    init(_ body: @escaping @Sendable () -> Void) throws { thread = try LoopThread(body) }
    func join() { thread.take()?.join() }
}

/// A folder of mode 0700 that goes with its last file when the value goes.
final class TemporaryFolder {
    let path: String

    init() throws {
        let root = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((root + "/loop-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw NeverHappened("a temporary folder") }
        path = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink(path + "/" + name)
            }
            closedir(folder)
        }
        rmdir(path)
    }
}

/// Runs a test's body with a loop that ends, with all that is on it, when the body does.
func withLoop(_ body: (EventLoop) throws -> Void) throws {
    let loop = try EventLoop()
    defer {
        loop.stop()
        loop.run()
    }
    try body(loop)
}

extension EventLoop {
    /// Runs turns until the condition holds; throws when 30 s have passed, which no test that works needs.
    func wait(for what: String, _ condition: () -> Bool) throws {
        guard try runTurns(until: condition, withinMilliseconds: 30_000) else { throw NeverHappened(what) }
    }
}

/// Bytes that show when any of them is lost, doubled or moved.
func pattern(_ byteCount: Int, from first: Int = 0) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
        for index in 0..<byteCount {
            buffer[index] = UInt8(truncatingIfNeeded: ((first &+ index) &* 0x9E37_79B1) >> 11)
        }
        count = byteCount
    }
}

/// Compares as memory: quick also where the optimiser is off.
func same(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && (left.isEmpty || memcmp(left, right, left.count) == 0)
}

/// A small generator whose whole state is its seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
