import Glibc
import Synchronization

/// Whether somebody pressed Ctrl-C. The first ends the run, which then cleans up; the second ends the process at once, and the
/// cluster with it, as that hangs on a lifeline.
enum Interrupt {
    private static let count = Atomic<Int>(0)

    static var isAsked: Bool { count.load(ordering: .relaxed) > 0 }

    static func watch() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in
                if Interrupt.count.add(1, ordering: .relaxed).newValue > 1 { _exit(130) }
            }
        }
    }

    struct Asked: Error {}

    static func check() throws(Asked) {
        if isAsked { throw Asked() }
    }
}
