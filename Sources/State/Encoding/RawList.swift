/// A growing list of plain values in memory of its own: an array without reference counts or uniqueness checks, for the
/// loops that run once a row.
struct RawList<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 16) {
        self.capacity = capacity
        base = .allocate(capacity: capacity)
    }

    deinit { base.deallocate() }

    @inline(__always) mutating func append(_ element: Element) {
        if count == capacity { grow(to: capacity * 2) }
        (base + count).initialize(to: element)
        count += 1
    }

    /// Makes it `count` elements long, for whoever fills them next; what they hold until then is anything.
    mutating func stretch(to count: Int) {
        if count > capacity { grow(to: max(count, capacity * 2)) }
        self.count = count
    }

    /// Empty, with its memory kept.
    @inline(__always) mutating func removeAll() { count = 0 }

    subscript(index: Int) -> Element {
        @inline(__always) get { base[index] }
        @inline(__always) nonmutating set { base[index] = newValue }
    }

    var elements: UnsafeMutableBufferPointer<Element> { UnsafeMutableBufferPointer(start: base, count: count) }

    @inline(never)
    private mutating func grow(to capacity: Int) {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        larger.update(from: base, count: count)
        base.deallocate()
        (base, self.capacity) = (larger, capacity)
    }
}
