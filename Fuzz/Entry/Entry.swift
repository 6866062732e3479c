import FuzzTargets
import Glibc

// What libFuzzer calls; compiled by scripts/fuzz.sh only. The target stands in SWITCHBACK_FUZZ.

private let target = getenv("SWITCHBACK_FUZZ").flatMap { FuzzTarget(rawValue: String(cString: $0)) }

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafeRawPointer?, _ count: Int) -> CInt {
    guard let target else { preconditionFailure("SWITCHBACK_FUZZ names no target") }
    do {
        try target.run(UnsafeRawBufferPointer(start: bytes, count: count))
    } catch {
        print("finding: \(target): \(error)")
        fflush(nil)
        abort()
    }
    return 0
}
