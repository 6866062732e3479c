/// The pages that a front holds, the one that was read last in front, never more bytes than the limit.
struct PageShelf: Sendable {
    /// One page, or the knowledge that there is none.
    struct Slot: Sendable {
        let path: String
        /// Nil: there is no page at this path, as of `checkedAt`.
        var page: StoredPage?
        var checkedAt: Instant
        var readAt: Instant
        /// Since when it is known not to be the newest.
        var staleAt: Instant?
        fileprivate(set) var byteCount = 0
        fileprivate var newer = -1
        fileprivate var older = -1

        init(path: String, page: StoredPage?, checkedAt: Instant, readAt: Instant) {
            self.path = path
            self.page = page
            self.checkedAt = checkedAt
            self.readAt = readAt
        }
    }

    /// What an entry costs beside its content: the slot, two copies of its path, its type.
    static let overheadBytes = 512

    let byteLimit: Int
    private(set) var byteCount = 0
    private(set) var evictionCount: UInt64 = 0
    private var slots: [Slot?] = []
    private var free: [Int] = []
    private var places: [String: Int] = [:]
    private var newest = -1
    private var oldest = -1

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    var count: Int { places.count }

    subscript(path: String) -> Slot? { places[path].flatMap { slots[$0] } }

    /// All paths, the one read last first.
    var paths: [String] {
        var list: [String] = []
        var place = newest
        while place >= 0, let slot = slots[place] {
            list.append(slot.path)
            place = slot.older
        }
        return list
    }

    /// Changes what is there. Not for the content, whose size counts: that is `put`.
    mutating func update(_ path: String, _ body: (inout Slot) -> Void) {
        guard let place = places[path], slots[place] != nil else { return }
        body(&slots[place]!)
    }

    /// It was read: it goes last when room is needed.
    mutating func touch(_ path: String, now: Instant) {
        guard let place = places[path] else { return }
        slots[place]?.readAt = now
        guard place != newest else { return }
        unlink(place)
        link(place)
    }

    /// Keeps a page in front, in place of what was there, and lets the longest unread go until all fit. A page above the limit is
    /// not kept.
    mutating func put(_ slot: Slot) {
        remove(slot.path)
        var slot = slot
        slot.byteCount = (slot.page?.content.count ?? 0) + 2 * slot.path.utf8.count + Self.overheadBytes
        guard slot.byteCount <= byteLimit else { return }
        while byteCount + slot.byteCount > byteLimit, oldest >= 0, let last = slots[oldest] {
            evictionCount += 1
            remove(last.path)
        }
        let place = free.popLast() ?? slots.count
        if place == slots.count { slots.append(slot) } else { slots[place] = slot }
        places[slot.path] = place
        byteCount += slot.byteCount
        link(place)
    }

    mutating func remove(_ path: String) {
        guard let place = places.removeValue(forKey: path), let slot = slots[place] else { return }
        unlink(place)
        byteCount -= slot.byteCount
        slots[place] = nil
        free.append(place)
    }

    private mutating func link(_ place: Int) {
        slots[place]?.newer = -1
        slots[place]?.older = newest
        if newest >= 0 { slots[newest]?.newer = place } else { oldest = place }
        newest = place
    }

    private mutating func unlink(_ place: Int) {
        guard let slot = slots[place] else { return }
        if slot.newer >= 0 { slots[slot.newer]?.older = slot.older } else { newest = slot.older }
        if slot.older >= 0 { slots[slot.older]?.newer = slot.newer } else { oldest = slot.newer }
    }
}
