import State

/// What a node says at `/takeMessage.js`, and what it is answered: JSON.
///
/// `{"kind":"page","key":"/b/1"}`, and if wanted `"payload"` (a text) or `"payload64"`, `"class"`, and `"after"`: channels with the
/// lineage and version that the builder must have seen, as `[{"channel":"board/b","lineage":"7","version":"58"}]`.
package enum NodeJobText {
    /// Why a body is no request.
    package struct Mistake: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }

    package static func request(_ body: [UInt8]) throws(Mistake) -> JobRequest {
        let read: Result<JobRequest, Mistake> = body.withUnsafeBytes { bytes in
            do throws(JSONError) {
                return request(try JSONText(bytes).root)
            } catch {
                return .failure(Mistake("the body is not JSON: \(error)"))
            }
        }
        return try read.get()
    }

    private static func request(_ root: JSONValue) -> Result<JobRequest, Mistake> {
        do throws(Mistake) {
            guard let members = root.members else { throw Mistake("the body is no JSON object") }
            let known = ["kind", "key", "payload", "payload64", "class", "after"]
            for member in members where !known.contains(member.name) {
                throw Mistake("there is no '\(member.name)'; there are \(known.joined(separator: ", "))")
            }
            guard let kind = root["kind"]?.string, let key = root["key"]?.string else {
                throw Mistake("'kind' and 'key' are needed, as texts")
            }
            var request = JobRequest(JobAddress(kind, key))
            request.payload = try payload(root)
            if let name = root["class"] {
                guard let chosen = name.string.flatMap({ DeadlineClass($0) }) else {
                    throw Mistake(
                        "'class' is one of \(DeadlineClass.allCases.map(\.description).joined(separator: ", "))")
                }
                request.deadlineClass = chosen
            }
            if let after = root["after"] { request.minimums = try minimums(after) }
            return .success(request)
        } catch {
            return .failure(error)
        }
    }

    private static func payload(_ root: JSONValue) throws(Mistake) -> [UInt8] {
        switch (root["payload"], root["payload64"]) {
        case (nil, nil): return []
        case (let text?, nil):
            guard let text = text.string else { throw Mistake("'payload' is no text") }
            return Array(text.utf8)
        case (nil, let text?):
            guard let bytes = text.string.flatMap({ Base64.decode($0) }) else {
                throw Mistake("'payload64' is no base64")
            }
            return bytes
        case (.some, .some): throw Mistake("'payload' or 'payload64', not both")
        }
    }

    private static func minimums(_ after: JSONValue) throws(Mistake) -> [JobMinimum] {
        guard let elements = after.elements else { throw Mistake("'after' is no list") }
        var minimums: [JobMinimum] = []
        for element in elements {
            guard let channel = element["channel"]?.string.flatMap({ try? ChannelID($0) }),
                let lineage = element["lineage"]?.integer(UInt64.self),
                let version = element["version"]?.integer(UInt64.self)
            else { throw Mistake("an entry of 'after' has a channel, a lineage and a version") }
            minimums.append(
                JobMinimum(
                    channel: channel, lineage: Lineage(rawValue: lineage), version: Version(rawValue: version)))
        }
        return minimums
    }

    /// What the queue says. A node tries again what is answered 429 or 503, and nothing else.
    package static func response(_ answer: JobAnswer) -> HTTPResponse {
        switch answer {
        case .queued(let id): json(200, "queued", "\(id)")
        case .merged(let id): json(200, "merged", "\(id)")
        case .rejected(let reason): rejected(reason)
        }
    }

    package static func response(_ mistake: Mistake) -> HTTPResponse { json(400, "rejected", mistake.description) }

    private static func rejected(_ reason: JobRejection) -> HTTPResponse {
        let status =
            switch reason {
            case .unknownKind, .keyOutsideShape, .payloadTooLarge, .tooManyMinimums: 400
            case .full, .draining, .unavailable: 503
            case .tooFast: 429
            }
        var response = json(status, "rejected", reason.description)
        if status != 400 { response.headers.set("Retry-After", "1") }
        return response
    }

    private static func json(_ status: Int, _ name: String, _ value: String) -> HTTPResponse {
        var json = JSONWriter()
        json.object { $0.member(name, value) }
        return HTTPResponse(
            status: status, text: String(decoding: json.out.bytes, as: UTF8.self) + "\n", type: "application/json",
            headers: ["Cache-Control": "no-store"])
    }
}
