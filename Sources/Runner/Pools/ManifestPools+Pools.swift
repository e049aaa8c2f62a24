import BuildAPI

extension ManifestPools {
    init(_ pools: Pools) {
        byName = [:]
        for pool in pools.all {
            let images = pool.images.map { images in
                Images(resolve: images.resolve, names: { images.list.map(\.name) })
            }
            byName.updateValue(images, forKey: pool.name)
        }
        names = pools.all.map(\.name)
        preferred = pools.preferred?.name
    }
}
