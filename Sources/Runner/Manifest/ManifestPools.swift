import BuildAPI

/// The pools that manifests can name, and the images of each.
struct ManifestPools {
    /// The images of one pool.
    struct Images {
        /// The image that a name means; nil: there is none. Called only with well-formed names.
        var resolve: (String) -> String? = { $0 }
        /// For the person who has named another one.
        var names: () -> [String] = { [] }
    }

    /// Nil: the images of the pool are unknown, and a manifest can name none or any.
    var byName: [String: Images?]
    /// In the order in which people read them.
    var names: [String]
    /// The pool of manifests that name none; nil: they have to.
    var preferred: String?

    /// This host's pool alone.
    static func local(_ images: Images = Images()) -> ManifestPools {
        ManifestPools(byName: ["local": images], names: ["local"], preferred: "local")
    }
}

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
