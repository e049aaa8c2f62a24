import BuildAPI

/// SSH_ORIGINAL_COMMAND. What a request says is what the words say: nothing is invented, dropped or reordered, and a
/// command on the builder is the person's own bytes.
func check(_ input: [UInt8]) {
    let request: Request
    do {
        request = try Request(originalCommand: input)
    } catch {
        let sentence = error.description
        promise("a refusal is one short sentence", sentence.unicodeScalars.count < 200)
        promise(
            "a refusal holds no control characters",
            sentence.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        return
    }
    switch request {
    case .greet:
        promise("nobody is greeted who has said something", words(input[...]).isEmpty)
    case .connect(let job, let now, let command):
        checkName(job)
        let command = command ?? []
        promise("a command is the end of the input", input.suffix(command.count).elementsEqual(command))
        let isSeparate = input.dropLast(command.count).last.map(isBlank) ?? false
        promise("a command begins with a word", command.isEmpty || isSeparate && !isBlank(command[0]))

        var rest = words(input.dropLast(command.count))[...]
        promise("the verb is connect", rest.popFirst() == "connect")
        promise("--now is heeded", (rest.first == "--now") == now)
        rest = rest.drop { $0 == "--now" }
        if let job { promise("the job is the one named", rest.popFirst() == job.description) }
        promise("a command without a job comes after --", job != nil || command.isEmpty || rest == ["--"])
        promise("no word is lost", rest.isEmpty || rest == ["--"])
    case .help(nil), .version:
        let askers = ["help", "--help", "-h", "version", "--version", "-V"]
        promise("help appears only when asked for", askers.contains(words(input[...]).first ?? ""))
    case .help(let verb?):
        let all = words(input[...])
        let isAsked = all.dropFirst().first == "--help" || all.dropFirst().first == "-h"
        promise(
            "help is about the verb that was named", all.first == "help" || isAsked && all[0] == verb.rawValue
        )
    case .submit(let submission):
        let all = words(input[...])
        promise("the verb is submit", all.first == "submit")
        for (option, isMeant) in [
            ("--follow", submission.follow), ("--json", submission.json),
            ("--private", submission.visibility == .private), ("--public", submission.visibility == .public),
        ] { promise("\(option) is heeded", all.contains(option) || !isMeant) }
        promise(
            "a note is of the person's words",
            submission.note.map { !$0.contains("\n") && all.count > 2 } ?? true)
    case .proxy(let job):
        checkName(job)
        let all = words(input[...])
        promise("the verb is proxy", all.count == 2 && all[0] == "proxy")
        let name = all[1].split(separator: ".", maxSplits: 1)
        promise("the job is the one named", name[0] == job.description || name[0] == "job-\(job)")
        promise("what is behind a dot is a host's name", name.count == 1 || isHostName(String(name[1])))
    case .knownHosts(let job, let names):
        checkName(job)
        checkSetUp(input, .knownHosts, job, names)
    case .sshConfig(let wanted):
        checkName(wanted.job)
        checkSetUp(
            input, .sshConfig, nil, wanted.names, ["--job": wanted.job?.description, "--host": wanted.host],
            windows: wanted.windows)
    default:
        guard let line = Line(request) else { return promise("every verb is examined", false) }
        let all = words(input[...])
        var plain = all.filter { !$0.hasPrefix("-") }
        if plain.count > line.words.count, line.mayEndWith(plain.last!) { plain.removeLast() }
        promise("no word is lost, invented or moved", plain == line.words)
        promise("options are heeded", Set(all.filter { $0.hasPrefix("-") }) == line.options)
    }
}

/// What a person must have entered for a request of the simple verbs.
private struct Line {
    /// In their order.
    var words: [String]
    var options: Set<String>
    /// One word more that changes nothing, or that is not compared.
    var mayEndWith: (String) -> Bool = { _ in false }

    init?(_ request: Request) {
        switch request {
        case .tail(let job, let raw): self.init(.tail, [job?.description], ["--raw": raw], job)
        case .show(let job, let json): self.init(.show, [job.description], ["--json": json], job)
        case .release(let job, let yes, let json):
            self.init(.release, [job.description], ["--yes": yes, "--json": json], job)
        case .hold(let job, let json): self.init(.hold, [job.description], ["--json": json], job)
        case .unhold(let job, let json): self.init(.unhold, [job.description], ["--json": json], job)
        case .share(let job, let name, let json):
            self.init(.share, [job.description, name], ["--json": json], job)
        case .unshare(let job, let name, let json):
            self.init(.unshare, [job.description, name], ["--json": json], job)
        case .cancel(let job, let json): self.init(.cancel, [job.description], ["--json": json], job)
        case .list(let all, let json): self.init(.list, [], ["--all": all, "--json": json])
        case .keys(.list, let json):
            self.init(.keys, [], ["--json": json])
            mayEndWith = { $0 == "list" }
        case .keys(.add, let json): self.init(.keys, ["add"], ["--json": json])
        case .keys(.remove(let key), let json): self.init(.keys, ["remove", key], ["--json": json])
        case .whoami(let json): self.init(.whoami, [], ["--json": json])
        case .acceptTerms: self.init(.acceptTerms, [], [:])
        case .extend(let job, .maximum, let json):
            self.init(.extend, [job.description], ["--max": true, "--json": json], job)
        case .extend(let job, .time(let duration), let json):
            promise("time is added", duration > .zero && duration <= .seconds(366 * 86_400))
            self.init(.extend, [job.description], ["--json": json], job)
            mayEndWith = { $0.allSatisfy { $0.isNumber || "smhd".contains($0) } }
        case .greet, .connect, .proxy, .knownHosts, .sshConfig, .help, .submit, .version: return nil
        }
    }

    private init(_ verb: Verb, _ words: [String?], _ options: [String: Bool], _ job: JobID? = nil) {
        checkName(job)
        self.words = [verb.rawValue] + words.compactMap(\.self)
        self.options = Set(options.filter(\.value).keys)
    }
}

/// What goes into people's configuration is theirs, and harmless there.
private func checkSetUp(
    _ input: [UInt8], _ verb: Verb, _ job: JobID?, _ names: Request.HostNames,
    _ values: [String: String?] = [:], windows: Bool = false
) {
    var values = values.compactMapValues(\.self)
    var options = Set(values.keys)
    if windows { options.insert("--windows") }
    switch names {
    case .bare: options.insert("--bare")
    case .suffix(nil): break
    case .suffix(let suffix?):
        options.insert("--suffix")
        values["--suffix"] = suffix
    }
    let all = words(input[...])
    promise("options are heeded", Set(all.filter { $0.hasPrefix("-") }) == options)
    for (option, value) in values {
        promise("a value is what is behind its option", all.drop { $0 != option }.dropFirst().first == value)
        promise("a value is harmless", isHostName(value) || JobID(value) != nil)
    }
    let plain = [verb.rawValue] + values.values + (job.map { [$0.description] } ?? [])
    promise("no word is lost or invented", all.filter { !$0.hasPrefix("-") }.sorted() == plain.sorted())
}

private func isHostName(_ text: String) -> Bool {
    !text.isEmpty && !"-.".contains(text.first!)
        && text.utf8.allSatisfy { $0 == 0x2d || $0 == 0x2e || lettersAndDigits.contains($0) }
}

/// A job's id is safe in a path, in a URL and in a message.
private func checkName(_ job: JobID?) {
    guard let name = job?.description.utf8 else { return }
    promise("a job's name has 1 to 64 characters", (1...64).contains(name.count))
    promise("a job's name begins with a letter or digit", lettersAndDigits.contains(name.first!))
    promise(
        "a job's name holds nothing odd", name.allSatisfy { lettersAndDigits.union("_-".utf8).contains($0) })
}

private let lettersAndDigits = Set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

private func words(_ bytes: ArraySlice<UInt8>) -> [String] {
    bytes.split(whereSeparator: isBlank).map { String(decoding: $0, as: UTF8.self) }
}

private func isBlank(_ byte: UInt8) -> Bool {
    " \t\n\r".utf8.contains(byte)
}
