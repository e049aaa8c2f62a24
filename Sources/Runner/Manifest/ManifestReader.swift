import BuildAPI
import Presentation

/// Reads manifests. Every fault is reported with its line and key, and all of them at once, unless the text is not YAML.
struct ManifestReader {
    private let text: ManifestText
    private let pools: ManifestPools
    /// Instead of what the manifest says.
    private let wish: PoolWish
    /// Seconds that a job's tasks can take.
    private let longestTimeout: Int
    /// Bytes that a job's artifacts can have; 0: none are kept.
    let artifactLimit: Int
    var manifest = Manifest(image: "")
    private var faults: [ManifestFault] = []
    /// What has been found in lines with faults: a line can have many, and be as long as the manifest.
    private var invisible: [Int: String] = [:]

    /// - Parameters:
    ///   - wish: which pool and architecture it is, instead of what the manifest says.
    ///   - longestTimeout: seconds that a job's tasks can take.
    ///   - artifactLimit: bytes that a job's artifacts can have; 0: none are kept.
    static func read(
        _ bytes: some Collection<UInt8>, pools: ManifestPools = .local(), wish: PoolWish = PoolWish(),
        longestTimeout: Int = Manifest.longestTimeout, artifactLimit: Int = 100 << 20
    ) throws(RunnerError) -> Manifest {
        guard bytes.count <= Manifest.maximumSize else {
            throw RunnerError(.tooLarge, "A manifest can have at most 1 MB.")
        }
        let text = try ManifestText(bytes)
        let root = try ManifestDocument.root(of: text)
        var reader = ManifestReader(
            text: text, pools: pools, wish: wish, longestTimeout: longestTimeout, artifactLimit: artifactLimit
        )
        reader.read(root)
        guard reader.faults.isEmpty else { throw RunnerError(reader.faults) }
        return reader.manifest
    }

    private init(
        text: ManifestText, pools: ManifestPools, wish: PoolWish, longestTimeout: Int, artifactLimit: Int
    ) {
        self.text = text
        self.pools = pools
        self.wish = wish
        self.longestTimeout = longestTimeout
        self.artifactLimit = artifactLimit
        manifest.timeout = min(manifest.timeout, longestTimeout)
    }

    private static let keys = [
        "image", "pool", "arch", "environment", "tasks", "shell", "keep", "timeout", "artifacts",
    ]

    private mutating func read(_ root: ManifestNode?) {
        guard let entries = root?.mapping else {
            return refuse(
                root?.place ?? TextPlace(line: 1, column: 1), nil,
                "expected keys and values, such as \"image: NAME\"")
        }
        let unique = unique(entries, below: nil)
        // Which images there are depends on it.
        let images = images(
            ofPool: unique.first { $0.key.scalar == "pool" }?.value,
            arch: unique.first { $0.key.scalar == "arch" }?.value)
        for entry in unique { read(entry, images) }
        if manifest.shell, manifest.keepRule != .always,
            let entry = entries.first(where: { $0.key.scalar == "keep" })
        {
            refuse(entry.value.place, "keep", "\"shell: true\" means \"keep: always\"; remove one of the two")
        }
        if images != nil, !entries.contains(where: { $0.key.scalar == "image" }) {
            let place = TextPlace(line: 1, column: 1)
            faults.append(
                ManifestFault(place: place, key: "image", sentence: "missing; a manifest must name an image"))
        }
    }

    private mutating func read(_ entry: ManifestNode.Entry, _ images: ManifestPools.Images?) {
        let value = entry.value
        switch entry.key.scalar ?? "" {
        case "image": readImage(value, images)
        case "pool", "arch": break
        case "environment": readEnvironment(value)
        case "tasks": readTasks(value)
        case "shell":
            guard let shell = value.bool else {
                return refuse(value.place, "shell", "expected true or false")
            }
            manifest.shell = shell
        case "keep":
            guard let rule = value.scalar.flatMap(KeepRule.init) else {
                return refuse(value.place, "keep", "expected never, failure or always")
            }
            manifest.keep = rule
        case "timeout":
            guard let seconds = value.scalar.flatMap(Self.seconds), seconds <= longestTimeout else {
                let most = SpokenDuration.written(longestTimeout)
                return refuse(
                    value.place, "timeout",
                    "expected seconds, or a time such as 30m or 2h, of at most \(most)")
            }
            manifest.timeout = seconds
        case "artifacts": readArtifacts(value)
        case let key: refuseKey(key, entry.key.place)
        }
    }

    /// Refuses a key that nothing here reads.
    private mutating func refuseKey(_ key: String, _ place: TextPlace) {
        if let remedy = ForeignMember.remedy(key) { return refuse(place, key, "not read: \(remedy)") }
        let advice =
            NearestWord.find(key, among: Self.keys).map { "it looks like \"\($0)\"" }
            ?? "expected image, pool, arch, environment, tasks, shell, keep, timeout or artifacts"
        refuse(place, key, "unknown key; \(advice)")
    }

    /// The entries without those whose key has been there before, which are refused.
    mutating func unique(
        _ entries: [ManifestNode.Entry], below parent: String?
    ) -> [ManifestNode.Entry] {
        var seen: Set<String> = []
        return entries.filter { entry in
            guard let key = entry.key.scalar, !seen.insert(key).inserted else { return true }
            refuse(
                entry.key.place, [parent, key].compactMap(\.self).joined(separator: "."),
                "this key appears twice")
            return false
        }
    }

