import CUV
import Glibc

/// Lends libuv's spawn options, every C string and array in them, for the length of the call.
func withSpawnOptions<Answer>(
    _ executable: String, _ arguments: [String], _ environment: [String: String],
    _ inheriting: [(child: Int32, ours: Int32)], _ body: (inout uv_process_options_t) -> Answer
) -> Answer {
    withCStrings([executable] + arguments) { argv in
        withCStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) { envp in
            var stdio = standardStreams(inheriting)
            return stdio.withUnsafeMutableBufferPointer { stdio in
                var options = uv_process_options_t()
                options.file = argv[0].map { UnsafePointer($0) }
                options.args = argv.baseAddress
                options.env = envp.baseAddress
                options.stdio = stdio.baseAddress
                options.stdio_count = Int32(stdio.count)
                return body(&options)
            }
        }
    }
}

/// /dev/null, our output, our error stream, then what is inherited; gaps stay closed.
private func standardStreams(_ inheriting: [(child: Int32, ours: Int32)]) -> [uv_stdio_container_t] {
    var ignored = uv_stdio_container_t()
    ignored.flags = UV_IGNORE
    let highest = inheriting.map(\.child).max() ?? 2
    var streams = [uv_stdio_container_t](repeating: ignored, count: Int(max(highest, 2)) + 1)
    for (child, ours) in [(child: 1, ours: 1), (child: 2, ours: 2)] + inheriting where child >= 0 {
        streams[Int(child)].flags = UV_INHERIT_FD
        streams[Int(child)].data.fd = ours
    }
    return streams
}

/// Lends a null-ended array of C strings.
private func withCStrings<Answer>(
    _ strings: [String], _ body: (UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>) -> Answer
) -> Answer {
    var copies = strings.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    return copies.withUnsafeMutableBufferPointer { body($0) }
}
