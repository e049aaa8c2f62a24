import BuildAPI

/// A manifest, as a person submits it. It is refused with places, or means no more than it says; and nobody can make the
/// reading of it take much longer than others' of its size.
///
/// If the first byte is even, the rest is the manifest. If it is odd, a part in the middle of the rest is repeated: what costs
/// more with each repetition shows in a few bytes. The next two bytes say how long the parts before it and after it are.
func check(_ input: [UInt8]) {
    guard let kind = input.first, !kind.isMultiple(of: 2), input.count > 4 else {
        return checkManifest(Array(input.dropFirst()))
    }
    let rest = input[3...]
    let head = rest.prefix(Int(input[1]) % rest.count)
    let tail = rest.dropFirst(head.count).suffix(Int(input[2]) % (rest.count - head.count))
    let part = rest.dropFirst(head.count).dropLast(tail.count)
    let repeated = Array(repeating: Array(part), count: 1 << 17 / part.count).joined()
    checkManifest(Array(head) + Array(repeated) + Array(tail))
}

private func checkManifest(_ bytes: [UInt8]) {
    do throws(RunnerError) {
        checkMeaning(try ManifestReader.read(bytes), size: bytes.count)
    } catch {
        checkRefusal(error, bytes)
    }
}

private func checkMeaning(_ manifest: Manifest, size: Int) {
    promise("an image is a path below the images", isPath(manifest.image))
    promise("there are at most 100 tasks", manifest.tasks.count <= 100)
    promise("each task has a name of its own", Set(manifest.tasks.map(\.name)).count == manifest.tasks.count)
    for task in manifest.tasks {
        promise("a task's name is a harmless argument", isTaskName(task.name) && task.name != "log")
        promise("a script is text", !task.script.utf8.contains(0))
    }
    promise(
        "each variable has a name of its own",
        Set(manifest.environment.map(\.name)).count == manifest.environment.count)
    for variable in manifest.environment {
        let name = variable.name.utf8
        promise(
            "a variable's name is one",
            !name.isEmpty && !(0x30...0x39).contains(name.first!)
                && name.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") })
        promise("a value is text", !variable.value.utf8.contains(0))
    }
    promise("a job ends within three days", (1...3 * 24 * 3600).contains(manifest.timeout))
    let meant =
        manifest.tasks.map { $0.name.utf8.count + $0.script.utf8.count }.reduce(0, +)
        + manifest.environment.map { $0.name.utf8.count + $0.value.utf8.count }.reduce(0, +)
    // An escape such as \L takes two bytes, and means three.
    promise("nothing is invented", meant <= size * 3 / 2)
}

private func checkRefusal(_ error: RunnerError, _ bytes: [UInt8]) {
    promise("a refusal is about what was sent", error.code == .tooLarge || !error.faults.isEmpty)
    promise("a refusal has an end", error.faults.count <= 51 && error.description.utf8.count < 51 * 1000)
    let lines = 1 + bytes.count { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    for fault in error.faults {
        promise("a fault is in a line that there is", (1...lines + 1).contains(fault.line ?? 1))
        promise("a fault is a sentence", fault.detail.hasSuffix("."))
        promise(
            "a sentence is one line",
            fault.detail.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }
}

private func isPath(_ name: String) -> Bool {
    !name.isEmpty
        && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            part.utf8.allSatisfy { isLetterOrDigit($0) || "_.-".utf8.contains($0) } && !part.isEmpty
                && !part.hasPrefix(".")
        }
}

private func isTaskName(_ name: String) -> Bool {
    (1...128).contains(name.utf8.count) && !name.hasPrefix("-")
        && name.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || "_-".utf8.contains($0)
        }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
}
