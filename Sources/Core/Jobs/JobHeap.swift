/// A binary heap of (instant, id), earliest first, equal instants by id. Items are never taken out of the middle: the owner
/// stamps them and skips those whose stamp is no longer its entry's.
struct JobHeap: Sendable {
    struct Item: Sendable {
        var at: Instant
        var id: JobID
        var stamp: UInt32

        static func < (left: Item, right: Item) -> Bool {
            left.at == right.at ? left.id < right.id : left.at < right.at
        }
    }

    private var items: [Item] = []

    var count: Int { items.count }
    var first: Item? { items.first }

    mutating func push(_ item: Item) {
        items.append(item)
        var place = items.count - 1
        while place > 0 {
            let parent = (place - 1) / 2
            guard items[place] < items[parent] else { return }
            items.swapAt(place, parent)
            place = parent
        }
    }

    mutating func removeFirst() {
        guard let last = items.popLast(), !items.isEmpty else { return }
        items[0] = last
        sink(0)
    }

    /// Throws away the items that `isCurrent` denies. Called when most of them are stale.
    mutating func compact(keeping isCurrent: (Item) -> Bool) {
        items.removeAll { !isCurrent($0) }
        for place in stride(from: items.count / 2 - 1, through: 0, by: -1) { sink(place) }
    }

    private mutating func sink(_ start: Int) {
        var place = start
        while true {
            let left = 2 * place + 1
            guard left < items.count else { return }
            let right = left + 1
            let child = right < items.count && items[right] < items[left] ? right : left
            guard items[child] < items[place] else { return }
            items.swapAt(place, child)
            place = child
        }
    }
}
