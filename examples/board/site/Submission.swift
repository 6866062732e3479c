import FoundationEssentials

/// What somebody wants to post, as a front hands it to the back. Made clean once, here: what is stored is what is shown.
struct Submission: Codable, Equatable, Sendable {
    /// Names the answer to it.
    var id: UInt64
    /// The thread that it answers; nil begins one.
    var thread: Int64?
    var title: String
    var author: String
    var text: String
    /// Seconds since 1970.
    var at: Int64

    static let anonymous = "Anonymous"

    /// Throws the sentence that the writer reads.
    init(
        id: UInt64, thread: Int64?, title: String, author: String, text: String, at: Int64
    ) throws(Refusal) {
        self.id = id
        self.thread = thread
        self.title = Self.line(title)
        let name = Self.line(author)
        self.author = name.isEmpty ? Self.anonymous : name
        self.text = Self.block(text)
        self.at = at
        try check()
    }

    /// Checked at both ends: a back takes nobody's word for it.
    func check() throws(Refusal) {
        guard !text.isEmpty else { throw Refusal("Write something first.") }
        guard text.unicodeScalars.count <= BoardLimits.textLength else {
            throw Refusal("The text is too long: \(BoardLimits.textLength) characters at most.")
        }
        guard text.utf8.count(where: { $0 == UInt8(ascii: "\n") }) < BoardLimits.textLines else {
            throw Refusal("The text has too many lines: \(BoardLimits.textLines) at most.")
        }
        guard author.unicodeScalars.count <= BoardLimits.authorLength else {
            throw Refusal("The name is too long: \(BoardLimits.authorLength) characters at most.")
        }
        guard title.unicodeScalars.count <= BoardLimits.titleLength else {
            throw Refusal("The title is too long: \(BoardLimits.titleLength) characters at most.")
        }
        guard thread != nil || !title.isEmpty else { throw Refusal("A new thread needs a title.") }
    }

    /// One line without anything that is not text, single spaces between words.
    static func line(_ text: String) -> String {
        text.unicodeScalars.split { $0 == " " || $0 == "\n" || $0 == "\t" || !isText($0) }
            .map { String(Substring($0)) }.joined(separator: " ")
    }

    /// Lines without anything that is not text, without spaces at their ends and without empty lines around or more than one
    /// between them.
    static func block(_ text: String) -> String {
        var lines: [String] = []
        let unified = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        for line in unified.split(separator: "\n", omittingEmptySubsequences: false) {
            var scalars = Substring(line).unicodeScalars.filter { isText($0) || $0 == "\t" }
            while let last = scalars.last, last == " " || last == "\t" { scalars.removeLast() }
            let clean = String(scalars)
            if clean.isEmpty, lines.last?.isEmpty ?? true { continue }
            lines.append(clean)
        }
        while lines.last?.isEmpty ?? false { lines.removeLast() }
        return lines.joined(separator: "\n")
    }

    /// No control characters, and none that turn the writing direction of what stands around them.
    private static func isText(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFF9...0xFFFB: false
        default: true
        }
    }

    var bytes: [UInt8] { (try? JSONEncoder().encode(self)).map(Array.init) ?? [] }

    init?(bytes: [UInt8]) {
        guard let value = try? JSONDecoder().decode(Submission.self, from: Data(bytes)) else { return nil }
        self = value
    }
}

/// Why something is not posted: a sentence for its writer.
struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// What the back says to a submission.
struct Verdict: Codable, Equatable, Sendable {
    var id: UInt64
    /// Where it stands.
    var thread: Int64?
    var post: Int64?
    /// Why it does not.
    var refusal: String?

    init(id: UInt64, thread: Int64, post: Int64) { (self.id, self.thread, self.post) = (id, thread, post) }
    init(id: UInt64, refusal: Refusal) { (self.id, self.refusal) = (id, refusal.description) }

    var bytes: [UInt8] { (try? JSONEncoder().encode(self)).map(Array.init) ?? [] }

    init?(bytes: [UInt8]) {
        guard let value = try? JSONDecoder().decode(Verdict.self, from: Data(bytes)) else { return nil }
        self = value
    }
}
