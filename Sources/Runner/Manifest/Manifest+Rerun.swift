import BuildAPI
import Presentation

extension Manifest {
    /// The manifest of a job that is run again. Its builder comes from the same pool and has the same architecture and image,
    /// but for what is wished; what can no longer be had, or not together, is refused with what there is.
    func again(_ wish: NewRerun, among pools: ManifestPools) throws(RunnerError) -> Manifest {
        var manifest = self
        let pool = try pool(wish, among: pools)
        manifest.pool = pool.name
        manifest.arch = try Self.architecture(wish) ?? arch
        if let images = pool.images {
            manifest.image = try Self.image(wish.image, or: image, for: manifest.arch, in: images)
        } else if let name = wish.image {
            guard ImageName.isValid(name) else { throw Self.refusal("image", "This is no name of an image.") }
            manifest.image = name
        }
        return manifest
    }

    /// The pool that is wished, or else the job's own, unless only an architecture is wished that it does not have.
    private func pool(
        _ wish: NewRerun, among pools: ManifestPools
    ) throws(RunnerError) -> ManifestPools.Pool {
        let wished = try Self.architecture(wish)
        do throws(PoolWish.Refusal) {
            if let name = wish.pool { return try pools.choose(PoolWish(pool: name, arch: wished ?? arch)) }
            if let wished, let own = pool.flatMap({ pools[$0] }), !own.architectures.isEmpty,
                !own.architectures.contains(wished)
            {
                return try pools.choose(PoolWish(arch: wished))
            }
            return try pools.choose(PoolWish(pool: pool, arch: wished ?? arch))
        } catch {
            throw Self.refusal(
                error.part == .pool ? "pool" : "arch", "\(error.sentence).".capitalizedSentence)
        }
    }

    private static func architecture(_ wish: NewRerun) throws(RunnerError) -> Architecture? {
        try wish.arch.map { word throws(RunnerError) in
            guard let architecture = Architecture(word) else {
                throw refusal("arch", "This is no processor architecture, such as x86_64 or arm64.")
            }
            return architecture
        }
    }

    /// - Parameter own: the job's. It can be in the folder of another architecture.
    private static func image(
        _ wished: String?, or own: String, for arch: Architecture?, in images: ManifestPools.Images
    ) throws(RunnerError) -> String {
        let name = wished ?? own
        let names = [name] + (arch == nil ? [] : [String(name.drop { $0 != "/" }.dropFirst())])
        for name in names where ImageName.isValid(name) {
            if let image = images.resolve(name, arch) { return image }
        }
        let missing =
            name.isEmpty
            ? "the job names no image, and this pool needs one; \(images.all(for: arch))"
            : images.missing(name, for: arch)
        throw refusal("image", "\(missing).".capitalizedSentence)
    }

    private static func refusal(_ key: String, _ sentence: String) -> RunnerError {
        RunnerError(.unprocessable(line: nil, key: key), sentence)
    }
}

extension String {
    /// With a capital letter at its beginning.
    fileprivate var capitalizedSentence: String { prefix(1).uppercased() + dropFirst() }
}
