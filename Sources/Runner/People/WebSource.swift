import ConfigurationFile

/// People from what forges serve: one person's keys at one address, in lines as in authorized_keys.
///
/// It can be asked for names only, so a file lists the names that count. Nobody else is anyone here.
struct WebSource: PeopleSource {
    /// Has `{name}` in its path.
    let url: String
    /// The path of the file of names, which is read at each question.
    let names: String
    let client: SecureGet

    func person(named name: String) async throws(SourceFailure) -> SourcedPerson? {
        guard try listedNames().contains(name) else { return nil }
        let answer = try await client.get(url.replacing("{name}", with: Self.escaped(name)))
        switch answer.status {
        case 200:
            guard let text = String(validating: answer.body, as: UTF8.self) else {
                throw SourceFailure("what is served for \(name) is not UTF-8")
            }
            // A page in which someone should log in, for example.
            guard text.first != "<" else { throw SourceFailure("what is served for \(name) is a web page") }
            return try SourcedPerson(name: name, lines: text.split(whereSeparator: \.isNewline))
        case 404, 410: return nil
        case 300..<400:
            throw SourceFailure("HTTP status \(answer.status) for \(name): redirections are not followed")
        default: throw SourceFailure("HTTP status \(answer.status) for \(name)")
        }
    }

    func holder(of fingerprint: String) async throws(SourceFailure) -> KeyHolder {
        .someone(named: try listedNames())
    }

    /// One name a line; lines that begin with `#` say nothing.
    func listedNames() throws(SourceFailure) -> [String] {
        let text: String
        do throws(ConfigurationError) {
            text = try SmallFile.read(names, for: .everybody)
        } catch {
            throw SourceFailure("\(error)")
        }
        var listed: [String] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let name = String(line.drop(while: \.isWhitespace).prefix { !$0.isWhitespace })
            if name.isEmpty || name.hasPrefix("#") { continue }
            // In a path, the last two mean another folder.
            guard SQLiteStore.isName(name), name != ".", name != ".." else {
                throw SourceFailure("\(names):\(index + 1): expected a person's name")
            }
            listed.append(name)
        }
        // An editor may just write it. To let nobody in, name a program that says so.
        guard !listed.isEmpty else { throw SourceFailure("\(names) names nobody") }
        return listed
    }

    /// RFC 3986, section 2.3.
    private static func escaped(_ name: String) -> String {
        name.replacing("@", with: "%40").replacing("+", with: "%2B")
    }
}
