import BuildAPI
import Yams

/// Reads manifests. Every mistake is reported with its line and key.
enum ManifestReader {
    /// - Parameters:
    ///   - imageExists: whether there is an image with that name; called only with well-formed names.
    ///   - names: of the images that there are.
    static func read(
        _ bytes: some Collection<UInt8>, imageExists: (String) -> Bool = { _ in true },
        names: @autoclosure () -> [String] = []
    ) throws(RunnerError) -> Manifest {
        guard bytes.count <= Manifest.maximumSize else {
            throw RunnerError(.tooLarge, "A manifest can have at most 1 MB.")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw refusal(nil, nil, "expected UTF-8")
        }
        if let line = AliasFinder.firstLine(in: text) {
            throw refusal(line, nil, "aliases, such as \"*name\", are not supported; write the value out")
        }
        let root = try compose(text)
        guard let root, let mapping = root.mapping else {
            throw refusal(root?.mark?.line ?? 1, nil, "expected keys and values, such as \"image: NAME\"")
        }
        var image: String?
        var manifest = Manifest(image: "")
        for (keyNode, value) in mapping {
            let key = keyNode.scalar?.string ?? ""
            let line = (value.mark ?? keyNode.mark)?.line
            switch key {
            case "image": image = try self.image(value, line, imageExists, names)
            case "environment": manifest.environment = try environment(value)
            case "tasks": manifest.tasks = try tasks(value)
            case "shell":
                guard let shell = value.bool else { throw refusal(line, key, "expected true or false") }
                manifest.shell = shell
            case "timeout":
                guard let text = value.scalar?.string, let seconds = seconds(text) else {
                    throw refusal(line, key, "expected seconds, or a time such as 30m or 2h, of at most 72h")
                }
                manifest.timeout = seconds
            default:
                throw refusal(
                    keyNode.mark?.line, key,
                    "unknown key; expected image, environment, tasks, shell or timeout")
            }
        }
        guard let image else { throw refusal(1, "image", "missing; a manifest must name an image") }
        manifest.image = image
        return manifest
    }

    /// Whole seconds, or a number with `s`, `m` or `h`.
    static func seconds(_ text: String) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
        let unit = text.last.flatMap { units[$0] }
        let digits = unit == nil ? Substring(text) : text.dropLast()
        guard !digits.isEmpty, digits.count <= 6, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(digits)
        else { return nil }
        let seconds = number * (unit ?? 1)
        return (1...72 * 3600).contains(seconds) ? seconds : nil
    }

    private static func image(
        _ node: Node, _ line: Int?, _ exists: (String) -> Bool, _ names: () -> [String]
    ) throws(RunnerError) -> String {
        guard let name = node.scalar?.string, isImageName(name) else {
            throw refusal(line, "image", "expected a name of letters, digits, \"_\", \".\" and \"-\"")
        }
        guard exists(name) else {
            let names = names().joined(separator: ", ")
            let others = names.isEmpty ? "; this service has none" : "; there are: \(names)"
            throw refusal(line, "image", "there is no image \"\(name)\"\(others)")
        }
        return name
    }

    /// A name that is safe as the name of a folder.
    static func isImageName(_ name: String) -> Bool {
        !name.hasPrefix(".") && !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy { $0.isLetterOrDigit || $0 == 0x5f || $0 == 0x2e || $0 == 0x2d }
    }

    private static func environment(_ node: Node) throws(RunnerError) -> [Manifest.Variable] {
        guard let mapping = node.mapping else {
            throw refusal(node.mark?.line, "environment", "expected names and values")
        }
        var variables: [Manifest.Variable] = []
        for (nameNode, value) in mapping {
            let name = nameNode.scalar?.string ?? ""
            guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.count <= 128,
                name.utf8.allSatisfy({ $0.isLetterOrDigit || $0 == 0x5f })
            else {
                throw refusal(
                    nameNode.mark?.line, "environment",
                    "expected a variable's name of letters, digits and \"_\"")
            }
            guard let text = value.scalar?.string, !text.utf8.contains(0) else {
                throw refusal(value.mark?.line, "environment.\(name)", "expected a single value")
            }
            variables.append(Manifest.Variable(name: name, value: text))
        }
        return variables
    }

    private static func tasks(_ node: Node) throws(RunnerError) -> [Manifest.Task] {
        guard let sequence = node.sequence else {
            throw refusal(node.mark?.line, "tasks", "expected a list, such as \"- build: make\"")
        }
        guard sequence.count <= Manifest.maximumTasks else {
            throw refusal(node.mark?.line, "tasks", "at most \(Manifest.maximumTasks) tasks")
        }
        var tasks: [Manifest.Task] = []
        for element in sequence {
            guard let mapping = element.mapping, mapping.count == 1, let (nameNode, script) = mapping.first
            else {
                throw refusal(
                    element.mark?.line, "tasks", "expected one name and one script, such as \"- build: make\""
                )
            }
            guard let name = nameNode.scalar?.string, TaskName.isSafeArgument(name) else {
                throw refusal(
                    nameNode.mark?.line, "tasks",
                    "expected a name of 1 to 128 of a-z, 0-9, \"_\" and \"-\", not beginning with \"-\"")
            }
            // The job's own log is `logs/{id}/setup` in the API and `log` on the disk, beside the tasks' folders.
            guard ![LogName.job, "log"].contains(name) else {
                throw refusal(
                    nameNode.mark?.line, "tasks.\(name)", "this name is taken by the job's own log")
            }
            guard !tasks.contains(where: { $0.name == name }) else {
                throw refusal(nameNode.mark?.line, "tasks.\(name)", "there is already a task with this name")
            }
            guard let text = script.scalar?.string, !text.utf8.contains(0) else {
                throw refusal(script.mark?.line, "tasks.\(name)", "expected a script")
            }
            tasks.append(Manifest.Task(name: name, script: text))
        }
        return tasks
    }

    private static func compose(_ text: String) throws(RunnerError) -> Node? {
        do {
            return try Yams.compose(yaml: text)
        } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
            throw refusal(context.mark.line, keys.first, "this key appears twice")
        } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            throw refusal(mark.line, nil, "not YAML: \(problem)")
        } catch {
            throw refusal(nil, nil, "not YAML")
        }
    }

    private static func refusal(_ line: Int?, _ key: String?, _ expected: String) -> RunnerError {
        let place = [line.map { "line \($0)" }, key].compactMap(\.self).joined(separator: ", ")
        return RunnerError(
            .unprocessable(line: line, key: key),
            place.isEmpty ? "Manifest: \(expected)." : "\(place): \(expected).")
    }
}

extension UInt8 {
    /// In ASCII.
    var isLetterOrDigit: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
    }
}
