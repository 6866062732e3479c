import CUV

/// Whoever owns a libuv handle. The loop keeps it alive from `HandleMemory.adopt` until its close callback has run.
protocol HandleOwner: AnyObject {
    /// The loop ends: close as if the owner's user had asked for it. Called once at most, never after `close`.
    func closeWithLoop()
    /// The close callback: libuv has let go; nothing else will be called. The handle's memory is freed after it.
    func handleClosed()
}

extension HandleOwner {
    func handleClosed() {}
}

/// The memory of one libuv handle: its address is stable and it lives until the close callback.
///
/// While adopted, `data` holds a retained reference to the owner. Soundness: the only release is in the close callback,
/// after which libuv never touches the handle, so a callback that finds its owner through `owner(of:as:)` finds it alive.
struct HandleMemory<Raw> {
    let raw: UnsafeMutablePointer<Raw>

    /// Zeroed memory, not yet a handle.
    init() {
        let byteCount = HandleBlock.shift + MemoryLayout<Raw>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: HandleBlock.lineByteCount)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        raw = (memory + HandleBlock.shift).bindMemory(to: Raw.self, capacity: 1)
    }

    var handle: UnsafeMutablePointer<uv_handle_t> {
        UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_handle_t.self)
    }

    /// Ties an initialised handle to its owner.
    func adopt(_ owner: some HandleOwner) { handle.pointee.data = Unmanaged.passRetained(owner).toOpaque() }

    /// Frees memory whose `uv_…_init` failed, so that no close callback will come.
    func discard() { HandleBlock.free(handle) }

    /// Closes an adopted handle. Its owner hears `handleClosed` at the end of this turn, then the memory is freed.
    func close() {
        uv_close(handle) { handle in
            guard let handle, let data = handle.pointee.data else { return }
            let owner = Unmanaged<AnyObject>.fromOpaque(data).takeRetainedValue()
            (owner as? any HandleOwner)?.handleClosed()
            HandleBlock.free(handle)
        }
    }
}

/// Where a handle lies in the memory that it has.
enum HandleBlock {
    /// Room before it, from the beginning of a line of the processor's memory: what libuv looks at for an event of a `uv_poll_t` are
    /// its last 64 bytes of 160, which then are in one line and not in two.
    static let shift = 32
    static let lineByteCount = 64

    /// Frees the memory of a handle that libuv has let go.
    static func free(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
        guard let handle else { return }
        (UnsafeMutableRawPointer(handle) - shift).deallocate()
    }
}

/// The owner that a handle's `data` points at. For callbacks only: the handle is adopted and not yet closed.
@inline(__always)
func owner<Owner: AnyObject>(_ data: UnsafeMutableRawPointer?, as type: Owner.Type) -> Owner? {
    guard let data else { return nil }
    return Unmanaged<Owner>.fromOpaque(data).takeUnretainedValue()
}
