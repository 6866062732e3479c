import State
import Testing

struct Vector2 { var x: Float = 0, y: Float = 0 }

@Suite("Schemas")
struct SchemaTests {
    struct Twice: Row {
        var a = 0, b = 0
        static let schema = Schema<Twice>(.field("n", \.a), .field("n", \.b))
    }
    struct Same: Row {
        var a = 0
        static let schema = Schema<Same>(.field("one", \.a), .field("two", \.a))
    }
    struct Computed: Row {
        var a = 0
        var double: Int { a * 2 }
        static let schema = Schema<Computed>(.field("a", \.a), .field("double", \.double))
    }
    struct Observed: Row {
        var a = 0 { didSet { a = max(a, 0) } }
        static let schema = Schema<Observed>(.field("a", \.a))
    }
    struct Constant: Row {
        let a = 0
        static let schema = Schema<Constant>(.field("a", \.a))
    }
    struct Forgetful: Row {
        var a = 0, cache = 0, b = 0
        static let schema = Schema<Forgetful>(.field("a", \.a), .field("b", \.b))
    }
    struct HalfForgetful: Row {
        var at = Vector2(), b = false
        static let schema = Schema<HalfForgetful>(.field("x", \.at.x), .field("b", \.b))
    }
    struct LeavesTooMuch: Row {
        var a = 0
        static let schema = Schema<LeavesTooMuch>(.field("a", \.a), .leaving("a"))
    }
    struct LeavesNothing: Row {
        var a = 0
        static let schema = Schema<LeavesNothing>(.field("a", \.a), .leaving("b"))
    }
    struct Strange: Row {
        var at = Vector2()
        static let schema = Schema<Strange>(.field("at", \.at))
    }
    struct Stepless: Row {
        var a: Float = 0
        static let schema = Schema<Stepless>(.field("a", \.a, step: 0))
    }
    struct Crowded: Row {
        var a = 0
        // 5 × 13 fields.
        static let schema = Schema<Crowded>(
            .field("1", \.a), .field("2", \.a), .field("3", \.a), .field("4", \.a), .field("5", \.a), .field("6", \.a),
            .field("7", \.a), .field("8", \.a), .field("9", \.a), .field("10", \.a), .field("11", \.a),
            .field("12", \.a), .field("13", \.a), .field("14", \.a), .field("15", \.a), .field("16", \.a),
            .field("17", \.a), .field("18", \.a), .field("19", \.a), .field("20", \.a), .field("21", \.a),
            .field("22", \.a), .field("23", \.a), .field("24", \.a), .field("25", \.a), .field("26", \.a),
            .field("27", \.a), .field("28", \.a), .field("29", \.a), .field("30", \.a), .field("31", \.a),
            .field("32", \.a), .field("33", \.a), .field("34", \.a), .field("35", \.a), .field("36", \.a),
            .field("37", \.a), .field("38", \.a), .field("39", \.a), .field("40", \.a), .field("41", \.a),
            .field("42", \.a), .field("43", \.a), .field("44", \.a), .field("45", \.a), .field("46", \.a),
            .field("47", \.a), .field("48", \.a), .field("49", \.a), .field("50", \.a), .field("51", \.a),
            .field("52", \.a), .field("53", \.a), .field("54", \.a), .field("55", \.a), .field("56", \.a),
            .field("57", \.a), .field("58", \.a), .field("59", \.a), .field("60", \.a), .field("61", \.a),
            .field("62", \.a), .field("63", \.a), .field("64", \.a), .field("65", \.a))
    }
    struct Parts: Row {
        var flag = false, at = Vector2(), other: Float?, cache: [String: Int] = [:], end: UInt8 = 0
        static let schema = Schema<Parts>(
            .field("flag", \.flag), .field("x", \.at.x), .field("y", \.at.y), .field("other", \.other),
            .field("end", \.end), .leaving("cache"))
    }

    private func problem<R: Row>(_: R.Type) -> SchemaError? {
        var state = State()
        let table: Table<Int, R> = state.table("things")
        // A refused table still takes what it is given, so that nothing traps before the back has looked.
        table[1] = R()
        return state.problem
    }

    @Test("A schema that cannot work is refused with the names of the table and of the field")
    func refused() {
        func expect<R: Row>(_ type: R.Type, _ expected: SchemaError.Problem) {
            #expect(problem(type) == SchemaError(table: "things", problem: expected))
        }
        expect(Twice.self, .fieldNameTaken(field: "n"))
        expect(Same.self, .samePropertyTwice(field: "one", other: "two"))
        expect(Computed.self, .notStored(field: "double"))
        expect(Observed.self, .notStored(field: "a"))
        expect(Constant.self, .notVariable(field: "a"))
        expect(Forgetful.self, .leftOut(property: "cache"))
        expect(HalfForgetful.self, .leftOut(property: "at.y"))
        expect(LeavesTooMuch.self, .nothingToLeave(property: "a"))
        expect(LeavesNothing.self, .nothingToLeave(property: "b"))
        expect(Strange.self, .unsupportedType(field: "at", type: "Vector2"))
        expect(Stepless.self, .badStep(field: "a", step: 0))
        expect(Crowded.self, .tooManyFields(count: 65, limit: 64))
    }

    @Test("The message says what to do about it")
    func message() {
        #expect(
            problem(Forgetful.self)?.description
                == "table \"things\": property \"cache\" has no field; add one, or say .leaving(\"cache\")")
    }

    @Test("Parts of a nested struct can be fields, and what is left out on purpose is not missed")
    func accepted() {
        #expect(problem(Parts.self) == nil)
        #expect(problem(Everything.self) == nil)
        #expect(World().state.problem == nil)
    }

    @Test("A second table of one name is refused, and is another table")
    func tableNames() {
        var state = State()
        let first: Table<Int, World.Note> = state.table("notes")
        let second: Table<Int, World.Note> = state.table("notes")
        second[1] = World.Note()
        #expect(first.isEmpty)
        #expect(state.problem == SchemaError(table: "notes", problem: .nameTaken))
        #expect(state.close() == nil)
    }

    @Test("A schema's bytes read back as the schema; cut short or with other numbers they are an error")
    func roundTrip() throws {
        let schema = World().state.schema
        let encoded = schema.encoded
        let decoded = try ByteReader.read(encoded) { (reader) throws(WireError) in
            let schema = try SchemaDescription(&reader)
            try reader.end()
            return schema
        }
        #expect(decoded == schema)
        for count in encoded.indices {
            #expect(throws: WireError.self) {
                try ByteReader.read(Array(encoded[..<count])) { (reader) throws(WireError) in
                    _ = try SchemaDescription(&reader)
                }
            }
        }
    }

    @Test(
        "A schema that means nothing is an error",
        arguments: [
            "ffffffff", "01 01 61 04 00", "01 01 61 00 00", "01 01 61 01 01 01 78 00", "01 01 61 01 01 01 78 0e",
            "01 01 61 01 01 01 78 8a", "01 01 61 01 02 01 78 01 01 78 01", "02 01 61 01 00 01 61 01 00",
            "01 01 ff 01 00", "01 01 61 01 01 01 78 11 0000000000000000", "01 01 61 01 01 01 78 11 7ff0000000000000",
            "01 01 61 01 8041",
        ])
    func nonsense(digits: String) {
        #expect(throws: WireError.self) {
            try ByteReader.read(bytes(digits)) { (reader) throws(WireError) in _ = try SchemaDescription(&reader) }
        }
    }
}
