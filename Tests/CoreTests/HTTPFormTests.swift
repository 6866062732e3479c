import Core
import Testing

@Suite("Forms, tags and routes")
struct HTTPFormTests {
    @Test(
        "A form's fields come out as they were typed",
        arguments: [
            ("a=1&b=2", ["a": "1", "b": "2"]),
            ("text=two+words%0D%0Aand+%C3%A4%26%3D%2B", ["text": "two words\r\nand ä&=+"]),
            ("a=&b", ["a": "", "b": ""]),
            ("", [:]),
            ("&&a=1&", ["a": "1"]),
            ("a=1=2", ["a": "1=2"]),
        ])
    func forms(body: String, wanted: [String: String]) throws {
        let form = try HTTPForm(Array(body.utf8))
        #expect(Dictionary(form.fields.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }) == wanted)
        for (name, value) in wanted { #expect(form.first(name) == value) }
        #expect(form.first("nothing") == nil)
    }

    @Test("A form that cannot be read is refused with 400", arguments: ["a=%", "a=%4", "a=%GG", "a=%FF", "%C3=1"])
    func badForms(body: String) {
        #expect(throws: HTTPError.self) { try HTTPForm(Array(body.utf8)) }
    }

    @Test("A form has at most 1000 fields")
    func fieldLimit() throws {
        let fields = { (count: Int) in Array(repeatElement("a=1", count: count).joined(separator: "&").utf8) }
        #expect(try HTTPForm(fields(1000)).fields.count == 1000)
        #expect(throws: HTTPError.self) { try HTTPForm(fields(1001)) }
    }

    @Test(
        "A form is known by its type, whatever its parameters",
        arguments: [
            ("application/x-www-form-urlencoded", true), ("Application/X-WWW-Form-URLencoded; charset=utf-8", true),
            ("multipart/form-data; boundary=x", false), ("text/plain", false), ("", false),
        ])
    func types(type: String, isForm: Bool) { #expect(HTTPForm.isForm(type) == isForm) }

    @Test("A tag is 32 hex digits of the content, and is found in a list, weak or not")
    func tags() {
        let tag = HTTPEntityTag(of: Array("hello".utf8))
        #expect(tag.description == "\"2cf24dba5fb0a30e26e83b2ac5b9e29e\"")
        for held in ["\(tag)", "W/\(tag)", "\"a\", \(tag)", "\"a\" ,W/\(tag) , \"b\"", "*"] {
            #expect(tag.isNamed(by: held), "\(held)")
        }
        for held in [nil, "", "\"a\"", "2cf24dba5fb0a30e26e83b2ac5b9e29e", "W/\"\""] {
            #expect(!tag.isNamed(by: held), "\(held ?? "nil")")
        }
    }

    private static let routes: HTTPRoutes<String> = {
        var routes = HTTPRoutes<String>()
        for (method, pattern) in [
            ("GET", "/*"), ("GET", "/b/*"), ("POST", "/b/post"), ("GET", "/b/all"), ("PUT", "/only"),
            ("GET", "/b/general/*"),
        ] { try? routes.add(method, pattern, "\(method) \(pattern)") }
        return routes
    }()

    @Test(
        "The whole path goes before a pattern, and the longer pattern before the shorter one",
        arguments: [
            ("GET", "/b/all", "GET /b/all"), ("GET", "/b/x", "GET /b/*"), ("HEAD", "/b/x/y", "GET /b/*"),
            ("GET", "/b/general/1", "GET /b/general/*"), ("GET", "/b/", "GET /*"), ("GET", "/c", "GET /*"),
            ("POST", "/b/post", "POST /b/post"), ("GET", "/b/post", "GET /b/*"), ("PUT", "/only", "PUT /only"),
            ("POST", "/only", "405 GET HEAD PUT"), ("DELETE", "/b/post", "405 GET HEAD POST"), ("GET", "/", "nothing"),
        ])
    func finding(method: String, path: String, wanted: String) {
        switch Self.routes.find(method, path) {
        case .handler(let name): #expect(name == wanted)
        case .otherMethods(let methods): #expect("405 " + methods.joined(separator: " ") == wanted)
        case .nothing: #expect(wanted == "nothing")
        }
    }

    @Test("A pattern that cannot work is refused, and so is a second handler")
    func badRoutes() {
        var routes = HTTPRoutes<Int>()
        for pattern in ["", "b", "/b*", "/*/c", "/a?b"] {
            #expect(throws: HTTPRoutes<Int>.Mistake.pattern(pattern)) { try routes.add("GET", pattern, 1) }
        }
        #expect(throws: HTTPRoutes<Int>.Mistake.twice(method: "GET", pattern: "/b/*")) {
            try routes.add("GET", "/b/*", 1)
            try routes.add("POST", "/b/*", 2)
            try routes.add("GET", "/b/*", 3)
        }
        #expect(routes.takesBodies)
    }
}
