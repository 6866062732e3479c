import CYAML

/// libyaml's events, one at a time, with their places. Owns the parser and the text.
///
/// `unsafe` because libyaml reads from our buffer until it is deleted: both live exactly as long as this object.
final class YAMLEvents {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case scalar(String)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }

    struct Event {
        var kind: Kind
        var line: Int
        var column: Int
        var file: String

        func error(_ reason: String) -> ConfigurationError {
            ConfigurationError(file: file, line: line, column: column, reason: reason)
        }
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let file: String
    private let text: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8], from file: String) throws(ConfigurationError) {
        self.file = file
        parser = .allocate(capacity: 1)
        text = .allocate(capacity: bytes.count)
        _ = text.initialize(from: bytes)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            text.deallocate()
            throw ConfigurationError(file: file, line: 1, column: 1, reason: "out of memory")
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        text.deallocate()
    }

    func next() throws(ConfigurationError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw complaint() }
        defer { yaml_event_delete(&event) }
        let (line, column) = (Int(event.start_mark.line) + 1, Int(event.start_mark.column) + 1)
        func at(_ kind: Kind) -> Event { Event(kind: kind, line: line, column: column, file: file) }
        switch event.type {
        case YAML_STREAM_START_EVENT: return at(.streamStart)
        case YAML_DOCUMENT_START_EVENT: return at(.documentStart)
        case YAML_DOCUMENT_END_EVENT: return at(.documentEnd)
        case YAML_SEQUENCE_START_EVENT: return at(.sequenceStart)
        case YAML_SEQUENCE_END_EVENT: return at(.sequenceEnd)
        case YAML_MAPPING_START_EVENT: return at(.mappingStart)
        case YAML_MAPPING_END_EVENT: return at(.mappingEnd)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            // libyaml has checked the UTF-8 already.
            return at(.scalar(String(decoding: bytes, as: UTF8.self)))
        case YAML_ALIAS_EVENT: throw at(.streamEnd).error("aliases are not read here")
        default: return at(.streamEnd)
        }
    }

    private func complaint() -> ConfigurationError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
        let mark = parser.pointee.problem_mark
        return ConfigurationError(
            file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1, reason: problem)
    }
}
