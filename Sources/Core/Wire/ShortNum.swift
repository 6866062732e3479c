/// How long a `num` is, for the loops that meet one of a few bytes nearly always and leave any other to `ByteReader`.
enum ShortNum {
    /// The bytes of the `num` at `place`, where two may be read; nil if it has more than three, or is not in its shortest form.
    /// The third is not looked at: whether it is there is the caller's to check.
    @inline(__always)
    static func byteCount(_ place: UnsafeRawPointer) -> Int? {
        let first = place.load(as: UInt8.self)
        if first < 0x80 { return 1 }
        let second = place.load(fromByteOffset: 1, as: UInt8.self)
        if first < 0xC0 { return first > 0x80 || second >= 0x80 ? 2 : nil }
        if first < 0xE0 { return first > 0xC0 || second >= 0x40 ? 3 : nil }
        return nil
    }
}
