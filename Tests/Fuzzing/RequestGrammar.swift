import BuildAPI

/// What may follow a verb, in the four ways that there are; the verb says which.
private func syntax(of verb: String) -> Syntax {
    switch verb {
    case "connect": Syntax(flags: ["--now"], endsWithCommand: true)
    case "submit": Syntax(flags: ["--follow", "--private", "--public", "--json"], texts: ["--note"])
    case "tail": Syntax(flags: ["--raw", "-f"], values: ["-n", "--since"])
    case "known-hosts", "ssh-config":
        Syntax(flags: ["--bare", "--windows"], values: ["--suffix", "--job", "--host"])
    default: Syntax(flags: ["--json", "--all", "--yes", "--max", "--raw"])
    }
}

/// The words after a verb in SSH_ORIGINAL_COMMAND. What is understood is what the words say: nothing is invented, dropped
/// or reordered, and a command on the builder is the person's own bytes.
func check(_ input: [UInt8]) {
    var rest = Words(input)
    guard let verb = rest.next() else {
        return promise("nothing is said only by blanks", input.allSatisfy(isBlank))
    }
    promise("the verb is the first word", words(input[...]).first == verb)
    let syntax = syntax(of: verb)
    do throws(UsageError) {
        var arguments = try Arguments(rest, syntax)
        guard !arguments.wantsHelp else {
            return promise("help is asked for", words(input[...]).contains { $0 == "--help" || $0 == "-h" })
        }
        if syntax.endsWithCommand {
            try checkCommand(input, &arguments)
        } else {
            try checkWords(input, syntax, &arguments)
        }
    } catch {
        let sentence = error.description
        promise("a refusal is one short sentence", sentence.unicodeScalars.count < 200)
        promise(
            "a refusal holds no control characters",
            sentence.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }
}

private func checkCommand(_ input: [UInt8], _ arguments: inout Arguments) throws(UsageError) {
    let now = arguments.has("--now")
    let (job, found) = try arguments.jobAndCommand()
    try arguments.end()
    checkName(job)
    let command = found ?? []
    promise("a command is not empty", found?.isEmpty != true)
    promise("a command is the end of the input", input.suffix(command.count).elementsEqual(command))
    let isSeparate = input.dropLast(command.count).last.map(isBlank) ?? false
    promise("a command begins with a word", command.isEmpty || isSeparate && !isBlank(command[0]))

    var rest = words(input.dropLast(command.count)).dropFirst()
    promise("--now is heeded", rest.prefix { $0 != "--" }.contains("--now") == now)
    rest = rest.drop { $0 == "--now" }
    if let job { promise("the job is the one named", means(rest.popFirst() ?? "", job)) }
    rest = rest.drop { $0 == "--now" }
    promise("a command without a job comes after --", job != nil || command.isEmpty || rest == ["--"])
    promise("no word is lost", rest.isEmpty || rest == ["--"])
}

/// A job has other names than its id: each holds it between punctuation marks.
private func means(_ word: String, _ job: JobID) -> Bool {
    let parts = word.split { ",;:./#?".contains($0) }
    return parts.contains { $0 == job.description || $0 == "job-\(job)" }
}

private func checkWords(_ input: [UInt8], _ syntax: Syntax, _ arguments: inout Arguments) throws(UsageError) {
    var taken: [String] = []
    let all = Array(words(input[...]).dropFirst())
    let beforeText = all.prefix { !syntax.texts.contains($0) }
    for option in syntax.flags {
        promise(
            "\(option) is heeded, and only outside a text",
            arguments.has(option) == beforeText.contains(option))
    }
    for option in syntax.values {
        guard let value = arguments.value(of: option) else { continue }
        taken += [option, value]
        promise("a value follows its option", all.drop { $0 != option }.dropFirst().first == value)
    }
    if let host = try arguments.host("--host") { promise("a host's name is harmless", isHostName(host)) }
    checkName(try arguments.job("--job"))
    if let count = try arguments.count("-n", in: 0...100_000) {
        promise("a number is the one that is written", Int(arguments.value(of: "-n") ?? "") == count)
    }
    let note = arguments.value(of: "--note")
    if let note {
        // Unicode scalars: a blank and a combining mark after it would be one Character.
        let line = all.joined(separator: " ").unicodeScalars
        promise("a text is of the person's words", line.contains(note.unicodeScalars))
        let isLast = [note, note + "'", note + "\""].contains {
            line.reversed().starts(with: $0.unicodeScalars.reversed())
        }
        promise("a text goes on to the end", isLast)
    }
    var plain: [String] = []
    while let word = arguments.optionalWord() { plain.append(word) }
    try arguments.end()
    promise("a plain word is no option", plain.allSatisfy { !$0.hasPrefix("-") })
    promise("no word is invented or moved", isSubsequence(plain, of: all))
    guard note == nil, syntax.texts.isEmpty else { return }
    let flags = all.filter { syntax.flags.contains($0) }
    promise("no word is lost", (plain + taken + flags).sorted() == all.sorted())
}

private func isSubsequence(_ some: [String], of all: [String]) -> Bool {
    var rest = all[...]
    return some.allSatisfy { word in
        rest = rest.drop { $0 != word }
        return rest.popFirst() != nil
    }
}

private func isHostName(_ text: String) -> Bool {
    !text.isEmpty && !"-.".contains(text.first!)
        && text.utf8.allSatisfy { $0 == 0x2d || $0 == 0x2e || lettersAndDigits.contains($0) }
}

/// A job's name is safe in a path, in a URL and in a message.
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
