/// One run of a page job, as a worker's code gets it.
public struct Job: Sendable {
    public let kind: String
    /// As `/b/12`.
    public let key: String
    /// What the last request for it brought along.
    public let payload: [UInt8]
    /// From 1; more if runs of it failed.
    public let attempt: Int
    /// How long this run may take. Then the job is given to another worker, and this result is not taken.
    public let timeLimit: Duration
    /// What is to have been seen of channels before the work begins, at least.
    public let minimums: [Minimum]
    /// The hub's term and the number of this run: a later run of any job has a greater one.
    public let run: (term: UInt64, number: UInt64)
}

/// A version that a channel had when somebody asked for a job.
public struct Minimum: Sendable, Hashable {
    public let channel: String
    /// Which run of versions: a channel that began anew has another.
    public let lineage: UInt64
    public let version: UInt64
}

/// What a job built.
public struct Page: Sendable {
    /// Where it is served; nil: the job's key.
    public var path: String?
    public var contentType: String
    public var content: [UInt8]
    /// The state it was built from. A page of a lower (epoch, version) never replaces one of a higher; nil: the run's numbers.
    public var version: (epoch: UInt64, version: UInt64)?

    public init(
        _ content: [UInt8], contentType: String = "text/html; charset=utf-8", path: String? = nil,
        version: (epoch: UInt64, version: UInt64)? = nil
    ) {
        self.content = content
        self.contentType = contentType
        self.path = path
        self.version = version
    }

    public init(
        _ text: String, contentType: String = "text/html; charset=utf-8", path: String? = nil,
        version: (epoch: UInt64, version: UInt64)? = nil
    ) {
        self.init(Array(text.utf8), contentType: contentType, path: path, version: version)
    }
}

/// Why a worker could not start, or a run failed.
public struct WorkerFailure: Error, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
