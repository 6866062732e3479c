import Glibc

/// Names the seeds in work when a core traps, which ends the whole process.
///
/// `unsafe` here is confined to a fixed block of numbers that a signal handler may read: plain stores, one place a seed.
enum CrashNote {
    private nonisolated(unsafe) static let active = UnsafeMutablePointer<UInt64>.allocate(capacity: placeCount)
    private static let placeCount = 256

    static func install() {
        active.initialize(repeating: 0, count: placeCount)
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT] {
            signal(number) { number in
                CrashNote.say("hub-simulate: a core trapped. One of these seeds does it:")
                for place in 0..<CrashNote.placeCount where CrashNote.active[place] != 0 {
                    CrashNote.say(" --seed \(CrashNote.active[place])")
                }
                CrashNote.say("\n")
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// A seed begins or is over.
    static func note(_ seed: UInt64, _ begins: Bool) { active[Int(seed % UInt64(placeCount))] = begins ? seed : 0 }

    /// To standard error, behind what was printed.
    static func say(_ text: String) {
        fflush(nil)
        let bytes = Array(text.utf8)
        _ = write(2, bytes, bytes.count)
    }
}
