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
    case .tail(let job, let raw):
        checkName(job)
        var rest = words(input[...])[...]
        promise("the verb is tail", rest.popFirst() == "tail")
        promise("--raw is heeded", (rest.first == "--raw") == raw)
        rest = rest.drop { $0 == "--raw" }
        promise("the job is the one named", Array(rest) == [job?.description].compactMap(\.self))
    }
}

/// A job's name is safe in a path, in a URL and in a message.
private func checkName(_ job: JobID?) {
    guard let name = job?.description.utf8 else { return }
    promise("a job's name has 1 to 64 characters", (1...64).contains(name.count))
    let others = Set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    promise("a job's name begins with a letter or digit", others.contains(name.first!))
    promise("a job's name holds nothing odd", name.allSatisfy { others.union("_-".utf8).contains($0) })
}

private func words(_ bytes: ArraySlice<UInt8>) -> [String] {
    bytes.split(whereSeparator: isBlank).map { String(decoding: $0, as: UTF8.self) }
}

private func isBlank(_ byte: UInt8) -> Bool {
    " \t\n\r".utf8.contains(byte)
}