    /// Whole seconds, or a number with `s`, `m` or `h`.
    static func seconds(_ text: String) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
        let unit = text.last.flatMap { units[$0] }
        let digits = unit == nil ? Substring(text) : text.dropLast()
        guard !digits.isEmpty, digits.count <= 8, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(digits)
        else { return nil }
        return number > 0 ? number * (unit ?? 1) : nil
    }

    /// Reads which pool and architecture it is.
    ///
    /// - Parameter pool: nil: the manifest names none. The same for `arch`.
    /// - Returns: the images of the pool; nil: they are unknown.
    private mutating func images(ofPool pool: ManifestNode?, arch: ManifestNode?) -> ManifestPools.Images? {
        var wish = wish
        if let pool, wish.pool == nil {
            guard let name = pool.scalar else {
                refuse(pool.place, "pool", "expected the name of a pool")
                return nil
            }
            wish.pool = name
        }
        if let arch, wish.arch == nil {
            guard let read = arch.scalar.flatMap({ Architecture($0) }) else {
                refuse(arch.place, "arch", "expected a processor architecture, such as x86_64 or arm64")
                return nil
            }
            wish.arch = read
        }
        do throws(PoolWish.Refusal) {
            let chosen = try pools.choose(wish)
            manifest.pool = chosen.name
            manifest.arch = wish.arch
            return chosen.images
        } catch {
            refuse(error, pool: self.wish.pool == nil ? pool : nil, arch: self.wish.arch == nil ? arch : nil)
            return nil
        }
    }

    /// - Parameter pool: where the manifest has said so; nil: it is not the manifest that has. The same for `arch`.
    private mutating func refuse(_ refusal: PoolWish.Refusal, pool: ManifestNode?, arch: ManifestNode?) {
        let (node, key) =
            switch refusal.part {
            case .pool: (pool, "pool")
            case .arch: arch == nil && pool != nil ? (pool, "pool") : (arch, "arch")
            }
        if let node { return refuse(node.place, key, refusal.sentence) }
        let place = wish == PoolWish() ? TextPlace(line: 1, column: 1) : nil
        faults.append(ManifestFault(place: place, key: key, sentence: refusal.sentence))
    }

    /// - Parameter images: of the pool; nil: they are unknown.
    private mutating func readImage(_ node: ManifestNode, _ images: ManifestPools.Images?) {
        guard let name = node.scalar, ImageName.isValid(name) else {
            return refuse(
                node.place, "image",
                "expected a name of letters, digits, \"_\", \".\" and \"-\", or several with \"/\" between them"
            )
        }
        guard let images else {
            manifest.image = name
            return
        }
        guard let image = images.resolve(name, manifest.arch) else {
            return refuse(node.place, "image", images.missing(name, for: manifest.arch))
        }
        manifest.image = image
    }

    private mutating func readEnvironment(_ node: ManifestNode) {
        guard let entries = node.mapping else {
            return refuse(node.place, "environment", "expected names and values")
        }
        for entry in unique(entries, below: "environment") {
            let name = entry.key.scalar ?? ""
            guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.count <= 128,
                name.utf8.allSatisfy({ $0.isLetterOrDigit || $0 == 0x5f })
            else {
                refuse(
                    entry.key.place, "environment", "expected a variable's name of letters, digits and \"_\"")
                continue
            }
            guard let text = entry.value.scalar, !text.utf8.contains(0) else {
                refuse(entry.value.place, "environment.\(name)", "expected a single value")
                continue
            }
            manifest.environment.append(Manifest.Variable(name: name, value: text))
        }
    }

    /// A list of mappings with one entry each, or one mapping.
    private mutating func readTasks(_ node: ManifestNode) {
        guard
            let elements = node.sequence
                ?? node.mapping?.map({ ManifestNode(content: .mapping([$0]), place: $0.key.place) })
        else { return refuse(node.place, "tasks", "expected a list, such as \"- build: make\"") }
        guard elements.count <= Manifest.maximumTasks else {
            return refuse(node.place, "tasks", "at most \(Manifest.maximumTasks) tasks")
        }
        for element in elements {
            guard let entries = element.mapping, let entry = entries.first, entries.count == 1 else {
                refuse(element.place, "tasks", "expected one name and one script, such as \"- build: make\"")
                continue
            }
            readTask(entry)
        }
    }

    private mutating func readTask(_ entry: ManifestNode.Entry) {
        guard let name = entry.key.scalar, TaskName.isSafeArgument(name) else {
            return refuse(
                entry.key.place, "tasks",
                "expected a name of 1 to 128 of a-z, 0-9, \"_\" and \"-\", not beginning with \"-\"")
        }
        // The job's own log is the file `log` on the disk, beside the tasks' folders.
        guard name != "log" else {
            return refuse(entry.key.place, "tasks.\(name)", "this name is taken by the job's own log")
        }
        guard !manifest.tasks.contains(where: { $0.name == name }) else {
            return refuse(entry.key.place, "tasks.\(name)", "there is already a task with this name")
        }
        guard let script = entry.value.scalar, !script.utf8.contains(0) else {
            return refuse(entry.value.place, "tasks.\(name)", "expected a script")
        }
        manifest.tasks.append(Manifest.Task(name: name, script: script))
    }

    /// A sentence about a line with an invisible character names it, too.
    mutating func refuse(_ place: TextPlace, _ key: String?, _ sentence: String) {
        let addition = invisible[place.line] ?? addition(about: text.line(place.line))
        invisible[place.line] = addition
        faults.append(
            ManifestFault(
                place: place, key: key.map { HostileText.printable($0, limit: 64) },
                sentence: sentence + addition))
    }

    private func addition(about line: Substring.UnicodeScalarView) -> String {
        guard let (character, column) = InvisibleCharacter.first(in: line) else { return "" }
        return ". In column \(column) there is \(character.sentence)"
    }
}

extension UInt8 {
    /// In ASCII.
    var isLetterOrDigit: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
    }
}
