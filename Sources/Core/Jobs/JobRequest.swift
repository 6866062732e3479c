/// A version that a channel must have reached in the worker's mirror before a job that names it may begin.
package struct JobMinimum: Sendable, Hashable {
    package var channel: ChannelID
    package var lineage: Lineage
    package var version: Version

    package init(channel: ChannelID, lineage: Lineage, version: Version) {
        self.channel = channel
        self.lineage = lineage
        self.version = version
    }
}

/// "This is out of date": what a node submits.
package struct JobRequest: Sendable, Equatable {
    package var address: JobAddress
    package var payload: [UInt8]
    /// Nil: the kind's own class.
    package var deadlineClass: DeadlineClass?
    package var minimums: [JobMinimum]

    package init(
        _ address: JobAddress, payload: [UInt8] = [], deadlineClass: DeadlineClass? = nil, minimums: [JobMinimum] = []
    ) {
        self.address = address
        self.payload = payload
        self.deadlineClass = deadlineClass
        self.minimums = minimums
    }
}

/// What the queue says to a request at once. That the work is done is a separate event.
package enum JobAnswer: Sendable, Equatable {
    /// It has an entry of its own.
    case queued(JobID)
    /// An entry that has not begun yet will do it: the same key, or a broader one.
    case merged(into: JobID)
    case rejected(JobRejection)
}

/// Why a request was not taken. Nothing of it is kept.
package enum JobRejection: UInt8, Error, Sendable, Equatable, CaseIterable, CustomStringConvertible {
    case unknownKind = 1
    case keyOutsideShape, payloadTooLarge, tooManyMinimums, full, draining, unavailable, tooFast

    package var description: String {
        switch self {
        case .unknownKind: "unknown kind"
        case .keyOutsideShape: "the key does not have its kind's shape"
        case .payloadTooLarge: "the payload is too large"
        case .tooManyMinimums: "it waits for too many channels"
        case .full: "the queue is full"
        case .draining: "the queue is draining"
        case .unavailable: "the store cannot be written"
        case .tooFast: "too many requests from this node"
        }
    }
}

/// An answer, and the change that has to be on disk before it is given.
package struct JobReceipt: Sendable, Equatable {
    package var answer: JobAnswer
    /// The queue's change count at which it is safe; at once if that is on disk already.
    package var change: UInt64
    /// Only a run with a token above this began after the request.
    package var after: UInt64
}
