import BuildAPI

extension ManifestPools {
    /// - Parameter full: the names of those that have no free builder.
    init(_ pools: Pools, full: Set<String> = []) {
        all = pools.all.map { pool in
            let images = pool.images.map { images in
                Images(
                    resolve: { images.resolve($0, for: $1) },
                    names: { arch in
                        images.list.map(\.name).filter { arch == nil || images.architecture(of: $0) == arch }
                    })
            }
            return Pool(
                name: pool.name, architectures: pool.architectures, images: images,
                isFree: !full.contains(pool.name))
        }
        preferred = pools.preferred?.name
    }
}
