import Core
import Glibc
import Node

/// A folder whose files are served below a path prefix.
struct FileMount: Sendable {
    let prefix: String
    let folder: String

    /// Larger files are refused: a front serves pages, not downloads.
    static let fileLimitBytes = 8 << 20

    init(prefix: String, folder: String) {
        self.prefix = prefix.hasSuffix("/") ? prefix : prefix + "/"
        self.folder = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    }

    /// `PREFIX=FOLDER`, as the hub passes it on. A folder that is a file serves that one file at the prefix.
    init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, parts[0].hasPrefix("/") else { return nil }
        self.init(prefix: parts[0], folder: parts[1])
    }

    /// The answer to a GET below the prefix; nil if the path is not below it. The path has no dot segments: the head's reader
    /// refuses those.
    func answer(_ head: HTTPRequestHead) -> HTTPResponse? {
        let path = head.path
        let file: String
        if path + "/" == prefix {
            file = folder
        } else {
            guard path.hasPrefix(prefix) else { return nil }
            let rest = path.dropFirst(prefix.count)
            file = folder + "/" + (rest.isEmpty || rest.hasSuffix("/") ? rest + "index.html" : rest)
        }
        guard !file.utf8.contains(0), let bytes = FileBytes.read(file, limit: Self.fileLimitBytes) else { return nil }
        let response = HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": Self.type(of: file), "ETag": "\(HTTPEntityTag(of: bytes))", "Cache-Control": "no-cache",
                "X-Content-Type-Options": "nosniff",
            ], body: .bytes(bytes))
        return response.unlessHeld(by: head)
    }

    private static func type(of file: String) -> String {
        switch file.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "json": "application/json"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "ico": "image/x-icon"
        case "wasm": "application/wasm"
        case "txt", "md": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}
