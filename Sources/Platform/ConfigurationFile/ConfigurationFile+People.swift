extension ConfigurationFile {
    /// The table `[people]`.
    static func people(from document: inout Document) throws(ConfigurationError) -> Configuration.People {
        var people = Configuration.People()
        people.source = try peopleSource(from: &document)
        people.fresh = try document.number("people", "fresh", in: 1...86_400, default: people.fresh)
        people.stale = try document.number(
            "people", "stale", in: 1...31_536_000, default: max(people.stale, people.fresh))
        guard people.stale >= people.fresh else {
            throw document.error("people", "stale", "expected no less than fresh (\(people.fresh))")
        }
        people.permitsLocalKeys = try document.flag("people", "local", default: people.permitsLocalKeys)
        people.keysAt = try document.text("people", "keys_at")
        return people
    }

    /// A URL, or the words of a command. The other two keys belong to the URL.
    private static func peopleSource(
        from document: inout Document
    ) throws(ConfigurationError) -> Configuration.People.Source? {
        let words = try document.words("people", "source")
        let names = try document.path("people", "names")
        let authorities = try document.path("people", "ca_file")
        if let words, words.count == 1, words[0].contains("://") {
            guard Document.isURLForNames(words[0]) else {
                throw document.error(
                    "people", "source", "expected \"https://host/path\" with one {name} in the path")
            }
            guard let names else {
                throw document.error(
                    "people", "names", "expected a path: at a URL, the runner can ask for names only")
            }
            return .web(url: words[0], names: names, authorities: authorities)
        }
        for (key, value) in [("names", names), ("ca_file", authorities)] where value != nil {
            throw document.error("people", key, "works only with a source at an https URL")
        }
        guard let words else { return nil }
        guard words.first?.hasPrefix("/") == true else {
            throw document.error(
                "people", "source",
                "expected an https URL, or a program and its arguments: [\"/path\", \"argument\"]")
        }
        return .program(words)
    }
}
