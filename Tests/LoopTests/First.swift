import Testing

@Test func moduleLinks() {}
