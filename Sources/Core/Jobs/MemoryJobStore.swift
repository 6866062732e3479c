/// A store without a disk, for simulations: what was applied is there, until the object goes.
package final class MemoryJobStore: JobStore {
    private var records: [JobID: JobRecord] = [:]
    private var deadLetters: [JobAddress: DeadLetter] = [:]
    private var pages: [String: JobPage] = [:]
    /// Set: the next `apply` fails with it and changes nothing.
    package var nextFailure: JobStoreError?

    package init() {}

    package func load() -> JobSnapshot {
        JobSnapshot(
            records: records.values.sorted { $0.id < $1.id },
            deadLetters: deadLetters.values.sorted {
                ($0.diedAt, $0.record.id) < ($1.diedAt, $1.record.id)
            })
    }

    package func apply(_ changes: [JobChange]) throws(JobStoreError) {
        if let failure = nextFailure {
            nextFailure = nil
            throw failure
        }
        for change in changes {
            switch change {
            case .put(let record): records[record.id] = record
            case .remove(let id): records[id] = nil
            case .bury(let letter): deadLetters[letter.record.address] = letter
            case .unbury(let address): deadLetters[address] = nil
            case .pages(let list):
                for page in list where !isOlder(page) { pages[page.path] = page }
            }
        }
    }

    package func page(_ path: String) -> JobPage? { pages[path] }

    private func isOlder(_ page: JobPage) -> Bool {
        guard let held = pages[page.path] else { return false }
        return (page.epoch, page.version) < (held.epoch, held.version)
    }
}
