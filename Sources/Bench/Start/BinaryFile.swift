import Glibc

/// An executable on disk.
struct BinaryFile {
    let byteCount: Int
    /// Whether it names the Swift runtime's library, and so needs it beside itself.
    let needsSwiftRuntime: Bool

    /// Nil if it cannot be read.
    init?(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0 else { return nil }
        byteCount = Int(status.st_size)
        guard let mapped = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), mapped != MAP_FAILED else {
            return nil
        }
        defer { munmap(mapped, byteCount) }
        needsSwiftRuntime = Self.holds(
            Array("libswiftCore.so".utf8), UnsafeRawBufferPointer(start: mapped, count: byteCount))
    }

    private static func holds(_ name: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        var place = 0
        while place + name.count <= bytes.count, let found = memchr(base + place, Int32(name[0]), bytes.count - place) {
            place = base.distance(to: UnsafeRawPointer(found))
            if place + name.count <= bytes.count, memcmp(found, name, name.count) == 0 { return true }
            place += 1
        }
        return false
    }
}
