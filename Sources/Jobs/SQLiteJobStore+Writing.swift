import Core

/// What a batch writes: several rows of a table with one statement where there are as many.
extension SQLiteJobStore {
    /// Writes the change at a place, or some of them at once. Answers how many.
    func write(_ changes: [JobChange], at place: Int) throws(JobStoreError) -> Int {
        switch changes[place] {
        case .put(let record):
            guard let records = Self.putsTogether(changes[place...]) else {
                bind(record, to: putJob)
                try putJob.run()
                return 1
            }
            for (row, record) in records.enumerated() { bind(record, to: putJobs, row: row) }
            try putJobs.run()
            return records.count
        case .remove(let id):
            removeJob.bind(1, Int64(bitPattern: id.rawValue))
            try removeJob.run()
        case .bury(let letter):
            bind(letter.record, to: bury)
            bury.bind(14, wall(letter.diedAt))
            try bury.run()
        case .unbury(let address):
            unbury.bind(1, address.kind)
            unbury.bind(2, address.key)
            try unbury.run()
        case .pages: break
        }
        return 1
    }

    /// The entries with which the changes begin, if they are as many as one statement writes.
    private static func putsTogether(_ changes: ArraySlice<JobChange>) -> [JobRecord]? {
        var records: [JobRecord] = []
        guard changes.count >= JobSQL.rowsTogether else { return nil }
        for change in changes.prefix(JobSQL.rowsTogether) {
            guard case .put(let record) = change else { return nil }
            records.append(record)
        }
        return records
    }

    func writePages(of changes: [JobChange]) throws(JobStoreError) {
        var pages: [JobPage] = []
        for case .pages(let list) in changes { pages += list }
        var rest = pages[...]
        while !rest.isEmpty {
            let together = rest.prefix(rest.count < JobSQL.rowsTogether ? 1 : JobSQL.rowsTogether)
            rest = rest.dropFirst(together.count)
            let statement = together.count == 1 ? putPage : putPages
            // Their hashes first: what is long may fill the statement's memory.
            for (row, page) in together.enumerated() {
                let place = Int32(row * JobSQL.pageColumnCount + 5)
                statement.bind(place, byteCount: ContentHasher.textByteCount) {
                    hasher.write(page.content, to: $0)
                }
            }
            for (row, page) in together.enumerated() { bind(page, to: statement, row: row) }
            try statement.run()
        }
    }

    /// All but its hash.
    private func bind(_ page: JobPage, to statement: SQLiteStatement, row: Int) {
        let before = Int32(row * JobSQL.pageColumnCount)
        statement.bind(before + 1, page.path)
        statement.bind(before + 2, page.contentType)
        statement.bind(before + 3, Int64(bitPattern: page.epoch.rawValue))
        statement.bind(before + 4, Int64(bitPattern: page.version.rawValue))
        statement.bind(before + 6, page.content)
    }

    private func bind(_ record: JobRecord, to statement: SQLiteStatement, row: Int = 0) {
        let before = Int32(row * JobSQL.jobColumnCount)
        statement.bind(before + 1, Int64(bitPattern: record.id.rawValue))
        statement.bind(before + 2, record.address.kind)
        statement.bind(before + 3, record.address.key)
        statement.bind(before + 4, Int64(record.deadlineClass.rawValue))
        statement.bind(before + 5, wall(record.deadline))
        statement.bind(before + 6, wall(record.submittedAt))
        statement.bind(before + 7, record.payload)
        statement.bind(before + 8, JobMinimumCoding.bytes(of: record.minimums))
        statement.bind(before + 9, Int64(record.attemptCount))
        statement.bind(before + 10, Int64(record.coveredCount))
        statement.bind(before + 11, record.lastError)
        statement.bind(before + 12, record.absorbedBy.map { Int64(bitPattern: $0.rawValue) })
        statement.bind(before + 13, Int64(bitPattern: record.fence.rawValue))
    }
}
