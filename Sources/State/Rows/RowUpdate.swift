extension RowLayout {
    /// A number or a short text takes at most this many bytes.
    private static let commonLimit = 2 + ShortText.byteLimit

    /// Appends the values of all fields of `row`, in field order, makes `shadow` equal to it, and answers a bit for every
    /// field that differed: all that a close does with a row, in one pass over its fields.
    ///
    /// Where each value begins, counted from the first, goes into `starts`, which has room for one more than there are
    /// fields. With the row as its own shadow it only encodes.
    @inline(__always)
    func update(
        _ fields: UnsafeBufferPointer<FieldLayout>, _ shadow: UnsafeMutableRawPointer, to row: UnsafeRawPointer,
        starts: UnsafeMutablePointer<Int>, _ memory: inout WireMemory
    ) -> UInt64 {
        let room = fields.count &* Self.commonLimit
        memory.reserve(room)
        var mask: UInt64 = 0
        var pen = memory.pen
        let before = memory.count
        var begin = pen.place
        for place in 0..<fields.count {
            starts[place] = pen.place - begin
            let offset = fields[place].offset
            let (new, old) = (row + offset, shadow + offset)
            let differs: Bool
            switch fields[place].shape {
            case .bool: differs = Self.number(new, old, &pen) { (value: Bool) in value ? 1 : 0 }
            case .int8: differs = Self.number(new, old, &pen) { (value: Int8) in Int64(value).zigzag }
            case .int16: differs = Self.number(new, old, &pen) { (value: Int16) in Int64(value).zigzag }
            case .int32: differs = Self.number(new, old, &pen) { (value: Int32) in Int64(value).zigzag }
            case .int64: differs = Self.number(new, old, &pen) { (value: Int64) in value.zigzag }
            case .uint8: differs = Self.number(new, old, &pen) { (value: UInt8) in UInt64(value) }
            case .uint16: differs = Self.number(new, old, &pen) { (value: UInt16) in UInt64(value) }
            case .uint32: differs = Self.number(new, old, &pen) { (value: UInt32) in UInt64(value) }
            case .uint64: differs = Self.number(new, old, &pen) { (value: UInt64) in value }
            case .float: differs = Self.float(new, old, &pen) { (value: Float) in value.wireBits }
            case .double: differs = Self.float(new, old, &pen) { (value: Double) in value.wireBits }
            case .text where ShortText(new).isShort: differs = Self.text(new, old, &pen)
            case .text, .rare:
                memory.put(pen)
                differs = rare(place, new, old, room, &memory)
                (pen, begin) = (memory.pen, memory.base + before)
            }
            mask |= (differs ? 1 : 0) &<< UInt64(truncatingIfNeeded: place)
        }
        memory.put(pen)
        starts[fields.count] = pen.place - begin
        return mask
    }

    @inline(__always)
    private static func number<V: BitwiseCopyable & Equatable>(
        _ new: UnsafeRawPointer, _ old: UnsafeMutableRawPointer, _ pen: inout WirePen, _ num: (V) -> UInt64
    ) -> Bool {
        let value = new.load(as: V.self)
        let differs = value != old.load(as: V.self)
        old.storeBytes(of: value, as: V.self)
        pen.num(num(value))
        return differs
    }

    /// As numbers, but compared by what they are on the wire: zero is not minus zero, and every NaN is the same.
    @inline(__always)
    private static func float<V: BitwiseCopyable>(
        _ new: UnsafeRawPointer, _ old: UnsafeMutableRawPointer, _ pen: inout WirePen, _ num: (V) -> UInt64
    ) -> Bool {
        let value = new.load(as: V.self)
        let bits = num(value)
        let differs = bits != num(old.load(as: V.self))
        old.storeBytes(of: value, as: V.self)
        pen.num(bits)
        return differs
    }

    /// A short text that is not optional.
    @inline(__always)
    private static func text(_ new: UnsafeRawPointer, _ old: UnsafeMutableRawPointer, _ pen: inout WirePen) -> Bool {
        let text = ShortText(new)
        pen.u8(ValueMark.blob)
        pen.u8(UInt8(truncatingIfNeeded: text.byteCount))
        pen.short(text)
        return !text.hasWords(of: ShortText(old)) && assign(new, old, String.self) { $0.utf8.elementsEqual($1.utf8) }
    }

    /// Whatever is not common: optionals, long texts, bytes, stepped numbers, raw values.
    @inline(never)
    private func rare(
        _ place: Int, _ new: UnsafeRawPointer, _ old: UnsafeMutableRawPointer, _ room: Int, _ memory: inout WireMemory
    ) -> Bool {
        let field = fields[place]
        memory.rare(field, accesses[place], new, room: room)
        switch (field.kind, field.presence) {
        case (.text, .required):
            // A long text's words are a reference: the same reference, the same text.
            if ShortText.isUnderstood, ShortText(new).hasWords(of: ShortText(old)) { return false }
            return Self.assign(new, old, String.self) { $0.utf8.elementsEqual($1.utf8) }
        case (.text, .optional):
            return Self.assign(new, old, String?.self) { one, other in
                guard let one, let other else { return one == nil && other == nil }
                return one.utf8.elementsEqual(other.utf8)
            }
        case (.bytes, .required): return Self.assign(new, old, [UInt8].self, ==)
        case (.bytes, .optional): return Self.assign(new, old, [UInt8]?.self, ==)
        case (.raw, _):
            guard let access = accesses[place], !access.isEqual(new, old) else { return false }
            access.copy(new, to: old)
            return true
        default:
            let isSame = field.num(new) == field.num(old)
            old.copyMemory(from: new, byteCount: field.byteCount)
            return !isSame
        }
    }

    /// Assigns unless they are equal; answers whether they were not.
    @inline(__always)
    private static func assign<V>(
        _ new: UnsafeRawPointer, _ old: UnsafeMutableRawPointer, _: V.Type, _ isEqual: (V, V) -> Bool
    ) -> Bool {
        let (new, old) = (new.assumingMemoryBound(to: V.self), old.assumingMemoryBound(to: V.self))
        if isEqual(new.pointee, old.pointee) { return false }
        old.pointee = new.pointee
        return true
    }

    /// Rounds the stepped fields of a row where they lie, so that the table, its shadow and every mirror hold the same.
    func round(_ row: UnsafeMutableRawPointer) {
        for field in fields {
            let place = row + field.offset
            switch (field.kind, field.presence) {
            case (.steppedFloat, .required):
                let float = place.assumingMemoryBound(to: Float.self)
                float.pointee = Quantum.round(float.pointee, step: field.step)
            case (.steppedFloat, .optional):
                let float = place.assumingMemoryBound(to: Float?.self)
                float.pointee = float.pointee.map { Quantum.round($0, step: field.step) }
            case (.steppedDouble, .required):
                let double = place.assumingMemoryBound(to: Double.self)
                double.pointee = Quantum.round(double.pointee, step: field.step)
            case (.steppedDouble, .optional):
                let double = place.assumingMemoryBound(to: Double?.self)
                double.pointee = double.pointee.map { Quantum.round($0, step: field.step) }
            default: break
            }
        }
    }
}
