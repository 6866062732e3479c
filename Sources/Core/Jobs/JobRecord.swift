/// An entry as the store keeps it.
package struct JobRecord: Sendable, Equatable {
    package var id: JobID
    package var address: JobAddress
    package var deadlineClass: DeadlineClass
    package var deadline: Instant
    package var submittedAt: Instant
    package var payload: [UInt8]
    package var minimums: [JobMinimum]
    package var attemptCount: Int
    package var coveredCount: Int
    package var lastError: String?
    /// The entry that took it in.
    package var absorbedBy: JobID?
    /// Runs up to this one are over. Leases are not kept, so after two restarts of the hub nothing else would tell a worker that
    /// comes back with an old run that another was given out since.
    package var fence: JobToken

    package init(
        id: JobID, address: JobAddress, deadlineClass: DeadlineClass, deadline: Instant, submittedAt: Instant,
        payload: [UInt8] = [], minimums: [JobMinimum] = [], attemptCount: Int = 0, coveredCount: Int = 0,
        lastError: String? = nil, absorbedBy: JobID? = nil,
        fence: JobToken = JobToken(rawValue: 0)
    ) {
        self.id = id
        self.address = address
        self.deadlineClass = deadlineClass
        self.deadline = deadline
        self.submittedAt = submittedAt
        self.payload = payload
        self.minimums = minimums
        self.attemptCount = attemptCount
        self.coveredCount = coveredCount
        self.lastError = lastError
        self.absorbedBy = absorbedBy
        self.fence = fence
    }
}

/// Work that failed as often as it may: kept for people, never silent. At most one for an address, the latest.
package struct DeadLetter: Sendable, Equatable {
    package var record: JobRecord
    package var diedAt: Instant

    package init(record: JobRecord, diedAt: Instant) {
        self.record = record
        self.diedAt = diedAt
    }
}

/// What a job built, as the store keeps it and fronts serve it.
package struct JobPage: Sendable, Equatable {
    /// Its path, as `/b/12`.
    package var path: String
    package var contentType: String
    /// The state it was built from: a page of a lower (epoch, version) never replaces one of a higher.
    package var epoch: Epoch
    package var version: Version
    package var content: [UInt8]

    package init(path: String, contentType: String, epoch: Epoch, version: Version, content: [UInt8]) {
        self.path = path
        self.contentType = contentType
        self.epoch = epoch
        self.version = version
        self.content = content
    }

    /// SHA-256 of the content in hexadecimal: the same content has the same ETag wherever it was built.
    package var contentHash: String {
        String(unsafeUninitializedCapacity: ContentHasher.textByteCount) { text in
            ContentHasher().write(content, to: UnsafeMutableRawBufferPointer(text))
            return ContentHasher.textByteCount
        }
    }
}
