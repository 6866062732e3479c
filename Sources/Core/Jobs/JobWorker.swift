/// A worker's line, as the queue sees it.
struct JobWorker: Sendable {
    var id: JobWorkerID
    var name: String
    /// The kinds it serves: a bit each, by their places in the catalogue.
    var kinds: UInt64
    var slotCount: Int
    /// Jobs that it can take now. It frees one by every result, also by a late one: a run that was taken from it still fills its
    /// slot until it says that it has stopped.
    var credit: Int
    /// The number of its last lease, so that equals take turns.
    var lastLease: UInt64 = 0
}
