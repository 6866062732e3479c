import Core
import Testing

@Suite("JSON text")
struct JSONTextTests {
    /// Runs `body` with the text's root, from a buffer of exactly its bytes; nil if it is refused.
    private static func read<T>(_ bytes: [UInt8], _ body: (JSONValue) -> T) -> Result<T, JSONError> {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: bytes)
        do throws(JSONError) {
            return .success(body(try JSONText(UnsafeRawBufferPointer(buffer)).root))
        } catch {
            return .failure(error)
        }
    }

    private static func read<T>(_ text: String, _ body: (JSONValue) -> T) -> T? {
        try? read(Array(text.utf8), body).get()
    }

    /// Everything in a value, written again compactly: walks all of it.
    private static func rewrite(_ value: JSONValue, to json: inout JSONWriter) {
        switch value.kind {
        case .null: json.null()
        case .bool: json.bool(value.bool ?? false)
        case .number: json.text(value.bytes)
        case .string: json.string(value.string ?? "")
        case .array: json.array { json in for element in value.elements! { rewrite(element, to: &json) } }
        case .object:
            json.object { json in
                for member in value.members! {
                    json.name(member.name)
                    rewrite(member.value, to: &json)
                }
            }
        }
    }

    private static func rewritten(_ text: String) -> String? {
        read(text) { value in
            var json = JSONWriter()
            rewrite(value, to: &json)
            return String(decoding: json.out.bytes, as: UTF8.self)
        }
    }

    private static let message =
        #" {"input" : {"grant":"18446744073709551615", "seq":7,"data": {"move" : [1.50, -2e3] , "t":"a\"}]\u00e9"} }, "x":[[],{},"",null,true,false,0] }"#
        + "\n"

    @Test("An input's data is handed out as its exact text")
    func exactText() {
        let data = Self.read(Self.message) { root in
            root["input"]?["data"].map { String(decoding: $0.bytes, as: UTF8.self) }
        }
        #expect(data == #"{"move" : [1.50, -2e3] , "t":"a\"}]\u00e9"}"#)
        #expect(Self.read(Self.message) { $0["input"]?["grant"]?.integer(UInt64.self) } == .max)
        #expect(Self.read(Self.message) { $0["input"]?["seq"]?.integer(Int.self) } == 7)
        #expect(Self.read(Self.message) { $0["input"]?["data"]?["t"]?.string } == "a\"}]é")
        #expect(Self.read(Self.message) { $0["input"]?["none"]?.range } == .some(nil))
        #expect(
            Self.read(Self.message) { $0["x"]?.elements?.map(\.kind) } == [
                .array, .object, .string, .null, .bool, .bool, .number,
            ])
    }

    @Test("A walk over everything sees everything")
    func walk() {
        let expected =
            #"{"input":{"grant":"18446744073709551615","seq":7,"data":{"move":[1.50,-2e3],"t":"a\"}]é"}},"x":[[],{},"",null,true,false,0]}"#
        #expect(Self.rewritten(Self.message) == expected)
    }

    @Test(
        "What RFC 8259 allows is taken",
        arguments: [
            "{}", "[]", "0", "-0", "10", "-1.5e+10", "1E5", "1e-5", "0.0", "\"\"", "true", "false", "null",
            " \t\r\n[ ]\n",
            #""\"\\\/\b\f\n\r\tA""#, #""\ud83d\ude00""#, "\"\u{7F}\u{2028}é\"", "[[],[[]]]",
            #"{"a":{"a":{"a":1}},"b":{"a":2}}"#,
            #"{"":0}"#, "[1,2 , 3]",
        ])
    func taken(text: String) {
        #expect(Self.read(text) { _ in true } == true)
    }

    @Test(
        "What RFC 8259 does not allow is refused",
        arguments: [
            "", " ", "{", "[", "}", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
            "{a:1}", "{'a':1}",
            "{\"a\":1 \"b\":2}", "{,}", "{1:2}", "nul", "nulll", "True", "NaN", "Infinity", "-", "+1", "01", "-01",
            "1.", ".5", "1e",
            "1e+", "0x10", "1 2", "[] []", "{}x", "\"", "\"a", "\"\\\"", #""\x""#, #""\u12""#, #""\u12g4""#, "\"a\nb\"",
            "\"\t\"",
            "\"\0\"", #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\ud800x""#, #""\udc00\ud800""#, "\u{FEFF}{}",
            "// a\n1", "[1]\0",
            "--1", "1-", "1.5.5", "[1}", "{\"a\":1]", "\u{A0}1",
        ])
    func refused(text: String) {
        #expect(Self.read(text) { _ in true } == nil, "\(text.debugDescription)")
    }

    @Test(
        "Two members of one name are refused, however they are spelled",
        arguments: [
            #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"x":{"b":1,"c":2,"b":3}}"#, #"[{"":1,"":1}]"#,
            #"{"é":1,"\u00e9":2}"#, #"{"/":1,"\/":2}"#,
        ])
    func duplicates(text: String) {
        guard case .failure(.duplicateMember) = Self.read(Array(text.utf8), { _ in }) else {
            Issue.record("taken: \(text)")
            return
        }
    }

    @Test("In a large object duplicates are found and near ones are not", arguments: [15, 16, 17, 40, 5000])
    func largeObjects(count: Int) {
        let members = (0..<count).map { #""name\#($0)":{"a":\#($0)}"# }
        #expect(
            Self.read("{" + members.joined(separator: ",") + "}") { $0.members?.reduce(0) { sum, _ in sum + 1 } }
                == count)
        let doubled = members + [#""n\u0061me\#(count / 2)":0"#]
        #expect(Self.read("{" + doubled.joined(separator: ",") + "}") { _ in true } == nil)
        // Equal as Unicode text, but not the same name.
        #expect(Self.read(#"{"é":1,"e\#u{301}":2}"#) { $0["e\u{301}"]?.integer(Int.self) } == 2)
    }

    @Test("Nesting has a limit", arguments: [("[", "]"), (#"{"a":"#, "}")])
    func depth(open: String, close: String) {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: open, count: depth) + "0" + String(repeating: close, count: depth)).utf8)
        }
        #expect(throws: Never.self) { try Self.read(nested(64), { _ in }).get() }
        #expect(throws: JSONError.tooDeep(limit: 64)) { try Self.read(nested(65), { _ in }).get() }
        let open = Array(String(repeating: open, count: 100_000).utf8)
        #expect(throws: JSONError.tooDeep(limit: 64)) { try Self.read(open, { _ in }).get() }
    }

    @Test(
        "Bytes that are not UTF-8 are refused",
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        #expect(throws: JSONError.notUTF8) { try Self.read([0x22] + bytes + [0x22], { _ in }).get() }
    }

    @Test("A text cut anywhere is refused; with any bit flipped it is refused or can be walked")
    func damage() {
        let bytes = Array(Self.message.utf8)
        for count in 0..<bytes.count - 2 {
            #expect(throws: JSONError.self, "cut at \(count)") { try Self.read(Array(bytes[..<count]), { _ in }).get() }
        }
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            let rewritten = Self.read(flipped) { value in
                var json = JSONWriter()
                Self.rewrite(value, to: &json)
                return json.out.bytes
            }
            if case .success(let bytes) = rewritten {
                #expect(throws: Never.self, "bit \(bit)") { try Self.read(bytes, { _ in }).get() }
            }
        }
    }

    @Test("Integers are exact, as numbers and as strings of digits")
    func integers() {
        func int64(_ text: String) -> Int64? { Self.read(text) { $0.integer(Int64.self) } ?? nil }
        func uint64(_ text: String) -> UInt64? { Self.read(text) { $0.integer(UInt64.self) } ?? nil }
        for quote in ["", "\""] {
            func quoted(_ text: String) -> String { quote + text + quote }
            #expect(int64(quoted("9223372036854775807")) == .max && int64(quoted("9223372036854775808")) == nil)
            #expect(int64(quoted("-9223372036854775808")) == .min && int64(quoted("-9223372036854775809")) == nil)
            #expect(uint64(quoted("18446744073709551615")) == .max && uint64(quoted("18446744073709551616")) == nil)
            #expect(uint64(quoted("-1")) == nil && int64(quoted("1.0")) == nil && int64(quoted("1e3")) == nil)
            #expect(int64(quoted("9007199254740993")) == 9_007_199_254_740_993 && uint64(quoted("0")) == 0)
        }
        for text in [#""""#, #""-""#, #""01""#, #""+1""#, #"" 1""#, #""0x1""#, "true", "[1]"] {
            #expect(int64(text) == nil)
        }
    }

    @Test(
        "Numbers are read as the nearest Double",
        arguments: [
            ("1.5", 1.5), ("-0", -0.0), ("1e308", 1e308), ("0.1", 0.1), ("5e-324", .leastNonzeroMagnitude),
            ("1e400", nil), ("\"1\"", nil),
        ])
    func doubles(text: String, value: Double?) {
        #expect(Self.read(text) { $0.double } == .some(value))
    }
}
