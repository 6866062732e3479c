/// A change to what is kept. Changes are applied in order, and applying one twice is the same as once.
package enum JobChange: Sendable, Equatable {
    /// The entry is as given, new or not.
    case put(JobRecord)
    case remove(JobID)
    case bury(DeadLetter)
    case unbury(JobAddress)
    /// Pages of one result: each is kept unless the store has one of a higher (epoch, version).
    case pages([JobPage])
}

/// What a store held when it was opened.
package struct JobSnapshot: Sendable, Equatable {
    /// By id.
    package var records: [JobRecord]
    /// By the time of their death.
    package var deadLetters: [DeadLetter]

    package init(records: [JobRecord] = [], deadLetters: [DeadLetter] = []) {
        self.records = records
        self.deadLetters = deadLetters
    }
}

/// Why a store could not do something. The queue refuses requests until it can.
package struct JobStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// Where entries, dead letters and pages are kept. One writer at a time; not for several threads at once.
///
/// SQLite is one, memory another (for simulations); whatever comes later passes the same conformance tests.
package protocol JobStore: AnyObject {
    /// Everything that is kept of the queue.
    func load() throws(JobStoreError) -> JobSnapshot
    /// Applies all of them or none. On return they survive a power cut.
    func apply(_ changes: [JobChange]) throws(JobStoreError)
    /// The page at a path, nil if none was built.
    func page(_ path: String) throws(JobStoreError) -> JobPage?
}
