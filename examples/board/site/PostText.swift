/// A post's text as markup: lines, quoted lines, references to other posts, links.
struct PostText {
    /// Where a post of this number stands, if anywhere: the page's own is an anchor.
    var place: (Int) -> String?

    init(place: @escaping (Int) -> String? = { _ in nil }) { self.place = place }

    /// The whole text, or its beginning: `isCut` says which.
    func markup(
        _ text: String, lines lineLimit: Int = .max, scalars scalarLimit: Int = .max
    ) -> (markup: HTML, isCut: Bool) {
        let (shown, isCut) = Self.beginning(of: text, lines: lineLimit, scalars: scalarLimit)
        let lines = shown.split(separator: "\n", omittingEmptySubsequences: false).map(line)
        return ("\(lines.dropLast().map { "\($0)<br>\n" as HTML })\(lines.last)", isCut)
    }

    /// Not more than so many lines and scalars, cut between words where that costs little.
    static func beginning(of text: String, lines: Int, scalars: Int) -> (Substring, isCut: Bool) {
        var shown = text[...]
        let parts = text.split(
            separator: "\n", maxSplits: lines == .max ? .max : lines, omittingEmptySubsequences: false)
        if lines != .max, parts.count > lines { shown = text[..<parts[lines - 1].endIndex] }
        if shown.unicodeScalars.count > scalars {
            shown = Substring(shown.unicodeScalars.prefix(scalars))
            if let space = shown.lastIndex(of: " "), shown.distance(from: space, to: shown.endIndex) < 40 {
                shown = shown[..<space]
            }
        }
        return (shown, shown.endIndex < text.endIndex)
    }

    private func line(_ line: Substring) -> HTML {
        guard line.first == ">", reference(at: line)?.number == nil else { return words(line) }
        return "<span class=\"quote\">\(words(line))</span>"
    }

    private func words(_ line: Substring) -> HTML {
        var markup: HTML = ""
        var rest = line
        var plainStart = rest.startIndex
        func flush(_ end: Substring.Index) { markup = "\(markup)\(line[plainStart..<end])" }
        while let start = rest.firstIndex(where: { $0 == ">" || $0 == "h" }) {
            let tail = rest[start...]
            if let reference = reference(at: tail), let place = place(reference.number) {
                flush(start)
                markup = "\(markup)<a class=\"ref\" href=\"\(place)\">&gt;&gt;\(reference.number)</a>"
                rest = tail[reference.end...]
                plainStart = rest.startIndex
            } else if let end = Self.link(at: tail) {
                flush(start)
                let address = tail[..<end]
                markup = "\(markup)<a href=\"\(address)\" rel=\"nofollow noopener ugc\">\(address)</a>"
                rest = tail[end...]
                plainStart = rest.startIndex
            } else {
                rest = tail.dropFirst()
            }
        }
        flush(line.endIndex)
        return markup
    }

    /// `>>12` at the beginning of a text.
    private func reference(at text: Substring) -> (number: Int, end: Substring.Index)? {
        guard text.hasPrefix(">>") else { return nil }
        let digits = text.dropFirst(2).prefix { $0.isASCII && $0.isNumber }
        guard (1...12).contains(digits.count), let number = Int(digits) else { return nil }
        return (number, digits.endIndex)
    }

    /// Where a web address at the beginning of a text ends: before spaces, brackets and quotes, and before a sentence's end.
    private static func link(at text: Substring) -> Substring.Index? {
        guard text.hasPrefix("https://") || text.hasPrefix("http://") else { return nil }
        var address = text.prefix { !$0.isWhitespace && !"<>\"'`".contains($0) }
        while let last = address.last, ".,;:!?)".contains(last) { address = address.dropLast() }
        return address.hasSuffix("//") ? nil : address.endIndex
    }
}
